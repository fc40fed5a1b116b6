"""The vault's vectors, tried by Python; Node and Chromium try the same ones."""

from __future__ import annotations

import pytest

from agencies.trust.directory import NotEmpowered, Void
from crypto.vault import failures
from tests.vault.making import FILES, FOLDER, WITH_CHANCE, cases_of, text_of
from tests.vault.tried import OK, Case, tried

CASES = [(name, case) for name in FILES for case in cases_of(name)]


@pytest.mark.parametrize(
    "case", [case for _name, case in CASES], ids=[f"{case['does']}: {case['case']}" for _name, case in CASES]
)
def test_each_comes_to_its_one_outcome(case: Case) -> None:
    outcome, gives = tried(case)
    assert outcome == case["outcome"]
    assert gives == case.get("gives", {})


def test_every_file_is_tried_and_every_refusal_is_met() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == FILES.keys()
    refusals = failures.Refused.__subclasses__()
    every = {each.outcome for each in refusals if each.__module__ == failures.__name__}
    assert {case["outcome"] for _name, case in CASES} == every | {OK}


@pytest.mark.parametrize("name", sorted(FILES.keys() - WITH_CHANCE))
def test_what_holds_nothing_of_chance_is_made_anew_as_it_stands(name: str) -> None:
    assert text_of(name) == (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def test_the_stories_meet_every_refusal_of_the_rules() -> None:
    met = {outcome for _name, case in CASES for outcome in case.get("gives", {}).get("outcomes", ())}
    assert met >= {OK, NotEmpowered.outcome, Void.outcome, failures.Behind.outcome, failures.Forked.outcome}


def test_no_case_is_there_twice() -> None:
    names = [(case["does"], case["case"]) for _name, case in CASES]
    assert sorted(set(names)) == sorted(names)
