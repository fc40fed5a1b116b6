"""What is still missing before somebody goes, from facts that can be looked up, nothing that was promised. Pure rules.

What is hard keeps go from being said, unless whoever leads the day takes it upon them: a witness who is summoned must
appear (network's rules for alerts and operations, *Protective operations*).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies.model import DutyDesk, PersonId
from agencies.roster import on_duty
from core.errors import Conflict
from core.key_holders import Holding, KeyState
from core.texts import mark
from operations.model import Despite, Missing

# Whoever was not heard of for so long may have no telephone in hand.
SEEN_WITHIN = timedelta(days=1)
# So often it is looked whether somebody is on duty; shifts that leave out less are not made.
LOOKED_EVERY = timedelta(minutes=15)
# Who comes home late is still called for so long after the end.
AFTERWARDS = timedelta(hours=3)
NOT_READY = mark("Not ready. Look at what is missing and mend it, or go all the same and say why: {command}")
READY = "streha operation ready, streha operation go --despite"


ADVICE = frozenset({Missing.NOT_SEEN, Missing.NO_TELEPHONE})
_OF_KEYS = {
    KeyState.NOT_JOINED: Missing.NOT_JOINED, KeyState.NO_DEVICE: Missing.NO_DEVICE,
    KeyState.WITHHELD: Missing.NO_DEVICE, KeyState.OWED: Missing.NO_KEY, KeyState.NO_WAY: Missing.NO_KEY,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known at a moment. `holdings` is nothing while no bot is active, `exposed` counts who can know."""

    people: Collection[PersonId]
    holdings: Mapping[PersonId, Holding]
    away: Collection[PersonId]
    without_telephone: Collection[PersonId]
    on_duty: bool
    custody_stale: bool
    level_stale: bool
    without_card: bool
    exposed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """That something is missing, of these people if of any."""

    what: Missing
    people: tuple[PersonId, ...] = ()

    @property
    def hard(self) -> bool:
        """Whether go is not said over it."""
        return self.what not in ADVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """All that is missing, and how many people can know time and place."""

    missing: Sequence[Finding]
    exposed: int

    @property
    def hard(self) -> list[Finding]:
        """What keeps go from being said."""
        return [each for each in self.missing if each.hard]


def judged(facts: Facts, now: datetime) -> Readiness:
    """Return what is missing, in the order of `Missing`."""
    found: dict[Missing, list[PersonId]] = {}
    for person in sorted(facts.people):
        for what in _of(person, facts, now):
            found.setdefault(what, []).append(person)
    whole = {
        Missing.NOT_KNOWN: not facts.holdings,
        Missing.NOBODY_ON_DUTY: not facts.on_duty,
        Missing.CUSTODY: facts.custody_stale,
        Missing.LEVEL: facts.level_stale,
        Missing.NO_CARD: facts.without_card,
    }
    missing = [
        Finding(what=each, people=tuple(found.get(each, ()))) for each in Missing if each in found or whole.get(each)
    ]
    return Readiness(missing=missing, exposed=facts.exposed)


def require(readiness: Readiness, despite: Despite | None) -> None:
    """Refuse go where something hard is missing and nobody takes it upon them."""
    if readiness.hard and despite is None:
        raise Conflict(NOT_READY, command=READY)


def always_on_duty(
    desks: Collection[DutyDesk], begins_at: datetime, ends_at: datetime, barred: Collection[PersonId] = ()
) -> bool:
    """Whether at every moment of a time somebody answers at one of these desks who is not barred from the case."""
    looks = (ends_at - begins_at) // LOOKED_EVERY
    moments = [*(begins_at + number * LOOKED_EVERY for number in range(looks + 1)), ends_at]
    return all(any(one.id not in barred for desk in desks for one in on_duty(desk, each)) for each in moments)


def _of(person: PersonId, facts: Facts, now: datetime) -> list[Missing]:
    found = []
    if facts.holdings:
        here = facts.holdings.get(person, Holding(state=KeyState.NOT_JOINED, seen_at=None))
        if here.state in _OF_KEYS:
            found.append(_OF_KEYS[here.state])
        elif here.seen_at is None or here.seen_at < now - SEEN_WITHIN:
            found.append(Missing.NOT_SEEN)
    if person in facts.away:
        found.append(Missing.AWAY)
    if person in facts.without_telephone:
        found.append(Missing.NO_TELEPHONE)
    return found
