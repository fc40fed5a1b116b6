"""What rings somebody and is no alert, at a console: who is shown it, who answers it, and who hears that it was."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from agencies.duty_ring import ANSWERED_WITHIN, DutyRingId, RingState
from agencies.model import Person, PersonId
from agencies.rosters import Rosters
from alerts.duty import ringing
from alerts.telephone import desk_calls
from alerts.telephone.desk_call import WIDER_AFTER, DeskCallId
from alerts.telephone.desk_calls import Called, Caller
from cases import ledger
from core.database import Database
from core.errors import Conflict, NotFound
from server.live.acts import Object
from server.live.audience import hearings, told_of
from tests import outgoing
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)

BELGRADE = ZoneInfo("Europe/Belgrade")
HOUR = timedelta(hours=1)


class Night:
    """The police's desk: a shift that begins now, and a telephone that may call for help."""

    def __init__(self, database: Database, clock: MovableClock, network: Network, scene: Scene) -> None:
        self.database = database
        self.clock = clock
        self.network = network
        self.scene = scene
        self.office = scene.police
        self.officer, self.other = scene.police.officers
        self.deputy = scene.police.deputies[0]

    async def rung(self) -> DutyRingId:
        """Ring whoever comes on duty; return the ring."""
        assert self.office.desk_id is not None
        until = self.clock.now() + 12 * HOUR
        await Rosters(self.database, self.clock, "Europe/Belgrade").add(
            self.office.desk_id, self.officer.id, self.clock.now(), until
        )
        assert await ringing.ring_due(self.database, self.clock, BELGRADE) == 1
        async with self.database.reading() as look:
            return DutyRingId(await look.value("SELECT id FROM duty_rings"))

    async def silence(self) -> None:
        """Let the time to answer pass."""
        self.clock.move(ANSWERED_WITHIN)
        assert await ringing.step_due(self.database, self.clock, BELGRADE) == 1

    async def called(self, caller: Person | None = None) -> DeskCallId:
        """Let somebody call the desk by telephone; return the call."""
        by = caller or self.scene.member
        asked = Caller(person_id=by.id, agency_ids=[self.office.agency.id], contacts=[], maybe=[by.id])
        async with self.database.transaction() as tx:
            assert await desk_calls.call_desks(tx, asked, self.clock.now()) is Called.CALLED
            return DeskCallId(await tx.value("SELECT id FROM desk_calls"))

    async def state(self) -> tuple[str, object]:
        """Return how far the ring is, and who answered it."""
        async with self.database.reading() as look:
            row = await look.row("SELECT state, answered_by FROM duty_rings")
        assert row is not None
        return row["state"], row["answered_by"]

    async def shown(self, who: Person) -> tuple[list[object], list[object]]:
        """Return the ids of what somebody is shown: rings and calls."""
        view = await self.network.rung.see(who)
        return [each.id for each in view.rings], [each.id for each in view.calls]


@pytest.fixture
def night(database: Database, clock: MovableClock, network: Network, scene: Scene) -> Night:
    return Night(database, clock, network, scene)


async def test_a_test_ring_is_shown_to_whom_it_rings_and_answered_once(night: Night) -> None:
    ring = await night.rung()
    assert await night.shown(night.officer) == ([ring], [])
    for each in (night.other, night.deputy, night.scene.member, night.scene.stranger):
        assert await night.shown(each) == ([], [])
        with pytest.raises(NotFound):
            await night.network.rung.answer_ring(each, ring)
    assert await night.state() == (RingState.RINGING, None)
    # Pressed twice, and both at once.
    async with asyncio.TaskGroup() as both:
        for _ in range(2):
            both.create_task(night.network.rung.answer_ring(night.officer, ring))
    await night.network.rung.answer_ring(night.officer, ring)
    assert await night.state() == (RingState.ANSWERED, night.officer.id)
    assert await night.shown(night.officer) == ([], [])
    # The desk's room hears it as if it had been written there.
    told = await outgoing.said(night.database, "duty_answered")
    assert sorted(str(each.target.id) for each in told) == sorted(
        str(each) for each in (night.office.desk_id, night.officer.id)
    )


async def test_who_stands_in_answers_and_whoever_was_silent_has_the_shift_again(night: Night) -> None:
    ring = await night.rung()
    await night.silence()
    assert await night.shown(night.deputy) == ([ring], [])
    assert await night.shown(night.officer) == ([ring], [])
    await night.network.rung.answer_ring(night.deputy, ring)
    assert await night.state() == (RingState.STOOD_IN, night.deputy.id)
    assert await night.shown(night.deputy) == ([], [])
    assert await night.shown(night.officer) == ([ring], [])
    await night.network.rung.answer_ring(night.officer, ring)
    assert await night.state() == (RingState.ANSWERED, night.officer.id)
    # Nothing is left to the deputy, who is told so and not that it was stored.
    with pytest.raises(Conflict):
        await night.network.rung.answer_ring(night.deputy, ring)


async def test_of_a_shift_that_is_over_nothing_is_there(night: Night) -> None:
    ring = await night.rung()
    night.clock.move(13 * HOUR)
    assert await night.shown(night.officer) == ([], [])
    with pytest.raises(NotFound):
        await night.network.rung.answer_ring(night.officer, ring)


