"""What is missing before somebody goes: each fact by itself, what keeps go from being said, and what is only advice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from agencies.model import AgencyId, CameBy, DeskId, DutyDesk, Person, PersonId, Role, Shift, ShiftId
from core.errors import Conflict
from core.key_holders import Holding, KeyState
from operations.model import Despite, Missing
from operations.readiness import SEEN_WITHIN, Facts, always_on_duty, judged, require

NOW = datetime(2031, 5, 13, 9, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
ONE, OTHER = PersonId(UUID(int=1)), PersonId(UUID(int=2))
HOLDS = Holding(state=KeyState.HOLDS, seen_at=NOW)
READY = Facts(
    people=[ONE, OTHER], holdings={ONE: HOLDS, OTHER: replace(HOLDS, state=KeyState.GIVEN)}, away=(),
    without_telephone=(), on_duty=True, custody_stale=False, level_stale=False, without_card=False,
    exposed=4,
)  # fmt: skip


def holding(state: KeyState, seen_at: datetime | None = NOW) -> dict[PersonId, Holding]:
    return {ONE: HOLDS, OTHER: Holding(state=state, seen_at=seen_at)}


def test_where_nothing_is_missing_somebody_goes() -> None:
    found = judged(READY, NOW)
    assert (found.missing, found.exposed) == ([], 4)
    require(found, None)


@pytest.mark.parametrize(
    ("facts", "what", "people"),
    [
        (replace(READY, holdings=holding(KeyState.NOT_JOINED)), Missing.NOT_JOINED, (OTHER,)),
        (replace(READY, holdings={ONE: HOLDS}), Missing.NOT_JOINED, (OTHER,)),
        (replace(READY, holdings=holding(KeyState.NO_DEVICE)), Missing.NO_DEVICE, (OTHER,)),
        (replace(READY, holdings=holding(KeyState.WITHHELD)), Missing.NO_DEVICE, (OTHER,)),
        (replace(READY, holdings=holding(KeyState.OWED)), Missing.NO_KEY, (OTHER,)),
        (replace(READY, holdings=holding(KeyState.NO_WAY)), Missing.NO_KEY, (OTHER,)),
        (replace(READY, away=[ONE]), Missing.AWAY, (ONE,)),
        (replace(READY, holdings={}), Missing.NOT_KNOWN, ()),
        (replace(READY, on_duty=False), Missing.NOBODY_ON_DUTY, ()),
        (replace(READY, custody_stale=True), Missing.CUSTODY, ()),
        (replace(READY, level_stale=True), Missing.LEVEL, ()),
        (replace(READY, without_card=True), Missing.NO_CARD, ()),
    ],
)
def test_what_is_hard_keeps_go_from_being_said(facts: Facts, what: Missing, people: tuple[PersonId, ...]) -> None:
    found = judged(facts, NOW)
    assert [(each.what, each.people, each.hard) for each in found.missing] == [(what, people, True)]
    with pytest.raises(Conflict):
        require(found, None)
    for each in Despite:
        require(found, each)


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        (replace(READY, holdings=holding(KeyState.HOLDS, NOW - SEEN_WITHIN - SECOND)), Missing.NOT_SEEN),
        (replace(READY, holdings=holding(KeyState.HOLDS, None)), Missing.NOT_SEEN),
        (replace(READY, without_telephone=[OTHER]), Missing.NO_TELEPHONE),
    ],
)
def test_advice_keeps_nobody(facts: Facts, what: Missing) -> None:
    found = judged(facts, NOW)
    assert [(each.what, each.people, each.hard) for each in found.missing] == [(what, (OTHER,), False)]
    require(found, None)
    require(judged(replace(READY, holdings=holding(KeyState.HOLDS, NOW - SEEN_WITHIN)), NOW), None)


def test_everything_that_is_missing_is_said_at_once() -> None:
    worst = replace(
        READY, holdings=holding(KeyState.OWED), away=[ONE, OTHER], without_telephone=[OTHER], on_duty=False,
        custody_stale=True, level_stale=True, without_card=True,
    )  # fmt: skip
    assert [(each.what, len(each.people)) for each in judged(worst, NOW).missing] == [
        (Missing.NO_KEY, 1), (Missing.AWAY, 2), (Missing.NO_TELEPHONE, 1), (Missing.NOBODY_ON_DUTY, 0),
        (Missing.CUSTODY, 0), (Missing.LEVEL, 0), (Missing.NO_CARD, 0),
    ]  # fmt: skip


def desk(*shifts: tuple[datetime, datetime]) -> DutyDesk:
    agency = AgencyId(UUID(int=3))
    officer = Person(
        id=ONE, agency_id=agency, name="Ana Primer", role=Role.PRACTITIONER, matrix_user="", signing_key=b"",
    )  # fmt: skip
    return DutyDesk(
        id=DeskId(UUID(int=4)), agency_id=agency, always_staffed=False, covered_by=None, membership_version=1,
        officers=(officer,), deputies=(), has_shifts=True,
        shifts=tuple(
            Shift(id=ShiftId(UUID(int=10 + number)), person_id=ONE, begins_at=begins, ends_at=ends, came_by=CameBy.HAND)
            for number, (begins, ends) in enumerate(shifts)
        ),
    )  # fmt: skip


def test_a_hole_in_the_roster_counts_unless_another_desk_fills_it() -> None:
    ends = NOW + 8 * HOUR
    whole, morning, evening = desk((NOW, ends + HOUR)), desk((NOW, NOW + 4 * HOUR)), desk((NOW + 4 * HOUR, ends + HOUR))
    holed = desk((NOW, NOW + 4 * HOUR), (NOW + 5 * HOUR, ends + HOUR))
    assert always_on_duty([whole], NOW, ends)
    assert always_on_duty([morning, evening], NOW, ends)
    assert not always_on_duty([holed], NOW, ends)
    assert always_on_duty([holed, whole], NOW, ends)
    # To the last moment of the way, and from its first.
    assert not always_on_duty([desk((NOW, ends))], NOW, ends)
    assert not always_on_duty([desk((NOW + SECOND, ends + HOUR))], NOW, ends)
    assert not always_on_duty([], NOW, ends)
