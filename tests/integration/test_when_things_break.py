"""The table "When things break" of the rules for alerts: its rows of the database, the clock and the outbox."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg
import pytest

from agencies.contacts import Contacts, Means
from agencies.model import Person
from alerts.escalation import REPEAT
from alerts.service import Alerts
from alerts.sweep import escalate_due
from alerts.vocabulary import Event
from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.device.received import Arrival, Received
from bots.olm.room_sessions import Sealed
from bots.rooms.last_known import LastKnown
from bots.rooms.occupants import Occupants
from bots.sending.outcomes import Outcomes
from bots.talk.attending import Attending
from bots.talk.handling import Handling
from bots.wire.homeserver import Homeserver
from core import database as databases
from core import outbox
from core.clock import SystemClock
from core.database import Database
from core.errors import Unavailable
from core.outbox import Lane, TargetKind
from core.settings import Settings
from server.app import api as role_api
from server.engine import Engine
from tests.clock import MovableClock
from tests.linked import link_everybody
from tests.outgoing import said
from tests.people import Network, Scene
from tests.served import ServedApi, serve_api
from tests.talk import BOT, house_of, room_of
from tests.talk import said as heard_of
from tests.waiting import PATIENCE_SECONDS, until

MINUTE = timedelta(minutes=1)
# Ends sessions of a database, so that they begin anew as it is set by then.
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"


# Read-only, full -----------------------------------------------------------------------------------------


@asynccontextmanager
async def read_only(database_url: str) -> AsyncIterator[None]:
    """Let a database refuse to be written, as one that has failed over to its standby, or was set so, does."""
    name = database_url.rpartition("/")[2]
    other = await asyncpg.connect(database_url)
    try:
        await other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await other.fetch(CUT, name)
        yield
        await other.execute("SET default_transaction_read_only = off")
        await other.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await other.fetch(CUT, name)
    finally:
        await other.close()


@asynccontextmanager
async def full(database_url: str) -> AsyncIterator[None]:
    """Let a database have no room for another row, with the error that PostgreSQL has for it."""
    other = await asyncpg.connect(database_url)
    tables = ("alerts", "heartbeats", "outbox", "ledger")
    try:
        await other.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
        )
        for table in tables:
            await other.execute(
                f"CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION no_room()"
            )
        yield
        for table in tables:
            await other.execute(f"DROP TRIGGER no_room ON {table}")
    finally:
        await other.close()


BROKEN = {"read-only": read_only, "full": full}


@pytest.fixture
async def served(
    database_url: str, settings: Settings, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[ServedApi]:
    async with (
        databases.connect(database_url) as database,
        serve_api(Network(database, clock), settings, tmp_path) as api,
    ):
        yield api


@pytest.mark.parametrize("how", BROKEN)
async def test_a_database_that_cannot_be_written_is_not_ready_and_a_raise_says_not_raised(
    served: ServedApi, database_url: str, how: str
) -> None:
    scene = await served.network.scene()
    token = await served.token(scene.member)
    key, body = uuid4(), {"compartment": scene.case.core.id}

    async def ready() -> int:
        return (await served.ask("GET", "/readyz")).status

    assert await ready() == 200
    async with BROKEN[how](database_url):
        # Connections that are cut are noticed by the first who use them.
        for _ in range(12):
            assert (await served.ask("GET", "/readyz")).status == 503
        problem = (await served.ask("GET", "/readyz")).require_problem(503)
        assert problem["checks"] == {"database": "failed"}
        for _ in range(3):
            detail = (await served.ask("PUT", f"/api/alerts/{key}", body, token=token)).require_problem(503)["detail"]
            assert "NOT raised" in detail
            assert "192" in detail
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await ready() != 200:  # noqa: ASYNC110 (each asks anew; connections come back one by one)
            await asyncio.sleep(0.05)
    # The client has kept repeating the same key.
    statuses = [(await served.ask("PUT", f"/api/alerts/{key}", body, token=token)).status for _ in range(8)]
    assert statuses[-1] in {200, 201}


class Room(Homeserver):
    """A homeserver that only names who is in a room."""

    def __init__(self, *users: str) -> None:
        self._users = frozenset(users)

    async def joined_members(self, room_id: str) -> frozenset[str]:  # noqa: ARG002 (there is one)
        return self._users


class Mouth(MatrixDevice):
    """A device whose inbox holds what a test puts there, and that keeps what it is to say."""

    def __init__(self, homeserver: Homeserver, *arrivals: Arrival) -> None:
        self.homeserver = homeserver
        self._arrivals = list(arrivals)
        self.finished: list[str] = []
        self.given: list[frozenset[str]] = []
        self.contents: list[dict[str, object]] = []

    def pending(self) -> list[Arrival]:
        return [each for each in self._arrivals if each.event_id not in self.finished]

    def done(self, event_id: str) -> None:
        self.finished.append(event_id)

    async def share_keys(self, _room_id: str, user_ids: frozenset[str]) -> None:  # type: ignore[override]
        self.given.append(user_ids)

    def encrypt(self, room_id: str, _kind: str, content: dict[str, object]) -> Sealed:  # type: ignore[override]
        self.contents.append(content)
        return Sealed(
            room_id=room_id, transaction_id="t", content=b"", device_id="BOT", session_id="s", message_index=0
        )  # fmt: skip

    async def put(self, sealed: Sealed) -> str:  # noqa: ARG002 (nobody asks for it here)
        return "$said"


@pytest.mark.parametrize("how", BROKEN)
async def test_a_panic_in_a_room_is_answered_to_all_and_kept_until_it_can_be_raised(
    database: Database, database_url: str, settings: Settings, scene: Scene, clock: MovableClock, how: str
) -> None:
    house = await house_of(database, clock)
    room = room_of(house, scene.case.core.id)
    inside = [scene.coordinator, scene.member, scene.ngo.worker]
    panic: Received = heard_of(scene.member, room, "panic", clock)
    device = Mouth(Room("@stranger:elsewhere", *(each.matrix_user for each in inside)), panic)
    last_known = LastKnown(database)
    await last_known.look()
    handling = Handling(database, clock, settings, Occupants(device.homeserver), BOT)
    lease = Lease(database, clock)
    await lease.acquire()
    attending = Attending(clock, settings, device, handling, last_known, lease)
    async with asyncio.TaskGroup() as tasks:
        async with BROKEN[how](database_url):
            running = tasks.create_task(attending.run())
            await until(lambda: bool(device.contents))
            (content,) = device.contents
            members = sorted(each.matrix_user for each in inside)
            assert "NOT RAISED" in str(content["body"])
            assert "192" in str(content["body"])
            assert content["m.mentions"] == {"user_ids": members}
            assert device.given == [frozenset(members)], "nobody else is given the key"
            assert device.finished == [], "it stays in the inbox"
        await until(lambda: device.finished == [panic.event_id])
        running.cancel()
    assert len(device.contents) == 1, "said once"
    assert [each for each in await said(database, "alert_ring") if each.state == "pending"]


# Connections exhausted -----------------------------------------------------------------------------------


async def test_raise_accept_and_sweep_have_connections_of_their_own(
    database_url: str, settings: Settings, scene: Scene
) -> None:
    clock = MovableClock()
    async with databases.connect(database_url, connections=2, urgent_connections=2) as database:
        network = Network(database, clock)
        async with database.transaction(), database.transaction():
            first = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
            async with database.reading(urgent=True) as look:
                before = await look.value("SELECT count(*) FROM outbox")
            clock.move(3 * MINUTE)
            assert await escalate_due(database, clock) == 1
            await network.alerts.acknowledge(scene.police.officer, first.alert.id)
            async with database.reading(urgent=True) as look:
                assert await look.value("SELECT count(*) FROM outbox") > before
            assert database.pool_use()["idle"] == 0
    assert settings


# Poison --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [TargetKind.DESK, TargetKind.PERSON])
async def test_what_is_quarantined_is_loud_and_calls_by_the_next_channel_at_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock, logged: io.StringIO, kind: TargetKind
) -> None:
    # Of what is not Extreme nobody is rung beside Matrix at first.
    callers: list[Person] = [scene.police.officer, scene.coordinator]
    for number, person in enumerate(callers):
        await Contacts(database, clock).add(person.id, Means.VOICE, f"+38160000000{number}", of_desk=False)
    await link_everybody(database, clock.now())
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.THREAT_RECEIVED)
    assert [each for each in await said(database) if each.target.kind is TargetKind.CONTACT] == []
    async with database.transaction() as tx:
        claimed = await outbox.claim(tx, clock.now(), 200, Lane.ALERT)
    ring = next(
        each
        for each in claimed
        if each.message.target.kind is kind
        and each.message.template == "alert_ring"
        and not {*each.message.mentions}.isdisjoint(person.id for person in callers)
    )
    await Outcomes(database, clock).give_up(ring, "quarantined", "lease_lost")
    assert "message_not_delivered" in logged.getvalue()
    letters = [each for each in await said(database) if each.target.kind is TargetKind.CONTACT]
    assert {each.template for each in letters} == {"alert_ring"}
    assert [each for each in await said(database) if "not_delivered" in each.template]


# Clocks --------------------------------------------------------------------------------------------------


class Stepped:
    """A machine's own clock, which somebody or something steps."""

    offset = timedelta(0)

    def __init__(self) -> None:
        self.by = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self.by


