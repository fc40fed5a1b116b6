"""Who was asked and has not come: reminded once, told of once, and never asked again without a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from bots.rooms.invitations import REMINDED_AFTER, TOLD_AFTER, Invitation, Standing, Step, due, noticed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANA = PersonId(UUID(int=1))
ROOM = "!room:streha.example"
MEMBERSHIPS = ("join", "invite", "leave", "ban", "knock", "nonsense", None)


def invitation(standing: Standing, **more: object) -> Invitation:
    known = Invitation(person_id=ANA, room_id=ROOM, version=3, standing=standing, since=NOW)
    return replace(known, **more)  # type: ignore[arg-type]  # fields by name


def seen(known: Invitation | None, membership: str | None, *, version: int = 3, later: int = 0) -> Invitation:
    return noticed(known, ANA, ROOM, version, membership, NOW + timedelta(hours=later))


@pytest.mark.parametrize("membership", MEMBERSHIPS)
@pytest.mark.parametrize("known", [None, invitation(Standing.GONE, room_id="!before:streha.example", told_at=NOW)])
def test_in_a_new_room_everybody_begins_anew(known: Invitation | None, membership: str | None) -> None:
    expected = {"join": Standing.JOINED, "invite": Standing.WAITING}.get(membership or "", Standing.WANTED)
    assert seen(known, membership) == invitation(expected)


# How somebody stands, by how they stood and what the room shows, while the circle is the same.
THEN = {
    Standing.WANTED: {"join": Standing.JOINED, "invite": Standing.WANTED, None: Standing.WANTED},
    Standing.WAITING: {"join": Standing.JOINED, "invite": Standing.WAITING, None: Standing.GONE},
    Standing.JOINED: {"join": Standing.JOINED, "invite": Standing.WAITING, None: Standing.GONE},
    Standing.GONE: {"join": Standing.JOINED, "invite": Standing.WAITING, None: Standing.GONE},
}


@pytest.mark.parametrize(("standing", "membership"), list(product(Standing, MEMBERSHIPS)))
def test_how_somebody_stands(standing: Standing, membership: str | None) -> None:
    shown = membership if membership in {"join", "invite"} else None
    assert seen(invitation(standing), membership).standing is THEN[standing][shown]


@pytest.mark.parametrize("standing", [Standing.WAITING, Standing.JOINED, Standing.GONE])
def test_whoever_has_gone_is_asked_again_when_the_circle_changes(standing: Standing) -> None:
    known = invitation(standing, told_at=NOW, reminded_at=NOW)
    again = seen(known, "leave", version=4, later=5)
    assert again == invitation(Standing.WANTED, version=4, since=NOW + timedelta(hours=5))
    assert again.invited().standing is Standing.WAITING


@given(st.lists(st.sampled_from(MEMBERSHIPS), max_size=20))
def test_whatever_a_homeserver_shows_nobody_is_invited_again_by_it(memberships: list[str | None]) -> None:
    known = invitation(Standing.WAITING)
    for membership in memberships:
        known = seen(known, membership)
        assert known.standing is not Standing.WANTED


def test_who_does_not_answer_is_reminded_and_then_told_of() -> None:
    known = invitation(Standing.WAITING)
    moment = timedelta(microseconds=1)
    assert due(known, NOW + REMINDED_AFTER - moment) is None
    assert due(known, NOW + REMINDED_AFTER) is Step.REMIND
    reminded = known.reminded(NOW + REMINDED_AFTER, again=False)
    assert reminded.standing is Standing.WAITING
    assert due(reminded, NOW + TOLD_AFTER - moment) is None
    assert due(reminded, NOW + TOLD_AFTER) is Step.TELL
    assert due(reminded.told(NOW + TOLD_AFTER), NOW + 30 * TOLD_AFTER) is None


def test_another_invitation_as_a_reminder_does_not_begin_the_time_anew() -> None:
    asked = invitation(Standing.WAITING).reminded(NOW + REMINDED_AFTER, again=True)
    assert asked.standing is Standing.WANTED
    assert seen(asked, "invite").standing is Standing.WANTED
    assert due(asked.invited(), NOW + TOLD_AFTER) is Step.TELL


def test_who_declines_or_leaves_is_told_of_at_once_and_who_is_there_never() -> None:
    assert due(invitation(Standing.GONE), NOW) is Step.TELL
    assert due(invitation(Standing.GONE, told_at=NOW), NOW + 30 * TOLD_AFTER) is None
    assert due(invitation(Standing.JOINED), NOW + 30 * TOLD_AFTER) is None


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        (Standing.JOINED, "invite"), (Standing.GONE, "invite"), (Standing.JOINED, "leave"), (Standing.WAITING, "leave"),
        (Standing.WANTED, "join"), (Standing.WAITING, "join"), (Standing.GONE, "join"),
    ],
)  # fmt: skip
def test_whoever_was_told_of_once_is_told_of_again_when_they_stand_otherwise(before: Standing, shown: str) -> None:
    moved = seen(invitation(before, reminded_at=NOW, told_at=NOW), shown, later=30)
    assert moved.since == NOW + timedelta(hours=30)
    assert (moved.reminded_at, moved.told_at) == (None, None)
    # It happened then, and not when they were first asked.
    assert due(moved, moved.since) is (Step.TELL if shown == "leave" else None)


@pytest.mark.parametrize(("standing", "shown"), [(Standing.WAITING, "invite"), (Standing.GONE, "leave")])
def test_nobody_is_told_of_again_while_they_stand_the_same(standing: Standing, shown: str) -> None:
    known = invitation(standing, reminded_at=NOW, told_at=NOW)
    assert seen(known, shown, later=30) == known


def test_who_cannot_even_be_invited_is_told_of_too() -> None:
    assert due(invitation(Standing.WANTED), NOW + TOLD_AFTER) is Step.TELL
