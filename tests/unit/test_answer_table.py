"""Answers from a table: all of it or nothing, every problem by its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from safety_plans.assessments.form import answered, read, template, written
from safety_plans.assessments.model import Answer, Evidence
from safety_plans.assessments.table import read as read_table
from safety_plans.instruments.model import Subject
from safety_plans.instruments.published import newest
from tests.commands import streha

VICTIM = newest(Subject.VICTIM)


def test_what_offices_write_is_read() -> None:
    rows = "\ufeffQuestion;Answer;Evidence;Note\r\nv01;yes;document;a letter\r\n;;;\r\nV02;no;;\r\n"
    found = read_table(rows.encode(), VICTIM)
    assert (found.problems, set(found.answers)) == ([], {"V01", "V02"})
    assert (found.answers["V01"].answer, found.answers["V01"].evidence) == (Answer.YES, Evidence.DOCUMENT)
    form = answered(template(VICTIM, "en"), found.answers)
    assert form.answers["V01"].question == template(VICTIM, "en").answers["V01"].question
    assert form.answers["V03"].answer is Answer.UNKNOWN
    assert read(written(form), [VICTIM]).problems == []


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        (b"question,answer\nV99,yes\n", ["2.question"]),
        (b"question,answer\nV01,yes\nv01,no\n", ["3.question"]),
        (b"question,answer\nV01,perhaps\nV02,\nV03,no,more\n", ["2.answer", "3.answer", "4"]),
        (b"question,answer,colour\nV01,yes,red\n", [""]),
        (b'question,answer\n"V01,yes\n', [""]),
        (b"question,answer\n\xff,yes\n", [""]),
        (b"", [""]),
    ],
)
def test_whatever_is_wrong_is_told_by_its_row_and_nothing_is_taken(rows: bytes, where: list[str]) -> None:
    found = read_table(rows, VICTIM)
    assert [each.where for each in found.problems] == where
    assert found.answers == {}


async def test_a_dry_run_writes_nothing_and_a_wrong_table_neither(tmp_path: Path) -> None:
    blank, rows, out = tmp_path / "risk.json", tmp_path / "answers.csv", tmp_path / "filled.json"
    blank.write_bytes(written(template(VICTIM, "en")))
    rows.write_text("question,answer\nV01,yes\n", encoding="utf-8")
    assert (await streha("assess", "answers", blank, rows)).code == 0
    assert not out.exists()
    assert (await streha("assess", "answers", blank, rows, "--out", out)).code == 0
    assert read(out.read_bytes(), [VICTIM]).form.answers["V01"].answer is Answer.YES  # type: ignore[union-attr]
    rows.write_text("question,answer\nV01,perhaps\nV98,yes\n", encoding="utf-8")
    told = await streha("assess", "answers", blank, rows, "--out", tmp_path / "other.json")
    assert (told.code != 0, (tmp_path / "other.json").exists()) == (True, False)
