"""Two who meet somebody at a station are followed: silently told, led elsewhere, and nobody waits where it was known.

Scenario 1, with invented people, on the real stack: a circle of four, sealed words, and the commands as people type
them. Where she was to sleep stands in what is sealed, and nowhere else that anybody could take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from agencies.model import AgencyKind
from alerts.model import State
from alerts.vocabulary import Event, StandDownReason
from cases.model import CompartmentId
from core.outbox import Target, TargetKind
from deploy.witness import Witness
from operations.brief import blank
from operations.templates import templates
from tests.acceptance.conftest import Town
from tests.acceptance.founded_town import Typing, chained, founded_town
from tests.acceptance.phones import phone_of
from tests.acceptance.taken import Searched, fetched, files_of, rows_of, rows_of_homeserver
from tests.console.test_ways import go
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

LENA, HIM = "Lena Primer", "Goran Primer"
MARK = "Kalinovac-lane-"
FIRST_PLACE, OTHER_PLACE = f"{MARK}17", "City police, the gate in the yard"
CIRCLE = ("ana", "nina", "lena", "sara")
# A colleague in the case, who is barred from it, and who has no part in it at all.
OUTSIDE = ("mila", "goran", "marko")


async def test_followed_led_elsewhere_and_the_first_place_stands_nowhere(tmp_path: Path) -> None:
    async with founded_town(tmp_path, {"lena": AgencyKind.NGO, "goran": AgencyKind.NGO}) as (town, types):
        case = await town.open_case()
        name = case.codename
        await types.done("ana", "case", "member", "add", name, LENA)
        opened = await types.done("ana", "case", "compartment", "open", name, "--member", "Nina Gaj",
                                  "--member", LENA, "--member", "Sara Kesten", "--json")  # fmt: skip
        circle = opened.json["codename"]
        assert (await types("ana", "compartment", "open", name, "--yes")).code == 0
        await types.done("ana", "compartment", "open", circle, "--deputy", "Nina Gaj", "--yes")
        await types.done("ana", "case", "exclude", name, HIM, "--yes")
        for each in (name, circle):
            await types.done("ana", "compartment", "keys", each, "--yes")
        way, brief = await _planned(town, types, tmp_path, circle)

        room = await town.network.room_of(Target(kind=TargetKind.COMPARTMENT, id=UUID(opened.json["id"])))
        inside = {each: await town.witness(each) for each in CIRCLE}
        outside = {each: await town.witness(each) for each in OUTSIDE}
        petar, police = await town.witness("petar"), await town.duty_room(AgencyKind.POLICE)
        for witness in inside.values():
            await witness.joined(room)
        await petar.joined(police)
        await outside["mila"].joined(await town.channel(case))
        since = {each: len(each.messages) for each in (*inside.values(), *outside.values(), petar)}

        # Not ready is told, and the coordinator takes it upon her. They are at the station, and have met them.
        assert (await types("ana", "operation", "ready", way["codename"])).code in {0, 1}
        await types.done("ana", "operation", "go", way["codename"], "--despite", "seen_to")
        await inside["lena"].wait_for(f"{way['codename']}: GO", room, PATIENCE_SECONDS)
        for words in ("ready to go", "on the way, at the point that was agreed"):
            await inside["lena"].send(room, f"op {way['codename']} ok")
            await inside["sara"].wait_for(f"{words}, confirmed by", room, PATIENCE_SECONDS, after=since[inside["sara"]])
            town.network.move_clock(timedelta(minutes=3))

        # A car follows them. One writes two words in the channel.
        await inside["lena"].send(room, "alert followed")
        told = await petar.wait_for("being followed", police, PATIENCE_SECONDS, after=since[petar])
        await petar.wait_for(f"ack {circle}", police, PATIENCE_SECONDS, after=since[petar])
        await petar.send(police, f"ack {circle}")
        await petar.wait_for(f"{circle}: accepted", police, PATIENCE_SECONDS, after=since[petar])
        # Whoever raised it hears alone who accepted, in the language of her agency.
        alone = await town.direct_room("lena")
        accepted = await inside["lena"].wait_for(f"{circle}: prijem potvrđen", alone, PATIENCE_SECONDS)
        assert town.person("petar").name in accepted.body
        (view,) = await town.alerts.open_for(town.person("petar"), [CompartmentId(UUID(opened.json["id"]))])
        assert (view.alert.event, view.alert.for_duress) == (Event.BEING_FOLLOWED, False)
        assert view.alert.has_acknowledged(town.person("petar").id)
        assert view.alert.state in {State.OPEN, State.ACCEPTED}
        assert way["codename"] not in told.body

        # To the other place: one tap on a phone. Everybody in the circle reads that nobody waits at the first, the
        # shelter's worker too. That they got away is one more tap.
        async with phone_of(town, "nina") as phone:
            await go(phone)
            await phone.button("To the other place…").tap()
            await phone.button("Yes, to the other place").tap()
            for witness in inside.values():
                led = await witness.wait_for(
                    f"{way['codename']}: DIVERTED", room, PATIENCE_SECONDS, after=since[witness]
                )
                assert "Nobody waits at the first" in led.body
                assert led.shield == "none"
            assert OTHER_PLACE in (await types.done("nina", "record", "get", circle, brief)).out
            town.network.move_clock(timedelta(minutes=3))
            away = phone.like("Reached: {step}", step=phone.words("out again, nobody follows"))
            await phone.page.get_by_role("button", name=away).tap()
            words = "out again, nobody follows, confirmed by"
            await inside["ana"].wait_for(words, room, PATIENCE_SECONDS, after=since[inside["ana"]])

        # At the other place, and home: who went is awaited too.
        for words in ("arrived", "everybody home and safe"):
            town.network.move_clock(timedelta(minutes=3))
            await inside["nina"].send(room, f"op {way['codename']} ok")
            await inside["ana"].wait_for(f"{words}, confirmed by", room, PATIENCE_SECONDS, after=since[inside["ana"]])
        await inside["sara"].wait_for("everybody is home", room, PATIENCE_SECONDS, after=since[inside["sara"]])
        await town.alerts.stand_down(town.person("petar"), view.alert.id, StandDownReason.SAFE)

        _read_nothing(outside, since, way["codename"], circle)
        await _asked_in_vain(types, way, circle, brief)
        await _who_knew_and_who_looked(types, circle, brief)

        # The next day they talk about it; whoever leads it is asked to.
        home = await types.done("ana", "operation", "show", way["codename"], "--json")
        town.network.move_clock(
            msgspec.convert(home.json["ends_at"], type=type(town.network.clock.now())) - town.network.clock.now()
            + timedelta(days=1, minutes=1)
        )  # fmt: skip
        await inside["ana"].wait_for("talk with everybody who went", room, PATIENCE_SECONDS)
        await inside["ana"].send(room, f"op {way['codename']} ok")
        await inside["nina"].wait_for("talked about afterwards, confirmed by", room, PATIENCE_SECONDS)
        _read_nothing(outside, since, way["codename"], circle)
        read = [each.body for witness in (*inside.values(), *outside.values(), petar) for each in witness.messages]
        assert not [body for body in read if MARK in body]
        taken = {
            "metrics": [(await fetched(url)).encode() for url in town.network.metrics_urls.values()],
            "rows of Streha": [each async for each in rows_of(town.network.database)],
            "rows of the homeserver": await rows_of_homeserver(town.network),
        }
    found = Searched(places=taken | dict(files_of(tmp_path / "town")))
    assert found.places.keys() >= taken.keys() | {"logs", "postgres", "bot"}
    assert found.places_of(MARK.encode(), OTHER_PLACE.encode()) == set()
    # What is searched is where it would be: the codename is there.
    assert found.places_of(way["codename"].encode()) >= {"rows of Streha"}


async def _planned(town: Town, types: Typing, folder: Path, circle: str) -> tuple[dict[str, Any], str]:
    """Plan the way, approved, with its sealed brief; return it and the brief's record."""
    card = folder / "card.txt"
    card.write_text(f"who: a woman and a child\nwhere: {FIRST_PLACE}\nring: Nina Gaj\nrules: no uniforms\n")
    await types.done("petar", "card", "key", folder / "desk.key")
    await types.done("ana", "card", "put", circle, "--file", card, "--yes")
    begins = town.network.clock.now() + timedelta(minutes=20)
    planned = await types.done(
        "ana", "operation", "plan", circle, "reception_at_station_or_airport", "--begins", begins.isoformat(),
        "--confirm", "Nina Gaj", "--confirm", LENA, "--buddy", "Sara Kesten", "--json",
    )  # fmt: skip
    name = planned.json["codename"]
    text = folder / "brief.txt"
    # Every heading ends its line, and is to be filled in.
    headings = blank(templates()["reception_at_station_or_airport"], "en", name)
    text.write_text(headings.replace(":\n", f": the last bus; {FIRST_PLACE}; the other place: {OTHER_PLACE}\n"))
    brief = (await types.done("ana", "record", "put", circle, "--kind", "brief", "--file", text, "--json")).json
    ready = (await types.done("ana", "operation", "ready", name, "--brief", "--json")).json
    assert ready["brief"] == {"found": True, "empty": []}
    await types.done("ana", "operation", "approve", name)
    return planned.json, brief["record"]


