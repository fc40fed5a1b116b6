"""`streha safe-call` as people type it, against an API: planned, listed, heard from, called off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agencies.model import Person
from tests.commands import Ran, streha
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)


async def typed(api: ServedApi, person: Person, *arguments: object) -> Ran:
    ran = await streha(
        "safe-call", *arguments, "--key", api.key_path(person), environment={"LC_ALL": "en", "COLUMNS": "300"}
    )  # fmt: skip
    assert "Traceback" not in ran.err
    return ran


async def json_of(api: ServedApi, person: Person, *arguments: object) -> Any:
    ran = await typed(api, person, *arguments, "--json")
    assert (ran.code, ran.err) == (0, ""), ran
    return ran.json


async def test_from_the_plan_to_the_last_word(api: ServedApi) -> None:
    scene = await api.network.scene()
    now = api.network.clock.now()
    due_at = (now + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    last = (now + timedelta(days=3)).date().isoformat()
    arguments = (
        "plan", scene.case.codename, "--by", due_at, "--listen", scene.member.name, "--listen", scene.ngo.worker.name,
        "--buddy", scene.deputy.name, "--until", last,
    )  # fmt: skip
    planned = await json_of(api, scene.coordinator, *arguments)
    name = planned["codename"]
    assert (planned["due_at"], planned["late"]) == (due_at, False)
    listed = await typed(api, scene.member, "list")
    assert name in listed.out
    assert "expected" in listed.out
    heard = await typed(api, scene.member, "heard", name)
    assert (heard.code, name in heard.out) == (0, True)
    assert "known already" in (await typed(api, scene.member, "heard", name)).out
    # On the time line of the case: what has happened, then what is expected.
    line = await streha(
        "case", "timeline", scene.case.codename, "--key", api.key_path(scene.member),
        environment={"LC_ALL": "en", "COLUMNS": "300"},
    )  # fmt: skip
    rows = [each for each in line.out.splitlines() if name in each]
    assert [words in row for words, row in zip(("expected to be", "heard from", "to come"), rows, strict=True)] == [
        True, True, True
    ]  # fmt: skip
    # Only who planned it, or leads.
    assert (await typed(api, scene.member, "off", name)).code != 0
    off = await typed(api, scene.coordinator, "off", name)
    assert "nobody is expected" in off.out
    assert (await typed(api, scene.stranger, "heard", name)).code != 0


async def test_what_is_wrong_is_said_and_nothing_is_kept(api: ServedApi) -> None:
    scene = await api.network.scene()
    listen = ("--listen", scene.member.name, "--listen", scene.deputy.name, "--buddy", scene.ngo.worker.name)
    for wrong in (
        ("--by", "yesterday", *listen), ("--by", "2001-05-14T20:00:00Z", *listen),
        ("--by", "2031-05-14T20:00:00Z", "--until", "soon", *listen),
        ("--by", "2031-05-14T20:00:00Z", *listen[2:], "--buddy", scene.deputy.name),
    ):  # fmt: skip
        assert (await typed(api, scene.coordinator, "plan", scene.case.codename, *wrong)).code != 0
    assert await json_of(api, scene.coordinator, "list") == []