@pytest.mark.parametrize("step", [timedelta(seconds=3), timedelta(hours=1), -timedelta(seconds=3), -timedelta(hours=1)])
async def test_a_clock_that_steps_stops_the_sweep_until_it_is_right_and_no_step_is_skipped(
    database: Database, settings: Settings, scene: Scene, step: timedelta, logged: io.StringIO
) -> None:
    clock = Stepped()
    engine = Engine(database, clock, settings)
    view = await Alerts(database, clock).raise_(scene.member, scene.case.core.id, uuid4())
    async with database.transaction() as tx:
        # Due this moment, as the database's clock shows it.
        await tx.run("UPDATE alerts SET next_step_at = now() - interval '1 second'")
    clock.by = step
    await engine.sweep()
    assert await _step_of(database) == (0, True)
    assert '"clock_skew"' in logged.getvalue()
    clock.by = timedelta(0)
    await engine.sweep()
    assert await _step_of(database) == (1, False)
    async with database.transaction() as tx:
        next_step: datetime = await tx.value("SELECT next_step_at FROM alerts WHERE id = $1", view.alert.id)
    assert abs(next_step - clock.now() - REPEAT) < timedelta(seconds=5), "neither an hour early nor late"


async def _step_of(database: Database) -> tuple[int, bool]:
    async with database.transaction() as tx:
        row = await tx.row("SELECT step, next_step_at <= now() AS due FROM alerts")
    assert row is not None
    return row["step"], row["due"]