def _read_nothing(outside: Mapping[str, Witness], since: Mapping[Witness, int], *words: str) -> None:
    """See that whoever is not in the circle has read none of these words, nor that anybody was led elsewhere."""
    for name, witness in outside.items():
        heard = [each.body for each in witness.messages[since[witness] :]]
        assert not [body for body in heard if any(each in body for each in (*words, "DIVERTED"))], (name, heard)


async def _asked_in_vain(types: Typing, way: Mapping[str, Any], circle: str, brief: str) -> None:
    """See that to those outside neither way nor brief exist."""
    for name in OUTSIDE:
        assert (await types.done(name, "operation", "list", "--json")).json == [], name
        for asked in (("operation", "show", way["operation"]), ("record", "get", circle, brief)):
            ran = await types(name, *asked)
            assert (ran.code, MARK in ran.out + ran.err) == (1, False), (name, ran)


async def _who_knew_and_who_looked(types: Typing, circle: str, brief: str) -> None:
    """Let who leads the circle ask: four could have known, and of them one fetched the brief."""
    row = await chained(types, "ana", circle, "Nina Gaj")
    assert row["could_have_known"]
    everybody: Sequence[dict[str, Any]] = (await types.done("ana", "known", circle, "--json")).json["people"]
    knew = {each["who"] for each in everybody if each["could_have_known"]}
    assert all(any(person in who for who in knew) for person in ("Ana Breza", "Nina Gaj", LENA, "Sara Kesten"))
    assert len(knew) == len(CIRCLE)
    looked = {each["who"] for each in everybody if "record_fetched" in {one["act"] for one in each["fetched"]}}
    assert any("Nina Gaj" in who for who in looked)
    assert not any(person in who for who in looked for person in (LENA, "Sara Kesten"))
    assert brief
