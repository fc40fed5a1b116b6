"""Whom a card is sealed to, how it stands with each desk, and who may have its bytes, until when: pure rules.

A card is for the desks that answer for the responding agencies, their own and those that cover for them. Its bytes are
given to a person, never to a room: who was called, may still act, belongs to the desk, and has accepted an alert that
is open, in earnest or as an exercise. For a day after that; to whoever owns the alert, who is asked every half hour, as
long as it is open. A day spans every shift with its hand-over; whoever acts on it longer owns it by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agencies.desk_keys import belongs_to
from agencies.model import AgencyId, DeskId, DutyDesk, Person
from alerts.audience import Surroundings
from alerts.model import Alert
from alerts.vocabulary import Status
from cases.model import Part

GIVEN_FOR = timedelta(hours=24)
GIVEN_IN = frozenset({Status.ACTUAL, Status.EXERCISE})
# What a request can hold.
MOST_DESKS = 12


class CardState(StrEnum):
    """How it stands with the card of one desk."""

    SEALED = "sealed"
    OLD = "old"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCard:
    """Whether a desk has a card.

    `old` is sealed to a former key, or to one that somebody holds who sits there no more.
    """

    desk_id: DeskId
    agency_id: AgencyId
    state: CardState


def desks_for(around: Surroundings) -> list[DutyDesk]:
    """Return the desks that a card is sealed to: those of responding agencies, and those that cover for them."""
    own = [
        around.desks[agency_id]
        for agency_id, part in around.case.agencies.items()
        if part is Part.RESPONDER and agency_id in around.desks
    ]
    covering = [
        around.covering[each.covered_by] for each in own if each.covered_by and each.covered_by in around.covering
    ]
    return sorted({each.id: each for each in (*own, *covering)}.values(), key=lambda each: each.id)


def cards_of(around: Surroundings, states: Mapping[DeskId, CardState]) -> list[DeskCard]:
    """Return how it stands with each desk, where `states` tells of those that have a card."""
    return [
        DeskCard(desk_id=each.id, agency_id=each.agency_id, state=states.get(each.id, CardState.MISSING))
        for each in desks_for(around)
    ]


def desks_of(around: Surroundings, person: Person) -> list[DutyDesk]:
    """Return those of these desks that a person belongs to."""
    return [each for each in desks_for(around) if belongs_to(each, person.id)]


def best(cards: Sequence[DeskCard], desks: Sequence[DutyDesk]) -> CardState | None:
    """Return how it stands with the cards of some desks: the best of them; nothing where there is no such desk."""
    mine = {each.id for each in desks}
    found = [each.state for each in cards if each.desk_id in mine]
    return min(found, key=list(CardState).index, default=None)


def may_have(alert: Alert, around: Surroundings, person: Person, now: datetime) -> bool:
    """Whether a person may have the bytes of the card now, of the desks that they belong to."""
    if alert.ended or alert.status not in GIVEN_IN or person.id not in around.able:
        return False
    accepted = [each.acknowledged_at for each in alert.called(person.id) if each.acknowledged_at is not None]
    return bool(accepted) and (alert.owner_id == person.id or now < max(accepted) + GIVEN_FOR)
