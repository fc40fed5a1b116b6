"""`streha compartment add-to`: one person comes into many vaults, and what was cut is gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest

from agencies.model import Person
from cases.model import Case, Part
from cases.trust.deeds import Add
from tests.people import Scene
from tests.vault_clients import Founded
from tests.vault_people import People

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_typing")

CASES = 3


@pytest.fixture
async def cases(types: People, founded_now: Founded, scene_now: Scene) -> list[Case]:
    """Open more cases of one coordinator, each with a vault and a record."""
    made = []
    for _ in range(CASES):
        parts = {scene_now.police: Part.RESPONDER, scene_now.welfare: Part.RESPONDER, scene_now.ngo: Part.INFORMED}
        case = await founded_now.api.network.case(scene_now.coordinator, parts, [scene_now.member], scene_now.deputy)
        assert (await types(scene_now.coordinator, "compartment", "open", case.codename, "--yes")).code == 0
        text = f"of {case.codename}"
        assert (await types(scene_now.coordinator, "record", "put", case.codename, "--file", "-", typed=text)).code == 0
        made.append(case)
    return made


async def may_read(types: People, person: Person, case: Case) -> bool:
    """Whether somebody opens what stands in a case's vault."""
    listed = await types(person, "record", "list", case.codename, "--json")
    if listed.code != 0:
        return False
    return (await types(person, "record", "get", case.codename, listed.json[0]["record"][:8])).code == 0


async def test_one_command_lets_somebody_into_all_that_one_leads(
    types: People, scene_now: Scene, cases: list[Case]
) -> None:
    newcomer = scene_now.ngo.officer
    assert not await may_read(types, newcomer, cases[0])
    unsigned = await types(scene_now.coordinator, "compartment", "add-to", newcomer.name, "--all")
    # Nobody has looked at the list, so nothing is signed; and it is said what is not done.
    assert unsigned.code != 0
    assert all(each.codename in unsigned.err for each in cases)
    assert not await may_read(types, newcomer, cases[0])

    ran = await types(scene_now.coordinator, "compartment", "add-to", newcomer.name, "--all", "--yes")
    assert ran.code == 0, ran.err
    for each in cases:
        assert f"{each.codename}: in, with the key" in ran.out
        assert await may_read(types, newcomer, each)

    again = await types(scene_now.coordinator, "compartment", "add-to", newcomer.name, "--all", "--yes", "--json")
    assert again.code == 0
    assert {each["codename"]: (each["need"], each["signed"]) for each in again.json} == {
        each.codename: ("in", False) for each in cases
    }


async def test_what_was_cut_is_gone_on_with_where_it_was(
    types: People, founded_now: Founded, scene_now: Scene, cases: list[Case]
) -> None:
    newcomer, (done, half, none) = scene_now.ngo.officer, cases
    assert (await types(scene_now.coordinator, "compartment", "add", done.codename, newcomer.name)).code == 0
    # Between the two entries of one compartment the machine was gone: they are in, and nobody has the next key.
    begun = await (await founded_now.circle(scene_now.coordinator, half.core.id)).decide(Add(person=newcomer.id.bytes))
    assert begun.status == 200
    assert not await may_read(types, newcomer, half)

    words = [each.codename for each in cases]
    ran = await types(scene_now.coordinator, "compartment", "add-to", newcomer.name, *words, "--yes", "--json")
    assert ran.code == 0, ran.err
    assert [(each["need"], each["signed"], each["done"]) for each in ran.json] == [
        ("in", False, True), ("key", False, True), ("add", True, True),
    ]  # fmt: skip
    for each in (done, half, none):
        assert await may_read(types, newcomer, each)


async def test_whoever_is_barred_in_one_comes_into_the_others_and_it_is_said(
    types: People, scene_now: Scene, cases: list[Case], tmp_path: Path
) -> None:
    newcomer, (barred, *others) = scene_now.ngo.officer, cases
    why = tmp_path / "why.txt"
    why.write_text("An invented reason", encoding="utf-8")
    excluded = await types(
        scene_now.coordinator, "compartment", "exclude", barred.codename, newcomer.name, "--reason-file", why
    )  # fmt: skip
    assert excluded.code == 0, excluded.err
    ran = await types(scene_now.coordinator, "compartment", "add-to", newcomer.name, "--all", "--yes")
    assert ran.code == 1
    assert f"{barred.codename}: NOT let in, they are excluded there" in ran.out
    assert not await may_read(types, newcomer, barred)
    for each in others:
        assert await may_read(types, newcomer, each)


async def test_whoever_leads_nothing_lets_nobody_in(types: People, scene_now: Scene, cases: list[Case]) -> None:
    ran = await types(scene_now.member, "compartment", "add-to", scene_now.ngo.officer.name, "--all", "--yes")
    assert (ran.code, ran.out) == (2, "")
    named = await types(
        scene_now.member, "compartment", "add-to", scene_now.ngo.officer.name, cases[0].codename, "no-such", "--yes"
    )  # fmt: skip
    assert named.code == 1
    assert f"{cases[0].codename}: NOT let in, you do not lead it" in named.out
    assert "no-such: NOT done." in named.out
    for each in cases:
        assert not await may_read(types, scene_now.ngo.officer, each)
