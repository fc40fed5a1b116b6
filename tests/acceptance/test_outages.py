"""What people see when a part is gone: clear words at once, and everything once the part is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import asyncpg
import pytest

from agencies.model import AgencyKind
from alerts.vocabulary import StandDownReason
from cases.model import Case
from core.errors import Unavailable
from core.ids import new_id
from deploy.witness import Message
from tests.acceptance.conftest import Town, rings
from tests.waiting import PATIENCE_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.long]

Answer = TypeVar("Answer")

HELP = "drill: an exercise"
# Of one length.
NOT_RAISED, NOT_KNOWN = "NOT RAISED", "NOT KNOWN "
# Between two looks, so that waiting leaves the machine to what is waited for.
LOOK = 0.05


async def test_every_panic_is_answered_while_the_database_is_gone_and_raised_when_it_is_back(town: Town) -> None:
    cases = [await town.open_case(), await town.open_case()]
    rooms = [await town.channel(case) for case in cases]
    sara, ana = await town.witness("sara"), await town.witness("ana")
    for room in rooms:
        await sara.joined(room)
        await ana.joined(room, sara.user_id)
    async with _database_cut(town):
        for room in rooms:
            await sara.send(room, "panic")
        for room in rooms:
            answer = await ana.wait_for(_is_warning, room)
            assert sara.user_id in answer.mentions
            assert ana.user_id in answer.mentions
            assert answer.shield == "none"
        # It is counted when the homeserver has answered, and that can be after everybody has read it; and whatever else
        # came just before is left as well, such as who has joined.
        async with asyncio.timeout(PATIENCE_SECONDS):
            while ((told := await town.told("bots"))("streha_bot_events_left") or 0) < len(rooms):  # noqa: ASYNC110
                await asyncio.sleep(LOOK)
        assert told("streha_scrape_database_up") == 0
        assert (told("streha_alert_raises_not_stored_total", through="channel") or 0) >= len(rooms)
    for room in rooms:
        raised = await ana.wait_for("ALERT", room)
        assert town.person("sara").name in raised.body
        warned = [each.body[: len(NOT_RAISED)] for each in ana.messages if each.room_id == room and _is_warning(each)]
        # Cut off for longer than its lease, the bot says once that it does not know, and never the first again.
        assert warned in ([NOT_RAISED], [NOT_RAISED, NOT_KNOWN], [NOT_KNOWN])
    for case in cases:
        await _end(town, case)


async def test_an_alert_raised_while_the_homeserver_is_gone_arrives_once_with_its_time(town: Town) -> None:
    case = await town.open_case()
    room, duty_room = await town.channel(case), await town.duty_room(AgencyKind.POLICE)
    ana, petar = await town.witness("ana"), await town.witness("petar")
    await ana.joined(room)
    await petar.joined(duty_room)
    # What earlier stories said here is in order before the answer to this.
    asked = len(petar.messages)
    await petar.send(duty_room, "help")
    await petar.wait_for(HELP, duty_room, after=asked)
    before, calm = len(petar.messages), await town.told("bots")
    await town.network.stack.stop_homeserver(kill=True)
    view = await town.alerts.raise_(town.person("sara"), case.core.id, new_id())
    assert {each.state for each in view.deliveries} <= {"pending", "sending"}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (told := await town.told("bots")).since(calm, "streha_bot_sync_failures_total") == 0:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
    assert told("streha_outbox_waiting_messages", state="sent", lane="alert", room_kind="desk") is None
    assert (told("streha_outbox_oldest_waiting_seconds", lane="alert", room_kind="desk") or 0) > 0
    await town.network.stack.start_homeserver()
    await ana.wait_for(rings, room, 60)
    await petar.wait_for("ALERT", duty_room, 60, after=before)
    assert len([each for each in ana.messages if each.room_id == room and rings(each)]) == 1
    assert len([each for each in petar.messages[before:] if each.room_id == duty_room and rings(each)]) == 1
    await _end(town, case)


async def test_nothing_is_half_done_when_the_database_is_gone(town: Town) -> None:
    case = await town.open_case()
    key = new_id()
    async with _database_cut(town):
        with pytest.raises(Unavailable):
            await town.alerts.raise_(town.person("sara"), case.core.id, key)
    assert not await _answered(lambda: town.alerts.open_for(town.person("ana"), [case.core.id]))
    view = await _answered(lambda: town.alerts.raise_(town.person("sara"), case.core.id, key))
    assert view.alert.id == key
    await _end(town, case)


async def _answered(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask again while connections that were cut have not heard of their end."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(Unavailable):
                return await ask()
            await asyncio.sleep(LOOK)


@asynccontextmanager
async def _database_cut(town: Town) -> AsyncIterator[None]:
    """Cut every process off from Streha's database, and only from that: the homeserver's goes on."""
    elsewhere = await asyncpg.connect(await town.network.stack.database("elsewhere"))
    try:
        await elsewhere.execute("ALTER DATABASE streha CONNECTION LIMIT 0")
        await elsewhere.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'streha'")
        try:
            yield
        finally:
            await elsewhere.execute("ALTER DATABASE streha CONNECTION LIMIT -1")
    finally:
        await elsewhere.close()


def _is_warning(message: Message) -> bool:
    return message.body.startswith((NOT_RAISED, NOT_KNOWN))


async def _end(town: Town, case: Case) -> None:
    """End what a story raised, so that it cannot ring into the next."""
    petar = town.person("petar")
    for view in await town.alerts.open_for(petar, [case.core.id]):
        await town.alerts.acknowledge(petar, view.alert.id)
        await town.alerts.stand_down(petar, view.alert.id, StandDownReason.FALSE_ALARM)
