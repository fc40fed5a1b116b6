"""How a check of `streha doctor` says that it failed, or that something is worth knowing."""

from __future__ import annotations

from core.errors import StrehaError


class Todo(StrehaError):
    """A check failed, and this is what to do."""


class Note(StrehaError):
    """A check passed, and this is worth knowing."""
