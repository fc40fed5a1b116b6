"""Carrying calls to a real gateway and a real mail server, and everything that goes wrong there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web

from agencies.contacts import ContactId, Contacts, Means
from alerts import waking
from alerts.proof import proving
from alerts.proof.rules import FAILS_AFTER
from core import outbox
from core.database import Database
from core.ids import new_id
from core.outbox import LEASE, Lane
from core.settings import Secret, Settings
from server.carriers import carrying
from server.engine import Engine
from tests.carried import MAIL, NUMBER, FarGateway, Mailbox, carry, states, told
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.waiting import until

pytest_plugins = ("tests.fixtures_carried",)

RING = "Streha: uzbuna, otvorite aplikaciju"


@pytest.mark.usefixtures("called")
async def test_the_sentence_arrives_and_nothing_else(
    database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway, mail: Mailbox, scene: Scene
) -> None:
    await carry(database, clock, reaching)
    assert await states(database) == [("sent", None)] * 2
    (taken,) = gateway.taken
    assert taken == {
        "means": "voice", "to": NUMBER, "text": RING, "language": "sr-Latn", "status": "Actual",
        "sent": clock.now().isoformat(timespec="seconds"),
    }  # fmt: skip
    (letter,) = mail.mails
    assert (letter["To"], letter["From"], letter["Subject"]) == (MAIL, "Streha <streha@example.org>", "Streha")
    # Nothing in its headers names the machine.
    assert (letter["Message-ID"].rpartition("@")[2], mail.greeted_by) == ("example.org>", {"example.org"})
    assert letter.get_content().strip().startswith(RING)
    whole = letter.as_string() + str(taken)
    assert scene.case.codename not in whole
    assert not any(each.name in whole for each in (scene.member, scene.police.officer))
    # Nothing waits any more.
    await carry(database, clock, reaching)
    assert (len(gateway.asked), mail.attempts) == (1, 1)


@pytest.mark.usefixtures("called")
async def test_what_was_sent_and_not_recorded_is_sent_as_the_same(
    database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway
) -> None:
    released = asyncio.Event()

    async def hang() -> web.Response:
        await released.wait()
        return web.Response(status=200)

    gateway.answer = hang
    # Ended while the far side has the letter and its answer is not recorded.
    async with asyncio.TaskGroup() as tasks:
        carried = tasks.create_task(carry(database, clock, reaching))
        await until(lambda: bool(gateway.asked))
        carried.cancel()
    released.set()
    gateway.answer = None
    await carry(database, clock, reaching)
    assert len(gateway.asked) == 1, "its lease has not run out"
    clock.move(LEASE)
    await carry(database, clock, reaching)
    assert len(gateway.asked) == 2
    assert len(set(gateway.asked)) == len(gateway.taken) == 1
    assert (await states(database))[0] == ("sent", None)


@pytest.mark.parametrize(
    ("status", "state", "failure"),
    [(500, "pending", "HTTP_500"), (429, "pending", "HTTP_429"), (404, "pending", "HTTP_404"),
     (401, "pending", "HTTP_401"), (403, "pending", "HTTP_403"), (302, "failed", "HTTP_302"),
     (410, "failed", "HTTP_410"), (200, "sent", None)],
)  # fmt: skip
@pytest.mark.usefixtures("called")
async def test_what_a_gateway_answers(
    database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway, status: int, state: str,
    failure: str | None,
) -> None:  # fmt: skip
    async def answer() -> web.Response:
        return web.Response(status=status, body=b"\xff{garbage", headers={"Location": gateway.url})

    gateway.answer = answer
    await carry(database, clock, reaching)
    assert (await states(database))[0] == (state, failure)
    assert len(gateway.asked) == 1, "a redirect is not followed"
    assert await told(database) == (["alert_not_delivered_to_person"] if status in (302, 401, 403, 410) else [])


@pytest.mark.usefixtures("called")
async def test_a_gateway_that_stays_away_is_told_and_tried_on(
    database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway
) -> None:
    gone = replace(reaching, gateway_url="http://127.0.0.1:9/calls")
    for attempt in range(carrying.LATE_ATTEMPTS):
        assert await told(database) == [], attempt
        await carry(database, clock, gone)
        clock.move(carrying.LONGEST_WAIT)
    assert await told(database) == ["alert_not_delivered_to_person"]
    await carry(database, clock, reaching)
    assert (await states(database))[0] == ("sent", None)
    assert len(gateway.taken) == 1


@pytest.mark.usefixtures("called")
async def test_a_gateway_that_hangs_keeps_no_mail_back(
    database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway, mail: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    released = asyncio.Event()

    async def hang() -> web.Response:
        await released.wait()
        return web.Response(status=200)

    gateway.answer = hang
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(carry(database, clock, reaching))
        await until(lambda: bool(gateway.asked and mail.mails))
        released.set()
    assert await states(database) == [("sent", None)] * 2

    # And nobody waits for it for ever.
    released.clear()
    monkeypatch.setattr(carrying, "CARRY_SECONDS", 0.5)
    async with database.transaction() as tx:
        await tx.run("UPDATE outbox SET state = 'pending' WHERE target_kind = 'contact'")
    await carry(database, clock, reaching)
    released.set()
    assert (await states(database))[0] == ("pending", "TimeoutError")


@pytest.mark.usefixtures("called")
async def test_a_mail_server_that_greylists_gets_it_later(
    database: Database, clock: MovableClock, reaching: Settings, mail: Mailbox
) -> None:
    mail.refusals = ["451 come back later"]
    await carry(database, clock, reaching)
    assert (await states(database))[1] == ("pending", "SMTP_451")
    clock.move(carrying.LONGEST_WAIT)
    await carry(database, clock, reaching)
    assert (await states(database))[1] == ("sent", None)


@pytest.mark.usefixtures("called")
async def test_a_record_that_cannot_be_written_rings_nobody(
    database: Database, clock: MovableClock, reaching: Settings, mail: Mailbox
) -> None:
    mail.refusals = ["550 no such user"]
    await carry(database, clock, reaching)
    assert (await states(database))[1] == ("failed", "SMTP_550")
    assert await told(database) == []


@pytest.mark.usefixtures("called")
async def test_mail_never_crosses_in_clear_nor_to_a_stranger(
    database: Database, clock: MovableClock, reaching: Settings, mail: Mailbox
) -> None:
    # The certificate is of nobody this machine knows.
    await carry(database, clock, replace(reaching, certificates_file=None))
    assert (await states(database))[1][0] == "pending"
    assert mail.attempts == 0


@pytest.mark.usefixtures("called")
async def test_without_a_gateway_the_channel_hears_whom_to_ring(
    database: Database, clock: MovableClock, settings: Settings
) -> None:
    await carry(database, clock, settings)
    # Another engine may have one, or the operator may set one up.
    assert await states(database) == [("pending", "not_set_up")] * 2
    assert await told(database) == ["alert_not_delivered_to_person"]


@pytest.mark.usefixtures("called")
async def test_a_letter_that_kills_its_carriers_is_put_aside_alone(
    database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway, mail: Mailbox
) -> None:
    for _ in range(outbox.LEASES_LOST + 1):
        # Claimed, and never heard of again.
        async with database.transaction() as tx:
            claimed = [
                each
                for mail in (False, True)
                for each in await outbox.claim_letters(tx, clock.now(), 10, Lane.ALERT, mail=mail)
            ]
        clock.move(LEASE)
    assert len(claimed) == 2
    async with database.transaction() as tx:
        await outbox.claim_letters(tx, clock.now(), 10, Lane.ALERT, mail=False)
        await outbox.suspect(tx, claimed[0].id)
    clock.move(LEASE)
    await carry(database, clock, reaching)
    found = await states(database)
    assert ("quarantined", "poison") in found
    assert ("sent", None) in found
    assert len(gateway.taken) + len(mail.mails) == 1


async def test_a_test_of_a_contact_says_so(
    scene: Scene, database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway
) -> None:
    contacts = Contacts(database, clock)
    contact: ContactId = await contacts.add(scene.police.officer.id, Means.TEXT, NUMBER, of_desk=False)
    async with database.transaction() as tx:
        await outbox.post(tx, [waking.test_of(contact, uuid4())], clock.now())
    await carry(database, clock, reaching)
    (taken,) = gateway.taken
    assert (taken["status"], taken["sent"], "proba" in taken["text"]) == ("Test", None, True)


async def test_that_nothing_is_proven_is_no_alert_of_anybodys(
    network: Network, scene: Scene, database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway
) -> None:
    await network.agencies.open_desk(scene.police.agency.id, always_staffed=True)
    await Contacts(database, clock).add(scene.police.officer.id, Means.VOICE, NUMBER, of_desk=False)
    interval = FAILS_AFTER / 3
    for _ in range(4):
        await proving.prove(database, clock, interval)
        clock.move(interval)
    await carry(database, clock, reaching)
    (taken,) = gateway.taken
    assert (taken["status"], taken["sent"]) == ("System", None)


@pytest.mark.usefixtures("called")
async def test_an_engine_at_work_carries_by_itself(
    database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway, mail: Mailbox
) -> None:
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(Engine(database, clock, reaching).run())
        await until(lambda: bool(gateway.taken and mail.mails))
        working.cancel()


@pytest.mark.usefixtures("called")
async def test_settings_that_cannot_be_used_end_no_engine(
    database: Database, clock: MovableClock, reaching: Settings, mail: Mailbox, tmp_path: Path
) -> None:
    broken = replace(reaching, gateway_key=Secret("whsec_"), certificates_file=tmp_path / "nowhere.pem")
    await carry(database, clock, broken)
    telephone, mailbox = await states(database)
    assert telephone == ("pending", "not_set_up")
    assert (mailbox[0], mail.attempts) == ("pending", 0)


async def test_many_calls_wait_for_no_gateway_that_hangs(
    network: Network, scene: Scene, database: Database, clock: MovableClock, reaching: Settings, gateway: FarGateway,
    mail: Mailbox,
) -> None:  # fmt: skip
    contacts, released = Contacts(database, clock), asyncio.Event()
    for number in range(30):
        await contacts.add(scene.police.officer.id, Means.VOICE, f"+38160{number:07}", of_desk=False)
    for number in range(5):
        await contacts.add(scene.police.officer.id, Means.EMAIL, f"duty{number}@example.org", of_desk=False)

    async def hang() -> web.Response:
        await released.wait()
        return web.Response(status=200)

    gateway.answer = hang
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(carry(database, clock, reaching))
        await until(lambda: len(gateway.asked) == 30 and len(mail.mails) == 5)
        released.set()
    assert await states(database) == [("sent", None)] * 35
