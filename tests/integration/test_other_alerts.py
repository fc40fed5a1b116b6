"""Another alert than panic: raised by words in a room and on the command line, and how grave it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import aiohttp
import pytest

from alerts.cap import INSTRUCTIONS, Urgency, urgency_of
from alerts.vocabulary import (
    CATEGORY_OF_EVENT,
    RAISED_BY_CLOCKS,
    RESPONSE_TO_EVENT,
    Certainty,
    Event,
    Severity,
    StandDownReason,
    Status,
    Through,
)
from bots.rooms.occupants import Occupants
from bots.talk.flood import PER_MINUTE
from bots.talk.handling import Handling
from bots.wire.homeserver import Homeserver
from bots.words import happenings
from bots.words.happenings import Happening
from cases.model import Case, Part
from core.database import Database
from core.ids import new_id
from core.settings import Settings
from core.texts import render
from safety_plans.model import Level
from tests import outgoing
from tests.clock import MovableClock
from tests.commands import streha
from tests.people import Network, Scene
from tests.served import ServedApi
from tests.talk import BOT, Talk, house_of

pytest_plugins = ("tests.fixtures_api",)

LESS_THAN_HIGH = {Level.MEDIUM, Level.LOW}


@pytest.fixture
async def other(network: Network, scene: Scene) -> Case:
    """Let the same people have another case."""
    return await network.case(scene.coordinator, {scene.police: Part.RESPONDER}, [scene.member])


@pytest.fixture
async def talk(database: Database, clock: MovableClock, settings: Settings, other: Case) -> AsyncIterator[Talk]:
    """Let people write in the rooms of the scene."""
    assert other.open
    async with aiohttp.ClientSession() as session:
        occupants = Occupants(Homeserver("http://127.0.0.1:9", session))
        handling = Handling(database, clock, settings, occupants, BOT)
        yield Talk(handling=handling, house=await house_of(database, clock), database=database, clock=clock)


@pytest.mark.parametrize("what", list(Happening))
async def test_two_words_in_the_channel_raise_what_they_say(
    talk: Talk, scene: Scene, network: Network, what: Happening
) -> None:
    await talk.say(scene.member, scene.case.core.id, f"uzbuna {happenings.word(what, 'sr-Latn')}")
    (view,) = await network.alerts.see_all(scene.coordinator)
    alert = view.alert
    assert (alert.event, alert.raised_by, alert.raised_through) == (what.event, scene.member.id, Through.CHANNEL)
    assert alert.status is Status.ACTUAL
    # Nobody has assessed the case yet: that counts as high.
    grave = {Event.PANIC, Event.LOCATION_COMPROMISED, Event.MISSING_PERSON}
    calm = Severity.MODERATE if what is Happening.DEVICE_LOST else Severity.SEVERE
    assert alert.severity is (Severity.EXTREME if what.event in grave else calm)


@pytest.mark.parametrize("level", [None, Level.LOW, Level.MEDIUM, Level.HIGH, Level.VERY_HIGH])
@pytest.mark.parametrize("child", [False, True])
async def test_who_is_missing_is_extreme_where_it_is_a_child_or_the_risk_is_not_known_to_be_less_than_high(
    network: Network, scene: Scene, level: Level | None, child: bool  # noqa: FBT001
) -> None:  # fmt: skip
    if level is not None:
        await network.reviews.set_level(scene.coordinator, scene.case.id, level)
    raising = network.alerts.raise_(
        scene.member, scene.case.core.id, uuid4(), event=Event.MISSING_PERSON, child=child
    )  # fmt: skip
    calm = level in LESS_THAN_HIGH and not child
    assert (await raising).alert.severity is (Severity.SEVERE if calm else Severity.EXTREME)
    # Nothing else is worse for it.
    elsewhere = await network.case(scene.coordinator, {scene.police: Part.RESPONDER}, [scene.member])
    raising = network.alerts.raise_(scene.member, elsewhere.core.id, uuid4(), event=Event.HEALTH, child=child)
    assert (await raising).alert.severity is Severity.SEVERE


async def test_a_missing_child_in_a_case_of_low_risk_calls_everybody_by_its_words(
    talk: Talk, scene: Scene, network: Network
) -> None:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    await talk.say(scene.member, scene.case.core.id, "alert missing person")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert view.alert.severity is Severity.SEVERE
    await talk.say(scene.member, scene.case.core.id, "alert missing child")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert (view.alert.severity, view.alert.ladder) == (Severity.EXTREME, 2)


async def test_what_is_not_understood_is_said_not_to_be_raised(
    talk: Talk, scene: Scene, network: Network, settings: Settings
) -> None:
    channel = scene.case.core.id
    await talk.say(scene.member, channel, "alert folowed")
    assert "NOT raised. Did you mean: alert followed?" in await talk.last(settings)
    await talk.say(scene.member, channel, "alert they throw stones")
    assert "NOT raised. In danger write: panic." in await talk.last(settings)
    await talk.say(scene.member, channel, "alert")
    assert "\nalert missing child: missing child\n" in await talk.last(settings)
    assert await network.alerts.see_all(scene.coordinator) == []


async def test_where_several_cases_may_be_meant_both_words_and_codename_are_asked_for(
    talk: Talk, scene: Scene, network: Network, settings: Settings, other: Case
) -> None:
    await talk.say(scene.member, scene.member.id, "uzbuna pretnja")
    asked = await talk.last(settings)
    assert "NOT raised yet" in asked
    for codename in (scene.case.codename, other.codename):
        assert f"alert threat {codename}" in asked
    await talk.say(scene.member, scene.member.id, f"alert threat {other.codename}")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert (view.alert.case_id, view.alert.event) == (other.id, Event.THREAT_RECEIVED)


async def test_from_a_device_that_could_not_be_checked_it_is_raised_not_verified(
    talk: Talk, scene: Scene, network: Network
) -> None:
    await talk.say(scene.member, scene.case.core.id, "alert location", bound=False)
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert (view.alert.event, view.alert.certainty) == (Event.LOCATION_COMPROMISED, Certainty.UNKNOWN)
    assert (view.alert.severity, view.alert.raised_by) == (Severity.SEVERE, None)


async def test_no_flood_of_words_keeps_it_back(talk: Talk, scene: Scene, network: Network) -> None:
    for _ in range(PER_MINUTE + 1):
        await talk.say(scene.member, scene.case.core.id, "help")
    await talk.say(scene.member, scene.case.core.id, "alert followed")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert view.alert.event is Event.BEING_FOLLOWED


async def test_written_twice_it_is_one_and_in_the_words_of_another_type_it_joins(
    talk: Talk, scene: Scene, network: Network, database: Database
) -> None:
    await talk.say(scene.member, scene.case.core.id, "alert threat")
    await talk.say(scene.member, scene.case.core.id, "alert premises")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert view.alert.event is Event.THREAT_RECEIVED
    async with database.reading() as look:
        told = await look.rows("SELECT parameters FROM outbox WHERE template = 'alert_raised_again'")
    assert {each["parameters"]["event"] for each in told} == {"premises_incident"}


async def test_on_the_command_line_each_type_is_raised_and_told_with_its_category(api: ServedApi) -> None:
    scene = await api.network.scene()
    key = api.key_path(scene.coordinator)
    for event in set(Event) - {Event.DURESS} - RAISED_BY_CLOCKS:
        case = await api.network.case(scene.coordinator, {scene.police: Part.RESPONDER})
        told = await streha("alert", "raise", case.codename, "--event", event, "--once", "--key", key)
        assert (told.code, "STORED" in told.out) == (0, True)
        (shown,) = [
            each for each in (await streha("alert", "list", "--json", "--key", key)).json
            if each["codename"] == case.codename
        ]  # fmt: skip
        assert shown["event"] == event
        assert (shown["category"], shown["response_type"]) == (CATEGORY_OF_EVENT[event], RESPONSE_TO_EVENT[event])
        assert (shown["urgency"], shown["first_severity"]) == (urgency_of(event), shown["severity"])
        assert shown["instruction"] == INSTRUCTIONS[event]
        assert shown["onset"] == (shown["sent"] if urgency_of(event) is Urgency.IMMEDIATE else None)


async def test_what_to_do_first_is_told_in_the_language_of_whoever_asks(api: ServedApi) -> None:
    scene = await api.network.scene()
    key = api.key_path(scene.police.officer)
    told = INSTRUCTIONS[Event.MISSING_PERSON]
    for status in (Status.EXERCISE, Status.ACTUAL):
        view = await api.network.alerts.raise_(
            scene.coordinator, scene.case.core.id, new_id(), event=Event.MISSING_PERSON, status=status
        )
        shown = await streha("alert", "show", view.alert.id, "--key", key, environment={"STREHA_LANGUAGE": "sr-Cyrl"})
        assert (render(told, "sr-Cyrl") in shown.out) is (status is Status.ACTUAL), shown
        accepted = await streha("alert", "ack", view.alert.id, "--key", key)
        assert (told in accepted.out) is (status is Status.ACTUAL), accepted
    async with api.client(scene.police.officer, language="sr-Latn") as client:
        found = {each.status: each for each in await client.alerts()}
    assert found["Actual"].instruction == render(told, "sr-Latn")
    assert found["Exercise"].instruction is None
    await api.network.alerts.stand_down(scene.police.officer, view.alert.id, StandDownReason.SAFE)
    async with api.client(scene.police.officer) as client:
        over = await client.alert(view.alert.id)
    assert (over.expires, over.stood_down_at is None) == (over.stood_down_at, False)


async def test_on_the_command_line_a_child_is_said_to_be_one(api: ServedApi) -> None:
    scene = await api.network.scene()
    key, codename = api.key_path(scene.coordinator), scene.case.codename
    await api.network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    raising = ("alert", "raise", codename, "--event", "missing_person", "--once", "--key", key)
    for more, severity in (((), "Severe"), (("--child",), "Extreme")):
        assert (await streha(*raising, *more)).code == 0
        assert (await streha("alert", "show", codename, "--json", "--key", key)).json["severity"] == severity


async def test_whoever_raised_it_hears_alone_that_it_was_raised_and_who_accepts(
    talk: Talk, scene: Scene, network: Network, database: Database
) -> None:
    """The channel in which it was written is not called yet: silence there would leave them alone with it."""
    await talk.say(scene.member, scene.case.core.id, "alert followed")
    own = [each for each in await outgoing.said(database) if each.target.id == scene.member.id]
    assert [each.template for each in own] == ["alert_details"]
    assert not own[0].mentions
    (view,) = await network.alerts.see_all(scene.coordinator)
    await network.alerts.acknowledge(scene.welfare.officer, view.alert.id)
    own = [each for each in await outgoing.said(database) if each.target.id == scene.member.id]
    assert own[-1].template == "alert_accepted"
