"""Whom a wave reaches: stories for the rules one by one, and properties for every case there could be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from agencies.model import (
    AgencyId,
    CameBy,
    DeskId,
    DutyDesk,
    Opening,
    Person,
    PersonId,
    Role,
    Shift,
    ShiftId,
)
from alerts.audience import Audience, Surroundings, also_ringing, audience
from alerts.model import Tier
from cases.model import Case, CaseId, Compartment, CompartmentId, Part
from core.outbox import Target, TargetKind

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE = CaseId(UUID(int=1))
CIRCLE = CompartmentId(UUID(int=2))
CHANNEL = Target(kind=TargetKind.COMPARTMENT, id=CIRCLE)
A, B, C, D = (AgencyId(UUID(int=number)) for number in range(10, 14))
EVERYBODY = frozenset(Tier)
FIRST_WAVE = frozenset({Tier.LEADERS, Tier.DESKS, Tier.COMPARTMENT})


def person(number: int, agency_id: AgencyId = A, *, left: bool = False) -> Person:
    return Person(
        id=PersonId(UUID(int=100 + number)), agency_id=agency_id, name=f"Person {number}", role=Role.PRACTITIONER,
        matrix_user=f"@person-{number}:streha.localhost", signing_key=bytes(32), left_at=MOMENT if left else None,
    )  # fmt: skip


def desk(agency_id: AgencyId, officers: Iterable[Person] = (), deputies: Iterable[Person] = (),
         covered_by: AgencyId | None = None) -> DutyDesk:  # fmt: skip
    return DutyDesk(
        id=desk_id(agency_id), agency_id=agency_id, always_staffed=False, membership_version=1,
        covered_by=None if covered_by is None else desk_id(covered_by), officers=tuple(officers),
        deputies=tuple(deputies),
    )  # fmt: skip


def rostered(found: DutyDesk, *on_duty: Person) -> DutyDesk:
    """Return a desk with a roster, by which these people are on duty at the moment."""
    hour = timedelta(hours=1)
    shifts = [
        Shift(
            id=ShiftId(UUID(int=number)), person_id=each.id, begins_at=MOMENT - hour, ends_at=MOMENT + hour,
            came_by=CameBy.HAND,
        )
        for number, each in enumerate(on_duty)
    ]  # fmt: skip
    # One that is over: the desk has a roster, also where nobody is on duty.
    over = replace(shifts[0], ends_at=MOMENT) if shifts else Shift(
        id=ShiftId(UUID(int=99)), person_id=PersonId(UUID(int=99)), begins_at=MOMENT - hour, ends_at=MOMENT,
        came_by=CameBy.IMPORT,
    )  # fmt: skip
    return replace(found, shifts=(*shifts, over))


def ids(people: Iterable[Person]) -> frozenset[PersonId]:
    return frozenset(each.id for each in people)


def desk_id(agency_id: AgencyId) -> DeskId:
    return DeskId(UUID(int=agency_id.int + 1000))


def duty_room(agency_id: AgencyId) -> Target:
    return Target(kind=TargetKind.DESK, id=desk_id(agency_id))


def own_room(who: Person) -> Target:
    return Target(kind=TargetKind.PERSON, id=who.id)


@dataclass(frozen=True, kw_only=True)
class World:
    """One case and all around it."""

    parts: dict[AgencyId, Part]
    members: tuple[Person, ...]
    leaders: tuple[Person, ...]
    desks: tuple[DutyDesk, ...] = ()
    excluded: frozenset[PersonId] = field(default=frozenset())
    without_desk: dict[AgencyId, tuple[Person, ...]] = field(default_factory=dict)

    def reached(
        self, tiers: Iterable[Tier], silent: Iterable[AgencyId], raisers: Iterable[Person] = (),
        at: datetime = MOMENT, unheard: Iterable[Person] = (),
    ) -> Audience:  # fmt: skip
        """Return whom a wave reaches."""
        return audience(
            self.surroundings, tiers, at=at, silent=frozenset(silent), raiser_ids=ids(raisers), unheard=ids(unheard)
        )

    @property
    def surroundings(self) -> Surroundings:
        """The facts as the service gathers them."""
        circle = Compartment(
            id=CIRCLE, case_id=CASE, codename="quiet-heron", core=True, membership_version=1, closed_at=None,
            member_ids=frozenset(each.id for each in self.members),
        )  # fmt: skip
        coordinator, *deputies = self.leaders
        case = Case(
            id=CASE, codename="quiet-heron", language="en", coordinator_id=coordinator.id,
            deputy_id=deputies[0].id if deputies else None, opened_at=MOMENT, closed_at=None, agencies=self.parts,
            compartments=(circle,), excluded_ids=self.excluded,
        )  # fmt: skip
        taking_part = {each.agency_id: each for each in self.desks if each.agency_id in self.parts}
        needed = {each.covered_by for each in taking_part.values()}
        return Surroundings(
            case=case, compartment=circle, people={each.id: each for each in (*self.members, *self.leaders)},
            desks=taking_part, covering={each.id: each for each in self.desks if each.id in needed},
            deputies={each.agency_id: each.deputies for each in taking_part.values()} | self.without_desk,
        )  # fmt: skip


def mentioned(reached: Audience) -> dict[Target, set[PersonId]]:
    return {call.target: set(call.mentions) for call in reached.calls}


ana, boris, vesna, goran = person(1), person(2), person(3, B), person(4, B)
WORLD = World(
    parts={A: Part.RESPONDER, B: Part.RESPONDER}, members=(ana, boris, vesna), leaders=(ana, vesna),
    desks=(desk(A, [person(5)], [person(6)]), desk(B, [goran], [person(7, B)])),
)  # fmt: skip


def test_the_raiser_is_never_called() -> None:
    reached = WORLD.reached(EVERYBODY, [A, B], [boris, goran])
    assert not {boris.id, goran.id} & {each.person_id for each in reached.recipients}
    assert not any({boris.id, goran.id} & set(each.mentions) for each in reached.calls)
    # Goran's desk is told all the same, and since nobody else sits there, its deputy is called at once.
    assert mentioned(reached)[duty_room(B)] == set()
    assert own_room(person(7, B)) in mentioned(WORLD.reached(FIRST_WAVE, [A, B], [goran]))
    assert reached.unreachable == frozenset()


def test_deputies_are_called_at_once_where_nobody_sits_at_the_desk() -> None:
    world = replace(WORLD, desks=(desk(A, deputies=[boris]), desk(B, [goran])))
    rooms = mentioned(world.reached({Tier.DESKS}, [A, B]))
    assert rooms == {own_room(boris): {boris.id}, duty_room(B): {goran.id}}


def test_deputies_are_called_at_once_where_there_is_no_desk() -> None:
    world = replace(WORLD, desks=(desk(B, [goran]),), without_desk={A: (boris,)})
    reached = world.reached({Tier.DESKS}, [A, B])
    assert mentioned(reached) == {own_room(boris): {boris.id}, duty_room(B): {goran.id}}
    assert reached.unreachable == frozenset()


def test_a_covering_desk_answers_for_the_other() -> None:
    helper = person(8, C)
    world = replace(WORLD, desks=(desk(A, covered_by=C), desk(B, [goran]), desk(C, [helper])))
    reached = world.reached({Tier.DESKS}, [A])
    assert mentioned(reached) == {duty_room(C): {helper.id}}
    assert [(each.person_id, each.agency_id) for each in reached.recipients] == [(helper.id, A)]
    # A desk that covers and answers for itself is rung once, and may accept for both.
    world = replace(WORLD, desks=(desk(A, covered_by=B), desk(B, [goran])))
    reached = world.reached({Tier.DESKS}, [A, B])
    assert mentioned(reached) == {duty_room(B): {goran.id}}
    assert {(each.person_id, each.agency_id) for each in reached.recipients} == {(goran.id, A), (goran.id, B)}


def test_a_desk_with_somebody_excluded_is_reached_person_by_person() -> None:
    mole, loyal = person(8), person(9)
    world = replace(
        WORLD, desks=(desk(A, [mole, loyal], covered_by=B), desk(B, [goran])), excluded=frozenset({mole.id})
    )
    assert mentioned(world.reached({Tier.DESKS}, [A])) == {own_room(loyal): {loyal.id}}
    # Also where it only covers for another.
    world = replace(
        WORLD, desks=(desk(A, covered_by=C), desk(B, [goran]), desk(C, [mole, loyal])), excluded=frozenset({mole.id})
    )
    assert mentioned(world.reached({Tier.DESKS}, [A])) == {own_room(loyal): {loyal.id}}
    # And where nobody else is left, the agency counts as unreachable at once.
    world = replace(WORLD, desks=(desk(A, [mole], [mole]), desk(B, [goran])), excluded=frozenset({mole.id}))
    reached = world.reached({Tier.DESKS}, [A])
    assert reached.calls == ()
    assert reached.unreachable == {A}


FIVE, SIX, EIGHT, NINE = person(5), person(6), person(8), person(9)


def accepting(reached: Audience, agency_id: AgencyId) -> set[PersonId]:
    """Return who may accept for an agency."""
    return {each.person_id for each in reached.recipients if each.agency_id == agency_id}


def test_the_first_call_rings_who_is_on_duty_and_everybody_may_accept() -> None:
    world = replace(WORLD, desks=(rostered(desk(A, [FIVE, EIGHT, NINE], [SIX]), EIGHT), desk(B, [goran])))
    reached = world.reached({Tier.DESKS}, [A, B])
    assert mentioned(reached) == {duty_room(A): {EIGHT.id}, duty_room(B): {goran.id}}
    assert accepting(reached, A) == {FIVE.id, EIGHT.id, NINE.id}
    # An hour later her shift is over.
    later = world.reached({Tier.DESKS}, [A], at=MOMENT + timedelta(hours=1))
    assert mentioned(later) == {duty_room(A): set(), own_room(SIX): {SIX.id}}


def test_the_later_call_rings_everybody_who_sits_there() -> None:
    world = replace(WORLD, desks=(rostered(desk(A, [FIVE, EIGHT], [SIX], B), EIGHT), rostered(desk(B, [goran]))))
    reached = world.reached({Tier.DESKS, Tier.DEPUTIES}, [A])
    assert mentioned(reached) == {
        duty_room(A): {FIVE.id, EIGHT.id}, own_room(SIX): {SIX.id}, duty_room(B): {goran.id}
    }  # fmt: skip


def test_where_nobody_is_on_duty_it_is_passed_on_at_once() -> None:
    own = desk(A, [FIVE], [SIX], C)
    closed = replace(own, hours=(Opening(weekday=7, opens=0, closes=1440),))
    for gap in (rostered(own), closed):
        world = replace(WORLD, desks=(gap, desk(B, [goran]), desk(C, [EIGHT])))
        reached = world.reached({Tier.DESKS}, [A])
        # Her room is told all the same, and she may accept.
        assert mentioned(reached) == {duty_room(A): set(), own_room(SIX): {SIX.id}, duty_room(C): {EIGHT.id}}
        assert accepting(reached, A) == {FIVE.id, SIX.id, EIGHT.id}
        assert not reached.unreachable


def test_of_the_covering_desk_too_who_is_on_duty_is_rung() -> None:
    covering = rostered(desk(C, [EIGHT, NINE]), NINE)
    world = replace(WORLD, desks=(rostered(desk(A, [FIVE], covered_by=C)), desk(B, [goran]), covering))
    assert mentioned(world.reached({Tier.DESKS}, [A])) == {duty_room(A): set(), duty_room(C): {NINE.id}}


def test_where_that_reaches_nobody_whoever_sits_there_is_rung_after_all() -> None:
    asleep = rostered(desk(C, [EIGHT]))
    world = replace(WORLD, desks=(rostered(desk(A, [FIVE], covered_by=C)), desk(B, [goran]), asleep))
    reached = world.reached({Tier.DESKS}, [A])
    assert mentioned(reached) == {duty_room(A): {FIVE.id}, duty_room(C): {EIGHT.id}}
    assert not reached.unreachable
    # Deputies who are excluded, or raise the alert themselves, reach nobody.
    lonely = replace(WORLD, desks=(rostered(desk(A, [FIVE], [SIX])), desk(B, [goran])))
    assert duty_room(A) in mentioned(replace(lonely, excluded=frozenset({SIX.id})).reached({Tier.DESKS}, [A]))
    assert mentioned(lonely.reached({Tier.DESKS}, [A], [SIX])) == {duty_room(A): {FIVE.id}}


def test_nobody_excluded_is_rung_because_of_a_shift() -> None:
    world = replace(
        WORLD, desks=(rostered(desk(A, [FIVE, EIGHT], [SIX]), FIVE), desk(B, [goran])), excluded=frozenset({FIVE.id})
    )
    reached = world.reached({Tier.DESKS}, [A])
    # The only one on duty is excluded: passed on; and the room is not used, for she reads there.
    assert mentioned(reached) == {own_room(SIX): {SIX.id}}
    assert accepting(reached, A) == {SIX.id, EIGHT.id}
    alone = replace(world, desks=(rostered(desk(A, [FIVE, EIGHT]), FIVE), desk(B, [goran])))
    assert mentioned(alone.reached({Tier.DESKS}, [A])) == {own_room(EIGHT): {EIGHT.id}}


def test_a_raiser_on_duty_is_nobody_who_could_answer() -> None:
    world = replace(WORLD, desks=(rostered(desk(A, [FIVE, EIGHT], [SIX]), FIVE), desk(B, [goran])))
    assert own_room(SIX) in mentioned(world.reached({Tier.DESKS}, [A], [FIVE]))


def test_the_only_one_on_duty_at_the_covering_desk_may_have_pressed() -> None:
    world = replace(
        WORLD,
        desks=(rostered(desk(A, [FIVE], covered_by=C)), desk(B, [goran]), rostered(desk(C, [EIGHT, NINE]), EIGHT)),
    )
    assert mentioned(world.reached({Tier.DESKS}, [A], [EIGHT])) == {duty_room(A): {FIVE.id}, duty_room(C): {NINE.id}}


def test_a_covering_desk_with_somebody_excluded_and_a_roster_is_reached_person_by_person() -> None:
    for on_duty, expected in ((NINE, NINE), (EIGHT, NINE)):
        covering = rostered(desk(C, [EIGHT, NINE]), on_duty)
        world = replace(
            WORLD, desks=(rostered(desk(A, [], covered_by=C)), desk(B, [goran]), covering), excluded=ids([EIGHT])
        )
        reached = world.reached({Tier.DESKS}, [A])
        assert mentioned(reached) == {own_room(expected): {expected.id}}
        assert not reached.unreachable


def test_who_was_silent_is_rung_and_not_relied_upon() -> None:
    world = replace(WORLD, desks=(rostered(desk(A, [FIVE, EIGHT], [SIX], C), FIVE), desk(B, [goran]), desk(C, [NINE])))
    assert mentioned(world.reached({Tier.DESKS}, [A])) == {duty_room(A): {FIVE.id}}
    assert mentioned(world.reached({Tier.DESKS}, [A], unheard=[FIVE])) == {
        duty_room(A): {FIVE.id}, own_room(SIX): {SIX.id}, duty_room(C): {NINE.id}
    }  # fmt: skip
    # Nobody else could be called: whoever sits there is.
    lonely = replace(WORLD, desks=(rostered(desk(A, [FIVE, EIGHT], [FIVE]), FIVE), desk(B, [goran])))
    assert EIGHT.id in mentioned(lonely.reached({Tier.DESKS}, [A], unheard=[FIVE]))[duty_room(A)]
    # Where others are on duty, they are called as ever.
    both = replace(WORLD, desks=(rostered(desk(A, [FIVE, EIGHT, NINE], [SIX]), FIVE, EIGHT), desk(B, [goran])))
    assert mentioned(both.reached({Tier.DESKS}, [A], unheard=[FIVE])) == {duty_room(A): {FIVE.id, EIGHT.id}}


def test_whoever_accepted_before_is_rung_too_but_nobody_excluded() -> None:
    world = replace(WORLD, desks=(rostered(desk(A, [FIVE, EIGHT], [SIX]), FIVE), desk(B, [goran])))
    first = world.reached({Tier.DESKS}, [A])
    # Of those who accepted, one is on duty, one is off duty, one was called later, and one is not known here any more.
    accepted = ids([FIVE, EIGHT, SIX, person(40)])
    more = also_ringing(first, world.surroundings, accepted, frozenset())
    assert mentioned(more) == {duty_room(A): {FIVE.id}, own_room(EIGHT): {EIGHT.id}, own_room(SIX): {SIX.id}}
    excluding = replace(world, excluded=ids([SIX]))
    assert own_room(SIX) not in mentioned(also_ringing(first, excluding.surroundings, accepted, frozenset()))
    assert own_room(SIX) not in mentioned(also_ringing(first, world.surroundings, accepted, ids([SIX])))


def test_the_informed_read_it_without_being_rung() -> None:
    officer = person(8, C)
    world = replace(WORLD, parts={**WORLD.parts, C: Part.INFORMED}, desks=(*WORLD.desks, desk(C, [officer])))
    reached = world.reached(FIRST_WAVE, [A, B])
    assert reached.informed == (duty_room(C),)
    assert duty_room(C) not in mentioned(reached)
    assert (officer.id, C) in {(each.person_id, each.agency_id) for each in reached.recipients}
    mole = person(9, C)
    world = replace(world, desks=(*WORLD.desks, desk(C, [officer, mole])), excluded=frozenset({mole.id}))
    assert world.reached(FIRST_WAVE, [A, B]).informed == (own_room(officer),)


def test_leaders_hear_it_in_the_channel_or_else_in_their_own_rooms() -> None:
    assert mentioned(WORLD.reached({Tier.LEADERS}, [])) == {own_room(ana): {ana.id}, own_room(vesna): {vesna.id}}
    assert mentioned(WORLD.reached({Tier.LEADERS, Tier.COMPARTMENT}, [])) == {CHANNEL: {ana.id, boris.id, vesna.id}}
    outside = replace(WORLD, members=(boris, vesna))
    assert mentioned(outside.reached({Tier.LEADERS, Tier.COMPARTMENT}, [])) == {
        CHANNEL: {boris.id, vesna.id},
        own_room(ana): {ana.id},
    }


def test_whoever_has_accepted_is_not_rung_again_for_the_same_agency() -> None:
    reached = audience(
        WORLD.surroundings, {Tier.LEADERS, Tier.DESKS}, at=MOMENT, silent=frozenset({A}), raiser_ids=frozenset(),
        answered=frozenset({(vesna.id, B), (person(5).id, B)}),
    )  # fmt: skip
    assert mentioned(reached) == {own_room(ana): {ana.id}, duty_room(A): {person(5).id}}
    reached = audience(
        WORLD.surroundings, {Tier.COMPARTMENT}, at=MOMENT, silent=frozenset(), raiser_ids=frozenset(),
        answered=frozenset({(ana.id, A)}),
    )  # fmt: skip
    assert mentioned(reached) == {CHANNEL: {boris.id, vesna.id}}


def test_those_are_able_whom_a_wave_could_reach_today() -> None:
    mole, gone, helper = person(8), person(9, left=True), person(10, C)
    world = replace(
        WORLD, members=(*WORLD.members, mole, gone), excluded=frozenset({mole.id}),
        desks=(desk(A, [person(5)], [person(6)], covered_by=C), desk(B, [goran]), desk(C, [helper])),
    )  # fmt: skip
    assert world.surroundings.able == {
        each.id for each in (ana, boris, vesna, goran, person(5), person(6), helper)
    }  # fmt: skip


# Every case there could be: six people of four agencies, anybody anywhere, with or without desks.
numbers = st.integers(0, 7)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return any case, the strangest included."""
    agencies = [A, B, C, D]
    staff = [person(number, agencies[number % 4], left=draw(st.booleans()) and number > 4) for number in range(8)]
    some = st.lists(st.sampled_from(staff), max_size=4, unique_by=lambda each: each.id)
    parts = draw(st.dictionaries(st.sampled_from(agencies), st.sampled_from(Part), min_size=1))
    coordinator = staff[draw(st.integers(0, 4))]
    deputy = draw(st.none() | st.sampled_from(staff[:5]).filter(lambda each: each != coordinator))
    desks = [
        desk(
            agency_id,
            (each for each in draw(some) if each.active),
            (each for each in draw(some) if each.active),
            draw(st.none() | st.sampled_from([each for each in agencies if each != agency_id])),
        )
        for agency_id in agencies
        if draw(st.integers(0, 3))
    ]
    desks = [
        rostered(each, *draw(st.lists(st.sampled_from(each.officers or staff), unique_by=lambda one: one.id)))
        if draw(st.booleans())
        else each
        for each in desks
    ]
    return World(
        parts=parts, members=tuple(draw(some)), leaders=(coordinator, *([deputy] if deputy else [])),
        desks=tuple(desks), excluded=frozenset(each.id for each in draw(some)),
    )  # fmt: skip


