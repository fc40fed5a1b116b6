"""Passphrases: words that no keyboard spoils, slips that are told, and weak ones that are refused."""

from __future__ import annotations

from importlib import resources

import pytest

from client.vault import passphrases
from client.vault.passphrases import WordList
from core.errors import InvalidInput
from core.texts import render
from core.texts.script import to_cyrillic
from crypto.vault.passphrase import plain
from server.api.console_files import FOLDER

# Of each Cyrillic letter, the key of an English keyboard that it lies on.
KEYS = dict(zip("абцдефгхијклмнопрстув", "abcdefghijklmnoprstuv", strict=True))


@pytest.mark.parametrize("words", WordList)
def test_a_list_holds_what_the_bits_are_reckoned_with_and_no_letter_that_keyboards_move(words: WordList) -> None:
    known = passphrases.of(words)
    assert len(known) == len({each[:4] for each in known}) == passphrases.LIST_WORDS
    assert set("".join(known)) == set("abcdefghijklmnoprstuv")
    assert {len(each) for each in known} <= set(range(4, 9))


@pytest.mark.parametrize("words", WordList)
def test_every_word_is_the_same_in_cyrillic_and_on_a_keyboard_that_stood_wrong(words: WordList) -> None:
    wrong_layout = {latin: cyrillic for cyrillic, latin in KEYS.items()}
    for word in passphrases.of(words):
        assert plain(word.upper()) == plain("".join(wrong_layout[each] for each in word)) == word
        if words is WordList.SERBIAN:
            assert plain(to_cyrillic(word)) == plain(to_cyrillic(word).title()) == word


def test_what_is_drawn_is_of_the_list_and_never_the_same() -> None:
    drawn = {passphrases.drawn(WordList.SERBIAN) for _ in range(50)}
    assert len(drawn) == 50
    for each in drawn:
        assert len(each.split()) == passphrases.WORDS
        assert passphrases.slip(each, WordList.SERBIAN) is None
        cyrillic = passphrases.shown(each, "sr-Cyrl")
        assert cyrillic != each
        assert passphrases.slip(cyrillic, WordList.SERBIAN) is None
        assert passphrases.shown(each, "sr-Latn") == each
        passphrases.require_strong(each)


def test_a_slip_is_told_by_its_place_and_not_repeated() -> None:
    typed = passphrases.drawn(WordList.ENGLISH).split()
    for place, word in enumerate(("first", "second", "third", "fourth", "fifth", "sixth", "seventh")):
        wrong = passphrases.slip(" ".join([*typed[:place], "secrett", *typed[place + 1 :]]), WordList.ENGLISH)
        assert wrong is not None
        said = render(wrong[0], "en", **wrong[1])
        assert word in said
        assert "secrett" not in said
    for short in (typed[:-1], [*typed, typed[0]], []):
        wrong = passphrases.slip(" ".join(short), WordList.ENGLISH)
        assert wrong is not None
        assert "7 words" in render(wrong[0], "en", **wrong[1])


@pytest.mark.parametrize(
    "weak",
    [
        "", "short one", "aaaaaaaaaaaaaaaaaaaa", "12345678901234567890", "password password password",
        "lozinka lozinka 1234567890", "abcdefghijklmnopqrstuvwxyz", "streha streha streha streha",
        "2025 2026 2027 2028 2029",
        "qwertyuiop asdfghjkl", "reka reka reka reka reka reka", "               .               ",
    ],
)  # fmt: skip
def test_what_is_plainly_weak_is_refused(weak: str) -> None:
    with pytest.raises(InvalidInput):
        passphrases.require_strong(weak)


@pytest.mark.parametrize(
    "own", ["moja baba peče pitu u ponoć", "Ženja 7 puta pita gde je most?", "blue hats rarely whistle"]
)
def test_ones_own_is_taken_where_it_is_long_and_mixed(own: str) -> None:
    passphrases.require_strong(own)


@pytest.mark.parametrize("words", WordList)
def test_browsers_draw_from_the_same_lists(words: WordList) -> None:
    module = (FOLDER / "vault" / "drawn_words.js").read_text(encoding="ascii")
    _before, _name, after = module.partition(f"export const {words.name} = `\n")
    assert after.partition("`")[0].split() == passphrases_in_order(words)


def passphrases_in_order(words: WordList) -> list[str]:
    """Return a list as it stands in its file."""
    file = resources.files("client.vault") / f"words_{words}.txt"
    return file.read_text(encoding="ascii").split()
