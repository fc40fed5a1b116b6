"""`streha assess` as people type it: a file, its gaps, sealed with its level, seen by a second person, read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.database import Database
from safety_plans.assessments.form import template, written
from safety_plans.instruments.model import Subject
from safety_plans.instruments.published import newest
from tests.commands import streha
from tests.people import Scene
from tests.vault_people import People

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_typing")

WHY = "Marked reason Zdravka"


def filled(path: Path, about: str = "victim", **changes: Any) -> Path:
    """Fill in a template: nothing points to danger, but for what is changed."""
    instrument = newest(Subject(about))
    said = json.loads(written(template(instrument, "en")))
    for each in said["answers"].values():
        each |= {"answer": "no", "evidence": "observed"}
    said |= {
        "scenarios": [{"what": "A letter comes.", "severity": "minor", "likelihood": "possible"}],
        "level": "low", "why": WHY, "own": "low", **changes,
    }  # fmt: skip
    path.write_text(json.dumps(said), encoding="utf-8")
    return path


async def test_a_blank_one_says_all_that_it_lacks_with_its_place(tmp_path: Path) -> None:
    blank = tmp_path / "blank.json"
    assert (await streha("assess", "template", "victim", "--out", blank)).code == 0
    assert blank.stat().st_mode & 0o777 == 0o600
    lacking = await streha("assess", "check", blank)
    assert lacking.code == 1
    for each in ("level: An assessment ends", "why: Say why", "scenarios: Say at least", "own: Say how"):
        assert each in lacking.out, lacking
    whole = filled(tmp_path / "whole.json")
    assert (await streha("assess", "check", whole)).out.strip() == "Nothing is wrong with it."
    odd = json.loads(whole.read_text())
    odd["answers"]["V01"] = {"answer": "perhaps"}
    odd["answers"]["V02"] = {"answer": "yes"}
    whole.write_text(json.dumps(odd))
    wrong = await streha("assess", "check", whole)
    assert (wrong.code, "answers.V01.answer: This is one of" in wrong.out) == (1, True), wrong
    odd["answers"]["V01"] = {"answer": "yes", "evidence": "document"}
    odd["answers"] |= {"X99": {"answer": "unknown"}}
    odd["fingerprint"] = "0" * 64
    whole.write_text(json.dumps(odd))
    assert "known here" in (await streha("assess", "check", whole)).out


async def test_from_the_first_to_one_that_two_people_lowered(
    types: People, scene_now: Scene, tmp_path: Path, database: Database
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    none = await types(lead, "assess", "show", codename, "victim")
    assert (none.code, "no such assessment" in none.err) == (1, True), none

    critical = json.loads(filled(tmp_path / "a.json").read_text())["answers"]
    critical["V01"] = {"answer": "yes", "evidence": "document", "note": "a letter"}
    low = filled(tmp_path / "a.json", answers=critical)
    refused = await types(lead, "assess", "put", codename, low)
    assert (refused.code, "level is high at least" in refused.out) == (1, True), refused
    high = filled(tmp_path / "a.json", answers=critical, level="high")
    put = await types(lead, "assess", "put", codename, high)
    assert (put.code, "Streha goes by high" in put.out) == (0, True), put
    async with database.reading() as look:
        kept = await look.rows("SELECT content FROM vault_contents")
        assert await look.value("SELECT level FROM risk_levels") == "high"
    assert not any(WHY.encode() in row["content"] for row in kept)
    shown = await types(member, "assess", "show", codename, "victim")
    assert (shown.code, WHY in shown.out, "V01 yes" in shown.out, "floor: high" in shown.out) == (
        0, True, True, True,
    ), shown  # fmt: skip

    # The next says anew what has changed, and a lower level waits for a second person.
    lower = filled(tmp_path / "b.json")
    copied = await types(lead, "assess", "put", codename, lower)
    assert (copied.code, "changed: Say what has changed" in copied.out) == (1, True), copied
    lower = filled(tmp_path / "b.json", changed="He was arrested.")
    put = await types(lead, "assess", "put", codename, lower)
    assert (put.code, "stays high until a second person" in put.out) == (0, True), put
    waits = await types(member, "assess", "show", codename, "victim", "--json")
    assert (waits.code, waits.json["waits"], waits.json["before"]) == (0, True, "high"), waits
    own = await types(lead, "assess", "countersign", codename, "victim", "--yes")
    assert (own.code, "You made this" in own.err) == (1, True), own
    signed = await types(member, "assess", "countersign", codename, "victim", "--yes")
    assert (signed.code, "Streha goes by low" in signed.out) == (0, True), signed
    shown = await types(lead, "assess", "show", codename, "victim")
    assert (shown.code, f"Second person: {member.name}" in shown.out) == (0, True), shown
    again = await types(scene_now.deputy, "assess", "countersign", codename, "victim", "--yes")
    assert (again.code, "No assessment here waits" in again.err) == (1, True), again


async def test_the_highest_of_several_subjects_is_the_cases_level(
    types: People, scene_now: Scene, tmp_path: Path, database: Database
) -> None:
    lead, codename = scene_now.coordinator, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    about_case = filled(tmp_path / "case.json", "case", level="very_high", own=None)
    assert (await types(lead, "assess", "put", codename, about_case)).code == 0
    assert (await types(lead, "assess", "put", codename, filled(tmp_path / "victim.json"))).code == 0
    nobody = await types(lead, "assess", "put", codename, filled(tmp_path / "staff.json", "staff", own=None))
    assert (nobody.code, "--person" in nobody.err) == (2, True), nobody
    staff = await types(lead, "assess", "put", codename, tmp_path / "staff.json", "--person", scene_now.member.name)
    assert staff.code == 0, staff
    house = filled(tmp_path / "house.json", "organisation", own=None, level="very_high")
    assert (await types(lead, "assess", "put", codename, house)).code == 0
    async with database.reading() as look:
        assert await look.value("SELECT level FROM risk_levels") == "very_high"
        assert await look.value("SELECT count(*) FROM level_lowerings") == 0


async def test_what_waits_is_confirmed_by_no_assessment_of_something_else(
    types: People, scene_now: Scene, tmp_path: Path, database: Database
) -> None:
    lead, deputy, codename = scene_now.coordinator, scene_now.deputy, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    files = [
        filled(tmp_path / "v.json", level="very_high"),
        filled(tmp_path / "c.json", "case", level="medium", own=None),
        filled(tmp_path / "v2.json", changed="He was arrested."),
    ]
    for each in files:
        put = await types(lead, "assess", "put", codename, each)
        assert put.code == 0, put
    async with database.reading() as look:
        assert await look.value("SELECT level FROM level_lowerings") == "medium"
    # The lead assesses something else meanwhile: the same level waits. Somebody else does: they have not looked at it.
    again = filled(tmp_path / "c2.json", "case", level="medium", own=None, changed="Nothing new.")
    put = await types(lead, "assess", "put", codename, again)
    assert (put.code, "stays very_high until" in put.out) == (0, True), put
    assert (await types(deputy, "assess", "show", codename, "case")).code == 0
    again = filled(tmp_path / "c3.json", "case", level="medium", own=None, changed="Court is put off.")
    put = await types(deputy, "assess", "put", codename, again)
    assert (put.code, "Streha goes by very_high" in put.out) == (0, True), put
    async with database.reading() as look:
        assert await look.value("SELECT level FROM risk_levels") == "very_high"


async def test_a_second_person_looks_also_where_something_else_keeps_the_case_where_it_is(
    types: People, scene_now: Scene, tmp_path: Path, database: Database
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    files = [
        filled(tmp_path / "c.json", "case", level="very_high", own=None),
        filled(tmp_path / "v.json", level="high"),
        filled(tmp_path / "v2.json", changed="He was arrested."),
    ]
    for each in files:
        put = await types(lead, "assess", "put", codename, each)
        assert put.code == 0, put
    signed = await types(member, "assess", "countersign", codename, "victim", "--yes")
    assert (signed.code, "Streha goes by very_high" in signed.out) == (0, True), signed
    shown = await types(lead, "assess", "show", codename, "victim", "--json")
    assert (shown.code, shown.json["problems"]) == (0, []), shown
    async with database.reading() as look:
        assert await look.value("SELECT level FROM risk_levels") == "very_high"


async def test_a_level_below_what_is_sealed_is_shown_to_every_reader(
    types: People, scene_now: Scene, tmp_path: Path, database: Database
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    files = [
        filled(tmp_path / "c.json", "case", level="very_high", own=None),
        filled(tmp_path / "v.json"),
        filled(tmp_path / "c2.json", "case", level="medium", changed="Court is over."),
    ]
    for each in files:
        assert (await types(lead, "assess", "put", codename, each)).code == 0
    # What waits for a second person lowers nothing; and what others raise besides is no contradiction.
    shown = await types(member, "assess", "show", codename, "victim")
    assert (shown.code, "ATTENTION" in shown.out) == (0, False), shown
    async with database.transaction() as tx:
        await tx.run("UPDATE risk_levels SET level = 'low'")
        await tx.run("UPDATE reviews SET level = 'low'")
    shown = await types(member, "assess", "show", codename, "victim")
    assert (shown.code, "by what is sealed here the level is very_high" in shown.out) == (0, True), shown
    shown = await types(member, "assess", "show", codename, "victim", "--json")
    assert (shown.json["sealed"], shown.json["goes_by"]) == ("very_high", "low")


async def test_who_went_round_the_rules_is_shown_to_every_reader(
    types: People, scene_now: Scene, tmp_path: Path
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    forged = filled(tmp_path / "f.json", assessor=str(lead.id), level="low", scenarios=[])
    put = await types(member, "record", "put", codename, "--kind", "assessment", "--file", forged)
    assert put.code == 0, put
    shown = await types(lead, "assess", "show", codename, "victim")
    assert (shown.code, "Somebody else sealed this" in shown.out, "scenarios: Say at least" in shown.out) == (
        1, True, True,
    ), shown  # fmt: skip
