"""Finds the Chromium in which the console is tested; nothing but tests needs one.

`python -m deploy.chromium` prints where it is, or says what to install, which is how set-up asks.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from deploy.errors import StackError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find() -> Path:
    """Return the browser to use."""
    for name in NAMES:
        program = shutil.which(name)
        if program is not None:
            return Path(program)
    raise StackError("The tests of the console need Chromium. Install it (as root: apt-get install chromium).")


def main() -> None:
    """Say where it is, or what to do."""
    try:
        sys.stdout.write(f"{find()}\n")
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
