"""What a room has to be: every setting that somebody could change is seen, and what it means is decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from bots.rooms.room_state import (
    Mending,
    Place,
    Setting,
    as_made,
    faults,
    is_as_made,
    is_ours,
    marker_of,
    name_of,
    read,
)
from bots.rooms.rooms import Room
from bots.wire.room_settings import (
    CREATE,
    ENCRYPTION,
    MEMBER,
    NAME,
    OWN_FIELD,
    POWER_LEVELS,
    WATCHED,
    in_every_room,
    is_in_every_room,
    made_with,
    power_levels,
)
from core.outbox import Target, TargetKind

BOT, MALLORY = "@bot:streha.example", "@mallory:streha.example"
TARGET = Target(kind=TargetKind.COMPARTMENT, id=UUID(int=7))
ROOM = Room(
    target=TARGET, room_id="!room:streha.example", name="quiet-heron", language="en", version=1, applied_version=1,
    attempts=0, closed=False,
)  # fmt: skip


def shown(
    changes: Mapping[Place, Mapping[str, Any] | None] | None = None, *, creator: str = BOT
) -> dict[Place, Setting]:
    """Return what a homeserver shows of a room as it was made, but for some changes."""
    contents: dict[Place, Mapping[str, Any]] = {
        (CREATE, ""): {"m.federate": False, "room_version": "11", OWN_FIELD: marker_of(TARGET)},
        (MEMBER, BOT): {"membership": "join"},
        **{(kind, ""): content for kind, content in as_made(ROOM, BOT).items()},
    }
    # What a homeserver adds by itself.
    contents[POWER_LEVELS, ""] = {**contents[POWER_LEVELS, ""], "historical": 100}
    for place, content in (changes or {}).items():
        if content is None:
            del contents[place]
        else:
            contents[place] = content
    return {
        place: Setting(content=content, sender=creator if place[0] == CREATE else BOT)
        for place, content in contents.items()
    }


def test_a_room_as_it_was_made_has_no_fault() -> None:
    assert faults(ROOM, BOT, shown()) == []


def test_everything_that_is_made_is_watched() -> None:
    assert as_made(ROOM, BOT).keys() <= set(WATCHED)
    assert {each["type"] for each in made_with()} <= set(WATCHED)


LEVELS = power_levels(BOT)


@pytest.mark.parametrize(
    ("place", "content", "mending"),
    [
        ((NAME, ""), {"name": "Ana Primer, Shelter Lipa"}, Mending.REPAIR),
        ((NAME, ""), None, Mending.REPAIR),
        (("m.room.topic", ""), {"topic": "whatever"}, Mending.REPAIR),
        (("m.room.avatar", ""), {"url": "mxc://streha.example/x"}, Mending.REPAIR),
        (("m.room.canonical_alias", ""), {"alias": "#x:streha.example"}, Mending.REPAIR),
        (("m.room.tombstone", ""), {"replacement_room": "!evil:streha.example"}, Mending.REPAIR),
        (("m.space.parent", "!space:streha.example"), {"via": ["streha.example"]}, Mending.REPAIR),
        (("m.room.join_rules", ""), {"join_rule": "public"}, Mending.REPAIR),
        (("m.room.join_rules", ""), None, Mending.REPAIR),
        (("m.room.history_visibility", ""), {"history_visibility": "world_readable"}, Mending.REPAIR),
        (("m.room.guest_access", ""), {"guest_access": "can_join"}, Mending.REPAIR),
        ((ENCRYPTION, ""), {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 10**6}, Mending.REPAIR),
        # Not to be trusted any more, whatever is written there.
        ((ENCRYPTION, ""), None, Mending.REPLACE),
        ((ENCRYPTION, ""), {}, Mending.REPLACE),
        ((ENCRYPTION, ""), {"algorithm": "m.none"}, Mending.REPLACE),
        # Somebody with less power than the bot's loses it again; from who has as much nothing can be taken.
        ((POWER_LEVELS, ""), {**LEVELS, "users": {BOT: 100, MALLORY: 50}}, Mending.REPAIR),
        ((POWER_LEVELS, ""), {**LEVELS, "invite": 0}, Mending.REPAIR),
        ((POWER_LEVELS, ""), {**LEVELS, "events": {"m.room.name": 0}}, Mending.REPAIR),
        ((POWER_LEVELS, ""), {**LEVELS, "users": {BOT: 100, MALLORY: 100}}, Mending.REPLACE),
        ((POWER_LEVELS, ""), {**LEVELS, "users": {BOT: 50}}, Mending.REPLACE),
        ((POWER_LEVELS, ""), {**LEVELS, "users": {}}, Mending.REPLACE),
        ((POWER_LEVELS, ""), {**LEVELS, "users": "everybody"}, Mending.REPLACE),
        ((POWER_LEVELS, ""), {**LEVELS, "users_default": 100}, Mending.REPLACE),
        ((POWER_LEVELS, ""), None, Mending.REPLACE),
        ((CREATE, ""), {"room_version": "11"}, Mending.REPLACE),
        ((CREATE, ""), None, Mending.REPLACE),
    ],
)
def test_whatever_is_changed_is_seen(place: Place, content: Mapping[str, Any] | None, mending: Mending) -> None:
    (fault,) = faults(ROOM, BOT, shown({place: content}))
    assert (fault.place, fault.mending) == (place, mending)
    if fault.mending is Mending.REPAIR:
        assert faults(ROOM, BOT, shown({place: fault.wanted})) == []


def test_what_is_emptied_or_written_in_a_members_own_name_is_no_fault() -> None:
    # Nobody but themselves can write there, so that it could never be emptied.
    own = ("org.example.call", MALLORY)
    assert faults(ROOM, BOT, shown({("m.room.topic", ""): {}, own: {"active": True}})) == []


def test_only_what_this_account_made_is_ours() -> None:
    assert is_ours(shown(), BOT, marker_of(TARGET))
    assert not is_ours(shown(creator=MALLORY), BOT, marker_of(TARGET))
    assert not is_ours(shown(), BOT, marker_of(Target(kind=TargetKind.PERSON, id=TARGET.id)))
    assert [each.mending for each in faults(ROOM, BOT, shown(creator=MALLORY))] == [Mending.REPLACE]


@pytest.mark.parametrize(
    ("place", "content", "expected"),
    [
        ((NAME, ""), {"name": "quiet-heron"}, True),
        ((NAME, ""), {"name": "loud-heron"}, False),
        ((NAME, "x"), {"name": "quiet-heron"}, False),
        ((POWER_LEVELS, ""), {**LEVELS, "historical": 100}, True),
        ((POWER_LEVELS, ""), {**LEVELS, "kick": 0}, False),
        (("m.room.topic", ""), {}, True),
        (("m.room.topic", ""), {"topic": "x"}, False),
    ],
)
def test_one_setting_is_compared_as_all_are(place: Place, content: Mapping[str, Any], *, expected: bool) -> None:
    assert is_as_made(ROOM, BOT, place, content) is expected


def test_what_is_in_every_room_needs_no_look_and_everything_else_does() -> None:
    for kind, content in in_every_room(BOT).items():
        assert is_in_every_room(BOT, kind, "", content)
        assert not is_in_every_room(BOT, kind, "x", content)
        assert not is_in_every_room(BOT, kind, "", {})
    assert not is_in_every_room(MALLORY, POWER_LEVELS, "", LEVELS)
    assert not is_in_every_room(BOT, NAME, "", {"name": "quiet-heron"})
    assert not is_in_every_room(BOT, "m.room.topic", "", {})


@pytest.mark.parametrize(
    "event",
    [None, 5, [], {}, {"type": NAME}, {"type": NAME, "state_key": "", "content": [], "sender": BOT},
     {"type": 1, "state_key": "", "content": {}, "sender": BOT}, {"type": NAME, "state_key": "", "content": {}}],
)  # fmt: skip
def test_what_has_no_shape_is_left_out(event: Any) -> None:
    whole = {"type": NAME, "state_key": "", "content": {"name": "x"}, "sender": BOT}
    assert read([event, whole]) == {(NAME, ""): Setting(content={"name": "x"}, sender=BOT)}


def test_a_room_is_called_by_its_codename_or_as_all_of_its_kind() -> None:
    assert name_of(ROOM) == "quiet-heron"
    for kind, name in ((TargetKind.DESK, "Duty"), (TargetKind.PERSON, "Streha")):
        other = Room(
            target=Target(kind=kind, id=TARGET.id), room_id=None, name=None, language="en", version=1,
            applied_version=0, attempts=0, closed=False,
        )  # fmt: skip
        assert name_of(other) == name
