"""What a shortened answer left out: fetched whole and in order, and holding nobody up who does not wait for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bots.device import backfill
from bots.device.backfill import Backfill, Gap, Older, gaps_in
from bots.device.device import MatrixDevice
from bots.device.intake import BEGUN_ANEW
from bots.device.received import MembershipChange, SettingChange
from bots.olm.bounds import MOST_GAPS
from core.errors import Permanent, Temporary
from tests.clock import MovableClock
from tests.scripted_homeserver import BOT, Answer, Asked, ScriptedHomeserver, device_of, serving
from tests.waiting import PATIENCE_SECONDS

ANA = "@ana:streha.example"
BAD_TOKENS: tuple[Any, ...] = (None, 5, "", "two words", "\ud800", "x" * 1025, [], {})


def room(name: str) -> str:
    return f"!{name}:streha.example"


def came(number: int, user_id: str = ANA, membership: str = "join") -> dict[str, Any]:
    """Return an event that is handed over as it is."""
    return {
        "type": "m.room.member",
        "state_key": user_id,
        "sender": user_id,
        "event_id": f"$event-{number}",
        "origin_server_ts": number,
        "content": {"membership": membership},
    }


def answer(place: str = "s2", rooms: dict[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    joined = {room_id: {"timeline": timeline} for room_id, timeline in (rooms or {}).items()}
    return {"next_batch": place, "rooms": {"join": joined}, "device_one_time_keys_count": {"signed_curve25519": 50}}


def shortened(*numbers: int, before: Any = "p") -> dict[str, Any]:
    return {"limited": True, "prev_batch": before, "events": [came(number) for number in numbers]}


def pages(events: list[dict[str, Any]], size: int) -> Any:
    """Return a rule that hands events out forwards; a place is the number of events before it."""

    async def rule(asked: Asked) -> Answer:
        start = int(asked.query["from"].removeprefix("t")) if asked.query["from"].startswith("t") else 0
        chunk = events[start : start + size]
        further = {"end": f"t{start + size}"} if start + size < len(events) else {}
        return {"chunk": chunk, **further}

    return rule


@pytest.fixture
async def homeserver() -> AsyncIterator[ScriptedHomeserver]:
    async with serving() as scripted:
        scripted.always("/keys/upload", {"one_time_key_counts": {"signed_curve25519": 50}})
        yield scripted


@asynccontextmanager
async def opened(homeserver: ScriptedHomeserver, directory: Path, clock: MovableClock) -> AsyncIterator[MatrixDevice]:
    async with device_of(homeserver, directory, clock) as device:
        if device._intake.is_new:
            homeserver.always("/sync", answer("s1"))
            await device.sync_once(0)
        yield device


@pytest.fixture
async def device(homeserver: ScriptedHomeserver, tmp_path: Path, clock: MovableClock) -> AsyncIterator[MatrixDevice]:
    async with opened(homeserver, tmp_path, clock) as made:
        yield made


def heard(device: MatrixDevice) -> list[int]:
    """Return the numbers of who has moved, in the order in which it is handed over, and forget it."""
    numbers: list[int] = []
    while arrivals := device.pending():
        for arrival in arrivals:
            device.done(arrival.event_id)
            if isinstance(arrival, SettingChange):
                continue
            assert isinstance(arrival, MembershipChange)
            numbers.append(int(arrival.event_id.removeprefix("$event-")))
    return numbers


def taken_in(device: MatrixDevice) -> list[int]:
    """Return the numbers of all that has come and is not handled, in the order in which it came."""
    rows = device._store._all("SELECT event_id FROM streha_inbox ORDER BY position")
    return [int(event_id.removeprefix("$event-")) for (event_id,) in rows]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"limited": True, "prev_batch": "p"}, "p"),
        *(({"limited": True, "prev_batch": bad}, "s2") for bad in BAD_TOKENS),
        ({"limited": True}, "s2"),
        ({"limited": False, "prev_batch": "p"}, None),
        ({"limited": "yes"}, None),
        (None, None),
    ],
)
def test_every_shortened_time_line_is_a_gap(part: Any, expected: str | None) -> None:
    whole = {"next_batch": "s2", "rooms": {"join": {room("a"): {"timeline": part}}}}
    gaps = [Gap(room_id=room("a"), start="s1", end=expected, found_at=5.0)] if expected else []
    assert gaps_in(whole, "s1", 5.0) == gaps


@pytest.mark.parametrize("rooms", [None, [], {"join": 5}, {"join": {"\ud800": shortened()}}, {"join": {room("a"): 5}}])
def test_what_is_no_room_has_no_gap(rooms: Any) -> None:
    assert gaps_in({"next_batch": "s2", "rooms": rooms}, "s1", 5.0) == []


def test_gaps_are_bounded() -> None:
    joined = {room(str(number)): {"timeline": shortened()} for number in range(MOST_GAPS + 1)}
    assert len(gaps_in({"next_batch": "s2", "rooms": {"join": joined}}, "s1", 5.0)) == MOST_GAPS


async def test_what_is_quickly_had_comes_in_its_place(homeserver: ScriptedHomeserver, device: MatrixDevice) -> None:
    homeserver.rules["/messages"] = pages([came(number) for number in range(230)], 100)
    homeserver.always("/sync", answer(rooms={room("a"): shortened(230, 231)}))
    await device.sync_once(0)
    assert heard(device) == list(range(232))
    assert [asked.query["from"] for asked in homeserver.to("/messages")] == ["s1", "t100", "t200"]
    assert {asked.query["to"] for asked in homeserver.to("/messages")} == {"p"}
    assert device._store.gaps() == []


async def test_a_gap_of_five_thousand_is_filled_beside_the_sync(
    homeserver: ScriptedHomeserver, tmp_path: Path, clock: MovableClock
) -> None:
    homeserver.rules["/messages"] = pages([came(number) for number in range(5000)], 100)
    async with opened(homeserver, tmp_path, clock) as device:
        homeserver.always("/sync", answer(rooms={room("a"): shortened(5000)}))
        await device.sync_once(0)
        assert taken_in(device) == [*range(300), 5000]
        for _round in range(10):
            await device._backfill.fill()
        (gap,) = device._store.gaps()
        assert (gap["start"], gap["end"]) == ("t1300", "p")
    # What is missing is known after a restart, and so is where to go on.
    async with opened(homeserver, tmp_path, clock) as device:
        while device._store.gaps():
            await device._backfill.fill()
        assert taken_in(device) == [*range(300), 5000, *range(300, 5000)]


@pytest.mark.parametrize(
    "failure", [(500, {"errcode": "M_UNKNOWN"}), (403, {"errcode": "M_FORBIDDEN"}), b"<html>", b'{"chunk": 5}', None]
)
async def test_a_room_that_does_not_tell_holds_nobody_up(
    homeserver: ScriptedHomeserver, device: MatrixDevice, failure: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device._backfill, "_quick_seconds", 0.5)
    good = pages([came(number) for number in range(10)], 100)

    async def rule(asked: Asked) -> Answer:
        return failure if room("broken") in asked.path else await good(asked)

    homeserver.rules["/messages"] = rule
    homeserver.always("/sync", answer(rooms={room("broken"): shortened(20), room("good"): shortened(10)}))
    await device.sync_once(0)
    assert sorted(heard(device)) == [*range(11), 20]
    assert device._intake.token == "s2"


async def test_a_gap_is_tried_until_it_is_filled(
    homeserver: ScriptedHomeserver, device: MatrixDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "LONGEST_RETRY_SECONDS", 0.01)
    failure = (500, {"errcode": "M_UNKNOWN"})
    homeserver.one_by_one("/messages", *[failure] * 12, {"chunk": [came(1)]})
    homeserver.always("/sync", answer(rooms={room("a"): shortened(2)}))
    await device.sync_once(0)
    assert heard(device) == [2]
    came_at_last = asyncio.Event()
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        filling = group.create_task(device.fill_gaps(lambda: None if device._store.gaps() else came_at_last.set()))
        await came_at_last.wait()
        filling.cancel()
    assert heard(device) == [1]


async def test_a_refused_gap_is_given_up_after_a_few_times(
    homeserver: ScriptedHomeserver, device: MatrixDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "LONGEST_RETRY_SECONDS", 0.0)
    homeserver.always("/messages", (403, {"errcode": "M_FORBIDDEN"}))
    homeserver.always("/sync", answer(rooms={room("a"): shortened(2)}))
    await device.sync_once(0)
    for _round in range(backfill.MOST_REFUSALS):
        assert device._store.gaps()
        await device._backfill.fill()
    assert device._store.gaps() == []
    assert len(homeserver.to("/messages")) == 1 + backfill.MOST_REFUSALS


async def test_what_nobody_foresaw_in_one_room_holds_up_no_other(
    homeserver: ScriptedHomeserver, device: MatrixDevice
) -> None:
    homeserver.always("/messages", (500, {}))
    homeserver.always("/sync", answer(rooms={room("odd"): shortened(1), room("good"): shortened(2)}))
    await device.sync_once(0)
    taken_in_before = device._backfill._take_in

    def refusing(room_id: str, older: Older) -> None:
        if room_id == room("odd"):
            raise LookupError
        taken_in_before(room_id, older)

    filling = Backfill(device.homeserver, device._store, MovableClock(), refusing)
    homeserver.always("/messages", {"chunk": [came(3)]})
    assert await filling.fill()
    assert [gap["room_id"] for gap in device._store.gaps()] == [room("odd")]
    assert heard(device) == [1, 2, 3]


async def test_an_endless_room_ends(
    homeserver: ScriptedHomeserver, device: MatrixDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "MOST_PAGES", 20)
    places = iter(range(10**6))

    async def endless(_asked: Asked) -> Answer:
        return {"chunk": [], "end": f"e{next(places)}"}

    homeserver.rules["/messages"] = endless
    homeserver.always("/sync", answer(rooms={room("a"): shortened(1)}))
    await device.sync_once(0)
    rounds = 0
    while device._store.gaps():
        await device._backfill.fill()
        rounds += 1
    assert len(homeserver.to("/messages")) == 20
    assert rounds == 20 - backfill.QUICK_PAGES


async def test_endlessly_shortened_answers_make_one_gap(homeserver: ScriptedHomeserver, device: MatrixDevice) -> None:
    homeserver.always("/messages", (500, {}))
    for number in range(5):
        homeserver.always("/sync", answer(f"s{number + 2}", {room("a"): shortened(number, before=f"p{number}")}))
        await device.sync_once(0)
    (gap,) = device._store.gaps()
    assert (gap["start"], gap["end"]) == ("s1", "p4")
    assert heard(device) == list(range(5))


async def test_what_is_left_out_while_a_gap_is_filled_is_fetched_too(
    homeserver: ScriptedHomeserver, device: MatrixDevice
) -> None:
    homeserver.always("/messages", (500, {}))
    homeserver.always("/sync", answer(rooms={room("a"): shortened(9)}))
    await device.sync_once(0)

    async def slow(asked: Asked) -> Answer:
        if asked.query["from"] == "s1":
            record = device._store.gaps()[0]
            device._store.keep_gap(room("a"), {**record, "end": "p2"})
            return {"chunk": [came(1)]}
        return {"chunk": [came(2)]} if (asked.query["from"], asked.query["to"]) == ("p", "p2") else {}

    homeserver.rules["/messages"] = slow
    device._backfill._due.clear()
    await device._backfill.fill()
    await device._backfill.fill()
    assert heard(device) == [9, 1, 2]
    assert device._store.gaps() == []


async def test_what_is_fetched_late_does_not_undo_what_came_since(
    homeserver: ScriptedHomeserver, device: MatrixDevice
) -> None:
    wish = {"type": "m.room.encryption", "state_key": "", "sender": BOT, "event_id": "$e", "origin_server_ts": 1}
    now, once = ({**wish, "content": {"rotation_period_msgs": wanted}} for wanted in (20, 90))
    homeserver.always("/messages", {"chunk": [once, came(1, BOT, "leave")]})
    homeserver.always("/sync", answer(rooms={room("a"): {**shortened(2), "events": [now, came(2)]}}))
    await device.sync_once(0)
    assert heard(device) == [2]
    assert device._sessions._wishes == {room("a"): {"messages": 20}}


# The place in the stream ------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", BAD_TOKENS)
async def test_a_corrupted_place_is_not_kept(homeserver: ScriptedHomeserver, device: MatrixDevice, token: Any) -> None:
    homeserver.always("/sync", {**answer(rooms={room("a"): {"events": [came(1)]}}), "next_batch": token})
    with pytest.raises(Temporary):
        await device.sync_once(0)
    assert device._intake.token == "s1"
    homeserver.always("/sync", answer(rooms={room("a"): {"events": [came(1)]}}))
    await device.sync_once(0)
    assert heard(device) == [1]


def refusing(code: str, whole: dict[str, Any]) -> Any:
    async def rule(asked: Asked) -> Answer:
        return (400, {"errcode": code}) if "since" in asked.query else whole

    return rule


@pytest.mark.parametrize("code", ["M_UNKNOWN", "M_UNKNOWN_POS", "M_INVALID_PARAM"])
async def test_a_place_that_the_homeserver_does_not_know_is_given_up(
    homeserver: ScriptedHomeserver, device: MatrixDevice, code: str
) -> None:
    everything = answer("new", {room("a"): shortened(1, 2)})
    everything["rooms"]["join"][room("a")]["timeline"]["events"].append(came(3, BOT, "leave"))
    homeserver.rules["/sync"] = refusing(code, everything)
    for _attempt in range(3):
        with pytest.raises(Permanent):
            await device.sync_once(0)
    await device.sync_once(0)
    # What came meanwhile is handed over, unlike at a device's first answer; what this device did long ago is not.
    assert heard(device) == [1, 2]
    assert (device._intake.token, device._store.value(BEGUN_ANEW)) == ("new", False)


async def test_a_refusal_in_passing_changes_nothing(homeserver: ScriptedHomeserver, device: MatrixDevice) -> None:
    refusal = (400, {"errcode": "M_UNKNOWN"})
    homeserver.one_by_one("/sync", refusal, refusal, answer(), refusal, refusal, answer("s3"))
    for expected in ("s1", "s1", "s2", "s2", "s2", "s3"):
        with suppress(Permanent):
            await device.sync_once(0)
        assert device._intake.token == expected


async def test_old_messages_that_come_again_are_not_said_to_be_unreadable(
    homeserver: ScriptedHomeserver, device: MatrixDevice, clock: MovableClock
) -> None:
    def sealed(number: int, age: timedelta) -> dict[str, Any]:
        content = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": f"s{number}", "ciphertext": "AAAA"}
        sent = int((clock.now() - age).timestamp() * 1000)
        event = {"type": "m.room.encrypted", "sender": ANA, "content": content, "origin_server_ts": sent}
        return {**event, "event_id": f"$event-{number}"}

    device._intake.begin_anew()
    events = [sealed(1, timedelta(days=9)), sealed(2, timedelta(minutes=5))]
    homeserver.always("/sync", answer(rooms={room("a"): {"events": events}}))
    await device.sync_once(0)
    clock.move(timedelta(minutes=1))
    assert [arrival.event_id for arrival in device.pending()] == ["$event-2"]


def _surrogates() -> Iterator[str]:
    yield from ("!\ud800:streha.example", "!nul\0:streha.example", "!" + "x" * 255, "no sigil", "!two words")


async def test_rooms_that_can_be_nobody_s_end_nothing(homeserver: ScriptedHomeserver, device: MatrixDevice) -> None:
    rooms = {name: shortened(number) for number, name in enumerate(_surrogates())}
    homeserver.always("/messages", {"chunk": []})
    homeserver.always("/sync", json.dumps(answer(rooms={**rooms, room("a"): {"events": [came(7)]}})).encode())
    await device.sync_once(0)
    assert heard(device) == [7]
    assert homeserver.to("/messages") == []
    with pytest.raises(Permanent):
        await device.homeserver.joined_members("!\ud800:streha.example")


def test_a_gap_outlives_being_written_down() -> None:
    gap = Gap(room_id=room("a"), start="s1", end="p", found_at=5.0)
    assert backfill._gap(json.loads(json.dumps(backfill.to_record(replace(gap, pages=3))))) == replace(gap, pages=3)
