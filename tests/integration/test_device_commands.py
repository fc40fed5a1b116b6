"""`streha device` and `streha raise`: from the operator's table to a named person who accepts."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import msgspec
import pytest

from tests.commands import streha
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)


@pytest.fixture
def operator(database_url: str, api: ServedApi) -> dict[str, str]:
    """Return the operator's environment."""
    return {
        "STREHA_DATABASE_URL": database_url,
        "STREHA_NETWORK": "invented network",
        "STREHA_PUBLIC_ORIGIN": api.url,
        "STREHA_POLICE_NUMBER": "112",
    }


async def checked(operator: dict[str, str]) -> str:
    """Return what the doctor has to say of devices."""
    found = (await streha("doctor", "--json", environment=operator)).json["checks"]
    (told,) = [each for each in found if each["check"] == "devices can raise"]
    return str(told["todo"] or told["note"] or "")


async def test_from_adding_a_device_to_its_removal(api: ServedApi, operator: dict[str, str], tmp_path: Path) -> None:
    scene, path = await api.network.scene(), tmp_path / "door-2.device"
    where = ("--case", scene.case.codename, "--file", path)
    added = await streha("device", "add", "door-2", "--agency", scene.shelter.agency.name, *where, environment=operator)
    assert (added.code, "streha raise --drill" in added.out) == (0, True), added
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = msgspec.json.decode(path.read_bytes())["raising_token"]
    assert token not in added.out
    assert await checked(operator) == ""

    # Somebody accepts while it stays.
    async with api.client(scene.police.officer) as officer, asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        raising = tasks.create_task(streha("raise", "--device-token-file", path))
        while not (open_ones := await officer.alerts()):
            pass
        await officer.acknowledge(open_ones[0].id)
    raised = raising.result()
    assert raised.code == 0, raised
    assert raised.out.splitlines() == [
        "STORED. It has reached nobody yet.",
        "Trying again every 15 seconds. Stop with Ctrl-C.",
        f"ACCEPTED by {scene.police.officer.name}.",
    ]
    shown = await streha("alert", "show", scene.case.codename, "--key", api.key_path(scene.coordinator))
    assert f"by {scene.shelter.agency.name} (door-2)" in shown.out

    listed = await streha("device", "list", environment=operator)
    assert all(each in listed.out for each in ("door-2", scene.shelter.agency.name, scene.case.codename))
    assert token not in listed.out
    removed = await streha("device", "remove", "door-2", "--yes", environment=operator)
    assert removed.code == 0, removed
    lost = await streha("raise", "--device-token-file", path)
    assert (lost.code, lost.out.splitlines()) == (
        1, ["NOT raised.", "In danger ring 112 now, and ring your colleagues."],
    )  # fmt: skip
    assert lost.err.count("\n") == 1


async def test_an_exercise_says_so_in_every_line(api: ServedApi, operator: dict[str, str], tmp_path: Path) -> None:
    scene, path = await api.network.scene(), tmp_path / "phone.device"
    where = ("--case", scene.case.codename, "--file", path, "--json")
    added = await streha("device", "add", "phone", "--person", scene.member.name, *where, environment=operator)
    assert added.code == 0, added
    await api.network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
    # It would raise nothing: the doctor knows, the list does, and so does an exercise.
    assert "no place to raise in: 1" in await checked(operator)
    assert "NOWHERE" in (await streha("device", "list", environment=operator)).out
    practised = await streha("raise", "--drill", "--device-token-file", path)
    assert (practised.code, practised.out) == (1, "-- EXERCISE -- NOT raised.\n")
    told = await streha("raise", "--json", "--device-token-file", path)
    (line,) = [msgspec.json.decode(each) for each in told.out.splitlines()]
    assert (line["known"], line["exercise"], "NOT raised" in line["problem"]) == ("not_raised", False, True)
    removed = await streha("device", "remove", added.json["device_id"], "--yes", "--json", environment=operator)
    assert removed.json == {"removed": added.json["device_id"]}


async def test_a_device_that_ends_soon_is_noticed(api: ServedApi, operator: dict[str, str], tmp_path: Path) -> None:
    scene = await api.network.scene()
    day = api.network.clock.now().date().replace(year=api.network.clock.now().year + 50)
    ran = await streha(
        "device", "add", "door-2", "--agency", scene.shelter.agency.name, "--case", scene.case.codename, "--file",
        tmp_path / "d.device", "--until", day, "--json", environment=operator,
    )  # fmt: skip
    assert ran.code == 0, ran
    ((device),) = (await streha("device", "list", "--json", environment=operator)).json
    assert (device["label"], device["raises_in"], device["used_at"]) == ("door-2", scene.case.codename, None)
    assert device["ends_at"].startswith(str(day)[:8])


async def test_what_cannot_be_done_is_said_in_one_line(
    api: ServedApi, operator: dict[str, str], tmp_path: Path
) -> None:  # fmt: skip
    scene = await api.network.scene()
    agency, free, case = scene.shelter.agency.name, tmp_path / "free.device", scene.case.codename
    elsewhere = scene.elsewhere.agency.name
    (taken := tmp_path / "taken.device").write_text("{}")
    for arguments, words in (
        (("add", "door", "--case", case, "--file", free), "either --agency or --person"),
        (("add", "door", "--agency", agency, "--person", "x", "--case", case, "--file", free), "either --agency"),
        (("add", "Door Two", "--agency", agency, "--case", case, "--file", free), "1 to 24 small Latin letters"),
        (("add", "door", "--agency", agency, "--case", "no-case", "--file", free), "no such case"),
        (
            ("add", "door", "--agency", elsewhere, "--case", case, "--file", free),
            "could raise nothing",
        ),
        (("add", "door", "--agency", agency, "--case", case, "--file", taken), "exists already"),
        (("add", "door", "--agency", agency, "--case", case, "--file", free, "--until", "soon"), "A day looks like"),
        (("add", "door", "--agency", agency, "--case", case, "--file", free, "--until", "2001-01-01"), "over already"),
        (("remove", "door", "--yes"), "no such device"),
    ):
        ran = await streha("device", *arguments, environment=operator)
        assert (ran.code != 0, words in ran.err, ran.err.count("\n")) == (True, True, 1), ran
    assert not free.exists()
    taken.chmod(0o644)
    readable = await streha("raise", "--device-token-file", taken)
    assert (readable.code, "chmod 600" in readable.err) == (2, True)
