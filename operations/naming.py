"""Codenames of what belongs to a case: no two things of a network share one."""

from __future__ import annotations

from cases import store as case_store
from cases.codenames import new_codename
from core.database import Transaction
from operations import store


async def free_codename(tx: Transaction) -> str:
    """Return a codename that no case, circle, operation or safe-call has."""
    attempt = 0
    while await store.codename_taken(tx, name := new_codename(attempt)) or await case_store.codename_taken(tx, name):
        attempt += 1
    return name
