"""After an outage: what is late is said together, each alert rings once, nothing is dropped, the most urgent first."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from alerts.model import AlertId
from alerts.service import Alerts
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, StandDownReason, Status
from bots.rooms.housekeeping import LOOKED_AT_EVERY
from bots.sending.delivery import Delivery
from bots.words.rendering import Renderer
from core import outbox
from core.clock import SystemClock
from core.database import Database
from core.outbox import LEASE, Lane, Message, Target, TargetKind, Urgency
from core.settings import Settings
from server.engine import Engine
from tests.clock import MovableClock
from tests.house import House
from tests.outgoing import said
from tests.people import Network, Scene
from tests.waiting import PATIENCE_SECONDS

pytest_plugins = ("tests.fixtures_house",)

MINUTE = timedelta(minutes=1)


@dataclass(kw_only=True)
class Heard(Renderer):
    """Renders as the bot does, and keeps what it came to."""

    settings: Settings
    bodies: list[str] = field(default_factory=list)
    mentions: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.settings)

    def content(self, *arguments: Any, **more: Any) -> dict[str, Any]:
        return self._kept(super().content(*arguments, **more))

    def together(self, *arguments: Any, **more: Any) -> dict[str, Any]:
        before = len(self.bodies)
        content = super().together(*arguments, **more)
        # A ring is rendered as any other.
        return content if len(self.bodies) > before else self._kept(content)

    def _kept(self, content: dict[str, Any]) -> dict[str, Any]:
        self.bodies.append(content["body"])
        self.mentions.append(content["m.mentions"]["user_ids"])
        return content


async def ready(house: House) -> tuple[Delivery, Heard]:
    """Let everybody be in the channel, and return a bot that has yet to deliver."""
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    return started(house)


def started(house: House) -> tuple[Delivery, Heard]:
    heard = Heard(settings=house.settings)
    delivery = Delivery(
        house.database, house.clock, house.device, house.lease, house.housekeeping, house.occupants, heard
    )
    return delivery, heard


async def deliver(delivery: Delivery) -> None:
    async with asyncio.TaskGroup() as tasks:
        await delivery.deliver(tasks, Lane.ALERT)


async def only_the_channel(house: House) -> None:
    """Leave what goes elsewhere to others: these tests look at one room."""
    async with house.database.transaction() as tx:
        await tx.run("UPDATE outbox SET state = 'withdrawn' WHERE target_id <> $1", house.core.id)


async def in_channel(house: House) -> list[tuple[str, str, str | None]]:
    """Return what was left for the channel: template, state and the event it became."""
    async with house.database.transaction() as tx:
        rows = await tx.rows(
            "SELECT template, state, event_id FROM outbox LEFT JOIN matrix_sends ON outbox_id = outbox.id"
            " WHERE target_id = $1 AND NOT repeated ORDER BY sequence",
            house.core.id,
        )
    return [(row["template"], row["state"], row["event_id"]) for row in rows]


async def an_evening(house: House, status: Status = Status.ACTUAL) -> AlertId:
    """Let an alert be raised twice, called on, and accepted, while no bot speaks."""
    core = house.scene.case.core.id
    alert = (await house.network.alerts.raise_(house.scene.member, core, uuid4(), status=status)).alert
    house.clock.move(MINUTE)
    await house.network.alerts.raise_(house.scene.ngo.worker, core, uuid4(), status=status)
    for _ in range(2):
        house.clock.move(10 * MINUTE)
        assert await escalate_due(house.database, house.clock) >= 1
    await house.network.alerts.acknowledge(house.scene.coordinator, alert.id)
    return alert.id


# In a room -----------------------------------------------------------------------------------------------


async def test_a_room_hears_one_message_of_what_happened_and_the_alert_rings_once(house: House) -> None:
    delivery, heard = await ready(house)
    began = house.clock.now()
    await an_evening(house)
    house.clock.move(5 * MINUTE)
    await only_the_channel(house)
    await deliver(delivery)
    rows = await in_channel(house)
    rings = [each for each in rows if each[0] == "alert_ring"]
    notices = [each for each in rows if each[0] != "alert_ring"]
    assert len(rings) > 1
    assert len(notices) > 2
    assert {state for _template, state, _event in rows} == {"sent"}
    # Every row became an event, and all of them together two.
    assert len({event for *_, event in rings}) == 1
    assert len({event for *_, event in notices}) == 1
    assert len((await house.channel()).said) == 2
    ring, account = heard.bodies
    assert ring == "Streha: alert, open the app"
    local = [f"{each:%H:%M}" for each in (at + timedelta(hours=1) for at in (began, house.clock.now()))]
    away = f"Streha was away {local[0]}–{local[1]} (02.03.). What happened meanwhile:\n{local[0]} ALERT,"
    assert account.startswith(away)
    for words in ("Raised", "no answer yet", "accepted"):
        assert words in account
    # Whoever one of the rings was for is rung; what happened rings nobody.
    async with house.database.transaction() as tx:
        called = await tx.rows("SELECT unnest(mentions) AS person FROM outbox WHERE target_id = $1", house.core.id)
    users = {each.id: each.matrix_user for each in await house.network.agencies.all_staff()}
    inside = (await house.channel()).users("join")
    assert heard.mentions == [sorted({users[row["person"]] for row in called} & inside), []]


async def test_what_is_of_now_is_said_as_always(house: House) -> None:
    delivery, heard = await ready(house)
    await house.network.alerts.raise_(house.scene.member, house.scene.case.core.id, uuid4())
    house.clock.move(MINUTE - timedelta(seconds=1))
    await only_the_channel(house)
    await deliver(delivery)
    assert not [each for each in heard.bodies if "away" in each]
    assert len((await house.channel()).said) == len(await in_channel(house)) > 1


async def test_a_bot_that_dies_over_it_leaves_one_event_to_the_next(house: House) -> None:
    delivery, _heard = await ready(house)
    await an_evening(house)
    house.clock.move(5 * MINUTE)
    await only_the_channel(house)
    house.server.failing.add("say")
    await deliver(delivery)
    assert (await house.channel()).said == {}
    house.server.failing.clear()
    house.clock.move(LEASE + MINUTE)
    again, heard = started(house)
    await deliver(again)
    rows = await in_channel(house)
    assert {state for _template, state, _event in rows} == {"sent"}
    assert len({event for *_, event in rows}) == 2, "what was sealed is put again"
    # Only what newcomers to this bot may have missed is said once more, marked, and together too.
    assert [each.partition(":")[0] for each in heard.bodies] == ["Sent again, in case you have not seen it"] * 2
    assert len((await house.channel()).said) == 4


async def test_what_must_be_sealed_anew_is_marked_because_it_may_stand_there_already(house: House) -> None:
    delivery, _heard = await ready(house)
    await house.network.alerts.raise_(house.scene.member, house.scene.case.core.id, uuid4())
    await only_the_channel(house)
    # It may have arrived all the same: whoever puts it hears nothing of it.
    house.server.failing.add("say")
    await deliver(delivery)
    house.server.failing.clear()
    # Made for somebody who may read no more: the same ciphertext may not be put again.
    worker = house.scene.ngo.worker
    await house.network.cases.remove_member(house.scene.coordinator, house.scene.case.core.id, worker.id)
    house.clock.move(LEASE)
    again, heard = started(house)
    await deliver(again)
    await deliver(again)
    told = [each for each in await in_channel(house) if each[1] == "sent"]
    assert [template for template, *_ in told] == ["alert_ring", "alert_details"]
    assert heard.bodies
    assert all(each.startswith("Sent again, in case you have not seen it") for each in heard.bodies)


async def test_an_exercise_is_told_apart_from_what_is_real(house: House) -> None:
    delivery, heard = await ready(house)
    await an_evening(house)
    await an_evening(house, Status.EXERCISE)
    house.clock.move(5 * MINUTE)
    await only_the_channel(house)
    await deliver(delivery)
    accounts = [each for each in heard.bodies if "was away" in each]
    assert len(accounts) == 2
    real, drill = sorted(accounts, key=lambda each: each.startswith("EXERCISE"))
    assert drill.startswith("EXERCISE. Streha was away")
    assert all("EXERCISE" in line for line in drill.split("\n") if ":" in line[:3] or "exercise" in line)
    assert "EXERCISE" not in real


async def test_one_that_cannot_be_said_is_found_alone(house: House) -> None:
    delivery, heard = await ready(house)
    await an_evening(house)
    house.clock.move(5 * MINUTE)
    await only_the_channel(house)
    async with house.database.transaction() as tx:
        spoil = "UPDATE outbox SET parameters = '{}' WHERE template = 'alert_details' AND target_id = $1"
        await tx.run(spoil, house.core.id)
    await deliver(delivery)
    states = Counter((template, state) for template, state, _event in await in_channel(house))
    assert states["alert_details", "quarantined"] == 1
    others = {state for template, state in states if template in {"alert_ring", "alert_raised_again", "alert_accepted"}}
    assert others == {"sent"}
    assert not [each for each in heard.bodies if "was away" in each]


async def test_an_alert_that_ended_meanwhile_rings_nobody(house: House) -> None:
    delivery, heard = await ready(house)
    alert_id = await an_evening(house)
    house.clock.move(MINUTE)
    await house.network.alerts.stand_down(house.scene.coordinator, alert_id, StandDownReason.SAFE)
    house.clock.move(5 * MINUTE)
    await only_the_channel(house)
    await deliver(delivery)
    (told,) = heard.bodies
    assert "the alert was ended" in told


@dataclass(kw_only=True)
class WornKey(Heard):
    """Just before the second ring is sealed, the room's key is used up, as it is after so many messages."""

    house: House
    room_id: str
    rings: int = 0

    def content(self, message: Message, *arguments: Any, **more: Any) -> dict[str, Any]:
        if message.template == "alert_ring":
            self.rings += 1
            if self.rings == 2:
                self.house.device.rotate(self.room_id)
        return super().content(message, *arguments, **more)


