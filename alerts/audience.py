"""Who is called by a wave, and in which rooms: pure rules over a case, its people and duty desks.

Excluded people are never called, and a duty room in which one of them sits is not used: that agency's
other officers are called alone, each in the direct room. A responder agency that nobody can be called
for is passed on to its deputies and its covering desk at once, no minutes lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from agencies.model import AgencyId, DeskId, DutyDesk, Person, PersonId
from alerts.model import Recipient, Tier
from cases.model import Case, Compartment, Part
from core.outbox import Target, TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One room to say it in, who is mentioned, and whether it rings."""

    target: Target
    mentions: tuple[PersonId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Everybody a wave reaches. `informed` desks read it without being rung."""

    recipients: tuple[Recipient, ...]
    calls: tuple[Call, ...]
    informed: tuple[Target, ...]
    unreachable: frozenset[AgencyId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The facts that decide whom a wave reaches."""

    case: Case
    compartment: Compartment
    people: Mapping[PersonId, Person]
    desks: Mapping[AgencyId, DutyDesk]
    covering: Mapping[DeskId, DutyDesk]
    deputies: Mapping[AgencyId, tuple[Person, ...]]

    @property
    def codename(self) -> str:
        """The name that people know the compartment by."""
        return self.compartment.codename

    @property
    def everybody(self) -> Iterator[Person]:
        """Whoever may come in here, some more than once."""
        desks = (*self.desks.values(), *self.covering.values())
        return chain(self.people.values(), *(each.officers for each in desks), *self.deputies.values())

    @property
    def able(self) -> frozenset[PersonId]:
        """Everybody who may hear of an alert here and act on it now, whether or not a wave has called them."""
        return frozenset(each.id for each in self.everybody if self.may_know(each))

    def may_know(self, person: Person) -> bool:
        """Whether a person works there still and is not excluded."""
        return person.active and person.id not in self.case.excluded_ids


def audience(
    around: Surroundings, tiers: Iterable[Tier], *, silent: frozenset[AgencyId], raiser_ids: frozenset[PersonId],
    answered: frozenset[tuple[PersonId, AgencyId]] = frozenset(),
) -> Audience:  # fmt: skip
    """Return whom these tiers reach. Desks and deputies are called only for agencies in `silent`.

    Whoever has accepted for an agency (`answered`) is not rung for it again.
    """
    draft = _Draft(around, raiser_ids, answered)
    wanted = frozenset(tiers)
    if Tier.COMPARTMENT in wanted:
        draft.call_compartment()
    if Tier.LEADERS in wanted:
        draft.call_leaders(alone=Tier.COMPARTMENT not in wanted)
    unreachable = set()
    for agency_id in sorted(silent):
        reached = draft.call_desk(agency_id) if Tier.DESKS in wanted else True
        if Tier.DEPUTIES in wanted or not reached:
            reached = draft.call_deputies(agency_id) or reached
        if not reached:
            unreachable.add(agency_id)
    if Tier.DESKS in wanted:
        draft.inform_desks()
    return draft.done(frozenset(unreachable))


class _Draft:
    """Collects recipients and rooms, each once."""

    def __init__(
        self, around: Surroundings, raiser_ids: frozenset[PersonId], answered: frozenset[tuple[PersonId, AgencyId]]
    ) -> None:
        self._around = around
        self._raiser_ids = raiser_ids
        self._answered = answered
        self._recipients: dict[tuple[PersonId, AgencyId], Recipient] = {}
        self._calls: dict[Target, Call] = {}
        self._informed: list[Target] = []

    def call_compartment(self) -> None:
        members = [each for each in self._people(self._around.compartment.member_ids) if self._around.may_know(each)]
        self._call(Target(kind=TargetKind.COMPARTMENT, id=self._around.compartment.id), members, Tier.COMPARTMENT)

    def call_leaders(self, *, alone: bool) -> None:
        """Call the leaders directly, but for those who hear it in the compartment's channel."""
        for leader in self._people(self._around.case.leaders):
            if self._around.may_know(leader):
                self._add(leader, leader.agency_id, Tier.LEADERS)
                if alone or leader.id not in self._around.compartment.member_ids:
                    self._call_directly(leader, leader.agency_id, Tier.LEADERS)

    def call_desk(self, agency_id: AgencyId, on_behalf_of: AgencyId | None = None) -> bool:
        desk = self._around.desks.get(agency_id)
        return desk is not None and self._sit_at(desk, on_behalf_of or agency_id, Tier.DESKS)

    def call_deputies(self, agency_id: AgencyId) -> bool:
        """Call an agency's deputies, whether or not it has a desk, and the desk that covers for it."""
        deputies = self._around.deputies.get(agency_id, ())
        for deputy in deputies:
            self._call_directly(deputy, agency_id, Tier.DEPUTIES)
        desk = self._around.desks.get(agency_id)
        covering = self._around.covering.get(desk.covered_by) if desk is not None and desk.covered_by else None
        covered = covering is not None and self._sit_at(covering, agency_id, Tier.DEPUTIES)
        return covered or any(self._around.may_know(each) and each.id not in self._raiser_ids for each in deputies)

    def inform_desks(self) -> None:
        for agency_id, part in self._around.case.agencies.items():
            desk = self._around.desks.get(agency_id)
            if part is not Part.INFORMED or desk is None:
                continue
            officers = [each for each in desk.officers if self._around.may_know(each)]
            if self._compromised(desk):
                self._informed += [Target(kind=TargetKind.PERSON, id=each.id) for each in officers]
            elif officers:
                self._informed.append(Target(kind=TargetKind.DESK, id=desk.id))
            for officer in officers:
                self._add(officer, agency_id, Tier.DESKS)

    def done(self, unreachable: frozenset[AgencyId]) -> Audience:
        return Audience(
            recipients=tuple(self._recipients.values()),
            calls=tuple(self._calls.values()),
            informed=tuple(each for each in self._informed if each not in self._calls),
            unreachable=unreachable,
        )

    def _sit_at(self, desk: DutyDesk, agency_id: AgencyId, tier: Tier) -> bool:
        """Call a desk for an agency: its room, or its officers one by one where the room must not know."""
        officers = [each for each in desk.officers if self._around.may_know(each)]
        if self._compromised(desk):
            for officer in officers:
                self._call_directly(officer, agency_id, tier)
        elif officers:
            self._call(Target(kind=TargetKind.DESK, id=desk.id), officers, tier, agency_id)
        return any(each.id not in self._raiser_ids for each in officers)

    def _call_directly(self, person: Person, agency_id: AgencyId, tier: Tier) -> None:
        if self._around.may_know(person) and self._rings(person, agency_id):
            self._call(Target(kind=TargetKind.PERSON, id=person.id), [person], tier, agency_id)

    def _call(self, target: Target, people: list[Person], tier: Tier, agency_id: AgencyId | None = None) -> None:
        rung = [each.id for each in people if self._rings(each, agency_id or each.agency_id)]
        before = self._calls[target].mentions if target in self._calls else ()
        self._calls[target] = Call(target=target, mentions=tuple(dict.fromkeys([*before, *rung])))
        for each in people:
            self._add(each, agency_id or each.agency_id, tier)

    def _rings(self, person: Person, agency_id: AgencyId) -> bool:
        return person.id not in self._raiser_ids and (person.id, agency_id) not in self._answered

    def _add(self, person: Person, agency_id: AgencyId, tier: Tier) -> None:
        if person.id not in self._raiser_ids:
            recipient = Recipient(person_id=person.id, agency_id=agency_id, tier=tier)
            self._recipients.setdefault((person.id, agency_id), recipient)

    def _people(self, ids: Iterable[PersonId]) -> list[Person]:
        known = self._around.people
        return [known[each] for each in sorted(ids) if each in known]

    def _compromised(self, desk: DutyDesk) -> bool:
        return any(each.id in self._around.case.excluded_ids for each in desk.officers)
