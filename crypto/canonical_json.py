"""Canonical JSON as Matrix signs it: sorted keys, no spaces, UTF-8, whole numbers only.

Owns the bytes over which a signature is made; `crypto.cross_signing` owns the signatures.
"""

from __future__ import annotations

import json
from typing import Any

LARGEST_NUMBER = 2**53 - 1


def encode(value: Any) -> bytes:
    """Return the one byte string that stands for this value; raise ValueError when there is none."""
    try:
        _require_canonical(value)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
        return text.encode("utf-8")
    except RecursionError as error:
        raise ValueError("the value is nested too deeply") from error


def _require_canonical(value: Any) -> None:
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_NUMBER:
            raise ValueError("a number is too large to be canonical")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError("a key is not a string")  # noqa: TRY004 (callers catch one exception)
            _require_canonical(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _require_canonical(item)
    else:
        raise ValueError("a value of this type has no canonical form")  # noqa: TRY004 (as above)
