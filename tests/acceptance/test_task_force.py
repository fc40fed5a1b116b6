"""Once a month named people go through what is due: what they decide has owners and days, and is not forgotten.

Scenario 8, with invented people, on the real stack: the pack, the meeting's file, the level, the reminders, the next
pack.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.clock import SystemClock
from safety_plans.digests.rules import next_morning
from safety_plans.measures.rules import step_at
from tests.acceptance.conftest import Town
from tests.acceptance.founded_town import Typing, founded_town
from tests.clock import SERBIA, ZONE
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

DONE, OPEN = "A second lock for the door.", "Somebody goes with her to school."


async def test_a_monthly_meeting_decides_and_nothing_of_it_is_forgotten(tmp_path: Path) -> None:
    async with founded_town(tmp_path) as (town, types):
        case = await town.open_case()
        name, today = case.codename, SystemClock().now().astimezone().date()
        deadline = today + timedelta(days=5)
        room, alone = await town.channel(case), await town.direct_room("sara")
        ana, sara = await town.witness("ana"), await town.witness("sara")
        for witness, place in ((ana, room), (sara, room), (sara, alone)):
            await witness.joined(place)
        await types.done("ana", "compartment", "open", name, "--yes")
        await types.done("ana", "review", "level", name, "medium")

        # The pack is what is due, in every case of whoever prepares it.
        first = await _pack(types, "nina", name, until=deadline)
        assert (first["level"], first["unread"]) == ("medium", [])
        assert not [each for each in first["due"] if each["kind"] == "decision"]
        page = tmp_path / "page.html"
        await types.done("nina", "taskforce", "pack", "--out", page)
        assert name in page.read_text()

        # What is decided has somebody who decided it, an owner and a day, or it is not taken.
        blank = tmp_path / "blank.json"
        await types.done("ana", "taskforce", "template", name, "--out", blank)
        meeting: dict[str, Any] = msgspec.json.decode(blank.read_bytes())
        people = {each: str(town.person(each).id) for each in ("ana", "mila", "sara", "petar")}
        decided = {"by": [people["ana"], people["mila"]], "owner": people["sara"], "deadline": deadline.isoformat()}
        both = [{**decided, "what": DONE}, {**decided, "what": OPEN}]
        wrong = (
            {**decided, "what": DONE, "by": [people["petar"]]},
            {**decided, "what": DONE, "owner": people["petar"]},
            {"what": DONE, "by": decided["by"], "deadline": decided["deadline"]},
            {"what": DONE, "by": decided["by"], "owner": people["sara"]},
        )
        for number, each in enumerate(wrong):
            path = _written(tmp_path / f"wrong{number}.json", meeting, [each])
            refused = await types("ana", "taskforce", "decide", name, path)
            assert refused.code == 1, (each, refused)
        assert "No meeting" in (await types.done("sara", "taskforce", "decisions", name)).out
        await types.done("ana", "taskforce", "decide", name, _written(tmp_path / "first.json", meeting, both))
        seen = await types.done("mila", "taskforce", "decisions", name)
        assert all(each in seen.out for each in (DONE, OPEN, "Sara Kesten", "Mila Javor", deadline.isoformat())), seen

        # A lower level takes two people; a higher one does not.
        assert await _level(types, "ana", name, "low") == "medium"
        assert await _level(types, "ana", name, "low") == "medium"
        assert await _level(types, "mila", name, "low") == "low"
        assert await _level(types, "sara", name, "medium") == "medium"

        # The next pack shows both, and when one is done the other alone.
        assert sorted(await _open(types, name, deadline)) == sorted([(DONE, False), (OPEN, False)])
        both[0]["status"] = "done"
        await types.done("ana", "taskforce", "decide", name, _written(tmp_path / "second.json", meeting, both))
        assert await _open(types, name, deadline) == [(OPEN, False)]

        # Its owner is told in numbers on the working morning before, and reminded in time; never of what it is.
        since = {each: len(each.messages) for each in (ana, sara)}
        reminded = step_at(deadline, 0, SERBIA)
        _move_to(town, reminded)
        told = await sara.wait_for("something of the plan is to be done by", room, PATIENCE_SECONDS, after=since[sara])
        assert (name in told.body, "Sara Kesten" in told.body) == (True, True)
        await sara.wait_for(lambda each: sara.user_id in each.mentions, room, PATIENCE_SECONDS, after=since[sara])

        # The day passes. Those who lead hear that it was not done, and the risk is assessed again within three days.
        _move_to(town, step_at(deadline, 1, SERBIA))
        late = await ana.wait_for("something of the plan is OVERDUE", room, PATIENCE_SECONDS, after=since[ana])
        assert name in late.body
        overdue_at = town.network.clock.now()

        async with asyncio.timeout(PATIENCE_SECONDS):
            while (review := await _review(types, name))["reason"] != "measure":
                pass
        assert msgspec.convert(review["due_at"], datetime) <= overdue_at + timedelta(hours=72)
        _move_to(town, next_morning(town.network.clock.now(), ZONE, SERBIA.working))
        digest = await sara.wait_for("To be done of plans: 0, overdue: 1", alone, PATIENCE_SECONDS, after=since[sara])
        assert name not in digest.body
        for witness in (ana, sara):
            bodies = [each.body for each in witness.messages]
            assert not any(DONE in body or OPEN in body for body in bodies), bodies


def _written(path: Path, meeting: dict[str, Any], decisions: list[dict[str, Any]]) -> Path:
    path.write_bytes(msgspec.json.encode({**meeting, "decisions": decisions}))
    return path


def _move_to(town: Town, moment: datetime) -> None:
    town.network.move_clock(moment - town.network.clock.now() + timedelta(seconds=5))


async def _pack(types: Typing, by: str, codename: str, *, until: date) -> dict[str, Any]:
    """Return what the pack of a month has of a case."""
    packed = (await types.done(by, "taskforce", "pack", "--month", f"{until:%Y-%m}", "--json")).json
    (found,) = [each for each in packed["cases"] if each["codename"] == codename]
    return dict(found)


async def _open(types: Typing, codename: str, deadline: date) -> list[tuple[str, bool]]:
    """Return what the next pack has of what was decided: what, and whether it is overdue."""
    packed = await _pack(types, "nina", codename, until=deadline)
    due = [each for each in packed["due"] if each["kind"] == "decision"]
    assert all(each["owner"].startswith("Sara Kesten") for each in due), due
    return [(each["what"], each["overdue"]) for each in due]


async def _level(types: Typing, by: str, codename: str, level: str) -> str:
    """Let somebody record a level; return the one that then stands."""
    return str((await types.done(by, "review", "level", codename, level, "--json")).json["level"])


async def _review(types: Typing, codename: str) -> dict[str, Any]:
    found = (await types.done("ana", "review", "list", "--json")).json
    return dict(next(each for each in found if each["codename"] == codename))
