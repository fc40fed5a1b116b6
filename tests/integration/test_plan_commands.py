"""`streha plan`: begun from a template, checked, filled from a table, printed; files are their owner's alone."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from safety_plans.plans.model import KINDS
from safety_plans.plans.parts import Status
from safety_plans.plans.reading import read, written
from tests.commands import streha
from tests.plan_files import EVERY, VICTIM


@pytest.mark.parametrize("kind", KINDS)
async def test_a_template_is_written_for_its_owner_alone_and_is_right(kind: str, tmp_path: Path) -> None:
    made = tmp_path / "made.json"
    assert (await streha("plan", "template", kind, "--out", made)).code == 0
    assert made.stat().st_mode & 0o777 == 0o600
    checked = await streha("plan", "check", made)
    assert (checked.code, checked.out.strip()) == (0, "Nothing is wrong with it.")
    again = await streha("plan", "template", kind, "--out", made)
    assert again.code != 0
    assert "exists already" in again.err


async def test_a_template_is_in_ones_language(tmp_path: Path) -> None:
    made = tmp_path / "made.json"
    environment = {"STREHA_LANGUAGE": "sr-Cyrl"}
    assert (await streha("plan", "template", "victim", "--out", made, environment=environment)).code == 0
    assert "Позовите 192." in made.read_text(encoding="utf-8")


async def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    refused = await streha("plan", "template", "other", "--out", tmp_path / "x.json")
    assert refused.code == 2
    assert "victim, organisation, staff" in refused.err
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("kind", KINDS)
async def test_the_schema_is_printed(kind: str) -> None:
    assert json.loads((await streha("plan", "schema", kind)).out)["$schema"].endswith("2020-12/schema")


async def test_everything_that_is_wrong_is_said_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    wrong = json.loads(written(VICTIM))
    wrong["measures"][0] |= {"deadline": "soon", "owner": "Ana"}
    file.write_text(json.dumps(wrong), encoding="utf-8")
    refused = await streha("plan", "check", file)
    assert refused.code == 1
    assert "measures 1.deadline: This is no day." in refused.out
    assert "measures 1.owner: This is no id" in refused.out
    told = json.loads((await streha("plan", "check", file, "--json")).out)
    assert [each["where"] for each in told] == ["measures 1.deadline", "measures 1.owner"]


async def test_what_a_plan_lacks_is_said_against_the_version_before(tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    before.write_bytes(written(VICTIM))
    after.write_bytes(written(msgspec.structs.replace(VICTIM, status=Status.AGREED, agreement=None)))
    assert (await streha("plan", "check", after)).code == 0
    refused = await streha("plan", "check", after, "--before", before)
    assert refused.code == 1
    assert "agreement: Say whether the person agrees" in refused.out


async def test_a_table_is_checked_and_put_in(tmp_path: Path) -> None:
    plan, rows, out = tmp_path / "plan.json", tmp_path / "rows.csv", tmp_path / "out.json"
    plan.write_bytes(written(VICTIM))
    rows.write_text("id,what,domain,purpose\nM02,Change the lock,physical,hope\n", encoding="utf-8")
    dry = await streha("plan", "check", rows)
    assert (dry.code, "2.purpose: This is one of:" in dry.out) == (1, True)
    refused = await streha("plan", "measures", plan, rows, "--out", out)
    assert (refused.code, out.exists()) == (1, False)
    rows.write_text("id,what,domain,purpose\nM01,Change the lock,physical,prevent\n", encoding="utf-8")
    twice = await streha("plan", "measures", plan, rows, "--out", out)
    assert "Another measure has this name" in twice.out
    assert not out.exists()
    rows.write_text("id,what,domain,purpose\nM02,Change the lock,physical,prevent\n", encoding="utf-8")
    assert (await streha("plan", "measures", plan, rows, "--out", out)).code == 0
    filled = read(out.read_bytes()).plan
    assert filled is not None
    assert [each.id for each in filled.measures] == ["M01", "M02"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_plan_is_printed(kind: str, tmp_path: Path) -> None:
    plan, page, everything = tmp_path / "plan.json", tmp_path / "a.html", tmp_path / "b.html"
    plan.write_bytes(written(EVERY[kind]))
    assert (await streha("plan", "print", plan, "--out", page)).code == 0
    assert (await streha("plan", "print", plan, "--all", "--out", everything)).code == 0
    assert page.stat().st_mode & 0o777 == 0o600
    assert len(everything.read_bytes()) > len(page.read_bytes())
    assert "Somebody at the door" in page.read_text(encoding="utf-8")


async def test_a_file_that_is_no_plan_is_not_printed(tmp_path: Path) -> None:
    plan, out = tmp_path / "plan.json", tmp_path / "a.html"
    plan.write_text("{}", encoding="utf-8")
    refused = await streha("plan", "print", plan, "--out", out)
    assert (refused.code, out.exists()) == (1, False)
    assert "Say which plan it is" in refused.out
