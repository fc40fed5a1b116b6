"""The live stream over HTTP: who hears what, and nothing lost or told twice whatever breaks."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from agencies.model import DeskId
from cases import ledger
from core import database as databases
from core.settings import Settings
from safety_plans.model import Level
from tests.clock import MovableClock
from tests.following import Heard, Reader, following, restore, serve_live, touch
from tests.people import Network
from tests.served import ServedApi
from tests.tunnel import tunnel
from tests.waiting import PATIENCE_SECONDS, until


async def test_what_happens_is_heard_by_those_who_may_know_of_it(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    async with serve_live(network, settings, tmp_path) as api:
        tokens = [await api.token(each) for each in (scene.coordinator, scene.stranger)]
        async with following(api, tokens[0]) as hers, following(api, tokens[1]) as strangers:
            for name, value in (
                ("Content-Type", "text/event-stream; charset=utf-8"),
                ("Cache-Control", "no-store"),
                ("X-Accel-Buffering", "no"),
            ):
                assert hers.response.headers[name] == value
            alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
            heard = await hers.news()
            assert heard.name == "change"
            assert heard.id == await ledger.position(network.database)
            assert heard.data == {
                "act": "alert_raised", "object": "alert", "id": str(alert.alert.id), "case": str(scene.case.id),
            }  # fmt: skip
            await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
            assert (await hers.news()).data["object"] == "review"
            officer, desk_id = scene.elsewhere.officer, scene.elsewhere.desk_id
            assert desk_id is not None
            await network.agencies.unseat(desk_id, officer.id)
            # The first thing the stranger hears is of the stranger's own agency.
            heard = await strangers.news()
            assert heard.data == {"act": "duty_left", "object": "duty", "id": str(desk_id), "case": None}


async def test_a_stream_goes_on_from_every_position(network: Network, settings: Settings, tmp_path: Path) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await network.alerts.acknowledge(scene.coordinator, alert.alert.id)
    last = await touch(network, scene, alert, 3)
    async with serve_live(network, settings, tmp_path) as api:
        token = await api.token(scene.member)
        last = await touch(network, scene, alert)
        everything = await _from(api, token, 0, last)
        assert {"case_opened", "alert_raised", "alert_acknowledged", "duty_taken"} <= {
            each.what[1] for each in everything
        }
        assert [each.id for each in everything] == sorted({each.id for each in everything})
        for heard in everything[:-1]:
            for after in (heard.id, heard.place):
                resumed = await _from(api, token, after, last)
                assert resumed == [each for each in everything if each.id > heard.id]
        async with following(api, token, after=0, Last_Event_ID=everything[-2].place) as reader:
            # What the reader had last goes before what it first asked for.
            assert (await reader.news()).id == last
            await touch(network, scene, alert)
            assert (await reader.news()).id == last + 1


async def test_transactions_that_commit_out_of_order_are_heard_all_and_once(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    async with serve_live(network, settings, tmp_path) as api:
        token = await api.token(scene.coordinator)
        heard: list[int] = []
        async with network.database.transaction() as slow:
            await touch(network, scene, alert, act="alert_cancel_asked", tx=slow)
            async with following(api, token) as reader:
                await touch(network, scene, alert, 2)
                heard += [(await reader.news()).id for _ in range(2)]
        # The one that began first ends last, and whoever had gone meanwhile is told all the same.
        async with following(api, token, after=heard[-1]) as reader:
            late = await reader.news()
            assert late.what == ("change", "alert_cancel_asked")
            await touch(network, scene, alert)
            heard += [late.id, (await reader.news()).id]
        assert heard == list(range(heard[0], heard[0] + 4))


async def test_a_position_that_cannot_be_gone_on_from_begins_anew(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    last = await touch(network, scene, alert)
    async with serve_live(network, settings, tmp_path, behind=10) as api:
        token = await api.token(scene.coordinator)
        for after in (last + 1000, last - 20, 0):
            async with following(api, token, after=after) as reader:
                reset = await reader.news()
                assert (reset.name, reset.data) == ("reset", {})
                assert reset.id >= last
                now = await touch(network, scene, alert)
                assert (await reader.news()).id == now


async def test_a_ledger_that_was_restored_is_never_taken_for_the_one_before(
    network: Network, settings: Settings, tmp_path: Path, clock: MovableClock
) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    backup = await touch(network, scene, alert)
    async with serve_live(network, settings, tmp_path) as api:
        token = await api.token(scene.coordinator)
        last = await touch(network, scene, alert, 5)
        before = await _from(api, token, backup - 1, last)
    clock.move(timedelta(minutes=1))
    await restore(network.database, backup)
    # The positions are the same again, and more; what stands there is not.
    now = await touch(network, scene, alert, 10)
    async with serve_live(network, settings, tmp_path) as api:
        for lost in before[1:]:
            async with following(api, token, Last_Event_ID=lost.place) as reader:
                assert (await reader.news()).what == ("reset", "")
        # What the backup has is the same, and nothing is missed after it.
        after = await _from(api, token, before[0].place, now)
        assert [each.id for each in after] == list(range(backup + 1, now + 1))
        assert not {each.place for each in after} & {each.place for each in before}


@pytest.mark.parametrize("after", ["-1", "x", "1.5", str(2**63), "9" * 400, "1.5f3a9c0", "1.5F3A9C01", ".5f3a9c01"])
@pytest.mark.parametrize("place", ["query", "header"])
async def test_what_is_no_position_is_refused_in_clear_words(
    network: Network, settings: Settings, tmp_path: Path, after: str, place: str
) -> None:
    office = await network.office()
    async with serve_live(network, settings, tmp_path) as api:
        token = await api.token(office.worker)
        if place == "query":
            answer = await api.ask("GET", f"/api/stream?after={after}", token=token)
        else:
            answer = await api.ask("GET", "/api/stream", token=token, headers={"Last-Event-ID": after})
        assert answer.require_problem(400)["detail"] == "The field after is not as expected."
        assert (await api.ask("GET", "/api/stream")).require_problem(401)
        assert api.services.feed.streams == 0


async def test_two_processes_tell_the_same(network: Network, settings: Settings, tmp_path: Path) -> None:
    scene = await network.scene()
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(serve_live(network, settings, tmp_path)) for _ in range(2)]
        readers = [
            await stack.enter_async_context(following(api, await api.token(person)))
            for api, person in zip(apis, (scene.coordinator, scene.member), strict=True)
        ]
        alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
        for _ in range(5):
            async with asyncio.TaskGroup() as tasks:
                for number in range(4):
                    tasks.create_task(touch(network, scene, alert, number % 2 + 1))
        last = await ledger.position(network.database)
        told = [await _up_to(reader, last) for reader in readers]
        assert [each.id for each in told[0]] == [each.id for each in told[1]] == list(range(last - 30, last + 1))


async def test_a_database_that_was_away_costs_nothing(
    network: Network, settings: Settings, tmp_path: Path, database_url: str
) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    parts = urlsplit(database_url)
    async with tunnel(parts.hostname or "", parts.port or 0) as line:
        through = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{line.port}").geturl()
        async with (
            databases.connect(through, connections=2, urgent_connections=1) as far,
            serve_live(network, settings, tmp_path, feed_database=far) as api,
            following(api, await api.token(scene.coordinator)) as reader,
        ):
            before = await touch(network, scene, alert)
            assert (await reader.news()).id == before
            line.cut()
            await touch(network, scene, alert, 3)
            # Nobody is told that nothing was missed while that cannot be known.
            await until(lambda: not api.services.feed.following)
            await api.services.feed.assure()
            line.mend()
            last = await touch(network, scene, alert)
            told = [await reader.next() for _ in range(4)]
            assert [each and (each.name, each.id) for each in told] == [
                ("change", position) for position in range(before + 1, last + 1)
            ]


async def test_a_feed_that_fails_leaves_the_api_running_and_goes_on(
    network: Network, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.live.feed.RETRY_SECONDS", 0.01)
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    async with serve_live(network, settings, tmp_path) as api:
        token = await api.token(scene.coordinator)
        async with following(api, token) as reader:
            async with network.database.transaction() as tx:
                await tx.run("ALTER TABLE ledger RENAME TO kept")
            await until(lambda: not api.services.feed.following)
            assert (await api.ask("GET", "/api/me", token=token)).status == 200
            async with network.database.transaction() as tx:
                await tx.run("ALTER TABLE kept RENAME TO ledger")
            last = await touch(network, scene, alert)
            assert (await reader.news()).id == last


async def test_whoever_is_excluded_in_the_middle_hears_nothing_more_of_the_case(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    async with serve_live(network, settings, tmp_path) as api:
        token = await api.token(scene.member)
        async with following(api, token) as reader, following(api, await api.token(scene.coordinator)) as leader:
            before = await touch(network, scene, alert)
            assert (await reader.news()).id == before
            await network.cases.exclude(scene.coordinator, scene.case.id, scene.member.id)
            await touch(network, scene, alert, 5)
            await network.agencies.unseat(_some(scene.police.desk_id), scene.police.officers[1].id)
            heard = await reader.until("duty_left")
            assert {each.what for each in heard[:-1]} == {("access", "")}
            assert all(each.data == {} for each in heard[:-1])
            assert "person_excluded" in {each.what[1] for each in await leader.until("duty_left")}
        last = await touch(network, scene, alert, 5)
        async with following(api, token, after=before) as reader:
            # Coming back, too: access is judged when it is told.
            assert [each.what for each in await reader.until("duty_left")] == [each.what for each in heard]
            await network.agencies.seat(_some(scene.police.desk_id), scene.police.officers[1].id)
            assert (await reader.news()).id == last + 1


async def test_whoever_was_called_and_is_excluded_hears_nothing_more_of_the_alert(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    officer = scene.police.officer
    async with serve_live(network, settings, tmp_path) as api, following(api, await api.token(officer)) as reader:
        alert = await network.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
        assert (await reader.news()).what == ("change", "alert_raised")
        await network.cases.exclude(scene.coordinator, scene.case.id, officer.id)
        assert (await reader.news()).what == ("access", "")
        await touch(network, scene, alert, 5)
        await network.agencies.unseat(_some(scene.police.desk_id), scene.police.officers[1].id)
        assert (await reader.news()).what == ("change", "duty_left")


async def test_an_excluded_stranger_does_not_learn_of_it(network: Network, settings: Settings, tmp_path: Path) -> None:
    scene = await network.scene()
    async with (
        serve_live(network, settings, tmp_path) as api,
        following(api, await api.token(scene.stranger)) as reader,
    ):
        await network.cases.exclude(scene.coordinator, scene.case.id, scene.stranger.id)
        await network.agencies.unseat(_some(scene.elsewhere.desk_id), scene.elsewhere.officer.id)
        assert (await reader.news()).what == ("change", "duty_left")


async def test_whoever_is_added_or_removed_is_told_to_load_anew(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    newcomer = scene.shelter.workers[1]
    async with serve_live(network, settings, tmp_path) as api, following(api, await api.token(newcomer)) as reader:
        await network.cases.add_member(scene.coordinator, scene.case.core.id, newcomer.id)
        assert (await reader.news()).what == ("access", "")
        await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
        assert (await reader.news()).what == ("change", "level_set")
        await network.cases.remove_member(scene.coordinator, scene.case.core.id, newcomer.id)
        assert (await reader.news()).what == ("access", "")
        await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
        circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
        await network.cases.add_member(scene.coordinator, circle.id, newcomer.id)
        # The circle was opened a moment before: it is judged when it is told.
        assert (await reader.until("access"))[-1].data == {}


async def test_whose_desk_covers_no_more_loads_anew_and_so_does_whose_covers_now(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    police, former, later = scene.police, scene.elsewhere, scene.ngo
    for each in police.officers:
        await network.agencies.unseat(_some(police.desk_id), each.id)

    async def cover(desk_id: DeskId | None, *, always: bool = False) -> None:
        await network.agencies.open_desk(police.agency.id, always_staffed=always, covered_by=desk_id)

    async with (
        serve_live(network, settings, tmp_path) as api,
        following(api, await api.token(former.officer)) as reader,
        following(api, await api.token(later.officer)) as successor,
        following(api, await api.token(scene.stranger)) as colleague,
    ):
        await cover(former.desk_id)
        assert (await reader.news()).what == ("access", "")
        await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
        assert (await reader.news()).what == (await successor.news()).what == ("change", "alert_raised")
        assert await network.alerts.see_all(former.officer)
        await cover(later.desk_id)
        assert not await network.alerts.see_all(former.officer)
        assert (await reader.news()).what == (await successor.news()).what == ("access", "")
        # Where nothing changes in that, nobody's rights do.
        await cover(later.desk_id, always=True)
        assert (await successor.news()).what == ("change", "desk_opened")
        await network.agencies.seat(_some(former.desk_id), scene.stranger.id)
        assert (await reader.news()).what == ("change", "duty_taken")
        assert (await colleague.news()).what == ("access", "")


async def test_an_older_proxy_gets_the_stream_unchunked(network: Network, settings: Settings, tmp_path: Path) -> None:
    scene = await network.scene()
    async with serve_live(network, settings, tmp_path) as api, asyncio.timeout(PATIENCE_SECONDS):
        request = f"GET /api/stream HTTP/1.0\r\nAuthorization: Bearer {await api.token(scene.coordinator)}\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", api.services.settings.api_port)
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert "chunked" not in head.lower()
        assert (await reader.readuntil(b"\n\n")).startswith(b"event: alive\nid: ")
        await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
        assert (await reader.readuntil(b"\n\n")).startswith(b"event: change\nid: ")
        writer.close()


async def _from(api: ServedApi, token: str, after: int | str, last: int) -> list[Heard]:
    async with following(api, token, after=after) as reader:
        return await _up_to(reader, last)


async def _up_to(reader: Reader, last: int) -> list[Heard]:
    found = [await reader.news()]
    while found[-1].id != last:
        found.append(await reader.news())
    return found


def _some(desk_id: DeskId | None) -> DeskId:
    assert desk_id is not None
    return desk_id
