"""Answer numbers: of one contact, one alert and one ladder; what is old, over and wrong is told apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.contacts import Contact, ContactId, Means
from agencies.duty_ring import DutyRing, DutyRingId, RingState
from agencies.model import DeskId, PersonId
from alerts.model import Alert, AlertId, State
from alerts.telephone.answer_numbers import OF_NO_ALERT, Standing, asking, asking_to_answer, key_of, meant, ring_meant
from alerts.vocabulary import Certainty, Event, Severity, Status, Through
from cases.model import CaseId, CompartmentId
from core.settings import Secret, Settings
from crypto.answer_number import answer_number, is_number
from tests.telephoned import INWARD

KEY = bytes(range(32))
BEGAN = datetime(2031, 5, 14, 9, 30, tzinfo=UTC)
CONTACT = Contact(
    id=ContactId(UUID(int=1)), person_id=PersonId(uuid4()), desk_id=None, means=Means.TEXT, address="+381600000000"
)
ALERT = Alert(
    id=AlertId(UUID(int=2)), case_id=CaseId(uuid4()), compartment_id=CompartmentId(uuid4()), status=Status.ACTUAL,
    event=Event.PANIC, severity=Severity.EXTREME, first_severity=Severity.EXTREME, certainty=Certainty.OBSERVED,
    raised_by=None, raised_through=Through.API, sent=BEGAN, state=State.OPEN, owner_id=None, ladder=3,
    ladder_began_at=BEGAN, step=0, next_step_at=None,
)  # fmt: skip

RING = DutyRing(
    id=DutyRingId(UUID(int=5)), desk_id=DeskId(uuid4()), person_id=CONTACT.person_id, shift_begins_at=BEGAN,
    shift_ends_at=BEGAN + timedelta(hours=12), rung_at=BEGAN,
)  # fmt: skip


def number(contact: Contact = CONTACT, alert: Alert = ALERT, ladder: int = 3) -> str:
    return answer_number(KEY, contact.id.bytes, alert.id.bytes, ladder)


def found(written: str, *alerts: Alert) -> Standing | None:
    called = [(CONTACT.id, each.id) for each in alerts]
    answered = meant(KEY, written, called, {CONTACT.id: CONTACT}, {each.id: each for each in alerts})
    return None if answered is None else answered.standing


def test_published_vectors_never_change() -> None:
    # Made with openssl dgst -mac HMAC.
    assert [number(ladder=each) for each in (1, 2, 3)] == ["577246", "479833", "278858"]


@given(st.integers(1, 2**31), st.uuids(), st.uuids(), st.binary(min_size=24, max_size=64))
def test_a_number_is_six_digits_and_always_the_same(ladder: int, contact: UUID, alert: UUID, key: bytes) -> None:
    made = answer_number(key, contact.bytes, alert.bytes, ladder)
    assert (len(made), made.isascii(), made.isdigit()) == (6, True, True)
    assert is_number(made, answer_number(key, contact.bytes, alert.bytes, ladder))


def test_numbers_differ_by_whom_and_what_for() -> None:
    others = [
        number(replace(CONTACT, id=ContactId(UUID(int=7)))), number(alert=replace(ALERT, id=AlertId(UUID(int=7)))),
        number(ladder=4), answer_number(KEY[::-1], CONTACT.id.bytes, ALERT.id.bytes, 3),
    ]  # fmt: skip
    assert number() not in others
    assert len(set(others)) == len(others)
    with pytest.raises(ValueError, match="16 bytes"):
        answer_number(KEY, b"short", ALERT.id.bytes, 1)


def test_what_a_number_is_worth() -> None:
    assert found(number(), ALERT) is Standing.VALID
    assert found(number(ladder=2), ALERT) is Standing.EXPIRED
    assert found(number(), replace(ALERT, state=State.STOOD_DOWN)) is Standing.ENDED
    assert found(number(ladder=4), ALERT) is None
    assert found(number()) is None
    # What counts still goes before what is over.
    over = replace(ALERT, id=AlertId(UUID(int=9)), state=State.STOOD_DOWN)
    assert found(number(), over, ALERT) is Standing.VALID


@pytest.mark.parametrize(
    ("means", "desk", "words"),
    [
        (Means.TEXT, False, "Ring. Za prijem odgovorite {number}"),
        (Means.TEXT, True, "Ring. Za prijem: {number} i inicijali"),
        (Means.VOICE, False, "Ring. Za prijem pritisnite {spoken}."),
        (Means.VOICE, True, "Ring. Za prijem pritisnite {spoken}, pa tastere svojih inicijala."),
    ],
)  # fmt: skip
def test_what_is_said_of_it(means: Means, *, desk: bool, words: str) -> None:
    whose = replace(CONTACT, means=means)
    if desk:
        whose = replace(whose, person_id=None, desk_id=DeskId(uuid4()))
    said = asking(KEY, "Ring", "sr-Latn", whose, ALERT.id, 3)
    assert said == words.format(number=number(), spoken=" ".join(number()))


def test_one_text_message_is_enough_for_it() -> None:
    """What is not in the basic alphabet of text messages has 70 letters in one."""
    for language, ring in (
        ("sr-Latn", "Streha: uzbuna, otvorite aplikaciju"),
        ("sr-Cyrl", "Streha: узбуна, отворите апликацију"),
    ):
        for desk in (False, True):
            whose = replace(CONTACT, desk_id=DeskId(uuid4()) if desk else None)
            assert len(asking(KEY, ring, language, whose, ALERT.id, 3)) <= 70
            assert len(asking_to_answer(KEY, language, whose, RING.id)) <= 70


@pytest.mark.parametrize("language", ["en", "sr-Latn", "sr-Cyrl"])
def test_a_number_of_a_test_says_that_it_is_a_test_and_accepts_nothing(language: str) -> None:
    test = answer_number(KEY, CONTACT.id.bytes, RING.id.bytes, OF_NO_ALERT)
    said = asking_to_answer(KEY, language, CONTACT, RING.id)
    assert test in said
    assert any(word in said for word in ("test", "proba", "проба"))
    # Not even where an alert had the ring's id.
    assert found(test, replace(ALERT, id=AlertId(RING.id))) is None


def test_what_a_number_of_a_test_is_worth() -> None:
    test = answer_number(KEY, CONTACT.id.bytes, RING.id.bytes, OF_NO_ALERT)

    def worth(written: str, *rings: DutyRing, now: datetime = BEGAN) -> bool | None:
        answered = ring_meant(KEY, written, [CONTACT], rings, now)
        return None if answered is None else answered.over

    assert worth(test, RING) is False
    assert worth(number(), RING) is None
    assert worth(test) is None
    assert worth(test, replace(RING, state=RingState.OVER)) is True
    assert worth(test, RING, now=RING.shift_ends_at) is True


def test_without_a_key_that_is_one_nobody_answers() -> None:
    settings = Settings(database_url=Secret("postgresql://"))
    assert key_of(settings) is None
    assert key_of(replace(settings, gateway_inward_key=Secret("whsec_AAAA"))) is None
    assert key_of(replace(settings, gateway_inward_key=Secret(INWARD)))
