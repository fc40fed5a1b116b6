"""Who is called by a wave, and in which rooms: pure rules over a case, its people and duty desks.

Excluded people are never called, and a duty room in which one of them sits is not used: that agency's
other officers are called alone, each in the direct room. A responder agency that nobody can be called
for is passed on to its deputies and its covering desk at once, no minutes lost.

Everybody who sits at a desk may accept. The first call of a desk rings those who are on duty by its roster
(`agencies.roster`); where nobody is, it is passed on like one where nobody sits, and where that reaches
nobody either, everybody who sits there is rung after all. The call that rings deputies anyway rings everybody.
Somebody who has just been silent is rung and not relied upon: as if nobody were on duty beside the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from agencies.model import AgencyId, DeskId, DutyDesk, Person, PersonId
from agencies.roster import on_duty
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
    # Who must know nothing of the alert: `Alert.kept_from`.
    kept_from: frozenset[PersonId] = frozenset()
    # Of an alert for duress: who wrote a sentence of their own lately, and when. They may be forced as well.
    wrote_at: Mapping[PersonId, datetime] = field(default_factory=dict)

    @property
    def barred(self) -> frozenset[PersonId]:
        """Whoever must not be in a room in which something is said of the alert."""
        return self.case.excluded_ids | self.kept_from

    @property
    def codename(self) -> str:
        """The name that people know the compartment by."""
        return self.compartment.codename

    @property
    def everybody(self) -> Iterator[Person]:
        """Whoever may come in here, some more than once."""
        desks = (*self.desks.values(), *self.covering.values())
        standing = (each.person for desk in desks for each in desk.stand_ins)
        return chain(self.people.values(), *(each.officers for each in desks), standing, *self.deputies.values())

    @property
    def able(self) -> frozenset[PersonId]:
        """Everybody who may hear of an alert here and act on it now, whether or not a wave has called them."""
        return frozenset(each.id for each in self.everybody if self.may_know(each))

    def may_know(self, person: Person) -> bool:
        """Whether a person works there still, is not excluded, and the alert is not kept from them."""
        return person.active and person.id not in self.barred


def audience(
    around: Surroundings, tiers: Iterable[Tier], *, at: datetime, silent: frozenset[AgencyId],
    raiser_ids: frozenset[PersonId], answered: frozenset[tuple[PersonId, AgencyId]] = frozenset(),
    unheard: frozenset[PersonId] = frozenset(),
) -> Audience:  # fmt: skip
    """Return whom these tiers reach at a moment. Desks and deputies are called only for agencies in `silent`.

    Whoever has accepted for an agency (`answered`) is not rung for it again. Whoever was rung and stayed silent
    (`unheard`) is rung again, but where nobody else is, the call is passed on.
    """
    wanted = frozenset(tiers)
    draft = _Draft(around, raiser_ids, answered, at, whole=Tier.DEPUTIES in wanted)
    if Tier.COMPARTMENT in wanted:
        draft.call_compartment()
    if Tier.LEADERS in wanted:
        draft.call_leaders(alone=Tier.COMPARTMENT not in wanted)
    unreachable = set()
    for agency_id in sorted(silent):
        to_desks = Tier.DESKS in wanted
        reached = draft.call_desk(agency_id) if to_desks else frozenset()
        if Tier.DEPUTIES in wanted or (to_desks and not reached - unheard):
            reached |= draft.call_deputies(agency_id)
        if to_desks and not reached - unheard:
            reached |= draft.call_whoever_sits(agency_id)
        if to_desks and not reached:
            unreachable.add(agency_id)
    if Tier.DESKS in wanted:
        draft.inform_desks()
    if Tier.LEADERS in wanted and Tier.COMPARTMENT not in wanted:
        draft.inform_raisers()
    return draft.done(frozenset(unreachable))


def also_ringing(
    reached: Audience, around: Surroundings, accepted: Iterable[PersonId], raiser_ids: frozenset[PersonId]
) -> Audience:
    """Return an audience with everybody rung who had accepted before, off duty by now or called later than others.

    They may be under way. Whom no room rings is rung alone.
    """
    rung = {each for call in reached.calls for each in call.mentions}
    missed = sorted((around.able & frozenset(accepted)) - rung - raiser_ids)
    alone = [Call(target=Target(kind=TargetKind.PERSON, id=each), mentions=(each,)) for each in missed]
    rooms = {each.target for each in alone}
    return replace(
        reached,
        calls=(*reached.calls, *alone),
        informed=tuple(each for each in reached.informed if each not in rooms),
    )


class _Draft:
    """Collects recipients and rooms, each once."""

    def __init__(
        self, around: Surroundings, raiser_ids: frozenset[PersonId], answered: frozenset[tuple[PersonId, AgencyId]],
        at: datetime, *, whole: bool,
    ) -> None:  # fmt: skip
        """Begin with nobody; desks are called by their rosters `at` a moment, or `whole`."""
        self._around = around
        self._raiser_ids = raiser_ids
        self._answered = answered
        self._at = at
        self._whole = whole
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

    def call_desk(self, agency_id: AgencyId) -> frozenset[PersonId]:
        desk = self._around.desks.get(agency_id)
        return frozenset() if desk is None else self._sit_at(desk, agency_id, Tier.DESKS)

    def call_deputies(self, agency_id: AgencyId) -> frozenset[PersonId]:
        """Call an agency's deputies, whether or not it has a desk, and the desk that covers for it."""
        deputies = self._around.deputies.get(agency_id, ())
        for deputy in deputies:
            self._call_directly(deputy, agency_id, Tier.DEPUTIES)
        covering = self._covering(agency_id)
        covered = frozenset() if covering is None else self._sit_at(covering, agency_id, Tier.DEPUTIES)
        return covered | {each.id for each in deputies if self._around.may_know(each)} - self._raiser_ids

    def call_whoever_sits(self, agency_id: AgencyId) -> frozenset[PersonId]:
        """Call everybody who sits at an agency's desk and at the one that covers for it, on duty or not."""
        own, covering = self._around.desks.get(agency_id), self._covering(agency_id)
        desks = ((own, Tier.DESKS), (covering, Tier.DEPUTIES))
        called = [self._sit_at(desk, agency_id, tier, whole=True) for desk, tier in desks if desk is not None]
        return frozenset[PersonId]().union(*called)

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

    def inform_raisers(self) -> None:
        """Tell whoever raised it, alone and once: the channel in which they may have written is not called yet."""
        raisers = self._people(self._raiser_ids)
        self._informed += [
            Target(kind=TargetKind.PERSON, id=each.id) for each in raisers if self._around.may_know(each)
        ]

    def done(self, unreachable: frozenset[AgencyId]) -> Audience:
        return Audience(
            recipients=tuple(self._recipients.values()),
            calls=tuple(self._calls.values()),
            informed=tuple(each for each in self._informed if each not in self._calls),
            unreachable=unreachable,
        )

    def _covering(self, agency_id: AgencyId) -> DutyDesk | None:
        desk = self._around.desks.get(agency_id)
        return self._around.covering.get(desk.covered_by) if desk is not None and desk.covered_by else None

    def _sit_at(self, desk: DutyDesk, agency_id: AgencyId, tier: Tier, *, whole: bool = False) -> frozenset[PersonId]:
        """Call a desk for an agency: its room, or its officers one by one where the room must not know.

        Whoever sits there may accept; who is on duty is rung, or the `whole` desk. Who stands in there and does not sit
        there is rung alone. Returned is who of these can answer.
        """
        officers = [each for each in desk.officers if self._around.may_know(each)]
        present = on_duty(desk, self._at)
        rung = [each for each in officers if whole or self._whole or each in present]
        beside = [each for each in present if each not in desk.officers and self._around.may_know(each)]
        if self._compromised(desk):
            for officer in rung:
                self._call_directly(officer, agency_id, tier)
        elif officers:
            self._call(Target(kind=TargetKind.DESK, id=desk.id), rung, tier, agency_id)
        for deputy in beside:
            self._call_directly(deputy, agency_id, tier)
        for officer in officers:
            self._add(officer, agency_id, tier)
        return frozenset(each.id for each in (*rung, *beside)) - self._raiser_ids

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
        return any(each.id in self._around.barred for each in desk.officers)
