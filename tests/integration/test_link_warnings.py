"""Who is told that somebody cannot be reached any more, and of which alert: on a real database."""

from __future__ import annotations

import io
from uuid import uuid4

import pytest

from agencies.attestation import EndReason
from agencies.linking import end_by_operator
from agencies.model import Person, Role
from core import outbox
from core.outbox import Lane, TargetKind
from tests.clock import MovableClock
from tests.watched_town import Town

pytest_plugins = ("tests.fixtures_watched_town",)


async def test_where_an_agency_has_no_administrator_those_of_others_are_told(town: Town) -> None:
    alone = town.scene.stranger
    await town.confirmed(alone)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    town.signs_in(alone)
    device._directory.mark_changed([alone.matrix_user])
    await watch.look()
    await watch.look()
    assert {target for _kind, target, _template in await town.told()} == {town.administrator.id}


@pytest.mark.parametrize("by", ["administrator", "operator", "person", "departure"])
async def test_that_somebody_else_ended_a_link_is_told_once_to_whoever_can_ring(
    town: Town, clock: MovableClock, by: str, logged: io.StringIO
) -> None:
    scene, member = town.scene, town.scene.member
    second = await town.network.person(scene.police.agency, Role.ADMINISTRATOR)
    await town.confirmed(member)
    _device, watch = town.bot()
    await watch.begin()
    await watch.look()
    if by == "operator":
        async with town.database.transaction() as tx:
            await end_by_operator(tx, member.id, EndReason.COMPROMISED, clock.now())
    elif by == "departure":
        await town.network.depart(member)
    else:
        ender = town.administrator if by == "administrator" else member
        await town.network.linking.end(ender, member.id, EndReason.COMPROMISED)
    for _ in range(3):
        await watch.look()
    told = {scene.coordinator.id, scene.deputy.id, second.id}
    if by == "operator":
        told.add(town.administrator.id)
    elif by != "administrator":
        told.clear()
    assert await town.told("link_ended") == [
        (TargetKind.PERSON, each, template)
        for each in sorted(told)
        for template in ("reply_look_ring", "reply_link_ended")
    ]
    assert logged.getvalue().count('"link_ended_by_another"') == bool(told)


async def test_a_link_that_another_takes_the_place_of_is_nobodys_news(town: Town) -> None:
    member = town.scene.member
    town.signs_in(member).vouches = False
    await town.confirmed(member)
    _device, watch = town.bot()
    await watch.begin()
    await town.confirmed(member)
    await watch.look()
    assert await town.told("link_ended") == []


async def test_warnings_go_to_those_who_can_read_them(town: Town) -> None:
    scene, member = town.scene, town.scene.member
    elsewhere = await town.network.person(scene.ngo.agency, Role.ADMINISTRATOR)
    await town.network.person(scene.welfare.agency, Role.ADMINISTRATOR)
    for each in (member, scene.coordinator, elsewhere):
        await town.confirmed(each)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()

    async def told_when_changed(person: Person) -> set[object]:
        before = len(await town.told())
        town.signs_in(person)
        device._directory.mark_changed([person.matrix_user])
        await watch.look()
        await watch.look()
        return {target for _kind, target, _template in (await town.told())[before:]}

    assert await told_when_changed(member) == {scene.coordinator.id}
    # Neither the deputy nor an administrator of the agency can read: somebody who can link is told.
    assert await told_when_changed(scene.coordinator) == {elsewhere.id}


async def test_whoever_was_called_and_cannot_read_any_more_is_told_as_not_reached(
    town: Town, clock: MovableClock
) -> None:
    scene, member = town.scene, town.scene.member
    await town.confirmed(member)
    await town.confirmed(scene.coordinator)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    view = await town.network.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    async with town.database.transaction() as tx:
        called = await outbox.claim(tx, clock.now(), 100, Lane.ALERT)
        await outbox.mark_sent(tx, [(each.id, []) for each in called], clock.now())
    await watch.look()

    async def unreached() -> set[object]:
        (shown,) = await town.network.alerts.see_all(scene.coordinator)
        return {each for delivery in shown.deliveries for each in delivery.unreached}

    linked = {member.id, scene.coordinator.id}
    before = await unreached()
    assert not before & linked
    town.signs_in(member)
    device._directory.mark_changed([member.matrix_user])
    await watch.look()
    await watch.look()
    assert await unreached() - before == {member.id}
    # Boards hear of it, once.
    async with town.database.reading() as look:
        heard = "SELECT count(*) FROM ledger WHERE act = 'people_unreached' AND object_id = $1"
        assert await look.value(heard, view.alert.id) == 2


async def test_where_the_last_one_who_was_called_cannot_read_any_more_the_channel_hears_whom_to_ring(
    town: Town, clock: MovableClock
) -> None:
    scene = town.scene
    alone, (first, second) = scene.shelter.officer, scene.police.officers
    for each in (alone, first, second):
        await town.confirmed(each)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    view = await town.network.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    async with town.database.transaction() as tx:
        called = await outbox.claim(tx, clock.now(), 100, Lane.ALERT)
        await outbox.mark_sent(tx, [(each.id, []) for each in called], clock.now())

    async def told() -> list[tuple[object, object]]:
        await watch.look()
        async with town.database.reading() as look:
            rows = await look.rows(
                "SELECT target_id, parameters->>'agencies' AS agencies FROM outbox "
                "WHERE template = 'alert_not_delivered_to_desk' AND alert_id = $1 ORDER BY sequence", view.alert.id,
            )  # fmt: skip
        return [(row["target_id"], row["agencies"]) for row in rows]

    before = await told()
    channel = scene.case.core.id
    # One of two is lost: the other still reads the call.
    await town.network.linking.end(town.administrator, first.id, EndReason.LOST_DEVICE)
    assert await told() == before
    await town.network.linking.end(town.administrator, second.id, EndReason.LOST_DEVICE)
    assert await told() == [*before, (channel, str(scene.police.agency.id))]
    town.signs_in(alone)
    device._directory.mark_changed([alone.matrix_user])
    await watch.look()
    expected = [*before, (channel, str(scene.police.agency.id)), (channel, str(scene.shelter.agency.id))]
    assert await told() == expected
    # Once, whoever looks again.
    assert await told() == expected