async def test_a_call_for_help_is_shown_to_all_who_were_rung_until_one_of_them_sees_to_it(night: Night) -> None:
    call = await night.called()
    rung = [*night.office.officers, night.deputy]
    for each in rung:
        assert await night.shown(each) == ([], [call])
    view = await night.network.rung.see(night.officer)
    assert view.people == {night.scene.member.id: night.scene.member.name}
    for each in (night.scene.member, night.scene.coordinator, night.scene.stranger):
        assert await night.shown(each) == ([], [])
        with pytest.raises(NotFound):
            await night.network.rung.take_call(each, call)
    async with asyncio.TaskGroup() as both:
        for _ in range(2):
            both.create_task(night.network.rung.take_call(night.officer, call))
    with pytest.raises(Conflict):
        await night.network.rung.take_call(night.other, call)
    # Nobody is called for it any more; what it is about stays in sight of whoever finds out.
    night.clock.move(WIDER_AFTER)
    assert await desk_calls.repeat_due(night.database, night.clock) == 0
    assert len(await outgoing.said(night.database, "desk_call_taken")) == 2
    assert [await night.shown(each) for each in rung] == [([], [call]), ([], []), ([], [])]
    night.clock.move(HOUR)
    assert await night.shown(night.officer) == ([], [])
    await night.network.rung.take_call(night.officer, call)


async def test_who_is_excluded_from_a_case_of_the_caller_or_left_knows_of_no_call(night: Night) -> None:
    call = await night.called()
    await night.network.cases.exclude(night.scene.coordinator, night.scene.case.id, night.officer.id)
    await night.network.depart(night.deputy)
    for each in (night.officer, night.deputy):
        assert await night.shown(each) == ([], [])
        with pytest.raises(NotFound):
            await night.network.rung.take_call(each, call)
    assert await hearers(night, "desks_called_by_telephone") == {night.other.id}
    assert await night.shown(night.other) == ([], [call])


async def test_the_stream_tells_of_a_call_those_who_were_rung_and_nobody_else(night: Night) -> None:
    call = await night.called()
    rung = {night.officer.id, night.other.id, night.deputy.id}
    assert await hearers(night, "desks_called_by_telephone") == rung
    night.clock.move(WIDER_AFTER)
    assert await desk_calls.repeat_due(night.database, night.clock) == 1
    assert await hearers(night, "desk_call_repeated") == rung
    await night.network.rung.take_call(night.other, call)
    assert await hearers(night, "desk_call_taken") == rung


async def test_both_stand_on_the_board_and_are_answered_over_the_api(api: ServedApi) -> None:
    scene, clock = await api.network.scene(), api.network.clock
    assert isinstance(clock, MovableClock)
    night = Night(api.network.database, clock, api.network, scene)
    ring, call = await night.rung(), await night.called()
    tokens = {each.id: await api.token(each) for each in (night.officer, night.other, scene.stranger)}
    told = (await api.ask("GET", "/api/board", token=tokens[night.officer.id])).json
    (shown,) = told["rung"]["rings"]
    assert (shown["id"], shown["state"], shown["person"]) == (str(ring), "ringing", str(night.officer.id))
    (asked,) = told["rung"]["calls"]
    assert (asked["id"], asked["person"], asked["taken_at"]) == (str(call), str(scene.member.id), None)
    assert told["people"][str(scene.member.id)] == scene.member.name
    assert told["agencies"][asked["agencies"][0]] == night.office.agency.name
    empty = (await api.ask("GET", "/api/board", token=tokens[scene.stranger.id])).json
    assert empty["rung"] == {"rings": [], "calls": []}
    paths = (f"/api/duty-rings/{ring}/answer", f"/api/desk-calls/{call}/acknowledgement")
    for path, nowhere in zip(paths, ("/api/duty-rings/{}/answer", "/api/desk-calls/{}/acknowledgement"), strict=True):
        refused = await api.ask("POST", path, token=tokens[scene.stranger.id])
        absent = await api.ask("POST", nowhere.format(uuid4()), token=tokens[scene.stranger.id])
        assert (
            (refused.status, refused.json["detail"])
            == (absent.status, absent.json["detail"])
            == (404, absent.json["detail"])
        )
        for _ in range(2):
            assert (await api.ask("POST", path, token=tokens[night.officer.id])).status == 204
    late = await api.ask("POST", paths[1], token=tokens[night.other.id])
    assert late.status == 409
    told = (await api.ask("GET", "/api/board", token=tokens[night.officer.id])).json
    assert told["rung"]["rings"] == []
    assert [each["taken_at"] is not None for each in told["rung"]["calls"]] == [True]


async def hearers(night: Night, act: str) -> set[PersonId]:
    """Return who hears of the last act of a name in the stream, of everybody there is."""
    await ledger.sequence_all(night.database)
    everybody = [each.id for each in await night.network.agencies.all_staff()]
    entries: Sequence[ledger.Entry] = [
        each for each in await ledger.entries(night.database, 0, 1000) if each.act == act
    ]
    assert told_of(entries[-1]).object is Object.DUTY
    async with night.database.reading() as look:
        (heard,) = await hearings(look, entries[-1:], everybody)
    assert not heard.access
    return set(heard.change)
