"""Why the local stack is not running, in one sentence that says what to do."""

from __future__ import annotations

from core.errors import StrehaError


class StackError(StrehaError):
    """The local stack could not start, or one of its processes ended."""
