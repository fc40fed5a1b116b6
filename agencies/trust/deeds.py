"""What can be decided in the directory's log: each deed and just the particulars that it needs.

Ids are 16 bytes, keys and hashes 32. Names are those of the staff directory, which everybody of the network may read;
nothing of a case stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import msgspec

from agencies.model import AgencyKind, Role
from crypto.vault.deterministic import Value
from crypto.vault.failures import NotAsWritten

Id = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Moment = Annotated[int, msgspec.Meta(ge=0)]


class _Deed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every deed is: just its fields, and no others."""


class Attested(_Deed, frozen=True, kw_only=True):
    """A person of an agency: these keys, this role, this Matrix account and its cross-signing master key."""

    person: Id
    agency: Id
    name: Name
    role: Role
    signing_key: Key
    box_key: Key
    matrix_user: Annotated[str, msgspec.Meta(max_length=255)] = ""
    matrix_master: Annotated[bytes, msgspec.Meta(max_length=32)] = b""


class NewAgency(_Deed, frozen=True, kw_only=True):
    """An agency, and its first people; at least one of them administers it."""

    agency: Id
    name: Name
    kind: AgencyKind
    people: Annotated[list[Attested], msgspec.Meta(min_length=1, max_length=20)]


class Found(_Deed, frozen=True, kw_only=True):
    """The genesis: the founding agencies and whoever administers them."""

    name: Name
    agencies: Annotated[list[NewAgency], msgspec.Meta(min_length=1, max_length=20)]


class Join(NewAgency, frozen=True, kw_only=True):
    """Propose an agency; it is one once enough agencies have said so."""

    until: Moment


class Attest(Attested, frozen=True, kw_only=True):
    """Say who somebody is, anew or for the first time, with the keys that they have or their first ones."""

    until: Moment


class Rekey(_Deed, frozen=True, kw_only=True):
    """Give a known person other keys: two administrators, after a code was compared by voice."""

    person: Id
    signing_key: Key
    box_key: Key
    until: Moment


class Revoke(_Deed, frozen=True, kw_only=True):
    """Say that somebody is of the agency no more. It holds at once."""

    person: Id


class Suspend(_Deed, frozen=True, kw_only=True):
    """Propose that an agency's word be worth nothing from here on."""

    agency: Id
    until: Moment


class Approve(_Deed, frozen=True, kw_only=True):
    """Agree to what somebody has proposed, named by its hash."""

    proposal: Key


class Withdraw(_Deed, frozen=True, kw_only=True):
    """Take back what one has proposed oneself."""

    proposal: Key


Deed: TypeAlias = Found | Join | Attest | Rekey | Revoke | Suspend | Approve | Withdraw
DEEDS: Mapping[str, type[Deed]] = {
    "found": Found, "join": Join, "attest": Attest, "rekey": Rekey, "revoke": Revoke, "suspend": Suspend,
    "approve": Approve, "withdraw": Withdraw,
}  # fmt: skip


def read(do: str, particulars: Mapping[str, Value]) -> Deed:
    """Return the deed of an entry; raise NotAsWritten."""
    if do not in DEEDS:
        raise NotAsWritten
    try:
        deed: Deed = msgspec.convert(particulars, type=DEEDS[do], strict=True)
    except msgspec.ValidationError as error:
        raise NotAsWritten from error
    return deed


def written(deed: Deed) -> tuple[str, dict[str, Value]]:
    """Return what stands in an entry for a deed: `do` and `with`."""
    (name,) = [name for name, kind in DEEDS.items() if kind is type(deed)]
    built: dict[str, Value] = msgspec.to_builtins(deed, builtin_types=(bytes,))
    return name, built
