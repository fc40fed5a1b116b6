"""Words: chosen by language, filled in, English where there are none, and complete in every catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.words.commands import Command, Verb, parse
from bots.words.replies import TEXTS
from core.errors import InvalidInput, NotFound
from core.texts import LANGUAGES, check, choose, javascript, mark, render, words
from core.texts.script import to_cyrillic

RING = "Streha: alert, open the app"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"), ("en", "en"), ("en-GB,sr;q=0.9", "en"), ("EN_us", "en"), ("de,fr", "en"), ("*", "en"),
        ("sr", "sr-Latn"), ("sr-RS", "sr-Latn"), ("sr-Latn-RS,en", "sr-Latn"), ("sr_RS@latin", "sr-Latn"),
        ("sr-Cyrl", "sr-Cyrl"), ("sr-Cyrl-RS;q=0.8", "sr-Cyrl"), ("SR-CYRL", "sr-Cyrl"),
        ("bs", "sr-Latn"), ("cnr-ME", "sr-Latn"), ("de, sr;q=0.5", "sr-Latn"), (";;,,=", "en"),
    ],
)  # fmt: skip
def test_the_language_asked_for_first_is_chosen(accepted: str, language: str) -> None:
    assert choose(accepted) == language


@given(st.text())
def test_some_language_is_always_chosen(accepted: str) -> None:
    assert choose(accepted) in LANGUAGES


def test_words_are_given_in_the_language() -> None:
    assert render(RING) == render(RING, "en") == RING
    assert render(RING, "sr-Latn") == "Streha: uzbuna, otvorite aplikaciju"
    assert render(RING, "sr-Cyrl") == "Стреха: узбуна, отворите апликацију"


def test_words_can_be_had_with_their_parameters_still_in_braces() -> None:
    sentence = mark("{codename}: accepted {time} by {person}.")
    assert words(sentence, "en") == sentence
    assert words(sentence, "sr-Latn") == "{codename}: prijem potvrđen u {time}: {person}."
    assert words("Not in any catalogue {name}", "sr-Cyrl") == "Not in any catalogue {name}"


@pytest.mark.parametrize("language", ["de", "", "sr", "../../etc/passwd"])
def test_a_language_that_is_not_known_is_english(language: str) -> None:
    assert render(RING, language) == RING


def test_parameters_are_filled_in_and_never_read_as_text() -> None:
    sentence = mark("{codename}: accepted {time} by {person}.")
    filled = {"codename": "{person}", "time": "09:00", "person": "Ana {0} {codename}"}
    assert render(sentence, **filled) == "{person}: accepted 09:00 by Ana {0} {codename}."
    assert render(sentence, "sr-Latn", **filled) == "{person}: prijem potvrđen u 09:00: Ana {0} {codename}."
    assert render("Not in any catalogue {name}", "sr-Cyrl", name="x") == "Not in any catalogue x"


def test_errors_hold_the_sentence_and_its_parameters() -> None:
    error = InvalidInput(mark("At most {limit} members at once."), limit=50)
    assert str(error) == "At most 50 members at once."
    assert render(error.reason, "sr-Latn", **error.parameters) == "Najviše 50 članova odjednom."
    assert str(NotFound("plain")) == "plain"


def test_every_sentence_has_its_words_in_every_language() -> None:
    assert [str(each) for each in check.findings()] == []


def test_the_cyrillic_catalogue_is_the_latin_one_in_other_letters() -> None:
    latin = {each.id: each.string for each in check.catalogue("sr-Latn") if each.id}
    cyrillic = {each.id: each.string for each in check.catalogue("sr-Cyrl") if each.id}
    assert cyrillic == {sentence: to_cyrillic(str(words)) for sentence, words in latin.items()}


@pytest.mark.parametrize("language", ["sr-Latn", "sr-Cyrl"])
def test_whatever_people_are_told_to_write_is_understood(language: str) -> None:
    """A command in a text must work when it is copied, in both scripts."""
    told = {
        "To accept write: ack {codename}": Verb.ACK,
        "then write: stand-down {codename}": Verb.STAND_DOWN,
        "write: due": Verb.DUE,
    }
    counted = dict.fromkeys(told, 0)
    for sentence in check.marked():
        for command, verb in told.items():
            if command in sentence:
                words = re.search(r"(?:napišite|напишите): (\w+(?: \{codename\})?)", render_raw(sentence, language))
                assert words is not None, sentence
                parsed = parse(words[1].replace("{codename}", "quiet-heron"))
                assert isinstance(parsed, Command)
                assert parsed.verb is verb
                counted[command] += 1
    assert all(counted.values())


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_line_of_the_help_begins_with_a_command_that_works(language: str) -> None:
    lines = render(TEXTS["reply_help"], language, police="192", ambulance="194").splitlines()[1:-1]
    verbs = []
    for line in lines:
        parsed = parse(line.partition(":")[0])
        assert isinstance(parsed, Command)
        verbs.append(parsed.verb)
    assert set(verbs) == set(Verb) - {Verb.HELP}


def render_raw(sentence: str, language: str) -> str:
    """Return the words with their parameters still in braces."""
    return render(sentence, language, **{name: f"{{{name}}}" for name in check.placeholders(sentence)})


def catalogues(directory: Path, latin: str) -> Path:
    header = check.HEADER
    for language in ("sr_Latn", "sr_Cyrl"):
        (directory / f"{language}.po").write_text(header.format(language=language) + latin)
    return directory


def package(root: Path, *sentences: str) -> Path:
    for name in check.PACKAGES:
        (root / name).mkdir()
    lines = "".join(f"    mark({sentence!r}),\n" for sentence in sentences)
    (root / "core" / "words.py").write_text(f"TEXTS = [\n{lines}]\n")
    return root


def test_sentences_of_the_console_are_sentences_like_any_other(tmp_path: Path) -> None:
    console = package(tmp_path, "Hello.") / check.CONSOLE
    (console / "vendor").mkdir(parents=True)
    (console / "board.js").write_text(
        'const a = 1;\nexport const b = () => html`<p>it\'s ${t("Of the console.")}</p>`;\n'
    )
    (console / "vendor" / "board.js").write_text('t("Of somebody else.")')
    (console / "board.mjs").write_text('t("Of a check.")')
    found = check.marked(tmp_path)
    assert found.keys() == {"Hello.", "Of the console."}
    assert found["Of the console."] == [("server/console/board.js", 2)]


@pytest.mark.parametrize(
    ("source", "sentences"),
    [
        ('t("A.")', ["A."]), ('t( "A." )', ["A."]), ('t(\n  "A.",\n  { b },\n)', ["A."]),
        ('html`<p>${c ? html`<b>${t("A.")}</b>` : t("B.")}</p>`', ["A.", "B."]),
        ('html`<p title=${t("A.")}>don\'t "${t("B.")}"</p>`', ["A.", "B."]),
        (r't("Say \"A\".\n")', ['Say "A".\n']), ('t("Čekajte…")', ["Čekajte…"]), ('t("")', [""]),
        ('const at = start("no"); set("no"); o.t("no"); $t("no"); t2("no"); t(no); t(`no`)', []),
    ],
)  # fmt: skip
def test_what_javascript_marks(source: str, sentences: list[str]) -> None:
    assert [sentence for sentence, _ in javascript.marked(source)] == sentences


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ('msgid "Hello {name}."\nmsgstr "Zdravo, {name}."\n', set()),
        ("", {"missing"}),
        ('msgid "Hello {name}."\nmsgstr ""\n', {"missing"}),
        ('msgid "Hello {name}."\nmsgstr "Zdravo."\n', {"other parameters"}),
        ('msgid "Hello {name}."\nmsgstr "Zdravo, {ime}."\n', {"other parameters"}),
        ('msgid "Hello {name}."\nmsgstr "Zdravo, {name."\n', {"other parameters"}),
        ('#, fuzzy\nmsgid "Hello {name}."\nmsgstr "Zdravo, {name}."\n', {"fuzzy"}),
        ('msgid "Hello {name}."\nmsgstr "Zdravo, {name}."\n\nmsgid "Gone."\nmsgstr "Nestalo."\n', {"obsolete"}),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_found(tmp_path: Path, words: str, wrong: set[str]) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "words").mkdir()
    root, directory = package(tmp_path / "code", "Hello {name}."), catalogues(tmp_path / "words", words)
    found = check.findings(directory, root)
    assert {each.wrong for each in found} == wrong
    assert len(found) == 2 * len(wrong)


def test_an_update_adds_what_is_missing_and_takes_the_obsolete_out(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "words").mkdir()
    root = package(tmp_path / "code", "Hello {name}.", "New.")
    known = 'msgid "Hello {name}."\nmsgstr "Dobar dan, {name}."\n\nmsgid "Gone."\nmsgstr "Nestalo."\n'
    directory = catalogues(tmp_path / "words", known)
    check.update(directory, root)
    assert {(each.language, each.wrong, each.sentence) for each in check.findings(directory, root)} == {
        ("sr-Latn", "missing", "New."),
        ("sr-Cyrl", "missing", "New."),
    }
    cyrillic = {each.id: each.string for each in check.catalogue("sr-Cyrl", directory)}
    assert cyrillic["Hello {name}."] == "Добар дан, {name}."
    before = (directory / "sr_Latn.po").read_bytes()
    check.update(directory, root)
    assert (directory / "sr_Latn.po").read_bytes() == before
