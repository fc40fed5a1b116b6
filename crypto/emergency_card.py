r"""An emergency card sealed to one duty desk: libsodium's sealed box around a signed page of one size.

    envelope  version 0x01 | desk's public key (32) | sealed box of the page
    page      "streha/emergency-card/v1\0" | network (32) | compartment (16) | number (8) | desk (16) | desk's key (32)
              | author (16) | author's signing key (32) | written at (8) | text (3072) | signature (64)
    text      four times length (2) and UTF-8; then zeros

Numbers are big-endian; the moment is in seconds since 1970; the network is `signing.network_fingerprint`. The signature
has the purpose `emergency-card` and covers the page up to it. All envelopes are of one length, so that none tells how
much is written. Whoever opens says which card of which compartment for which desk it must be; what was sealed for
another is refused. A sealed box says nothing of who made it: that is what the signature is for, and whose key signed is
for the caller to know. For people: docs/emergency-cards.md
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

import nacl.bindings
import nacl.exceptions

from crypto import desk_key, signing

LABEL = b"streha/emergency-card/v1\0"
PURPOSE = "emergency-card"
VERSION = b"\x01"
FIELDS = 4
TEXT_BYTES = 3072
ROOM_FOR_TEXT = TEXT_BYTES - 2 * FIELDS
ID_BYTES = 16
_NUMBER_BYTES = 8
_HEAD = len(VERSION) + desk_key.KEY_BYTES
_CONTEXT_BYTES = len(LABEL) + 32 + ID_BYTES + _NUMBER_BYTES + ID_BYTES + desk_key.KEY_BYTES
_SIGNED_BYTES = _CONTEXT_BYTES + ID_BYTES + signing.PUBLIC_KEY_BYTES + _NUMBER_BYTES + TEXT_BYTES
PAGE_BYTES = _SIGNED_BYTES + signing.SIGNATURE_BYTES
ENVELOPE_BYTES = _HEAD + nacl.bindings.crypto_box_SEALBYTES + PAGE_BYTES


class CardBroken(Exception):
    """The envelope cannot be opened as the card it must be. People are told one thing, whatever was wrong."""


class NotAnEnvelope(CardBroken):
    """It has another length or version than an envelope of this kind."""


class SealBroken(CardBroken):
    """It was not sealed to this desk's key, or was altered since."""


class OfAnotherPlace(CardBroken):
    """It was made for another network, compartment, number, desk or key."""


class NotSigned(CardBroken):
    """The signature does not fit the page."""


class NotWritten(CardBroken):
    """What stands in it is no text of four fields."""


class TooLong(Exception):
    """The text does not fit a page; `over` is by how many bytes."""

    def __init__(self, over: int) -> None:
        super().__init__(f"{over} bytes too long")
        self.over = over


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which card it is: ids of 16 bytes, the card's number in its compartment, and the desk's public key."""

    network: str
    compartment: bytes
    number: int
    desk: bytes
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What stands in a card, who wrote it with which key, and when, in seconds since 1970."""

    fields: tuple[str, ...]
    author: bytes
    author_key: bytes
    written_at: int


def seal(seed: bytes, place: Place, *, author: bytes, written_at: int, fields: Sequence[str]) -> bytes:
    """Return a card sealed to a desk, signed with the author's seed; raise TooLong, or `desk_key.KeyUnusable`."""
    desk_key.require_usable(place.key)
    signed = (
        _context(place)
        + _id(author)
        + signing.public_key(seed)
        + written_at.to_bytes(_NUMBER_BYTES)
        + _text(fields)
    )  # fmt: skip
    page = signed + signing.sign(seed, PURPOSE, place.network, signed)
    return VERSION + place.key + nacl.bindings.crypto_box_seal(page, place.key)


def key_of(envelope: bytes) -> bytes:
    """Return the public key that an envelope says it is sealed to; raise NotAnEnvelope."""
    if len(envelope) != ENVELOPE_BYTES or envelope[: len(VERSION)] != VERSION:
        raise NotAnEnvelope
    return envelope[len(VERSION) : _HEAD]


def open_(secret: bytes, envelope: bytes, place: Place) -> Page:
    """Return what stands in the card of a place; raise CardBroken. Nothing is read of it before all is checked."""
    if not hmac.compare_digest(key_of(envelope), place.key) or desk_key.public_key(secret) != place.key:
        raise SealBroken
    try:
        page = nacl.bindings.crypto_box_seal_open(envelope[_HEAD:], place.key, secret)
    except nacl.exceptions.CryptoError as error:
        raise SealBroken from error
    if not hmac.compare_digest(page[:_CONTEXT_BYTES], _context(place)):
        raise OfAnotherPlace
    signed, signature = page[:_SIGNED_BYTES], page[_SIGNED_BYTES:]
    author, rest = signed[_CONTEXT_BYTES:][:ID_BYTES], signed[_CONTEXT_BYTES + ID_BYTES :]
    author_key, rest = rest[: signing.PUBLIC_KEY_BYTES], rest[signing.PUBLIC_KEY_BYTES :]
    try:
        signing.verify(author_key, PURPOSE, place.network, signed, signature)
    except signing.SignatureInvalid as error:
        raise NotSigned from error
    return Page(
        fields=_read(rest[_NUMBER_BYTES:]),
        author=author,
        author_key=author_key,
        written_at=int.from_bytes(rest[:_NUMBER_BYTES]),
    )


def _context(place: Place) -> bytes:
    return (
        LABEL
        + signing.network_fingerprint(place.network)
        + _id(place.compartment)
        + place.number.to_bytes(_NUMBER_BYTES)
        + _id(place.desk)
        + place.key
    )


def _id(raw: bytes) -> bytes:
    if len(raw) != ID_BYTES:
        raise ValueError("an id has 16 bytes")
    return raw


def _text(fields: Sequence[str]) -> bytes:
    if len(fields) != FIELDS:
        raise ValueError("a card has four fields")
    written = [each.encode() for each in fields]
    over = sum(map(len, written)) - ROOM_FOR_TEXT
    if over > 0:
        raise TooLong(over)
    return b"".join(len(each).to_bytes(2) + each for each in written).ljust(TEXT_BYTES, b"\0")


def _read(text: bytes) -> tuple[str, ...]:
    fields = []
    for _ in range(FIELDS):
        length, text = int.from_bytes(text[:2]), text[2:]
        if length > len(text):
            raise NotWritten
        try:
            fields.append(text[:length].decode())
        except UnicodeDecodeError as error:
            raise NotWritten from error
        text = text[length:]
    if text.strip(b"\0"):
        raise NotWritten
    return tuple(fields)
