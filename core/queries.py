"""Named SQL: every statement stands in its package's `queries.sql` under a line `-- name --`."""

from __future__ import annotations

import re
from importlib import resources

_HEADER = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)
_ALMOST = re.compile(r"^[ \t]*--.*--[ \t]*$", re.MULTILINE)


def load(package: str) -> dict[str, str]:
    """Return the statements of a package by name; a name that stands twice is an error."""
    text = resources.files(package).joinpath("queries.sql").read_text()
    parts = _HEADER.split(text)
    names, bodies = parts[1::2], parts[2::2]
    # What stands below a misspelt heading would silently become part of the statement above it.
    if any(_ALMOST.search(part) for part in parts[::2]):
        raise ValueError(f"a heading in {package}/queries.sql is not -- name --")
    if len(set(names)) != len(names):
        raise ValueError(f"a query name stands twice in {package}/queries.sql")
    return {name: body.strip() for name, body in zip(names, bodies, strict=True)}