async def test_what_somebody_leaves_for_an_alert_that_has_ended_is_not_said(house: House) -> None:
    delivery, heard = await ready(house)
    core, scene = house.scene.case.core.id, house.scene
    alert = (await house.network.alerts.raise_(scene.member, core, uuid4())).alert
    await house.network.alerts.acknowledge(scene.coordinator, alert.id)
    await house.network.alerts.stand_down(scene.coordinator, alert.id, StandDownReason.SAFE)
    ring = Message(
        key="late", target=house.core, template="alert_ring", mentions=[scene.coordinator.id], lane=Lane.ALERT,
        alert_id=alert.id, case_id=scene.case.id,
    )  # fmt: skip
    async with house.database.transaction() as tx:
        await outbox.post(tx, [ring], house.clock.now())
    await only_the_channel(house)
    await deliver(delivery)
    rings = [state for template, state, _event in await in_channel(house) if template == "alert_ring"]
    # What waited when it ended, and what came after that.
    assert rings == ["withdrawn"] * 2
    assert not [each for each in heard.bodies if "alert, open the app" in each]


async def test_what_was_told_together_is_not_told_again_where_something_between_has_to_wait(house: House) -> None:
    await ready(house)
    codenames = ("quiet-heron", "tall-fern", "old-oak")
    for codename in codenames:
        facts = {"codename": codename, "event": "panic", "time": house.clock.now().isoformat()}
        message = Message(
            key=f"{codename}:ring:1", target=house.core, template="alert_ring", lane=Lane.ALERT, alert_id=uuid4(),
            mentions=[house.scene.coordinator.id],
        )  # fmt: skip
        told = replace(
            message, key=f"{codename} told", template="alert_details", mentions=(),
            parameters=facts | {"person": str(house.scene.member.id)},
        )  # fmt: skip
        async with house.database.transaction() as tx:
            await outbox.post(tx, [message, told], house.clock.now())
    house.clock.move(2 * MINUTE)
    heard = WornKey(settings=house.settings, house=house, room_id=await house.room_id())
    delivery = Delivery(
        house.database, house.clock, house.device, house.lease, house.housekeeping, house.occupants, heard
    )
    await deliver(delivery)
    assert [template for template, state, _event in await in_channel(house) if state == "pending"] == ["alert_ring"] * 2
    for _ in range(3):
        house.clock.move(timedelta(seconds=5))
        await deliver(delivery)
    rows = await in_channel(house)
    assert {state for _template, state, _event in rows} == {"sent"}
    # Whatever is said twice says of itself that it is.
    once = [each for each in heard.bodies if not each.startswith("Sent again")]
    assert [sum(f"ALERT, {codename}" in each for each in once) for codename in codenames] == [1, 1, 1]


