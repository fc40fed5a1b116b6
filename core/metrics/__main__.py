"""Prints the table of docs/metrics.md, one row for each metric: `python -m core.metrics`."""

from __future__ import annotations

import sys

from core import metrics
from core.metrics.kinds import ALL, Label

# A label that may say more than this is explained above the table.
SHOWN = 12


def table() -> list[str]:
    """Return the rows."""
    return [
        f"| `{each.name}` | {each.kind} | {', '.join(map(_label, each.labels))} | {each.meaning} |"
        for each in ALL.values()
    ]


def _label(label: Label) -> str:
    if not label.values or len(label.values) > SHOWN or label is metrics.VERSION_LABEL:
        return f"`{label.name}`"
    return f"`{label.name}` ({' '.join(sorted(label.values))})"


if __name__ == "__main__":
    sys.stdout.write("\n".join(table()) + "\n")
