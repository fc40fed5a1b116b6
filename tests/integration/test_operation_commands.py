"""`streha operation` as people type it, against an API: planned by what is usual, approved, begun, said on the way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from agencies.model import Person
from tests.commands import Ran, streha
from tests.people import Scene
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)


class Typing:
    """Somebody at a terminal."""

    def __init__(self, api: ServedApi, person: Person) -> None:
        self._key = api.key_path(person)

    async def __call__(self, *arguments: object) -> Ran:
        ran = await streha(
            "operation", *arguments, "--key", self._key, environment={"LC_ALL": "en", "COLUMNS": "300"}
        )  # fmt: skip
        assert "Traceback" not in ran.err
        return ran

    async def ok(self, *arguments: object) -> str:
        ran = await self(*arguments)
        assert (ran.code, ran.err) == (0, ""), ran
        return ran.out

    async def json(self, *arguments: object) -> Any:
        ran = await self(*arguments, "--json")
        assert (ran.code, ran.err) == (0, ""), ran
        return ran.json


async def planned(api: ServedApi, scene: Scene, *more: str) -> tuple[Typing, Any, tuple[str, ...]]:
    """Let the coordinator plan a day at court that begins tomorrow."""
    buddy = await api.network.person(scene.shelter.agency)
    await api.network.cases.add_member(scene.coordinator, scene.case.core.id, buddy.id)
    begins = (api.network.clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    arguments = (
        "plan", scene.case.codename, "court_testimony", "--begins", begins, "--confirm", scene.member.name,
        "--confirm", scene.deputy.name, "--buddy", buddy.name, *more,
    )  # fmt: skip
    coordinator = Typing(api, scene.coordinator)
    return coordinator, await coordinator.json(*arguments), arguments


async def test_a_day_from_its_plan_to_its_end(api: ServedApi) -> None:
    scene = await api.network.scene()
    coordinator, plan, arguments = await planned(api, scene)
    member, name = Typing(api, scene.member), plan["codename"]
    assert (plan["status"], len(plan["steps"])) == ("planned", 8)
    assert name in await coordinator.ok("list")
    shown = await member.ok("show", name)
    assert "planned, to be approved" in shown
    assert "everybody home and safe" in shown

    # Nobody is on the way yet, and only who leads the case approves.
    assert "not under way" in (await member("ok", name)).err
    assert "Ask them." in (await member("approve", name)).err
    assert (await coordinator.json("approve", name))["status"] == "approved"
    # No bot is at work here, and nothing is assessed: nobody goes unless somebody takes that upon them.
    missing = await coordinator.json("ready", name)
    assert {each["what"] for each in missing["missing"] if each["hard"]} == {"level", "no_card", "not_known"}
    assert missing["exposed"] == len(scene.case.core.member_ids) + 1
    assert "the bot is not at work" in await coordinator.ok("ready", name)
    assert "--despite" in (await coordinator("go", name)).err
    assert (await coordinator.json("go", name, "--despite", "summoned"))["status"] == "go"
    assert "nothing was changed" in await coordinator.ok("go", name)
    reached = await member.json("ok", name)
    assert (reached["status"], reached["steps"][0]["confirmed_by"]) == ("in_progress", str(scene.member.id))
    assert (await member.json("ok", name))["known"]
    told = await coordinator.json("ok", name, "--step", 2, "--heard-from", scene.member.name)
    assert told["steps"][1]["heard_from"] == str(scene.member.id)
    assert (await member.json("delayed", name, 20))["delayed_minutes"] == 20
    assert (await member.json("dark", name, 60))["dark_until"] is not None
    assert "Telephones are off until" in await member.ok("show", name)
    assert (await member.json("divert", name))["status"] == "diverted"
    ended = await member.json("abort", name)
    assert (ended["status"], [each["passed"] for each in ended["steps"]][2:6]) == ("aborted", [True] * 4)
    assert "cannot be done" in (await coordinator("postpone", name)).err
    assert "still awaited" in (await coordinator("close", name)).err
    await coordinator.json("ok", name, "--step", 7, "--heard-from", scene.member.name)
    assert (await coordinator.json("close", name))["status"] == "closed"
    assert "is over" in (await coordinator(*arguments, "--again", name)).err


async def test_what_was_put_off_is_planned_anew_under_its_name(api: ServedApi) -> None:
    scene = await api.network.scene()
    coordinator, plan, arguments = await planned(api, scene)
    assert (await coordinator.json("postpone", plan["codename"]))["status"] == "postponed"
    anew = await coordinator.json(*arguments, "--again", plan["codename"])
    assert (anew["operation"], anew["status"]) == (plan["operation"], "planned")
    assert len(await coordinator.json("list")) == 1


async def test_the_kind_stays_here_and_the_brief_says_what_each_step_means(api: ServedApi, tmp_path: Path) -> None:
    scene = await api.network.scene()
    coordinator, plan, arguments = await planned(api, scene)
    assert "court" not in str(plan)
    path = tmp_path / "brief.txt"
    ran = await streha("operation", "brief", "court_testimony", "--out", path, environment={"LC_ALL": "en"})
    assert (ran.code, ran.err) == (0, "")
    assert "waiting room" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert "court_testimony" in (await streha("operation", "brief", "bank_visit")).err
    assert "seal it" in await coordinator.ok(*arguments)


async def test_whoever_is_not_there_finds_nothing(api: ServedApi) -> None:
    scene = await api.network.scene()
    _coordinator, plan, _arguments = await planned(api, scene)
    stranger = Typing(api, scene.stranger)
    assert await stranger.json("list") == []
    by_name, by_id = await stranger("show", plan["codename"]), await stranger("show", plan["operation"])
    assert "No operation has this name" in by_name.err
    assert "There is no such operation" in by_id.err


async def test_a_team_practises_in_ten_minutes(api: ServedApi) -> None:
    scene = await api.network.scene()
    buddy = await api.network.person(scene.shelter.agency)
    await api.network.cases.add_member(scene.coordinator, scene.case.core.id, buddy.id)
    coordinator = Typing(api, scene.coordinator)
    who = ("--confirm", scene.member.name, "--confirm", scene.deputy.name, "--buddy", buddy.name)
    found = await coordinator.json("drill", scene.case.codename, *who)
    assert (found["status"], found["drill"], len(found["steps"])) == ("go", True, 3)
    assert "EXERCISE" in await coordinator.ok("show", found["codename"])
    assert "EXERCISE" in await coordinator.ok("list")
    assert "Minutes until answered" in await coordinator.ok("drilled", found["codename"])
    _typing, real, _arguments = await planned(api, scene)
    assert "no exercise" in (await coordinator("drilled", real["codename"])).err
    assert "EXERCISE" not in await coordinator.ok("show", real["codename"])
