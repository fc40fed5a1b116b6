"""Trying what failed once more, alone: for a machine that stood still, never for a test that is wrong now and then.

`make test` runs this after a run in which few tests failed. What fails again fails the run. What passes is named, for
whoever reads on to find out what it was (docs/adr/0034). Whatever failed in number was not the machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MOST = 5
ROOT = Path(__file__).resolve().parent.parent
_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"


def main(arguments: list[str]) -> int:
    """Run the tests that failed last, one after the other; return pytest's exit code, or 1 if they are none or many."""
    failed = sorted(json.loads(_FAILED.read_text())) if _FAILED.exists() else []
    if not 0 < len(failed) <= MOST:
        return 1
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", *arguments, *failed], cwd=ROOT, check=False
    ).returncode
    if ended == 0:
        print("\nPASSED ONLY THE SECOND TIME, alone. Find out why:", *failed, sep="\n  ")  # noqa: T201
    return ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