@st.composite
def waves(draw: st.DrawFn) -> tuple[World, frozenset[Tier], frozenset[AgencyId], frozenset[PersonId]]:
    """Return any wave of any case."""
    world = draw(worlds())
    responders = [agency_id for agency_id, part in world.parts.items() if part is Part.RESPONDER]
    silent = draw(st.frozensets(st.sampled_from(responders))) if responders else frozenset()
    raisers = draw(st.frozensets(numbers.map(lambda number: PersonId(UUID(int=100 + number))), max_size=2))
    return world, draw(st.frozensets(st.sampled_from(Tier))), silent, raisers


Wave = tuple[World, frozenset[Tier], frozenset[AgencyId], frozenset[PersonId]]


def reached_by(wave: Wave) -> Audience:
    world, tiers, silent, raiser_ids = wave
    return audience(world.surroundings, tiers, at=MOMENT, silent=silent, raiser_ids=raiser_ids)


@given(waves())
def test_nobody_excluded_departed_or_raising_is_ever_reached(wave: Wave) -> None:
    world, _, _, raiser_ids = wave
    reached = reached_by(wave)
    gone = {each.id for each in (*world.members, *world.leaders) if not each.active}
    rung = {each for call in reached.calls for each in call.mentions}
    called = {each.person_id for each in reached.recipients}
    assert not (rung | called) & (world.excluded | raiser_ids | gone)
    barred_rooms = {own_room(person(number)) for number in range(8) if person(number).id in world.excluded | gone} | {
        duty_room(each.agency_id) for each in world.desks if any(one.id in world.excluded for one in each.officers)
    }
    assert not barred_rooms & {*(call.target for call in reached.calls), *reached.informed}


