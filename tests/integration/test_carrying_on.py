"""Carrying goes on: with broken engines, wrong clocks, letters that kill, far sides that hang, and after outages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp import web

from agencies.contacts import Contacts, Means
from alerts import waking
from alerts.service import AlertView
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, StandDownReason
from core import outbox
from core.clock import SystemClock
from core.database import Database
from core.ids import new_id
from core.outbox import LEASE, Lane
from core.settings import Secret, Settings
from crypto import webhook_signature
from deploy.gateway import Gateway
from server import engine
from server.carriers import carrying
from server.engine import Engine
from tests.carried import KEY, MAIL, NUMBER, FarGateway, Mailbox, carriers, carry, far_gateway, states, told
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.waiting import until

pytest_plugins = ("tests.fixtures_carried",)

GONE = "http://127.0.0.1:9/calls"


class Ahead:
    """The clock of a machine that has gone wrong."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + timedelta(minutes=10)


def logged(caplog: pytest.LogCaptureFixture, event: str, times: int) -> Callable[[], bool]:
    return lambda: sum(each.message == event for each in caplog.records) >= times


async def test_an_engine_whose_clock_is_wrong_carries_nothing(
    scene: Scene, database: Database, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    right = SystemClock()
    await Contacts(database, right).add(scene.police.officer.id, Means.VOICE, NUMBER, of_desk=False)
    await Network(database, right).alerts.raise_(scene.member, scene.case.core.id, new_id())
    async with far_gateway(right) as far:
        reaching = replace(settings, gateway_url=far.url, gateway_key=Secret(KEY), sweep_interval=0.05)
        async with asyncio.TaskGroup() as tasks:
            wrong = tasks.create_task(Engine(database, Ahead(), reaching).run())
            await until(logged(caplog, "clock_skew", 6))
            wrong.cancel()
        assert (far.asked, await states(database)) == ([], [("pending", None)])
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(Engine(database, right, reaching).run())
            await until(lambda: bool(far.taken))
            working.cancel()


@pytest.mark.usefixtures("called")
async def test_no_fault_of_carrying_ends_the_engine(
    database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway,
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(engine, "CARRYING_PAUSE_SECONDS", 0.01)
    async with database.transaction() as tx:
        await tx.run("ALTER TABLE outbox RENAME COLUMN thread TO threads")
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(Engine(database, clock, reaching).run())
        await until(logged(caplog, "carrying_ended", 2))
        async with database.transaction() as tx:
            await tx.run("ALTER TABLE outbox RENAME COLUMN threads TO thread")
        await until(lambda: bool(gateway.taken))
        working.cancel()


async def test_a_letter_that_is_tried_alone_keeps_no_alert_back(
    network: Network, scene: Scene, database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway
) -> None:
    contacts, released = Contacts(database, clock), asyncio.Event()
    tried = await contacts.add(scene.stranger.id, Means.VOICE, "+381600000009", of_desk=False)
    await contacts.add(scene.police.officer.id, Means.VOICE, NUMBER, of_desk=False)

    async def answer() -> web.Response:
        if len(gateway.asked) == 1:
            await released.wait()
        return web.Response(status=202)

    gateway.answer = answer
    async with database.transaction() as tx:
        await outbox.post(tx, [waking.test_of(tried, uuid4())], clock.now())
    for _ in range(outbox.LEASES_LOST + 1):
        async with database.transaction() as tx:
            assert await outbox.claim_letters(tx, clock.now(), 10, Lane.ORDINARY, mail=False)
        clock.move(LEASE)
    async with carriers(database, clock, reaching) as carrier, asyncio.TaskGroup() as tasks:
        working = tasks.create_task(carrier.run())
        await until(lambda: len(gateway.asked) == 1)
        await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
        await until(lambda: len(gateway.asked) == 2)
        released.set()
        working.cancel()


async def test_after_an_outage_it_rings_once(
    network: Network, scene: Scene, database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway
) -> None:
    await Contacts(database, clock).add(scene.police.officer.id, Means.VOICE, NUMBER, of_desk=False)
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    gone = replace(reaching, gateway_url=GONE)
    for _ in range(12):
        await escalate_due(database, clock)
        await carry(database, clock, gone)
        clock.move(timedelta(minutes=1))
    letters = await states(database)
    assert len(letters) > 1, "every step rings"
    assert letters[:-1] == [("withdrawn", "overtaken")] * (len(letters) - 1)
    await carry(database, clock, reaching)
    assert len(gateway.taken) == 1


async def test_a_test_is_given_up_before_the_night(
    scene: Scene, database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway
) -> None:
    tried = await Contacts(database, clock).add(scene.police.officer.id, Means.VOICE, NUMBER, of_desk=False)
    async with database.transaction() as tx:
        await outbox.post(tx, [waking.test_of(tried, uuid4())], clock.now())
    await carry(database, clock, replace(reaching, gateway_url=GONE))
    clock.move(timedelta(hours=17))
    await carry(database, clock, reaching)
    ((state, _failure),) = await states(database)
    assert (state, gateway.asked) == ("failed", [])


@pytest.mark.usefixtures("called")
async def test_what_was_never_tried_goes_first(
    network: Network, scene: Scene, database: Database, clock: MovableClock
) -> None:
    async with database.transaction() as tx:
        (old,) = await outbox.claim_letters(tx, clock.now(), 1, Lane.ALERT, mail=False)
        await outbox.put_off(tx, old.id, clock.now(), "HTTP_500")
    clock.move(timedelta(seconds=1))
    await Contacts(database, clock).add(scene.welfare.officer.id, Means.VOICE, "+381600000001", of_desk=False)
    await network.alerts.raise_(scene.coordinator, scene.case.core.id, new_id())
    async with database.transaction() as tx:
        claimed = [
            each for _ in range(3) for each in await outbox.claim_letters(tx, clock.now(), 1, Lane.ALERT, mail=False)
        ]
    assert [each.attempts for each in claimed] == [1, 1, 2]
    assert [each.id == old.id for each in claimed] == [False, False, True]


@pytest.mark.usefixtures("called")
async def test_telephones_that_take_every_place_leave_mail_its_own(
    network: Network, scene: Scene, database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway,
    mail: Mailbox, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(carrying, "PLACES", {False: 1, True: 1})
    await Contacts(database, clock).add(scene.police.officer.id, Means.TEXT, NUMBER, of_desk=False)
    released = asyncio.Event()

    async def hang() -> web.Response:
        await released.wait()
        return web.Response(status=202)

    gateway.answer = hang
    await network.alerts.raise_(scene.coordinator, scene.case.core.id, new_id())
    async with carriers(database, clock, reaching) as carrier, asyncio.TaskGroup() as tasks:
        working = tasks.create_task(carrier.run())
        await until(lambda: bool(gateway.asked and mail.mails))
        assert len(gateway.asked) == 1
        released.set()
        await until(lambda: len(gateway.asked) >= 2)
        working.cancel()


@pytest.mark.parametrize(("asked", "waits"), [("40", 40), ("7200", 60), ("soon", 2), ("-1", 2), ("", 2)])
@pytest.mark.usefixtures("called")
async def test_a_busy_gateway_says_when_to_ask_again(
    database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway, asked: str, waits: int
) -> None:
    async def busy() -> web.Response:
        return web.Response(status=503, headers={"Retry-After": asked})

    gateway.answer = busy
    await carry(database, clock, reaching)
    async with database.reading() as reading:
        due = await reading.value("SELECT due_at FROM outbox WHERE failure = 'HTTP_503'")
    assert due == clock.now() + timedelta(seconds=waits)


async def test_a_raiser_who_says_that_it_is_over_puts_calls_off(
    network: Network, scene: Scene, called: AlertView, database: Database, clock: MovableClock, reaching: Settings,
    gateway: FarGateway, mail: Mailbox,
) -> None:  # fmt: skip
    view = await network.alerts.stand_down(scene.member, called.alert.id, StandDownReason.SAFE)
    until_then = view.alert.next_step_at
    assert until_then is not None
    await carry(database, clock, reaching)
    assert (gateway.asked, mail.mails) == ([], [])
    clock.move(until_then - clock.now() - timedelta(seconds=1))
    await carry(database, clock, reaching)
    assert (gateway.asked, mail.mails) == ([], [])
    clock.move(timedelta(seconds=1))
    await carry(database, clock, reaching)
    assert (len(gateway.taken), len(mail.mails)) == (1, 1)


async def test_poison_names_nobody_who_was_excluded(
    network: Network, scene: Scene, database: Database, clock: MovableClock, reaching: Settings
) -> None:
    officer = scene.police.officers[1]
    await Contacts(database, clock).add(officer.id, Means.VOICE, NUMBER, of_desk=False)
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    async with database.transaction() as tx:
        (claimed,) = await outbox.claim_letters(tx, clock.now(), 10, Lane.ALERT, mail=False)
        await outbox.suspect(tx, claimed.id)
    clock.move(LEASE)
    await network.cases.exclude(scene.coordinator, scene.case.id, officer.id)
    await carry(database, clock, reaching)
    assert await states(database) == [("quarantined", "poison")]
    assert await told(database) == []


async def test_a_mail_is_of_now_and_tells_of_the_press_that_is_answered(
    network: Network, scene: Scene, database: Database, clock: MovableClock, reaching: Settings, mail: Mailbox
) -> None:
    await Contacts(database, clock).add(scene.police.officer.id, Means.EMAIL, MAIL, of_desk=False)
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id(), event=Event.THREAT_RECEIVED)
    clock.move(timedelta(hours=2))
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    worse = clock.now()
    clock.move(timedelta(minutes=1))
    await carry(database, clock, reaching)
    (letter,) = mail.mails
    assert parsedate_to_datetime(str(letter["Date"])) == clock.now().replace(microsecond=0)
    local = worse.astimezone(ZoneInfo(reaching.time_zone))
    assert f"{local:%H:%M (%d.%m.)}" in letter.get_content()


async def test_the_example_gateway_takes_what_is_signed_now_and_once(gateway: FarGateway, clock: MovableClock) -> None:
    key, body = webhook_signature.read_key(KEY), json.dumps({"means": "voice", "to": NUMBER, "text": "ring"}).encode()
    now = int(clock.now().timestamp())

    async def post(http: aiohttp.ClientSession, body: bytes, **changed: str) -> int:
        moment = int(changed.pop("moment", str(now)))
        headers = {
            "webhook-id": "an id", "webhook-timestamp": str(moment),
            "webhook-signature": webhook_signature.sign(key, "an id", moment, body), **changed,
        }  # fmt: skip
        async with http.post(gateway.url, data=body, headers=headers) as answer:
            return answer.status

    async with aiohttp.ClientSession() as http:
        for changed in (
            {"webhook-signature": "v1,nothing"}, {"webhook-id": "another"}, {"webhook-timestamp": "soon"},
            {"webhook-timestamp": "9" * 40}, {"moment": str(now - 301)}, {"moment": str(now + 301)},
        ):  # fmt: skip
            assert await post(http, body, **changed) == 401
        assert await post(http, b"x" * 5000) == 413
        assert gateway.taken == []
        for _ in range(3):
            assert await post(http, body) == 202
    assert len(gateway.taken) == 1


async def test_the_example_gateway_rings_once_while_it_rings_and_again_where_it_could_not(clock: MovableClock) -> None:
    rung: list[object] = []
    failures, begun, released = [ValueError()], asyncio.Event(), asyncio.Event()

    async def ring(letter: object) -> None:
        if failures:
            raise failures.pop()
        rung.append(letter)
        begun.set()
        await released.wait()

    runner = web.AppRunner(Gateway(KEY, ring, clock).application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    key, body, now = webhook_signature.read_key(KEY), b'{"means": "voice"}', int(clock.now().timestamp())
    headers = {
        "webhook-id": "an id", "webhook-timestamp": str(now),
        "webhook-signature": webhook_signature.sign(key, "an id", now, body),
    }  # fmt: skip
    try:
        async with aiohttp.ClientSession() as http:

            async def post() -> int:
                async with http.post(f"http://{host}:{port}/calls", data=body, headers=headers) as answer:
                    return answer.status

            assert await post() == 500
            async with asyncio.TaskGroup() as tasks:
                first = tasks.create_task(post())
                await begun.wait()
                assert await post() == 202
                released.set()
            assert (first.result(), len(rung)) == (202, 1)
    finally:
        await runner.cleanup()


async def test_garbage_in_headers_is_only_not_signed(gateway: FarGateway, clock: MovableClock) -> None:
    host, port = gateway.url.split("/")[2].split(":")
    now = str(int(clock.now().timestamp())).encode()
    for message_id, signature in ((b"x", b"v1,\xff\xfe"), (b"\xff\xfe", b"v1,x")):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /calls HTTP/1.1\r\nHost: x\r\nwebhook-id: " + message_id + b"\r\nwebhook-timestamp: " + now
            + b"\r\nwebhook-signature: " + signature + b"\r\nContent-Length: 2\r\n\r\n{}"
        )  # fmt: skip
        assert b"401" in await reader.readline()
        writer.close()
        await writer.wait_closed()
