"""One person let into many compartments: what each of them needs, found out from its verified logs, and done.

Each compartment is its own: what stands in one stands, whatever comes of the next. Nothing has to be remembered between
two runs, because the logs say what is done; so after a cut the same is run again and goes on where it was. Whoever
needs more than a leader's word (they were barred, or have other keys than before) is never let in among many.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from agencies.trust.directory import Directory
from cases.trust.deeds import Add, Propose
from cases.trust.membership import Circle
from client.vault.circles import Circles
from client.vault.epochs import EpochKeys
from client.vault.reading import View
from core.errors import StrehaError

PROPOSAL_SECONDS = 7 * 24 * 3600


class Need(Enum):
    """What a compartment needs so that somebody is in it, or why it is left alone."""

    ADD = "add"
    PROPOSE = "propose"
    # They are in, and the key is not with just the members yet: a run before this one was cut, or somebody has left.
    KEY = "key"
    IN = "in"
    PROPOSED = "proposed"
    BARRED = "barred"
    TO_BE_RUNG = "to-be-rung"
    NOT_LED = "not-led"
    NOT_OPEN = "not-open"


TO_DO = frozenset({Need.ADD, Need.PROPOSE, Need.KEY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of it in one compartment.

    `signed` says that they were added or proposed; `keyed` that just the members have its key; `stopped` is why not.
    """

    signed: bool
    keyed: bool
    stopped: StrehaError | None = None


def need(view: View, person: bytes, now: int) -> Need:
    """Return what a compartment needs, at a moment in seconds since 1970."""
    if not view.compartment.is_open or not view.circle.is_open(now):
        return Need.NOT_OPEN
    circle = view.circle
    if view.person.person not in circle.leaders:
        return Need.NOT_LED
    if person in circle.excluded:
        return Need.BARRED
    if circle.has_returned(person, view.directory):
        return Need.TO_BE_RUNG
    return _of_welcome(circle, view.directory, person, now)


def _of_welcome(circle: Circle, directory: Directory, person: bytes, now: int) -> Need:
    if circle.stands(person, directory, now) and person not in circle.lapses:
        return Need.KEY if circle.epoch_is_due(directory, now) else Need.IN
    if not circle.sensitive:
        return Need.ADD
    waiting = (each.deed for each in circle.proposals.values())
    proposed = any(isinstance(each, Propose) and each.person == person and now < each.until for each in waiting)
    return Need.PROPOSED if proposed else Need.PROPOSE


async def let_in(circles: Circles, keys: EpochKeys, view: View, person: bytes, needed: Need) -> Came:
    """Do what a compartment needs (one of `TO_DO`), by how it stood a moment ago."""
    compartment = view.compartment.id
    if needed is Need.KEY:
        await keys.begin(compartment, seen=view)
        return Came(signed=False, keyed=True)
    proposing = needed is Need.PROPOSE
    decided = await circles.decide(
        compartment,
        lambda at: Propose(person=person, until=at + PROPOSAL_SECONDS) if proposing else Add(person=person),
        seen=view,
    )
    return Came(signed=True, keyed=decided.keyed, stopped=decided.stopped)