# Which room comes first ----------------------------------------------------------------------------------


async def test_ends_come_first_then_the_worst_and_each_room_in_its_order(
    database: Database, clock: MovableClock
) -> None:
    rooms = [Target(kind=TargetKind.COMPARTMENT, id=uuid4()) for _ in range(5)]
    order = [Urgency.ORDINARY, Urgency.MODERATE, Urgency.SEVERE, Urgency.EXTREME, Urgency.END]

    def message(room: int, urgency: Urgency, number: int) -> Message:
        return Message(
            key=f"{room}.{number}", target=rooms[room], template="alert_ring", lane=Lane.ALERT, urgency=urgency
        )

    async with database.transaction() as tx:
        # In each room something that can wait stands before what cannot.
        for room, urgency in enumerate(order):
            await outbox.post(
                tx, [message(room, Urgency.ORDINARY, 0), message(room, urgency, 1), message(room, Urgency.ORDINARY, 2)],
                clock.now(),
            )  # fmt: skip
    taken: list[str] = []
    while True:
        async with database.transaction() as tx:
            claimed = await outbox.claim(tx, clock.now(), 3, Lane.ALERT)
            await outbox.mark_sent(tx, [(each.id, []) for each in claimed], clock.now())
        if not claimed:
            break
        taken += [each.message.key for each in claimed]
    assert taken == [f"{room}.{number}" for room in (4, 3, 2, 1, 0) for number in range(3)]


