"""Assessments and plans have one form for both programs: what one reads the other reads too, and nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.texts import LANGUAGES
from deploy import node
from safety_plans.assessments import form
from safety_plans.assessments.form import AssessmentForm
from safety_plans.forms import misshapen, parsed, schema
from safety_plans.instruments.model import Subject
from safety_plans.instruments.published import newest, shipped
from safety_plans.plans.model import KINDS
from safety_plans.plans.templates import template
from safety_plans.problems import Problem
from server.api import record_forms
from tests.plan_files import EVERY

ROOT = Path(__file__).parents[2]
READS = """
import { shaped } from "./server/console/records/shaped.js";
import { readFileSync } from "node:fs";
const { schema, texts } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((each) => shaped(schema, each))));
"""
FORMS: dict[str, type[msgspec.Struct]] = {"assessment": AssessmentForm, **KINDS}
# What stands in place of each value: of other kinds, too long, nothing, no day that is, signs that are not seen.
OTHERS: tuple[Any, ...] = (
    None, "", " ", "x" * 5000, "2027-02-30", "2027-03-10", "a\u200bb", "e\u0301", "a\tb\n", 0, 1, 1.5, -1, True, [], {},
    ["x"], [""], ["x"] * 300, {"odd": 1}, "M01", "declined", "0f8fad5b-d9cb-469f-a165-70867728950e", "\U0001f33f" * 60,
)  # fmt: skip


def _right(kind: str) -> list[Any]:
    if kind == "assessment":
        made = [form.template(each, language) for each in shipped() for language in LANGUAGES]
        return [json.loads(form.written(each)) for each in made]
    plans = [EVERY[kind], *(template(kind, language) for language in LANGUAGES)]
    return [json.loads(msgspec.json.encode(each)) for each in plans]


def _changed(said: Any) -> Iterator[Any]:
    """Yield it with each of its parts taken out, or another value in its place, or something strange beside it."""
    places = list(said) if isinstance(said, dict) else range(len(said)) if isinstance(said, list) else []
    for place in places:
        rest = said.copy()
        del rest[place]
        yield rest
        for other in (*OTHERS, *_changed(said[place])):
            changed = said.copy()
            changed[place] = other
            yield changed
    if isinstance(said, dict):
        yield {**said, "strange": "x"}


def _read(kind: str, text: str) -> Any:
    problems: list[Problem] = []
    found = parsed(text.encode(), problems)
    if problems or list(misshapen(FORMS[kind], found)):
        return None
    return msgspec.to_builtins(msgspec.convert(found, FORMS[kind]), builtin_types=())


def _in_the_browser(kind: str, texts: list[str]) -> list[Any]:
    done = subprocess.run(
        [node.find().program, "--input-type=module", "-e", READS], cwd=ROOT, check=True, capture_output=True, text=True,
        input=json.dumps({"schema": schema(FORMS[kind]), "texts": texts}), timeout=120,
    )  # fmt: skip
    found: list[Any] = json.loads(done.stdout)
    return found


def _sealed(said: Any) -> str:
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("kind", FORMS)
def test_both_programs_read_the_same_and_refuse_the_same(kind: str) -> None:
    right = _right(kind)
    # Of an assessment a few questions stand for all.
    small = right[0] | {"answers": dict(list(right[0]["answers"].items())[:2])} if kind == "assessment" else right[0]
    if kind == "assessment":
        someone = "0f8fad5b-d9cb-469f-a165-70867728950e"
        small |= {
            "scenarios": [{"what": "A letter", "severity": "minor", "likelihood": "possible"}], "level": "low",
            "dissent": [{"by": someone, "level": "high", "why": "otherwise"}], "assessor": someone,
        }  # fmt: skip
    texts = [_sealed(each) for each in (*right, small, *_changed(small))]
    here = [json.loads(json.dumps(_read(kind, each), default=str)) for each in texts]
    there = _in_the_browser(kind, texts)
    differing = [text for text, one, other in zip(texts, here, there, strict=True) if one != other]
    assert not differing, (len(differing), differing[0])
    assert any(each is None for each in here)
    assert all(here[: len(right)])


def test_what_stands_twice_or_is_no_json_is_read_by_neither() -> None:
    said = form.written(form.template(newest(Subject.VICTIM), "en")).decode()
    odd = ["", "{", "null\n", "[]\n", said.replace('"why": ""', '"why": "a",\n  "why": ""')]
    assert _in_the_browser("assessment", odd) == [None] * len(odd)
    assert [_read("assessment", each) for each in odd] == [None] * len(odd)
    # Nor by the browser what no program of Streha writes so.
    assert _in_the_browser("assessment", [said, f" {said}"])[1] is None


def test_the_rules_of_levels_are_one() -> None:
    said = (
        'import { DEFINITION } from "./server/console/records/definition.js"; console.log(JSON.stringify(DEFINITION));'
    )
    done = subprocess.run(
        [node.find().program, "--input-type=module", "-e", said],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert json.loads(done.stdout) == json.loads((ROOT / "safety_plans/assessments/definition.json").read_text())


def test_browsers_are_given_every_form_and_every_list() -> None:
    given = json.loads(record_forms.as_json())
    assert given["assessment"] == json.loads(msgspec.json.encode(schema(AssessmentForm)))
    assert given["plans"].keys() == KINDS.keys()
    assert len(given["instruments"]) == len(shipped())
    for each, instrument in zip(given["instruments"], shipped(), strict=True):
        words = each["cyrillic"]
        assert words.keys() == {"title", *(one.id for one in instrument.indicators)}
        assert words["title"] == instrument.title("sr-Cyrl")