@pytest.mark.parametrize("by", [timedelta(seconds=3), -timedelta(seconds=3)])
async def test_a_clock_that_is_off_is_not_ready(
    database: Database, settings: Settings, by: timedelta, unused_tcp_port: int
) -> None:
    clock, served, over = Stepped(), asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with asyncio.TaskGroup() as tasks:
            serving = replace(settings, api_port=unused_tcp_port)
            async with role_api(database, clock, serving, tasks):
                served.set()
                await over.wait()
            raise _Over

    async def asked() -> tuple[int, object]:
        async with http.get(f"http://127.0.0.1:{unused_tcp_port}/readyz") as answer:
            return answer.status, (await answer.json())["checks"]

    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(_until_over(serve()))
        await served.wait()
        assert await asked() == (200, {"database": "ok", "clock": "ok"})
        clock.by = by
        assert await asked() == (503, {"database": "ok", "clock": "failed"})
        over.set()
        await serving


class _Over(Exception):
    """The test is over."""


async def _until_over(serving: Coroutine[None, None, None]) -> None:
    try:
        await serving
    except* _Over:
        pass


@pytest.mark.parametrize("night", [datetime(2026, 3, 29, 0, 55), datetime(2026, 10, 25, 0, 55)])  # noqa: DTZ001 (local)
async def test_no_step_is_skipped_or_an_hour_off_in_a_night_of_summer_time(
    database: Database, database_url: str, network: Network, scene: Scene, clock: MovableClock, night: datetime
) -> None:
    """The database, and the machine, may live by local time; what is due goes by UTC."""
    other = await asyncpg.connect(database_url)
    try:
        name = database_url.rpartition("/")[2]
        await other.execute(f"ALTER DATABASE {name} SET timezone = 'Europe/Belgrade'")
        await other.fetch(CUT, name)
    finally:
        await other.close()
    # Until every connection of the pools was found to be cut.
    for urgent in (False, True) * 3:
        try:
            async with database.transaction(urgent=urgent) as tx:
                await tx.value("SELECT 1")
        except Unavailable:
            continue
    clock.set(night.replace(tzinfo=ZoneInfo("Europe/Belgrade")).astimezone(ZoneInfo("UTC")))
    began = clock.now()
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    stepped: list[timedelta] = []
    while clock.now() - began < timedelta(hours=3):
        clock.move(timedelta(seconds=5))
        if await escalate_due(database, clock):
            stepped.append(clock.now() - began)
    assert stepped == [2 * MINUTE + number * REPEAT for number in range(len(stepped))]
    assert len(stepped) == 18