@given(waves())
def test_whoever_is_rung_may_act_and_every_room_is_rung_once(wave: Wave) -> None:
    reached = reached_by(wave)
    rooms = [call.target for call in reached.calls]
    assert len(rooms) == len(set(rooms))
    assert not set(rooms) & set(reached.informed)
    assert {each for call in reached.calls for each in call.mentions} <= {each.person_id for each in reached.recipients}
    assert len({(each.person_id, each.agency_id) for each in reached.recipients}) == len(reached.recipients)
    for call in reached.calls:
        if call.target.kind is TargetKind.PERSON:
            assert [PersonId(call.target.id)] == list(call.mentions)


@given(waves())
def test_no_silent_agency_is_passed_over_in_silence(wave: Wave) -> None:
    """Where desks are called, each silent agency has somebody to answer for it, or is named as unreachable."""
    world, tiers, silent, raiser_ids = wave
    reached = reached_by(wave)
    desks = {each.agency_id: each for each in world.desks}
    by_id = {each.id: each for each in world.desks}
    for agency_id in silent:
        own = desks.get(agency_id)
        covering = by_id.get(own.covered_by) if own is not None and own.covered_by else None
        could = [] if own is None else [*own.officers, *own.deputies, *(covering.officers if covering else ())]
        able = {each.id for each in could if each.active} - world.excluded - raiser_ids
        assert (agency_id in reached.unreachable) is (Tier.DESKS in tiers and not able)
        if Tier.DESKS in tiers and able:
            rung = {each for call in reached.calls for each in call.mentions}
            assert able & rung & {each.person_id for each in reached.recipients if each.agency_id == agency_id}
    assert reached.unreachable <= silent


