"""Opaque identifiers: random, so that none tells a year, an agency or an order."""

from __future__ import annotations

from uuid import UUID, uuid4, uuid5

_DERIVED = UUID("6d0f3f0e-0d2b-4b63-9a52-5a1b9f1c7e11")


def new_id() -> UUID:
    """Return a fresh random identifier."""
    return uuid4()


def derived_id(*parts: str) -> UUID:
    """Return the identifier that these words always give, so that a repeated cause has one effect."""
    return uuid5(_DERIVED, "\0".join(parts))
