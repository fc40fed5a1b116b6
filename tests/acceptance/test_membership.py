"""The room holds exactly the members: who leaves is out before anything more is said, who is excluded hears nothing."""

from __future__ import annotations

import asyncio

import pytest

from agencies.model import AgencyKind, Role
from agencies.service import Agencies
from cases.model import Case
from core.ids import new_id
from crypto import signing
from operations.closing import Closing
from tests.acceptance.conftest import Town, rings
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow


async def test_a_channel_is_made_as_it_must_be(town: Town) -> None:
    case = await town.open_case()
    room = await town.channel(case)
    ana = await town.witness("ana")
    await ana.joined(room)
    bot = "@streha:" + town.network.stack.addresses.server_name
    assert await ana.state(room, "m.room.name") == {"name": case.codename}
    assert await ana.state(room, "m.room.topic") is None
    assert await ana.state(room, "m.room.history_visibility") == {"history_visibility": "joined"}
    assert await ana.state(room, "m.room.guest_access") == {"guest_access": "forbidden"}
    assert await ana.state(room, "m.room.join_rules") == {"join_rule": "invite"}
    created = await ana.state(room, "m.room.create")
    assert created is not None
    assert (created["room_version"], created["m.federate"]) == ("11", False)
    encryption = await ana.state(room, "m.room.encryption")
    assert encryption is not None
    assert encryption["algorithm"] == "m.megolm.v1.aes-sha2"
    levels = await ana.state(room, "m.room.power_levels")
    assert levels is not None
    assert levels["users"] == {bot: 100}
    assert {levels[each] for each in ("invite", "kick", "ban", "redact", "state_default")} == {100}
    assert (levels["users_default"], levels["events_default"]) == (0, 0)


async def test_who_is_removed_is_out_before_the_next_word(town: Town) -> None:
    case = await town.open_case()
    room = await town.channel(case)
    ana, mila, sara = await town.witness("ana"), await town.witness("mila"), await town.witness("sara")
    for witness in (ana, mila, sara):
        await witness.joined(room, ana.user_id, mila.user_id, sara.user_id)
    await town.cases.remove_member(town.person("ana"), case.core.id, town.person("mila").id)
    await town.alerts.raise_(town.person("sara"), case.core.id, new_id())
    await ana.wait_for("ALERT", room)
    await mila.left(room)
    await ana.left(room, mila.user_id)
    assert not [each for each in mila.messages if each.room_id == room and each.sender != mila.user_id]
    assert not [each for each in mila.failures if each.room_id == room]
    assert town.person("mila").id not in {
        each.person_id for view in await town.alerts.open_for(town.person("ana"), [case.core.id])
        for each in view.alert.recipients
    }  # fmt: skip


async def test_a_duty_room_that_holds_an_excluded_person_is_not_used(town: Town) -> None:
    case = await town.open_case()
    luka = await town.witness("luka")
    duty_room = await town.duty_room(AgencyKind.SHELTER)
    await luka.joined(duty_room)
    await town.cases.exclude(town.person("ana"), case.id, town.person("luka").id)
    vesna = await town.witness("vesna")
    await vesna.joined(await town.direct_room("vesna"))
    before, before_vesna = len(luka.messages), len(vesna.messages)
    view = await town.alerts.raise_(town.person("ana"), case.core.id, new_id())
    assert town.person("luka").id not in {each.person_id for each in view.alert.recipients}
    # Nobody else sits at the desk, so its deputy is called at once and not only when it stayed silent.
    await vesna.wait_for(rings, after=before_vesna)
    heard = [each for each in luka.messages[before:] if each.sender != luka.user_id]
    assert not [each for each in heard if case.codename in each.body], heard
    assert await _rung_for(town, case, duty_room) == set()


async def _rung_for(town: Town, case: Case, room: str) -> set[str]:
    """Return what a room was sent about a case, by the database: a ring alone does not say what it is for."""
    async with town.network.database.transaction() as tx:
        rows = await tx.rows(
            "SELECT template FROM outbox JOIN matrix_sends ON outbox_id = id WHERE case_id = $1 AND room_id = $2",
            case.id,
            room,
        )
    return {row["template"] for row in rows}


async def test_who_is_excluded_hears_nothing_even_of_what_was_waiting_already(town: Town) -> None:
    case = await town.open_case()
    luka, duty_room = await town.witness("luka"), await town.duty_room(AgencyKind.SHELTER)
    await luka.joined(duty_room)
    await town.network.stop_role("bots")
    before = len(luka.messages)
    await town.alerts.raise_(town.person("mila"), case.core.id, new_id())
    await town.cases.exclude(town.person("ana"), case.id, town.person("luka").id)
    await town.network.start_role("bots")
    ana = await town.witness("ana")
    await ana.wait_for("ALERT", await town.channel(case))
    # A word in the same duty room that may be heard comes after what must not have been.
    other = await town.open_case()
    await town.alerts.raise_(town.person("mila"), other.core.id, new_id())
    await luka.wait_for(lambda each: other.codename in each.body, duty_room, after=before)
    assert not [each for each in luka.messages[before:] if case.codename in each.body]


async def test_a_new_member_is_invited_and_reads_what_follows(town: Town) -> None:
    case = await town.open_case()
    room = await town.channel(case)
    ana, petar = await town.witness("ana"), await town.witness("petar")
    await ana.joined(room)
    await town.cases.add_member(town.person("ana"), case.core.id, town.person("petar").id)
    await petar.joined(room)
    await ana.joined(room, petar.user_id)
    await ana.send(room, "Welcome, the bus arrives at noon.")
    await petar.wait_for("arrives at noon", room)


async def test_closing_a_case_ends_its_channel(town: Town) -> None:
    case = await town.open_case()
    room = await town.channel(case)
    ana, mila = await town.witness("ana"), await town.witness("mila")
    await ana.joined(room, mila.user_id)
    await mila.joined(room)
    await Closing(town.network.database, town.network.clock).close_case(town.person("ana"), case.id)
    await mila.wait_for("This room is closed", room)
    await mila.left(room)
    await ana.left(room)


async def test_a_member_without_an_account_does_not_silence_the_others(town: Town) -> None:
    agencies = Agencies(town.network.database, town.network.clock)
    nobody = await agencies.add_person(
        agency_id=town.person("ana").agency_id,
        name="Zlata Lipa",
        role=Role.PRACTITIONER,
        matrix_user="@zlata:elsewhere.invalid",
        signing_key=signing.public_key(signing.new_seed()),
    )
    case = await town.open_case()
    room = await town.channel(case)
    ana = await town.witness("ana")
    await ana.joined(room)
    await town.cases.add_member(town.person("ana"), case.core.id, nobody.id)
    view = await town.alerts.raise_(town.person("sara"), case.core.id, new_id())
    await ana.wait_for("ALERT", room)
    # The raiser is told whom the call cannot have reached.
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            seen = await town.alerts.see(town.person("sara"), view.alert.id)
            if any(nobody.id in each.unreached for each in seen.deliveries):
                break
            await asyncio.sleep(0.1)
