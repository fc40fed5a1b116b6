"""A father who may be the one she was taken from asks where his daughter is: he is on no list, and hears nothing.

Scenario 7, with invented people, on the real stack. He is an officer of the police, and sits at their duty desk.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from agencies.model import AgencyKind
from agencies.service import Agencies
from alerts.vocabulary import StandDownReason
from tests.acceptance.conftest import rings
from tests.acceptance.founded_town import chained, founded_town
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

FATHER = "Zoran Primer"


async def test_a_father_is_on_no_list_hears_nothing_and_that_he_asked_is_written_down(tmp_path: Path) -> None:
    async with founded_town(tmp_path, {"zoran": AgencyKind.POLICE}) as (town, types):
        case = await town.open_case()
        name = case.codename
        async with town.network.database.reading() as look:
            desk_id = await look.value(
                "SELECT id FROM duty_desks WHERE agency_id = $1", town.person("zoran").agency_id
            )  # fmt: skip
        await Agencies(town.network.database, town.network.clock).seat(desk_id, town.person("zoran").id)
        room, desk = await town.channel(case), await town.duty_room(AgencyKind.POLICE)
        alone, his = await town.direct_room("petar"), await town.direct_room("zoran")
        sara, petar, zoran = await town.witness("sara"), await town.witness("petar"), await town.witness("zoran")
        for witness, place in ((sara, room), (petar, desk), (petar, alone), (zoran, desk), (zoran, his)):
            await witness.joined(place)
        await types.done("ana", "compartment", "open", name, "--yes")
        await types.done("ana", "review", "level", name, "low")

        # He is barred before anybody could add him by mistake. Nobody but who leads learns that he is.
        since = {each: len(each.messages) for each in (sara, petar, zoran)}
        await types.done("ana", "case", "exclude", name, FATHER, "--yes")
        await types.done("ana", "compartment", "keys", name, "--yes")
        assert FATHER in (await types.done("ana", "case", "show", name)).out
        assert FATHER not in (await types.done("sara", "case", "show", name)).out
        refused = await types("ana", "compartment", "add", name, FATHER, "--yes")
        assert refused.code != 0, refused

        # She is in danger. His own desk is called, and its room is not used: his colleague is rung alone.
        await sara.send(room, "panic")
        await petar.wait_for(rings, alone, PATIENCE_SECONDS, after=since[petar])
        await petar.wait_for(name, alone, PATIENCE_SECONDS, after=since[petar])
        await petar.send(alone, f"ack {name}")
        await sara.wait_for(": accepted", room, PATIENCE_SECONDS, after=since[sara])
        for each in ("case", "review", "alert"):
            assert (await types.done("zoran", each, "list", "--json")).json == [], each

        # He asks, by what he read on somebody's desk: it is answered like what never was, in the room with the bot too.
        for asked in (("case", "show"), ("record", "list"), ("alert", "raise")):
            kept, never = await types("zoran", *asked, case.core.id), await types("zoran", *asked, uuid4())
            assert kept.code not in {0, 4}, kept
            assert (kept.code, kept.out, kept.err) == (never.code, never.out, never.err)
        kept, never = await types("zoran", "case", "show", case.id), await types("zoran", "case", "show", uuid4())
        assert (kept.code, kept.out, kept.err) == (1, never.out, never.err)
        answers = []
        for codename in (name, "never-was"):
            before = len(zoran.messages)
            await zoran.send(his, f"ack {codename}")
            answer = await zoran.wait_for(
                lambda each: each.sender != zoran.user_id, his, PATIENCE_SECONDS, after=before
            )
            answers.append(answer.body)
        assert answers == ["There is no open alert here that you were called for."] * 2

        # That he asked is written down, for those who lead.
        row = await chained(types, "ana", name, FATHER)
        assert {each["act"] for each in row["refused"]} == {"asked_while_barred"}
        assert (row["stays"], row["could_have_known"], row["fetched"]) == ([], {}, [])

        # He rings the shelter as well. Sara writes down what he said, and that it must be assessed within two hours.
        note = tmp_path / "note.txt"
        note.write_text("Her father rang, and asked for the house.")
        await types.done("sara", "record", "put", name, "--file", note)
        later = len(sara.messages)
        await types.done("sara", "review", "event", name, "2h")
        await sara.wait_for("after what happened the risk is to be assessed again", room, PATIENCE_SECONDS, after=later)
        (due,) = [
            each for each in (await types.done("ana", "review", "list", "--json")).json if each["codename"] == name
        ]  # fmt: skip
        assert msgspec.convert(due["due_at"], datetime) <= town.network.clock.now() + timedelta(hours=2)

        # Of all of it he has heard nothing: what he was told are the two answers to what he wrote himself.
        heard = [each for each in zoran.messages[since[zoran] :] if each.sender != zoran.user_id]
        assert [each.body for each in heard if each.room_id != his] == []
        assert [each.body for each in heard] == answers
        (view,) = await town.alerts.open_for(town.person("petar"), [case.core.id])
        await town.alerts.stand_down(town.person("petar"), view.alert.id, StandDownReason.SAFE)
