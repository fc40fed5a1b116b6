"""Named SQL: every statement stands in its package's `queries.sql` under a line `-- name --`."""

from __future__ import annotations

import re
from importlib import resources

_HEADER = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)


def load(package: str) -> dict[str, str]:
    """Return the statements of a package by name; a name that stands twice is an error."""
    text = resources.files(package).joinpath("queries.sql").read_text()
    parts = _HEADER.split(text)
    names, bodies = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError(f"a query name stands twice in {package}/queries.sql")
    return {name: body.strip() for name, body in zip(names, bodies, strict=True)}
