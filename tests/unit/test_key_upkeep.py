"""Fresh keys on the homeserver: when they are wanted, and whatever a homeserver says of those it holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.device.device import MatrixDevice
from bots.olm.key_upkeep import Upkeep, held_of, wanted
from tests.clock import MovableClock
from tests.scripted_homeserver import Answer, Asked, ScriptedHomeserver, device_of, serving

FULL = {"one_time_key_counts": {"signed_curve25519": 50}}
JUNK: tuple[Any, ...] = (None, "x", [], {}, True, -1, 10**9, 0.5, float("nan"), {"signed_curve25519": 50})

HOUR, DAY = 3600.0, 86400.0


@pytest.mark.parametrize(
    ("counts", "held"),
    [
        ({"signed_curve25519": 49}, 49),
        ({"signed_curve25519": 0}, 0),
        ({}, 0),
        ({"curve25519": 5}, 0),
        (None, None),
        ([], None),
        *(({"signed_curve25519": junk}, None) for junk in JUNK),
    ],
)
def test_only_a_credible_count_is_believed(counts: Any, held: int | None) -> None:
    assert held_of(counts) == held


@pytest.mark.parametrize(("held", "refilled"), [(0, True), (24, True), (25, False), (50, False), (400, False)])
def test_one_time_keys_are_refilled_below_half(held: int, *, refilled: bool) -> None:
    upkeep = wanted(held=held, most=50, unused_fallback=["signed_curve25519"], fallback_made_at=0.0, now=HOUR)
    assert upkeep == Upkeep(one_time_keys=refilled, fallback_key=False)
    assert bool(upkeep) is refilled


@pytest.mark.parametrize(
    ("unused", "age", "changed"),
    [
        ([], HOUR - 1, False),
        ([], HOUR, True),
        (["signed_curve25519"], HOUR, False),
        (["signed_curve25519"], 7 * DAY - 1, False),
        (["signed_curve25519"], 7 * DAY, True),
        (None, HOUR, False),
        (None, 7 * DAY, True),
        ("signed_curve25519", 6 * DAY, False),
    ],
)
def test_a_fallback_key_is_changed_when_it_was_used_and_when_it_is_old(
    unused: Any, age: float, *, changed: bool
) -> None:
    upkeep = wanted(held=50, most=50, unused_fallback=unused, fallback_made_at=1000.0, now=1000.0 + age)
    assert upkeep.fallback_key is changed


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()))
def test_whatever_is_said_has_an_answer(said: Any) -> None:
    held = held_of({"signed_curve25519": said})
    assert held is None or 0 <= held <= 1000
    wanted(held=held or 0, most=50, unused_fallback=said, fallback_made_at=0.0, now=0.0)


# A device and a homeserver ------------------------------------------------------------------------------


@pytest.fixture
async def homeserver() -> AsyncIterator[ScriptedHomeserver]:
    async with serving() as scripted:
        scripted.always("/keys/upload", FULL)
        yield scripted


@pytest.fixture
async def device(homeserver: ScriptedHomeserver, tmp_path: Path, clock: MovableClock) -> AsyncIterator[MatrixDevice]:
    async with device_of(homeserver, tmp_path, clock) as opened:
        homeserver.always("/sync", news(device_one_time_keys_count={"signed_curve25519": 50}))
        await opened.sync_once(0)
        homeserver.asked.clear()
        yield opened


def news(**more: Any) -> dict[str, Any]:
    return {"next_batch": "s1", "device_unused_fallback_key_types": ["signed_curve25519"], **more}


def uploaded(homeserver: ScriptedHomeserver) -> list[dict[str, Any]]:
    return [asked.content for asked in homeserver.to("/keys/upload")]


@pytest.mark.parametrize(
    ("said", "asked", "refilled"),
    [
        ({"device_one_time_keys_count": {"signed_curve25519": 49}}, False, False),
        ({"device_one_time_keys_count": {"signed_curve25519": 0}}, False, True),
        ({"device_one_time_keys_count": {}}, False, True),
        ({}, True, True),
        *(({"device_one_time_keys_count": {"signed_curve25519": junk}}, True, True) for junk in JUNK),
    ],
)
async def test_a_homeserver_with_few_keys_gets_more_whatever_it_says(
    homeserver: ScriptedHomeserver, device: MatrixDevice, said: dict[str, Any], *, asked: bool, refilled: bool
) -> None:
    homeserver.always("/sync", json.dumps(news(**said)).encode())
    homeserver.one_by_one("/keys/upload", *([{"one_time_key_counts": {"signed_curve25519": 0}}] if asked else []), FULL)
    await device.sync_once(0)
    sent = uploaded(homeserver)
    if asked:
        assert sent.pop(0) == {}
    assert [len(each["one_time_keys"]) for each in sent] == ([50] if refilled else [])


async def test_a_homeserver_that_takes_no_keys_keeps_nothing_waiting_that_has_come(
    homeserver: ScriptedHomeserver, device: MatrixDevice
) -> None:
    hanging, heard = asyncio.Event(), asyncio.Event()

    async def hang(_asked: Asked) -> Answer:
        hanging.set()
        await homeserver.ended.wait()
        return None

    homeserver.rules["/keys/upload"] = hang
    homeserver.always("/sync", json.dumps(news(device_one_time_keys_count={})).encode())
    async with asyncio.TaskGroup() as tasks:
        syncing = tasks.create_task(device.sync_once(0, heard.set))
        await hanging.wait()
        assert heard.is_set()
        syncing.cancel()


@pytest.mark.parametrize("junk", JUNK)
async def test_an_absurd_answer_to_the_question_ends_nothing(
    homeserver: ScriptedHomeserver, device: MatrixDevice, junk: Any
) -> None:
    homeserver.always("/sync", news())
    counts = junk if isinstance(junk, list | str) else {"signed_curve25519": junk}
    homeserver.always("/keys/upload", json.dumps({"one_time_key_counts": counts}).encode())
    await device.sync_once(0)
    await device.sync_once(0)
    assert uploaded(homeserver)[0] == {}


async def test_a_used_fallback_key_is_replaced(
    homeserver: ScriptedHomeserver, device: MatrixDevice, clock: MovableClock
) -> None:
    clock.move(timedelta(hours=2))
    said = news(device_unused_fallback_key_types=[], device_one_time_keys_count={"signed_curve25519": 50})
    homeserver.always("/sync", said)
    await device.sync_once(0)
    await device.sync_once(0)
    (once,) = uploaded(homeserver)
    assert set(once) == {"fallback_keys"}
    clock.move(timedelta(hours=1))
    await device.sync_once(0)
    assert uploaded(homeserver)[1]["fallback_keys"] != once["fallback_keys"]


async def test_while_keys_cannot_be_uploaded_senders_are_asked_about_all_the_same(
    homeserver: ScriptedHomeserver, device: MatrixDevice
) -> None:
    async def refused(_asked: Asked) -> Answer:
        return 500, {"errcode": "M_UNKNOWN"}

    homeserver.rules["/keys/upload"] = refused
    ana = "@ana:streha.example"
    device._store.add_to_inbox(
        "$1",
        {"room_id": "!r:streha.example", "sender": ana, "sent_at": 1, "kind": "message", "event_type": "m.room.message",
         "content": {}, "claims": [["key", "key"]]},
        now=1.0,
    )  # fmt: skip
    homeserver.always("/sync", news(device_one_time_keys_count={}))
    await device.sync_once(0)
    assert homeserver.to("/keys/upload")
    assert [set(asked.content["device_keys"]) for asked in homeserver.to("/keys/query")] == [{ana}]
