"""The numbers with which people who are called by telephone accept: for whom, for what, and how long each holds.

One number for each contact and alert, and another whenever calling begins anew; one for each contact and test ring of a
shift (`alerts.duty.ringing`), which accepts no alert, or call to a desk (`alerts.telephone.desk_calls`). It is worked
out, not kept (`crypto.answer_number`), from the key that the gateway signs with inwards: without that nobody could
answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import product
from uuid import UUID

from agencies.contacts import Contact, ContactId, Means
from agencies.duty_ring import DutyRing, DutyRingId, RingState
from alerts.model import Alert, AlertId
from alerts.telephone.desk_call import DeskCall, DeskCallId
from core import logs
from core.ids import derived_id
from core.settings import Settings
from core.texts import mark, render
from crypto import webhook_signature
from crypto.answer_number import answer_number, is_number

log = logs.get(__name__)

# Of a ladder that began more often, numbers are forgotten: they are wrong then, not old.
LADDERS_LOOKED_BACK = 20
# For a text message the number stands together, for a voice each digit alone; at a desk somebody says who answers.
ASKING = {
    (Means.TEXT, False): mark("{text}. To accept answer {number}"),
    (Means.TEXT, True): mark("{text}. To accept answer {number} and your initials"),
    (Means.VOICE, False): mark("{text}. To accept press {number}."),
    (Means.VOICE, True): mark("{text}. To accept press {number}, then the keys of your initials."),
}

# A test ring says so in every sentence, and is never called accepting.
TESTING = {
    (Means.TEXT, False): mark("Streha: test of your duty. Answer {number}"),
    (Means.TEXT, True): mark("Streha: test of duty. Answer {number} and your initials"),
    (Means.VOICE, False): mark("Streha: test of your duty. Press {number}."),
    (Means.VOICE, True): mark("Streha: test of duty. Press {number}, then the keys of your initials."),
}
# Ladders of alerts are counted from one: no number of a test, or of a call to a desk, is that of an alert.
OF_NO_ALERT = 0


class Standing(Enum):
    """What an answered number is worth."""

    VALID = "valid"
    ENDED = "ended"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which alert somebody answers, at which contact, and whether that counts still."""

    contact: Contact
    alert: Alert
    standing: Standing

    @property
    def key(self) -> UUID:
        """Name the number: it has one effect."""
        return derived_id("answer number", str(self.contact.id), str(self.alert.id), str(self.alert.ladder))


@dataclass(frozen=True, slots=True, kw_only=True)
class RingMeant:
    """Which test ring somebody answers, at which contact, and whether it is over."""

    contact: Contact
    ring: DutyRing
    over: bool

    @property
    def key(self) -> UUID:
        """Name the number: it has one effect."""
        return derived_id("duty number", str(self.contact.id), str(self.ring.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCallMeant:
    """Which call to a desk somebody takes, and at which contact."""

    contact: Contact
    call: DeskCall

    @property
    def key(self) -> UUID:
        """Name the number: it has one effect."""
        return derived_id("desk call number", str(self.contact.id), str(self.call.id))


def key_of(settings: Settings) -> bytes | None:
    """Return the key that words from telephones are signed with; None where nobody may answer or raise so."""
    if not settings.gateway_inward_key:
        return None
    try:
        return webhook_signature.read_key(settings.gateway_inward_key.reveal())
    except ValueError as error:
        log.failure("telephone_not_set_up", error)
        return None


def asking(
    key: bytes, text: str, language: str, contact: Contact, of: AlertId | DeskCallId, ladder: int = OF_NO_ALERT
) -> str:  # fmt: skip
    """Return the sentence that wakes somebody, with the number that accepts: an alert's ladder has one of its own."""
    number = answer_number(key, contact.id.bytes, of.bytes, ladder)
    spoken = number if contact.means is Means.TEXT else " ".join(number)
    return render(ASKING[contact.means, contact.desk_id is not None], language, text=text, number=spoken)


def asking_to_answer(key: bytes, language: str, contact: Contact, ring_id: DutyRingId) -> str:
    """Return what a telephone is told at the begin of a shift, with the number that answers."""
    number = answer_number(key, contact.id.bytes, ring_id.bytes, OF_NO_ALERT)
    spoken = number if contact.means is Means.TEXT else " ".join(number)
    return render(TESTING[contact.means, contact.desk_id is not None], language, number=spoken)


def ring_meant(
    key: bytes, number: str, contacts: Iterable[Contact], rings: Iterable[DutyRing], now: datetime
) -> RingMeant | None:  # fmt: skip
    """Return which test ring a number answers, and at which contact; None where it is none's."""
    found = [
        RingMeant(contact=contact, ring=ring, over=ring.state is RingState.OVER or ring.shift_ends_at <= now)
        for contact, ring in product(list(contacts), list(rings))
        if is_number(number, answer_number(key, contact.id.bytes, ring.id.bytes, OF_NO_ALERT))
    ]
    return min(found, key=lambda each: each.over, default=None)


def desk_call_meant(
    key: bytes, number: str, contacts: Iterable[Contact], calls: Iterable[DeskCall]
) -> DeskCallMeant | None:  # fmt: skip
    """Return which call to a desk a number takes, and at which contact; None where it is none's."""
    found = [
        DeskCallMeant(contact=contact, call=call)
        for contact, call in product(list(contacts), list(calls))
        if is_number(number, answer_number(key, contact.id.bytes, call.id.bytes, OF_NO_ALERT))
    ]
    return min(found, key=lambda each: each.call.taken_at is not None, default=None)


def meant(
    key: bytes, number: str, called: Iterable[tuple[ContactId, AlertId]], contacts: Mapping[ContactId, Contact],
    alerts: Mapping[AlertId, Alert],
) -> Meant | None:  # fmt: skip
    """Return what a number answers, what still counts before anything else; None where it is wrong."""
    found = [
        each
        for contact_id, alert_id in called
        if (each := _meant(key, number, contacts[contact_id], alerts[alert_id])) is not None
    ]
    return min(found, key=lambda each: list(Standing).index(each.standing), default=None)


def _meant(key: bytes, number: str, contact: Contact, alert: Alert) -> Meant | None:
    for ladder in range(alert.ladder, max(0, alert.ladder - LADDERS_LOOKED_BACK), -1):
        if is_number(number, answer_number(key, contact.id.bytes, alert.id.bytes, ladder)):
            standing = Standing.VALID if ladder == alert.ladder else Standing.EXPIRED
            return Meant(contact=contact, alert=alert, standing=Standing.ENDED if alert.ended else standing)
    return None