@given(waves())
def test_a_roster_decides_only_who_is_rung_first(wave: Wave) -> None:
    world, tiers, _, _ = wave
    plain = replace(world, desks=tuple(replace(each, shifts=()) for each in world.desks))
    by_roster, without = reached_by(wave), reached_by((plain, *wave[1:]))
    assert by_roster.unreachable == without.unreachable
    if Tier.DEPUTIES in tiers:
        assert by_roster == without
    accepting_without = {(each.person_id, each.agency_id) for each in without.recipients}
    assert accepting_without <= {(each.person_id, each.agency_id) for each in by_roster.recipients}


@given(waves(), st.frozensets(numbers.map(lambda number: person(number).id)))
def test_whoever_was_silent_takes_nobodys_call_away(wave: Wave, unheard: frozenset[PersonId]) -> None:
    world, tiers, silent, raiser_ids = wave
    with_them = reached_by(wave)
    beside = audience(
        world.surroundings, tiers, at=MOMENT, silent=silent, raiser_ids=raiser_ids, unheard=unheard
    )  # fmt: skip
    assert beside.unreachable == with_them.unreachable
    rooms = mentioned(beside)
    assert all(people <= rooms[room] for room, people in mentioned(with_them).items())
    assert not {each for people in rooms.values() for each in people} & (world.excluded | raiser_ids)
    if Tier.DESKS not in tiers:
        return
    desks = {each.agency_id: each for each in world.desks}
    by_id = {each.id: each for each in world.desks}
    for agency_id in silent & desks.keys():
        own = desks[agency_id]
        covering = by_id.get(own.covered_by) if own.covered_by else None
        could = [*own.officers, *own.deputies, *(covering.officers if covering else ())]
        others = ids(could) - world.excluded - raiser_ids - unheard
        assert not others or others & {each for people in rooms.values() for each in people}


