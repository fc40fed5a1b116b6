"""Who, of the people who listen, hears of which entries of the ledger: asked once for a whole batch.

What each act means stands in `server.live.acts`; who may know of an alert, a case or a review is answered by the domain
itself. It is judged now, when it is to be told, not as things stood when it happened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from agencies import store as directory
from agencies.model import DeskId, PersonId
from alerts import news as alerts
from alerts.model import AlertId
from alerts.telephone import desk_calls
from cases import news as cases
from cases.ledger import Entry
from cases.model import CaseId, CompartmentId
from cases.news import Standing
from core.database import Reading
from operations import news as operations
from safety_plans import news as reviews
from server.live.acts import ACTS, Audience, Concerned, Told

_OF_CASE = frozenset(
    {
        Audience.SEES_REVIEW, Audience.SEES_OPERATION, Audience.IN_CASE, Audience.IN_COMPARTMENT, Audience.LEADS_CASE,
    },
)  # fmt: skip
_COVERING = ("covered_by", "formerly_covered_by")
_LEADERS = ("coordinator", "deputy", "former_coordinator", "former_deputy")
_NOTHING_TOLD = Told(Audience.NOBODY)
# What a newer version of the program has written: whoever has a part in the case loads everything anew.
_UNKNOWN = Told(Audience.IN_CASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Who hears that something changed, and whose own rights did; nobody is in both. `left` are gone for good."""

    change: frozenset[PersonId] = frozenset()
    access: frozenset[PersonId] = frozenset()
    left: frozenset[PersonId] = frozenset()

    def __or__(self, other: Hearing) -> Hearing:
        """Add what holds for other people."""
        return Hearing(
            change=self.change | other.change, access=self.access | other.access, left=self.left | other.left
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the domains answered about everything that the entries speak of."""

    alerts: Mapping[AlertId, Collection[PersonId]]
    standings: Mapping[CaseId, Mapping[PersonId, Standing]]
    duty: Mapping[UUID, Collection[PersonId]]
    rung: Mapping[UUID, Collection[PersonId]]
    circles: Mapping[UUID, CompartmentId]
    closed_upon: Mapping[UUID, Collection[PersonId]]
    cut_off: Mapping[CaseId, Collection[PersonId]]
    officers: Mapping[UUID, Collection[PersonId]]


async def hearings(reading: Reading, entries: Sequence[Entry], people: Collection[PersonId]) -> list[Hearing]:
    """Return, for each entry, who of these people hears of it."""
    facts = await _gather(reading, entries, list(people))
    wanted = frozenset(people)
    return [_hearing(entry, facts, wanted) for entry in entries]


def told_of(entry: Entry) -> Told:
    """Return how an entry is told."""
    return ACTS.get(entry.act, _UNKNOWN if entry.case_id else _NOTHING_TOLD)


async def _gather(reading: Reading, entries: Sequence[Entry], people: list[PersonId]) -> _Facts:
    told = [(entry, told_of(entry)) for entry in entries]

    def objects(audience: Audience) -> list[UUID]:
        found = {entry.object_id for entry, its in told if its.audience is audience and entry.object_id}
        return list(found)

    def concerned(whom: Concerned) -> list[Entry]:
        return [entry for entry, its in told if its.concerned is whom]

    alert_ids = [AlertId(each) for each in objects(Audience.SEES_ALERT)]
    case_ids = list({CaseId(entry.case_id) for entry, its in told if its.audience in _OF_CASE and entry.case_id})
    desk_ids, call_ids = objects(Audience.SEES_DUTY), objects(Audience.RUNG_FOR_CALL)
    way_ids = objects(Audience.SEES_OPERATION)
    closed_ids = [each for each in map(_closed, concerned(Concerned.CLOSED_UPON)) if each]
    excluding = list({CaseId(each.case_id) for each in concerned(Concerned.EXCLUDED) if each.case_id})
    covering = {desk_id for entry in concerned(Concerned.COVERING) for desk_id in _named(entry, *_COVERING)}
    return _Facts(
        alerts=await alerts.who_sees(reading, alert_ids, people) if alert_ids else {},
        standings=await cases.standings(reading, case_ids, people) if case_ids else {},
        duty=await _shown_duty(reading, desk_ids, people),
        rung=await desk_calls.who_hears(reading, call_ids, people) if call_ids else {},
        circles=await operations.circles(reading, way_ids) if way_ids else {},
        closed_upon=await cases.closed_upon(reading, closed_ids, people) if closed_ids else {},
        cut_off=await alerts.cut_off(reading, excluding, people) if excluding else {},
        officers=await _officers(reading, covering),
    )


async def _shown_duty(reading: Reading, ids: list[UUID], people: list[PersonId]) -> dict[UUID, set[PersonId]]:
    if not ids:
        return {}
    through_cases = await cases.shown_duty(reading, ids, people)
    through_alerts = await alerts.shown_duty(reading, ids, people)
    return {each: through_cases.get(each, set()) | through_alerts.get(each, set()) for each in ids}


async def _officers(reading: Reading, desk_ids: Collection[UUID]) -> dict[UUID, set[PersonId]]:
    if not desk_ids:
        return {}
    duty = await directory.duty(reading, desk_ids=map(DeskId, desk_ids))
    return {desk.id: {each.id for each in desk.officers} for desk in duty.desks}


def _hearing(entry: Entry, facts: _Facts, wanted: frozenset[PersonId]) -> Hearing:
    told = told_of(entry)
    change = wanted & frozenset(_may_know(entry, told.audience, facts))
    if told is _UNKNOWN:
        return Hearing(access=change)
    concerned = wanted & frozenset(_concerned(entry, told.concerned, facts))
    if told.concerned is Concerned.LEAVER:
        return Hearing(change=change - concerned, left=concerned)
    return Hearing(change=change - concerned, access=concerned)


def _may_know(entry: Entry, audience: Audience, facts: _Facts) -> Collection[PersonId]:
    if audience is Audience.SEES_ALERT:
        return facts.alerts.get(AlertId(entry.object_id), ()) if entry.object_id else ()
    if audience is Audience.SEES_DUTY:
        return facts.duty.get(entry.object_id, ()) if entry.object_id else ()
    if audience is Audience.RUNG_FOR_CALL:
        return facts.rung.get(entry.object_id, ()) if entry.object_id else ()
    standings = facts.standings.get(CaseId(entry.case_id), {}) if entry.case_id else {}
    if audience is Audience.SEES_OPERATION:
        circle = facts.circles.get(entry.object_id) if entry.object_id else None
        return [person for person, its in standings.items() if circle is not None and its.sees(circle)]
    return [person for person, its in standings.items() if _suffices(its, audience, entry)]


def _suffices(standing: Standing, audience: Audience, entry: Entry) -> bool:
    match audience:
        case Audience.IN_CASE:
            return True
        case Audience.IN_COMPARTMENT:
            return entry.object_id is not None and standing.sees(CompartmentId(entry.object_id))
        case Audience.LEADS_CASE:
            return standing.leads
        case Audience.SEES_REVIEW:
            return reviews.may_know(standing)
        case _:
            return False


def _concerned(entry: Entry, concerned: Concerned, facts: _Facts) -> Collection[PersonId]:
    found: Iterable[UUID | None] = ()
    match concerned:
        case Concerned.NOBODY:
            pass
        case Concerned.PERSON:
            found = _named(entry, "person")
        case Concerned.LEADERS:
            found = [*_named(entry, *_LEADERS), entry.actor_id]
        case Concerned.EXCLUDED:
            cut_off = facts.cut_off.get(CaseId(entry.case_id), ()) if entry.case_id else ()
            found = [each for each in cut_off if each == entry.object_id]
        case Concerned.CLOSED_UPON:
            closed = _closed(entry)
            found = facts.closed_upon.get(closed, ()) if closed else ()
        case Concerned.LEAVER:
            found = [entry.object_id]
        case Concerned.COVERING:
            found = [each for desk_id in _named(entry, *_COVERING) for each in facts.officers.get(desk_id, ())]
    return [PersonId(each) for each in found if each is not None]


def _closed(entry: Entry) -> UUID | None:
    """Return what an entry says was closed: a compartment, or the whole case."""
    return entry.object_id or entry.case_id


def _named(entry: Entry, *facts: str) -> list[UUID]:
    """Return whom or what these facts of the entry name."""
    said = [entry.facts.get(each) for each in facts]
    return [UUID(each) for each in said if isinstance(each, str)]
