"""Which Matrix identity is whose, as the network's directory attests it.

Pure, of one directory. Only what an administrator has signed counts: an account without a master key, and whoever is of
a suspended agency, has none here.
"""

from __future__ import annotations

from dataclasses import dataclass

from agencies.trust.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody's id (16 bytes) and their cross-signing master key (32 bytes)."""

    person: bytes
    master_key: bytes


def identities(directory: Directory) -> dict[str, Identity]:
    """Return what is attested, by Matrix user."""
    return {
        each.matrix_user: Identity(person=each.id, master_key=each.matrix_master)
        for each in directory.people.values()
        if each.matrix_user and each.matrix_master and not directory.agencies[each.agency].suspended
    }
