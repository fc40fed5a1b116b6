"""What can be decided in a compartment's log of members: each deed and just the particulars that it needs.

Ids are 16 bytes, keys and hashes 32, moments seconds since 1970. Nothing here says what the compartment is about; why
somebody is excluded is sealed to the coordinator and the deputy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import msgspec

from crypto.vault import deeds
from crypto.vault.deeds import Id, Key, Moment
from crypto.vault.deterministic import Value

MOST_PEOPLE = 200
People = Annotated[list[Id], msgspec.Meta(max_length=MOST_PEOPLE)]


class Open(deeds.Deed, frozen=True, kw_only=True):
    """Open a compartment of a case. A sensitive one begins with its two leaders; 0 says that it ends by no time."""

    case: Id
    sensitive: bool
    coordinator: Id
    deputy: Id
    members: People
    ends_at: Moment


class Add(deeds.Deed, frozen=True, kw_only=True):
    """Add somebody; not to a sensitive compartment."""

    person: Id


class Propose(deeds.Deed, frozen=True, kw_only=True):
    """Propose somebody for a sensitive compartment."""

    person: Id
    until: Moment


class Approve(deeds.Deed, frozen=True, kw_only=True):
    """Agree, from another agency, to a proposal or an emergency addition, named by its hash."""

    proposal: Key


class Withdraw(deeds.Deed, frozen=True, kw_only=True):
    """Take back what one has proposed oneself."""

    proposal: Key


class AddInEmergency(deeds.Deed, frozen=True, kw_only=True):
    """Add somebody at once for some hours; it lapses unless somebody from another agency agrees."""

    person: Id
    until: Moment


class Remove(deeds.Deed, frozen=True, kw_only=True):
    """Let somebody be a member no more; oneself, or whomever one leads."""

    person: Id


class Exclude(deeds.Deed, frozen=True, kw_only=True):
    """Bar somebody; the reason is sealed."""

    person: Id
    reason: Annotated[bytes, msgspec.Meta(max_length=4096)]


class Readmit(deeds.Deed, frozen=True, kw_only=True):
    """End an exclusion. It makes nobody a member."""

    person: Id


class Lead(deeds.Deed, frozen=True, kw_only=True):
    """Hand over: two members of two agencies lead from here on."""

    coordinator: Id
    deputy: Id


class Succeed(deeds.Deed, frozen=True, kw_only=True):
    """Propose to lead in the place of a coordinator whose word counts no more, with this deputy."""

    deputy: Id
    until: Moment


class BeginEpoch(deeds.Deed, frozen=True, kw_only=True):
    """Promise the key of the next epoch, which just these members are granted."""

    number: Annotated[int, msgspec.Meta(ge=1)]
    promise: Key
    members: People


class Hold(deeds.Deed, frozen=True, kw_only=True):
    """Let nothing be erased here, and the compartment not be closed, until two agencies release it. Why is not said."""


class Release(deeds.Deed, frozen=True, kw_only=True):
    """Propose, as a leader, to end the hold; it ends once a member of another agency agrees."""

    until: Moment


class Keep(deeds.Deed, frozen=True, kw_only=True):
    """Keep what is sealed here until then at least; a date that was said is only ever moved later."""

    until: Moment


class Close(deeds.Deed, frozen=True, kw_only=True):
    """End the compartment."""


Deed: TypeAlias = (
    Open | Add | Propose | Approve | Withdraw | AddInEmergency | Remove | Exclude | Readmit | Lead | Succeed
    | BeginEpoch | Hold | Release | Keep | Close
)  # fmt: skip
DEEDS: Mapping[str, type[Deed]] = {
    "open": Open, "add": Add, "propose": Propose, "approve": Approve, "withdraw": Withdraw,
    "add-in-emergency": AddInEmergency, "remove": Remove, "exclude": Exclude, "readmit": Readmit, "lead": Lead,
    "succeed": Succeed, "begin-epoch": BeginEpoch, "hold": Hold, "release": Release,
    "keep": Keep, "close": Close,
}  # fmt: skip


def read(do: str, particulars: Mapping[str, Value]) -> Deed:
    """Return the deed of an entry; raise NotAsWritten."""
    return deeds.read(DEEDS, do, particulars)


def written(deed: Deed) -> tuple[str, dict[str, Value]]:
    """Return what stands in an entry for a deed: `do` and `with`."""
    return deeds.written(DEEDS, deed)
