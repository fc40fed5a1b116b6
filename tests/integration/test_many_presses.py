"""Very many presses of the button are one alert: none is refused or lost, and no phone rings for each of them."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest

from alerts.model import Alert
from alerts.vocabulary import Event
from cases import ledger
from core.clock import SystemClock
from core.database import Database
from tests import outgoing
from tests.bench import served
from tests.bench.light_http import Connection, connections, request
from tests.bench.signed_in import token_of
from tests.outgoing import desk
from tests.people import Network, Scene

# Ten thousand take three minutes: with HOSTILE_TESTS=all, as everything that an attacker may do often.
THOROUGH = os.environ.get("HOSTILE_TESTS") == "all"
AT_ONCE = 50
EVENTS = (Event.PANIC, Event.PANIC, Event.PANIC, Event.HEALTH)
RINGS = """
SELECT created_at FROM outbox WHERE target_id = $1 AND template = 'alert_ring' ORDER BY sequence
"""


async def press(port: int, database: Database, scene: Scene, keys: Sequence[UUID]) -> Counter[int]:
    """Press with these keys, as three people in turn, fifty at once; return how often each answer came."""
    people = (scene.member, scene.member, scene.coordinator, scene.ngo.worker)
    tokens = [await token_of(database, SystemClock(), each) for each in people]
    numbers = iter(range(len(keys)))
    answered: Counter[int] = Counter()

    async def keep_pressing(connection: Connection) -> None:
        for number in numbers:
            asked = {"compartment": scene.case.core.id, "event": EVENTS[number % len(EVENTS)]}
            token, body = tokens[number % len(tokens)], msgspec.json.encode(asked)
            status, _ = await connection.ask(request("PUT", f"/api/alerts/{keys[number]}", token=token, body=body))
            answered[status] += 1

    async with connections(port, AT_ONCE) as opened, asyncio.TaskGroup() as tasks:
        for each in opened:
            tasks.create_task(keep_pressing(each))
    return answered


async def only_alert(database: Database, network: Network, scene: Scene) -> Alert:
    """Return the one alert there is."""
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alerts") == 1
    (view,) = await network.alerts.see_all(scene.member)
    return view.alert


@pytest.mark.parametrize("count", [10_000 if THOROUGH else 500])
async def test_so_many_presses_are_one_alert(
    database: Database, database_url: str, scene: Scene, tmp_path: Path, count: int
) -> None:
    network = Network(database, SystemClock())
    # Every fifth comes twice, with the same key.
    fresh = [uuid4() for _ in range(count * 4 // 5)]
    async with served.streha_api(tmp_path, database_url) as port:
        assert await press(port, database, scene, fresh + fresh[: count - len(fresh)]) == {200: count}

        alert = await only_alert(database, network, scene)
        async with database.transaction() as tx:
            kept = {row["key"] for row in await tx.rows("SELECT key FROM alert_raises WHERE alert_id = $1", alert.id)}
            acts = await tx.value("SELECT count(*) FROM ledger WHERE act = 'alert_raised' AND object_id = $1", alert.id)
            rings = await tx.rows(RINGS, desk(scene.police).id)
        assert kept == set(fresh)
        await ledger.sequence_all(database)
        verified = await ledger.verify(database)
        assert verified.whole
        assert verified.waiting == 0
        assert acts == len(fresh)
        # However often somebody pressed, it is read as few facts.
        assert len(alert.presses) < 10
        assert alert.raiser_ids == {scene.member.id, scene.coordinator.id, scene.ngo.worker.id}
        # A room is rung when calling begins, and then at most once a minute for each event.
        minutes = {each["created_at"].replace(second=0, microsecond=0) for each in rings}
        assert 2 <= len(rings) <= alert.ladder + len(set(EVENTS)) * len(minutes)
        assert alert.ladder <= 2

        # After all this it is answered, and the very next press calls everybody anew.
        for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
            alert = (await network.alerts.acknowledge(officer, alert.id)).alert
        assert not alert.silent_agencies
        said = await outgoing.count(database)
        assert await press(port, database, scene, [uuid4()]) == {200: 1}
        assert desk(scene.police) in await outgoing.rung(database, said)
