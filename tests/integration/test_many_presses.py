"""Ten thousand presses of the button are one alert: none is refused or lost, and no phone rings for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from yarl import URL

from alerts.model import Alert, Event
from alerts.sweep import escalate_due
from core.database import Database
from tests import outgoing
from tests.bench.light_http import Connection, connections, request
from tests.bench.signed_in import token_of
from tests.clock import MovableClock
from tests.outgoing import desk
from tests.people import Network, Scene
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)

AT_ONCE = 50
EVENTS = (Event.PANIC, Event.PANIC, Event.PANIC, Event.HEALTH)


async def press(api: ServedApi, scene: Scene, keys: Sequence[UUID]) -> list[int]:
    """Press with these keys, as four people in turn, so many at once; return how each was answered."""
    people = (scene.member, scene.member, scene.coordinator, scene.ngo.worker)
    tokens = [await token_of(api.services.database, api.services.clock, each) for each in people]
    numbers = iter(range(len(keys)))
    answered: list[int] = []

    async def keep_pressing(connection: Connection) -> None:
        for number in numbers:
            asked = {"compartment": scene.case.core.id, "event": EVENTS[number % len(EVENTS)]}
            token, body = tokens[number % len(tokens)], msgspec.json.encode(asked)
            status, _ = await connection.ask(request("PUT", f"/api/alerts/{keys[number]}", token=token, body=body))
            answered.append(status)

    async with connections(URL(api.url).port or 0, AT_ONCE) as opened, asyncio.TaskGroup() as tasks:
        for each in opened:
            tasks.create_task(keep_pressing(each))
    return answered


async def only_alert(database: Database, network: Network, scene: Scene) -> Alert:
    """Return the one alert there is."""
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alerts") == 1
    (view,) = await network.alerts.see_all(scene.member)
    return view.alert


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_so_many_presses_are_one_alert(
    api: ServedApi, database: Database, network: Network, scene: Scene, clock: MovableClock, count: int
) -> None:
    # Every fifth comes twice, with the same key.
    fresh = [uuid4() for _ in range(count * 4 // 5)]
    keys = fresh + fresh[: count - len(fresh)]
    assert await press(api, scene, keys) == [200] * count

    alert = await only_alert(database, network, scene)
    async with database.transaction() as tx:
        kept = {row["key"] for row in await tx.rows("SELECT key FROM alert_raises WHERE alert_id = $1", alert.id)}
        acts = await tx.value("SELECT count(*) FROM ledger WHERE act = 'alert_raised' AND object_id = $1", alert.id)
    assert kept == set(fresh)
    assert acts == len(fresh)
    # However often somebody pressed, it is read as few facts.
    assert len(alert.presses) < 10
    assert alert.raiser_ids == {scene.member.id, scene.coordinator.id, scene.ngo.worker.id}

    # Called once, and then once more for each event: of one event a room hears at most once a minute.
    rung = [each for each in await outgoing.said(database, "alert_ring") if each.target == desk(scene.police)]
    assert 2 <= len(rung) <= 1 + len(set(EVENTS))
    said = await outgoing.count(database)
    assert await press(api, scene, [uuid4() for _ in range(20)]) == [200] * 20
    assert await outgoing.count(database) == said

    # The next minute, and the next step of the ladder, ring again as ever.
    clock.move(timedelta(minutes=1))
    await press(api, scene, [uuid4() for _ in range(20)])
    rung = (await outgoing.said(database))[said:]
    assert len([each for each in rung if each.template == "alert_ring" and each.target == desk(scene.police)]) == 2
    clock.move(timedelta(minutes=1))
    assert await escalate_due(database, clock) == 1


async def test_after_many_presses_it_is_answered_and_called_anew_as_ever(
    api: ServedApi, database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await press(api, scene, [uuid4() for _ in range(100)])
    alert = await only_alert(database, network, scene)
    for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
        alert = (await network.alerts.acknowledge(officer, alert.id)).alert
    assert not alert.silent_agencies
    said = await outgoing.count(database)
    # Nobody is being called any more: the very next press calls everybody, within the same minute.
    clock.move(timedelta(seconds=1))
    assert await press(api, scene, [uuid4()]) == [200]
    assert desk(scene.police) in await outgoing.rung(database, said)