async def test_what_an_alert_says_is_as_urgent_as_it_is(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    severe = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.THREAT_RECEIVED)).alert
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    await network.alerts.raise_(scene.member, circle.id, uuid4())
    await network.alerts.raise_(scene.member, circle.id, uuid4(), status=Status.EXERCISE)
    await network.alerts.acknowledge(scene.coordinator, severe.id)
    await network.alerts.stand_down(scene.coordinator, severe.id, StandDownReason.SAFE)
    async with database.transaction() as tx:
        rows = await tx.rows("SELECT DISTINCT template, urgency, alert_id = $1 AS severe FROM outbox", severe.id)
    found = {(row["template"], row["severe"]): Urgency(row["urgency"]) for row in rows}
    assert found["alert_ring", True] is Urgency.SEVERE
    assert found["alert_ring", False] is Urgency.EXTREME
    assert found["drill_ring", False] is Urgency.ORDINARY
    assert found["alert_ended", True] is Urgency.END
    assert clock


# The engine was away -------------------------------------------------------------------------------------


async def test_an_overdue_step_is_taken_once_and_says_since_when_it_was_due(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    due = alert.next_step_at
    assert due is not None
    before = len(await said(database))
    clock.move(timedelta(hours=3))
    assert await escalate_due(database, clock) == 1
    assert await escalate_due(database, clock) == 0, "one step, and the wait counts from now"
    async with database.transaction() as tx:
        rows = await tx.rows("SELECT late_since FROM outbox ORDER BY sequence OFFSET $1", before)
        step, next_step = (await tx.rows("SELECT step, next_step_at FROM alerts"))[0].values()  # type: ignore[attr-defined]
    assert rows
    assert {row["late_since"] for row in rows} == {due}
    assert (step, next_step - clock.now()) == (1, 10 * MINUTE)


@pytest.mark.parametrize("late", [timedelta(0), MINUTE - timedelta(seconds=1)])
async def test_a_step_in_time_says_nothing_of_it(
    database: Database, network: Network, scene: Scene, clock: MovableClock, late: timedelta
) -> None:
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    assert alert.next_step_at is not None
    clock.set(alert.next_step_at + late)
    await escalate_due(database, clock)
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM outbox WHERE late_since IS NOT NULL") == 0


async def test_what_falls_due_during_a_round_does_not_wait_for_the_ordinary_one(
    database: Database, settings: Settings, network: Network, scene: Scene
) -> None:
    running = SystemClock()
    alerts = Alerts(database, running)
    circles = [await network.cases.open_compartment(scene.coordinator, scene.case.id, []) for _ in range(12)]
    for circle in circles:
        await alerts.raise_(scene.coordinator, circle.id, uuid4())
    async with database.transaction() as tx:
        # One after the other, so closely that some of them is always due by the end of a round.
        spread = "UPDATE alerts SET next_step_at = now() + number * interval '50 ms' FROM"
        ranks = "(SELECT id, row_number() OVER () AS number FROM alerts) AS ranked"
        await tx.run(f"{spread} {ranks} WHERE ranked.id = alerts.id")
    engine = Engine(database, running, replace(settings, sweep_interval=3600.0))
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        working = tasks.create_task(engine.run())
        stepped = 0
        while stepped < len(circles):
            async with database.reading() as look:
                stepped = await look.value("SELECT count(*) FROM alerts WHERE step = 1")
            await asyncio.sleep(0.05)
        working.cancel()
