"""Following from a person's own machine: the client that never gives up, and the command that prints what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from agencies.model import Person
from alerts.vocabulary import StandDownReason, Status
from cases import ledger
from client.api import ApiClient
from client.stream import CROWDED_PAUSE, LONGEST_PAUSE, Tidings, Told
from core.errors import NotAuthenticated
from core.settings import Settings
from operations.model import Despite, Operation
from operations.safe_calls.model import SafeCallPlan
from operations.sweep import call_for_late
from operations.templates import templates
from safety_plans.model import Level
from server.live.events import Ending
from server.live.place import Place
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.following import following, serve_live, touch
from tests.people import Network
from tests.served import ServedApi
from tests.waiting import until


class Pauses:
    """A sleep that takes no time."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


def end_all(api: ServedApi, reason: Ending | None) -> None:
    for each in api.services.feed.subscriptions():
        each.end(reason)


def position_of(told: Told) -> int:
    assert told.place is not None
    return Place.read(told.place).position


async def test_a_listener_whose_line_breaks_goes_on_where_it_was(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    pauses = Pauses()
    async with (
        serve_live(network, settings, tmp_path) as api,
        ApiClient(api.key(scene.coordinator), sleep=pauses) as client,
        aclosing(client.follow()) as listening,
    ):
        assert (await anext(listening)).tidings is Tidings.LIVE
        heard = []
        for reason in (None, Ending.SLOW, Ending.CLOSING):
            await touch(network, scene, alert)
            heard.append(position_of(await anext(listening)))
            end_all(api, reason)
            assert (await anext(listening)).tidings is Tidings.LOST
            # Nobody listens now.
            last = await touch(network, scene, alert)
            assert (await anext(listening)).tidings is Tidings.LIVE
            told = await anext(listening)
            assert told.change is not None
            assert (told.change.act, told.change.id) == ("alert_escalated", alert.alert.id)
            heard.append(position_of(told))
        assert heard == list(range(last - 5, last + 1))
        assert all(0 < each <= LONGEST_PAUSE for each in pauses.seconds)


async def test_a_listener_who_is_too_many_does_not_crowd_out_the_others(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    office = await network.office()
    pauses = Pauses()
    async with (
        serve_live(network, settings, tmp_path, per_person=1) as api,
        ApiClient(api.key(office.worker), sleep=pauses) as client,
        aclosing(client.follow()) as listening,
    ):
        assert (await anext(listening)).tidings is Tidings.LIVE
        async with following(api, await api.token(office.worker)):
            assert (await anext(listening)).tidings is Tidings.LOST
        assert (await anext(listening)).tidings is Tidings.LIVE
        assert pauses.seconds == [CROWDED_PAUSE]


async def test_a_listener_signs_in_again_by_itself_unless_refused(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    async with (
        serve_live(network, settings, tmp_path) as api,
        ApiClient(api.key(scene.ngo.worker), sleep=Pauses()) as client,
        aclosing(client.follow()) as listening,
    ):
        assert (await anext(listening)).tidings is Tidings.LIVE
        async with network.database.transaction() as tx:
            await tx.run("DELETE FROM sessions")
        await api.services.feed.assure()
        assert [(await anext(listening)).tidings for _ in range(2)] == [Tidings.LOST, Tidings.LIVE]
        await network.depart(scene.ngo.worker)
        assert [(await anext(listening)).tidings for _ in range(2)] == [Tidings.ACCESS, Tidings.LOST]
        with pytest.raises(NotAuthenticated):
            await anext(listening)


async def test_the_command_prints_a_line_for_every_change(network: Network, settings: Settings, tmp_path: Path) -> None:
    scene = await network.scene()
    officer = scene.police.officer
    async with serve_live(network, settings, tmp_path) as api, watching(api, officer) as ended:
        await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
        drill = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), status=Status.EXERCISE)
        alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
        await network.alerts.acknowledge(scene.deputy, alert.alert.id)
        await caught_up(api)
        await network.cases.add_member(scene.coordinator, scene.case.core.id, officer.id)
        await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
        await network.alerts.acknowledge(scene.deputy, drill.alert.id)
        await network.alerts.stand_down(scene.deputy, drill.alert.id, StandDownReason.DRILL_OVER)
        assert scene.police.desk_id is not None
        await network.agencies.unseat(scene.police.desk_id, scene.police.officers[1].id)
        await caught_up(api)
        # Five lines are about alerts, and for each it looks at the alert.
        await until(lambda: [each.operation for each in api.observer.exchanges].count("show_alert") == 5)
    ran = ended.result()
    codename = scene.case.codename
    assert [line[10:] for line in ran.out.splitlines()] == [
        "Watching. Stop with Ctrl-C.",
        f"-- EXERCISE -- {codename}: ALERT: panic.",
        f"{codename}: ALERT: panic.",
        f"{codename}: alert accepted by {scene.deputy.name}.",
        # The level that was set before this person came to the case is not told.
        "What you may see has changed. Look again: streha case list, streha alert list",
        f"{codename}: risk level recorded.",
        f"-- EXERCISE -- {codename}: alert accepted by {scene.deputy.name}.",
        f"-- EXERCISE -- {codename}: alert ended.",
        "Somebody went off duty.",
        "What you may see has changed. Look again: streha case list, streha alert list",
        "NOT watching: the connection is lost. Trying again.",
    ]
    assert (ran.code, ran.err) == (1, "streha: Signing in failed. Check the key file and try again.\n")


async def test_the_command_tells_of_ways_and_of_who_is_heard_from(
    network: Network, settings: Settings, clock: MovableClock, tmp_path: Path
) -> None:
    scene = await network.scene()
    goes, buddy = [scene.member.id, scene.deputy.id], scene.ngo.worker
    kind = templates()["court_testimony"]

    async def planned(*, drill: bool) -> Operation:
        plan = kind.plan(clock.now() + timedelta(minutes=10), scene.coordinator.id, buddy.id, goes)
        plan = replace(plan, drill=drill)
        return (await network.operations.plan(scene.coordinator, scene.case.core.id, uuid4(), plan)).operation

    async with serve_live(network, settings, tmp_path) as api, watching(api, buddy) as ended:
        practised, way = [await planned(drill=each) for each in (True, False)]
        await network.operations.approve(scene.coordinator, way.id)
        await network.operations.go(scene.coordinator, way.id, Despite.SEEN_TO)
        awaited = SafeCallPlan(
            listeners=goes, buddy_id=buddy.id, due_at=clock.now() + timedelta(hours=1), last_day=None
        )
        call = (await network.safe_calls.plan(scene.coordinator, scene.case.core.id, uuid4(), awaited)).call
        clock.move(timedelta(minutes=11))
        await call_for_late(network.database, clock)
        await network.safe_calls.heard(scene.member, call.id)
        await caught_up(api)
        await until(lambda: [each.operation for each in api.observer.exchanges].count("show_operation") == 5)
        await until(lambda: "show_case" in [each.operation for each in api.observer.exchanges])
    ran = ended.result()
    assert [line[10:] for line in ran.out.splitlines()][:-2] == [
        "Watching. Stop with Ctrl-C.",
        f"-- EXERCISE -- {practised.codename}: an operation was planned.",
        f"{way.codename}: an operation was planned.",
        f"{way.codename}: the plan was approved.",
        f"{way.codename}: it begins.",
        f"{scene.case.codename}: somebody is expected to be heard from. See: streha safe-call list",
        f"{way.codename}: nobody has confirmed a step: people are asked. See: streha operation show {way.codename}",
        f"{scene.case.codename}: somebody who was expected was heard from.",
    ]


async def test_the_command_tells_programs_the_same(network: Network, settings: Settings, tmp_path: Path) -> None:
    scene = await network.scene()
    officer = scene.police.officer
    async with serve_live(network, settings, tmp_path) as api, watching(api, officer, "--json") as ended:
        alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
        await caught_up(api)
    ran = ended.result()
    live, changed, lost = [msgspec.json.decode(line) for line in ran.out.splitlines()]
    assert (live["event"], lost["event"]) == ("live", "lost")
    assert changed == {
        "event": "change", "place": changed["place"], "act": "alert_raised", "object": "alert",
        "id": str(alert.alert.id), "case": str(scene.case.id),
    }  # fmt: skip
    assert live["place"] != changed["place"]
    assert lost["place"] == changed["place"]


@asynccontextmanager
async def watching(api: ServedApi, person: Person, *more: str) -> AsyncIterator[asyncio.Future[Ran]]:
    """Let a person watch until the context is left; then the person leaves, and with that the command ends."""
    ended: asyncio.Future[Ran] = asyncio.get_running_loop().create_future()

    async def watch() -> None:
        ended.set_result(await streha("watch", "--key", api.key_path(person), *more))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        try:
            await until(lambda: api.services.feed.streams == 1)
            yield ended
        finally:
            await api.network.depart(person)


async def caught_up(api: ServedApi) -> None:
    """Wait until everything up to now was told: who may know is judged when it is."""
    await ledger.sequence_all(api.network.database)
    head = await ledger.position(api.network.database)
    await until(lambda: api.services.feed.position == head)
