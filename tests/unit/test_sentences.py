"""A person's own sentences: what is the same sentence, which are fit, and what is kept and sealed of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.duress import sentences
from alerts.duress.sentences import normal, require_fit
from bots.words.commands import parse
from core.errors import InvalidInput
from core.texts.script import to_cyrillic
from crypto import sentence_seal, sentence_tag

CLEAR, DURESS = "Stigla sam, popila sam čaj", "Javiću se posle ručka, đak čeka"
PRIVATE, PERSON = bytes(range(32)), bytes(range(16))


@pytest.mark.parametrize(
    "written",
    [
        "javicu se posle rucka djak ceka",
        "JAVIĆU SE POSLE RUČKA, ĐAK ČEKA!",
        "Javiću se  posle ručka… đak čeka 🙂",
        "Јавићу се после ручка, ђак чека.",
        "Javic\u0301u se posle ruc\u030cka, \u201eđak\u201c čeka",
    ],
)
def test_keyboard_script_and_autocorrection_do_not_matter(written: str) -> None:
    assert normal(written) == normal(DURESS)


def test_another_sentence_is_another() -> None:
    assert normal("Javiću se posle ručka, đak ne čeka") != normal(DURESS)
    assert normal("... !?") == ""


@given(st.text(alphabet="abvgdđežzijklmnoprstćufhcčš ,.!", max_size=60))
def test_both_scripts_of_serbian_are_one(text: str) -> None:
    assert normal(to_cyrillic(text)) == normal(text)


@given(st.text(max_size=80))
def test_the_normal_form_is_its_own(text: str) -> None:
    assert normal(normal(text)) == normal(text)


def test_fit_sentences_are_taken() -> None:
    require_fit(CLEAR, DURESS, parse)


@pytest.mark.parametrize(
    ("duress", "why"),
    [
        ("dobro sam", sentences.TOO_SHORT),
        ("a b c d e", sentences.TOO_SHORT),
        ("sve je dobro " * 12, sentences.TOO_LONG),
        ("panic they are here now", sentences.A_COMMAND),
        ("192 dolazim kasnije danas", sentences.A_COMMAND),
        ("Stigla sam, popila sam čaj!", sentences.TOO_ALIKE),
        ("Stigla sam popila sam caj i", sentences.TOO_ALIKE),
    ],
)
def test_what_could_be_missed_or_mistaken_is_refused(duress: str, why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        require_fit(CLEAR, duress, parse)
    assert refused.value.reason == why
    assert duress not in str(refused.value)


def test_only_the_bot_opens_what_is_sealed_and_for_whom_it_is() -> None:
    sealed = sentence_seal.seal(sentence_seal.public_key(PRIVATE), PERSON, CLEAR, DURESS)
    assert len(sealed) == sentence_seal.SEALED_BYTES
    assert sentence_seal.unseal(PRIVATE, PERSON, sealed) == (CLEAR, DURESS)
    for key, person, bytes_ in (
        (bytes(32), PERSON, sealed),
        (PRIVATE, bytes(16), sealed),
        (PRIVATE, PERSON, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (PRIVATE, PERSON, b""),
    ):
        with pytest.raises(sentence_seal.SealBroken):
            sentence_seal.unseal(key, person, bytes_)


def test_the_length_of_what_is_sealed_tells_nothing() -> None:
    public = sentence_seal.public_key(PRIVATE)
    longest = "č" * sentences.LONGEST
    assert len(sentence_seal.seal(public, PERSON, longest, longest)) == len(sentence_seal.seal(public, PERSON, "", ""))


def test_a_tag_is_of_one_person_one_key_and_one_sentence() -> None:
    tag = sentence_tag.tag(PRIVATE, PERSON, "one")
    assert sentence_tag.same(tag, sentence_tag.tag(PRIVATE, PERSON, "one"))
    others = [(PRIVATE, PERSON, "two"), (PRIVATE, bytes(16), "one"), (bytes(32), PERSON, "one")]
    assert not any(sentence_tag.same(tag, sentence_tag.tag(*each)) for each in others)
    # A published vector: it never changes.
    assert tag.hex() == "81b7134f875c9e4c7056ccc74fb3448b30692d64bde3426d2dcf818734234a30"
