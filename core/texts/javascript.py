"""Which sentences a module in JavaScript marks: the first argument of `t("…")`, a plain string in double quotes.

Read by pattern and not by a JavaScript lexer, because those known to Python lose their way in templates that stand
in templates. The console's own checks refuse every other form of `t`, so none is overlooked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_MARKED = re.compile(r'(?<![\w$.])t\(\s*("(?:[^"\\\n]|\\.)*")')


def marked(source: str) -> Iterator[tuple[str, int]]:
    """Return every marked sentence of a module, with its line."""
    for found in _MARKED.finditer(source):
        yield json.loads(found[1]), source.count("\n", 0, found.start()) + 1
