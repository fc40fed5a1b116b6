"""What can be decided in the directory's log: each deed and just the particulars that it needs.

Ids are 16 bytes, keys and hashes 32. Names are those of the staff directory, which everybody of the network may read;
nothing of a case stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import msgspec

from agencies.model import AgencyKind, Role
from crypto.vault import deeds
from crypto.vault.deeds import Id, Key, Moment
from crypto.vault.deterministic import Value

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Attested(deeds.Deed, frozen=True, kw_only=True):
    """A person of an agency: these keys, this role, this Matrix account and its cross-signing master key."""

    person: Id
    agency: Id
    name: Name
    role: Role
    signing_key: Key
    box_key: Key
    # Empty where there is none yet; a master key has 32 bytes.
    matrix_user: Annotated[str, msgspec.Meta(max_length=255)]
    matrix_master: Annotated[bytes, msgspec.Meta(max_length=32)]


class NewAgency(deeds.Deed, frozen=True, kw_only=True):
    """An agency, and its first people; at least one of them administers it."""

    agency: Id
    name: Name
    kind: AgencyKind
    people: Annotated[list[Attested], msgspec.Meta(min_length=1, max_length=20)]


class Found(deeds.Deed, frozen=True, kw_only=True):
    """The genesis: the founding agencies and whoever administers them."""

    name: Name
    agencies: Annotated[list[NewAgency], msgspec.Meta(min_length=1, max_length=20)]


class Join(NewAgency, frozen=True, kw_only=True):
    """Propose an agency; it is one once enough agencies have said so."""

    until: Moment


class Attest(Attested, frozen=True, kw_only=True):
    """Say who somebody is, anew or for the first time, with the keys that they have or their first ones."""

    until: Moment


class Rekey(deeds.Deed, frozen=True, kw_only=True):
    """Give a known person other keys: two administrators, after a code was compared by voice."""

    person: Id
    signing_key: Key
    box_key: Key
    until: Moment


class Revoke(deeds.Deed, frozen=True, kw_only=True):
    """Say that somebody is of the agency no more. It holds at once."""

    person: Id


class Suspend(deeds.Deed, frozen=True, kw_only=True):
    """Propose that an agency's word be worth nothing from here on."""

    agency: Id
    until: Moment


class Approve(deeds.Deed, frozen=True, kw_only=True):
    """Agree to what somebody has proposed, named by its hash."""

    proposal: Key


class Withdraw(deeds.Deed, frozen=True, kw_only=True):
    """Take back what one has proposed oneself."""

    proposal: Key


Deed: TypeAlias = Found | Join | Attest | Rekey | Revoke | Suspend | Approve | Withdraw
DEEDS: Mapping[str, type[Deed]] = {
    "found": Found, "join": Join, "attest": Attest, "rekey": Rekey, "revoke": Revoke, "suspend": Suspend,
    "approve": Approve, "withdraw": Withdraw,
}  # fmt: skip


def read(do: str, particulars: Mapping[str, Value]) -> Deed:
    """Return the deed of an entry; raise NotAsWritten."""
    return deeds.read(DEEDS, do, particulars)


def written(deed: Deed) -> tuple[str, dict[str, Value]]:
    """Return what stands in an entry for a deed: `do` and `with`."""
    return deeds.written(DEEDS, deed)