@given(waves())
def test_only_agencies_with_a_part_are_answered_for(wave: Wave) -> None:
    world, tiers, _, raiser_ids = wave
    reached = reached_by(wave)
    by_tier = {each.agency_id for each in reached.recipients if each.tier in (Tier.DESKS, Tier.DEPUTIES)}
    assert by_tier <= world.parts.keys()
    if Tier.DESKS not in tiers:
        assert {each.id for each in reached.informed} <= (raiser_ids if Tier.LEADERS in tiers else frozenset())


@given(waves())
def test_whoever_raised_it_hears_of_it_alone_where_their_channel_is_not_called(wave: Wave) -> None:
    """And so of who accepts: what was told in a room goes on there. Nobody is told who may know nothing of it."""
    world, tiers, _, raiser_ids = wave
    reached = reached_by(wave)
    told = {each.target.id for each in reached.calls} | {each.id for each in reached.informed}
    known = {each.id for each in (*world.members, *world.leaders) if each.active} - world.excluded
    if Tier.LEADERS in tiers and Tier.COMPARTMENT not in tiers:
        assert raiser_ids & known <= told
        assert not told & world.excluded


@given(waves())
def test_every_leader_who_can_be_called_is_called_in_the_first_wave(wave: Wave) -> None:
    world, tiers, _, raiser_ids = wave
    reached = reached_by(wave)
    if Tier.LEADERS not in tiers:
        return
    rung = {each for call in reached.calls for each in call.mentions}
    for leader in world.leaders:
        if leader.active and leader.id not in world.excluded | raiser_ids:
            assert leader.id in rung
