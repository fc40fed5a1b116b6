"""`python -m tests.bench`: measure every row, or those that are named, and show what came out.

A benchmark asserts no time: it ends with 0 whatever was measured, and with 1 only where something could not
be measured at all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from core import logs
from tests.bench import report
from tests.bench.catalogue import all_rows
from tests.bench.measuring import Measured, measured
from tests.bench.row import Row

ROUNDS = 9


def main() -> int:
    """Run the command."""
    known = {row.name: row for row in all_rows()}
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure each row against its floor.")
    parser.add_argument("row", nargs="*", metavar="ROW", help=f"rows to measure; all without: {', '.join(known)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often all measures take turns ({ROUNDS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single time to a file")
    chosen = parser.parse_args()
    unknown = set(chosen.row) - known.keys()
    if unknown or chosen.rounds < 1:
        parser.error(f"no such row: {', '.join(sorted(unknown))}" if unknown else "there must be at least one round")
    if chosen.json is not None:
        # Refused now rather than after minutes of measuring.
        chosen.json.touch()
    logs.configure("error")
    # It warns of every session that it is about to make.
    logging.getLogger("nio").setLevel(logging.ERROR)
    console = Console()
    done: list[Measured] = []
    failed: list[str] = []
    for row in [known[name] for name in chosen.row or known]:
        found = _measured(row, console, rounds=chosen.rounds)
        if found is None:
            failed.append(row.name)
        else:
            done.append(found)
            report.show(console, found)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(report.as_json(done, failed), indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


def _measured(row: Row, console: Console, *, rounds: int) -> Measured | None:
    """Measure a row in a directory of its own; say what kept it from being measured."""
    with tempfile.TemporaryDirectory(prefix="streha-bench-") as directory, console.status(row.name) as status:

        def told(what: str) -> None:
            status.update(f"{row.name}: {what}")

        try:
            return asyncio.run(measured(row, Path(directory) / "network", rounds=rounds, told=told))
        except Exception as error:  # noqa: BLE001 (whatever it was, the other rows are measured all the same)
            first = _first(error)
            console.print(f"{row.name} could not be measured: {type(first).__name__}: {first}", markup=False)
            return None


def _first(error: BaseException) -> BaseException:
    """Return what lies at the bottom of a group of errors."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
