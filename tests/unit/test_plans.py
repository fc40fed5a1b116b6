"""Plans as files: what is right is read as it was written, and of what is wrong everything is told with its place."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from core.texts import LANGUAGES
from safety_plans.forms import LARGEST_BYTES, schema
from safety_plans.plans import table
from safety_plans.plans.addresses import looks_like_one
from safety_plans.plans.model import KINDS
from safety_plans.plans.reading import Checked, read, written
from safety_plans.plans.templates import template
from safety_plans.problems import Problem
from tests.plan_files import EVERY, ONE, OTHER, STAFF, VICTIM


def _told(problems: list[Problem]) -> list[str]:
    return [f"{each.where}: {each.what.format(**each.about)}" for each in problems]


def _plain(kind: str) -> Any:
    return json.loads(written(EVERY[kind]))


def _changed(kind: str, place: list[str | int], value: Any) -> Checked:
    found = _plain(kind)
    part = found
    for each in place[:-1]:
        part = part[each]
    part[place[-1]] = value
    return read(json.dumps(found).encode())


@pytest.mark.parametrize("kind", EVERY)
def test_what_was_written_is_read(kind: str) -> None:
    checked = read(written(EVERY[kind]))
    assert checked.problems == []
    assert checked.plan == EVERY[kind]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_a_draft_in_its_language(kind: str, language: str) -> None:
    made = template(kind, language)
    checked = read(written(made))
    assert (checked.problems, checked.plan) == ([], made)
    alphabet = "а" if language == "sr-Cyrl" else "a"
    assert all(alphabet in each.what for each in made.measures)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_is_one_that_other_programs_check_against(kind: str) -> None:
    made = schema(KINDS[kind])
    Draft202012Validator.check_schema(made)
    assert Draft202012Validator(made).is_valid(_plain(kind))
    assert not Draft202012Validator(made).is_valid({**_plain(kind), "extra": 1})


@pytest.mark.parametrize(
    ("kind", "place", "value", "told"),
    [
        ("victim", ["plan"], "other", "plan: Say which plan it is: victim, organisation, staff."),
        ("victim", ["plan"], 3, "plan: Say which plan it is: victim, organisation, staff."),
        ("victim", ["naem"], "x", ": Nobody knows naem: take it out, or correct its spelling."),
        ("victim", ["measures", 0, "id"], "1", "measures 1.id: The name of a measure is an M and two digits, as in M0"),
        ("victim", ["measures", 0, "what"], "", "measures 1.what: There are no words."),
        ("victim", ["measures", 0, "what"], "  ", "measures 1.what: There are no words."),
        ("victim", ["measures", 0, "what"], "x" * 301, "measures 1.what: The words are longer than 300 characters."),
        ("victim", ["measures", 0, "what"], "a\u200bb", "measures 1.what: There is a sign that is not seen: type the"),
        ("victim", ["measures", 0, "what"], "c\u030c", "measures 1.what: A letter is put together of two signs: type"),
        ("victim", ["measures", 0, "purpose"], "hope", "measures 1.purpose: This is one of: detect, prevent, recover,"),
        ("victim", ["measures", 0, "deadline"], "31.3.2027.", "measures 1.deadline: This is no day. Write it as in 20"),
        ("victim", ["measures", 0, "deadline"], "2027-02-29", "measures 1.deadline: This is no day. Write it as in 20"),
        ("victim", ["measures", 0, "owner"], "Ana", "measures 1.owner: This is no id of a person or record in Streha."),
        ("victim", ["measures", 0, "owner"], None, "measures 1.owner: Somebody has accepted it: say who."),
        ("victim", ["measures", 0, "status"], "not_feasible", "measures 1.why: Say why it cannot be done."),
        ("victim", ["measures"], {}, "measures: This has another form than it must have. Look at the template."),
        ("victim", ["contingencies", 0, "call"], ["x"] * 51, "contingencies 1.call: There are more than 50 of them."),
        ("victim", ["contingencies", 0, "safe_place"], "Kosovska 12", "contingencies 1.safe_place: This looks like an"),
        ("victim", ["shelter"], "Ulica lipa", "shelter: This looks like an address."),
        ("victim", ["consents", 0, "until"], "2027-03-09", "consents 1.until: This day is before the one on which it"),
        ("victim", ["consents", 0, "answer"], "withdrawn", "consents 1.withdrawn: Withdrawn has a day, and only withd"),
        ("victim", ["consents", 0, "withdrawn"], "2027-03-11", "consents 1.withdrawn: Withdrawn has a day, and only w"),
        ("victim", ["referrals", 0, "accept_by"], "2027-03-09", "referrals 1.accept_by: This day is before the one on"),
        ("victim", ["referrals", 0, "status"], "refused", "referrals 1.why: Say why it was refused."),
        ("victim", ["referrals", 0, "status"], "refused", "referrals 1.supervisor_told: A refusal reaches a superviso"),
        ("victim", ["referrals", 0, "feedback", "due"], "2027-03-09", "referrals 1.feedback.due: This day is before t"),
        ("victim", ["child"], {"assent": "given", "guardian_conflict": "none_found"}, "child.checked_by: Say who look"),
        ("victim", ["child"], {}, "child.assent: This is missing."),
        ("organisation", ["deputy"], ONE, "deputy: The deputy is somebody else."),
        ("staff", ["staff", 0, "person"], None, "staff 1.person: This has another form than it must have. Look at the"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(kind: str, place: list[str | int], value: object, told: str) -> None:
    checked = _changed(kind, place, value)
    assert checked.plan is None
    assert any(each.startswith(told) for each in _told(checked.problems)), _told(checked.problems)


def test_everything_is_told_at_once() -> None:
    found = _plain("victim")
    found["measures"][0] |= {"id": "x", "domain": "nowhere", "deadline": "soon"}
    del found["contingencies"][0]["sign"]
    found["other"] = 1
    places = {each.where for each in read(json.dumps(found).encode()).problems}
    assert places == {"", "measures 1.id", "measures 1.domain", "measures 1.deadline", "contingencies 1.sign"}


def test_two_measures_of_one_name_and_two_entries_about_one_person_are_told() -> None:
    twice = msgspec.structs.replace(VICTIM, measures=VICTIM.measures * 2)
    assert len(read(written(twice)).problems) == 2
    twice_about = msgspec.structs.replace(STAFF, staff=STAFF.staff * 2)
    assert [each.where for each in read(written(twice_about)).problems] == ["staff 1.person", "staff 2.person"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"{", "The file is not JSON"),
        (b"\xff\xfe", "The file is not UTF-8"),
        (b"[" * 100_000, "The file is not JSON"),
        (b" " * (LARGEST_BYTES + 1), "The file is longer than"),
        (b'{"plan": "victim", "shelter": "A", "shelter": "B"}', "This stands more than once"),
        (b"[]", "Say which plan it is"),
    ],
)
def test_what_is_no_plan_is_told(data: bytes, told: str) -> None:
    checked = read(data)
    assert checked.plan is None
    assert checked.problems[0].what.startswith(told)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["measures", "id", "plan"]), inner),
    max_leaves=8,
)


@given(value=_JSON, kind=st.sampled_from(sorted(KINDS)), name=st.sampled_from(sorted(VICTIM.__struct_fields__)))
def test_whatever_stands_in_a_file_it_is_a_plan_or_a_problem(value: object, kind: str, name: str) -> None:
    checked = read(json.dumps({"plan": kind, name: value}).encode())
    assert (checked.plan is None) == bool(checked.problems)


@pytest.mark.parametrize(
    "words", ["Kosovska 12", "Ul. lipa", "ulica Lipa", "Lipa 4a", "Трг 5", "Lipa bb", "44.8178, 20.4569"]
)
def test_an_address_is_found(words: str) -> None:
    assert looks_like_one(words)


@pytest.mark.parametrize("words", ["Green", "Kuća 2", "Blue house", "Плава кућа", "The second one", ""])
def test_an_alias_is_no_address(words: str) -> None:
    assert not looks_like_one(words)


TABLE = "id;what;domain;purpose;owner;deadline\n"


def test_measures_come_from_a_table() -> None:
    data = f"{TABLE}M02;Change the lock;physical;prevent;{OTHER};2027-04-01\n;;;;;\nM03;Talk;health;recover;;\n"
    found = table.read(b"\xef\xbb\xbf" + data.encode())
    assert found.problems == []
    assert [(each.id, each.owner, str(each.deadline)) for each in found.measures] == [
        ("M02", OTHER, "2027-04-01"),
        ("M03", None, "None"),
    ]
    assert table.read(data.replace(";", ",").encode()) == found


def test_of_a_wrong_table_every_row_is_told_and_nothing_is_taken() -> None:
    data = f"{TABLE}M02;Lock;physical;prevent;;\nx;;physical;hope;;1.4.\nM04;a;b;c;d;e;f\n"
    found = table.read(data.encode())
    assert found.measures == ()
    assert {each.where for each in found.problems} == {"3.id", "3.what", "3.purpose", "3.deadline", "4"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "The first row names the columns"),
        (b"id,id\n", "The first row names the columns"),
        (b"id,name\n", "The first row names the columns"),
        (b'id,what\n"M01,x', "The file is no table"),
        (b"\xff", "The file is not UTF-8"),
        (b"id\n" + b"M01\n" * 201, "There are more than"),
    ],
)
def test_what_is_no_table_is_told(data: bytes, told: str) -> None:
    assert table.read(data).problems[0].what.startswith(told)
