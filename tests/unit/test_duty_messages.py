"""What a test ring says can be taken for nothing else, in any language, and the word it asks for is understood."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from agencies.duty_ring import DutyRing, DutyRingId
from agencies.model import DeskId, PersonId
from alerts import texts as alert_texts
from alerts.duty import messages as duty_messages
from alerts.duty.messages import RING, TEXTS
from alerts.waking import SENTENCES
from bots.words.commands import WORDS, Command, Verb, parse, word
from bots.words.rendering import Names, Renderer
from core.outbox import Target, TargetKind
from core.settings import Secret, Settings
from core.texts import LANGUAGES, render

ANA, BORIS = PersonId(UUID(int=11)), PersonId(UUID(int=12))
TEST = {"en": "test", "sr-Latn": "proba", "sr-Cyrl": "проба"}
# What an alert and an exercise say of themselves.
OTHERS = {
    "en": ("alert,", "exercise"), "sr-Latn": ("uzbuna,", "vežb"), "sr-Cyrl": ("узбуна,", "вежб"),
}  # fmt: skip


def shown(text: str, language: str) -> str:
    names = {name: "…" for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    return render(text, language, **names)


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("name", list(TEXTS))
def test_every_sentence_says_that_it_is_a_test_and_none_names_a_case(name: str, language: str) -> None:
    said = shown(TEXTS[name], language).casefold()
    assert TEST[language] in said
    assert not any(other in said for other in OTHERS[language])
    assert "codename" not in TEXTS[name]


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if "write: here" in text])
def test_the_word_that_is_asked_for_is_understood(name: str, language: str) -> None:
    assert word(Verb.HERE, language) in shown(TEXTS[name], language)
    assert parse(word(Verb.HERE, language)) == Command(verb=Verb.HERE)


def test_what_rings_beside_matrix_is_one_sentence_like_no_other() -> None:
    assert SENTENCES[RING] == TEXTS[RING]
    for language in LANGUAGES:
        said = {shown(text, language) for text in SENTENCES.values()}
        assert len(said) == len(SENTENCES)
        assert shown(TEXTS[RING], language) not in {shown(each, language) for each in alert_texts.TEXTS.values()}


def test_no_word_of_talk_is_nearly_it() -> None:
    for each in WORDS[Verb.HERE]:
        assert parse(f"{each} quiet-heron") is None
    assert parse("there") is None
    assert parse("hre") is None


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_message_is_rendered_with_names_and_times(language: str) -> None:
    ring = DutyRing(
        id=DutyRingId(UUID(int=1)), desk_id=DeskId(UUID(int=2)), person_id=ANA,
        shift_begins_at=datetime(2026, 3, 2, 19, 0, tzinfo=UTC), shift_ends_at=datetime(2026, 3, 3, 7, 0, tzinfo=UTC),
        rung_at=datetime(2026, 3, 2, 19, 0, tzinfo=UTC),
    )  # fmt: skip
    room, at = Target(kind=TargetKind.DESK, id=ring.desk_id), ring.rung_at + timedelta(minutes=10)
    said = [
        *duty_messages.asking(ring, room, [ANA]),
        *duty_messages.asking_deputies(ring, [ANA], [BORIS]),
        *duty_messages.silence(ring, [room], [ANA], [BORIS]),
        *duty_messages.nobody(ring, room, [ANA], [BORIS]),
        *duty_messages.answered(ring, [room], ANA, at, late=False),
        *duty_messages.answered(ring, [room], ANA, at, late=True),
        *duty_messages.stood_in(ring, [room], BORIS, [ANA]),
        duty_messages.call_failed(ring, room, [ANA]),
    ]
    assert {each.template for each in said} == TEXTS.keys()
    assert len({each.key for each in said}) == len(said)
    renderer = Renderer(Settings(database_url=Secret("")))
    names = Names(people={ANA: "Ana Primer", BORIS: "Boris Primer"}, agencies={})
    shown_texts = {each.template: renderer.text(each, language, names) for each in said}
    # By the clock on the wall of the network.
    assert all(each in shown_texts["duty_ring_details"] for each in ("Ana Primer", "20:00", "08:00", "20:10"))
    assert all(each in shown_texts["duty_silent"] for each in ("Ana Primer", "Boris Primer", "08:00"))
    assert "20:10" in shown_texts["duty_answered"]
    assert not any("{" in each for each in shown_texts.values())
