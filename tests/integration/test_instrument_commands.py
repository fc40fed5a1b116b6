"""`streha instrument`: what is asked is shown in each script, and of one's own file all that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safety_plans.instruments.published import shipped
from tests.commands import streha

SHIPPED = Path("safety_plans/instruments/shipped/victim-1.toml")
VICTIM = SHIPPED.read_text(encoding="utf-8")


async def test_instruments_are_listed_and_shown() -> None:
    listed = await streha("instrument", "list", "--json")
    assert [each["fingerprint"] for each in json.loads(listed.out)] == [each.fingerprint.hex() for each in shipped()]
    shown = await streha("instrument", "show", "victim")
    for each in next(each for each in shipped() if each.id == "victim").indicators:
        assert f"{each.id}  {each.question.en}" in shown.out
    told = json.loads((await streha("instrument", "show", "case", "--version", "1", "--json")).out)
    assert [each["id"] for each in told["indicators"]][:2] == ["C01", "C02"]


@pytest.mark.parametrize(("language", "words"), [("sr-Latn", "Slučaj (case 1)"), ("sr-Cyrl", "Случај (case 1)")])
async def test_questions_are_shown_in_both_scripts(language: str, words: str) -> None:
    shown = await streha("instrument", "show", "case", environment={"STREHA_LANGUAGE": language})
    assert words in shown.out


@pytest.mark.parametrize("arguments", [("nothing",), ("victim", "--version", "7")])
async def test_what_is_not_there_is_told(arguments: tuple[str, ...]) -> None:
    refused = await streha("instrument", "show", *arguments)
    assert refused.code == 1
    assert "streha instrument list" in refused.err


async def test_a_file_of_ones_own_is_checked(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(VICTIM.replace('"victim"', '"ours"', 1), encoding="utf-8")
    right = await streha("instrument", "check", own)
    assert (right.code, right.out.strip()) == (0, "ours 1 is right: 24 questions.")
    own.write_text("version = 0", encoding="utf-8")
    wrong = await streha("instrument", "check", own)
    assert wrong.code == 1
    assert "version: The version is a whole number from 1 on." in wrong.out
    told = json.loads((await streha("instrument", "check", own, "--json")).out)
    assert {"where": "version", "what": "The version is a whole number from 1 on."} in told


async def test_nobody_changes_one_of_strehas_own(tmp_path: Path) -> None:
    changed = tmp_path / "victim.toml"
    changed.write_text(VICTIM.replace('"critical"', '"context"', 1), encoding="utf-8")
    refused = await streha("instrument", "check", changed)
    assert refused.code == 1
    assert "give yours another name" in refused.out
    assert (await streha("instrument", "check", SHIPPED)).code == 0


async def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    refused = await streha("instrument", "check", tmp_path / "none.toml")
    assert refused.code == 2
    assert "cannot be read" in refused.err
