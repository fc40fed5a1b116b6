"""Emergency cards as bytes: what fits opens, and nothing else does, byte by byte."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import nacl.bindings
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import desk_key, emergency_card, signing
from crypto.emergency_card import (
    ENVELOPE_BYTES,
    ROOM_FOR_TEXT,
    CardBroken,
    NotAnEnvelope,
    NotSigned,
    NotWritten,
    OfAnotherPlace,
    Place,
    SealBroken,
    TooLong,
    key_of,
    open_,
    seal,
)

SECRET = bytes(range(1, 33))
SEED = bytes(range(32, 64))
AUTHOR = bytes(range(16))
PLACE = Place(
    network="invented network", compartment=b"c" * 16, number=3, desk=b"d" * 16, key=desk_key.public_key(SECRET)
)
FIELDS = ("Ана", "kod suda", "+381600000000", "NE zvati majku\nzvati Borisa")
AT = 1_772_442_000


def sealed(fields: tuple[str, ...] = FIELDS, place: Place = PLACE) -> bytes:
    return seal(SEED, place, author=AUTHOR, written_at=AT, fields=fields)


def test_what_was_sealed_opens_with_the_desks_secret() -> None:
    page = open_(SECRET, sealed(), PLACE)
    assert (page.fields, page.author, page.written_at) == (FIELDS, AUTHOR, AT)
    assert page.author_key == signing.public_key(SEED)
    assert key_of(sealed()) == PLACE.key


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=180), min_size=4, max_size=4))
def test_any_text_that_fits_comes_back_and_every_envelope_is_of_one_length(fields: list[str]) -> None:
    envelope = sealed(tuple(fields))
    assert len(envelope) == ENVELOPE_BYTES
    assert open_(SECRET, envelope, PLACE).fields == tuple(fields)


def test_a_page_holds_so_much_and_no_byte_more() -> None:
    full = ("", "", "", "ш" * (ROOM_FOR_TEXT // 2))
    assert len(sealed(full)) == ENVELOPE_BYTES
    assert open_(SECRET, sealed(full), PLACE).fields == full
    with pytest.raises(TooLong) as refused:
        sealed(("", "", "abc", full[3]))
    assert refused.value.over == 3
    with pytest.raises(ValueError, match="four fields"):
        sealed(("one", "two", "three"))


def test_a_change_of_any_byte_is_noticed() -> None:
    envelope = sealed()
    for place in range(len(envelope)):
        altered = bytearray(envelope)
        altered[place] ^= 1
        with pytest.raises(CardBroken):
            open_(SECRET, bytes(altered), PLACE)


def test_what_was_cut_or_goes_on_is_no_envelope() -> None:
    envelope = sealed()
    for length in range(len(envelope)):
        with pytest.raises(NotAnEnvelope):
            open_(SECRET, envelope[:length], PLACE)
    with pytest.raises(NotAnEnvelope):
        open_(SECRET, envelope + b"\0", PLACE)
    with pytest.raises(NotAnEnvelope):
        open_(SECRET, b"\x02" + envelope[1:], PLACE)


def test_another_key_opens_nothing() -> None:
    other = desk_key.new_secret()
    with pytest.raises(SealBroken):
        open_(other, sealed(), PLACE)
    with pytest.raises(SealBroken):
        open_(other, sealed(), replace(PLACE, key=desk_key.public_key(other)))
    # Said to be sealed to a key that it was not sealed to.
    claimed = emergency_card.VERSION + desk_key.public_key(other) + sealed()[33:]
    with pytest.raises(SealBroken):
        open_(other, claimed, replace(PLACE, key=desk_key.public_key(other)))


@pytest.mark.parametrize(
    "place",
    [
        replace(PLACE, network="another network"), replace(PLACE, compartment=b"x" * 16), replace(PLACE, number=2),
        replace(PLACE, desk=b"x" * 16),
    ],
)  # fmt: skip
def test_a_card_of_another_place_is_refused(place: Place) -> None:
    with pytest.raises(OfAnotherPlace):
        open_(SECRET, sealed(place=place), PLACE)


def boxed(page: bytes) -> bytes:
    """Return an envelope around any page, as whoever knows a desk's public key can make it."""
    return emergency_card.VERSION + PLACE.key + nacl.bindings.crypto_box_seal(page, PLACE.key)


def opened(envelope: bytes) -> bytes:
    return nacl.bindings.crypto_box_seal_open(envelope[33:], PLACE.key, SECRET)


def test_a_page_that_its_author_did_not_sign_is_refused_at_every_byte() -> None:
    page = opened(sealed())
    context = emergency_card._CONTEXT_BYTES
    for place in range(len(page)):
        altered = bytearray(page)
        altered[place] ^= 1
        with pytest.raises(OfAnotherPlace if place < context else NotSigned):
            open_(SECRET, boxed(bytes(altered)), PLACE)


@pytest.mark.parametrize("text", [b"\xff\xff", b"\0\1\xff", b"\0\0" * 4 + b"\1"])
def test_what_is_signed_and_no_text_is_refused(text: bytes) -> None:
    page = opened(sealed())
    start = emergency_card._SIGNED_BYTES - emergency_card.TEXT_BYTES
    signed = page[:start] + text.ljust(emergency_card.TEXT_BYTES, b"\0")
    with pytest.raises(NotWritten):
        open_(SECRET, boxed(signed + signing.sign(SEED, emergency_card.PURPOSE, PLACE.network, signed)), PLACE)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), bytes(32), b"\1" + bytes(31)])
def test_nothing_is_sealed_to_a_key_that_hides_nothing(key: bytes) -> None:
    with pytest.raises(desk_key.KeyUnusable):
        sealed(place=replace(PLACE, key=key))


# Keys of desks ----------------------------------------------------------------------------------------


def test_a_fingerprint_is_read_whatever_its_spaces_and_case() -> None:
    key = desk_key.public_key(SECRET)
    shown = desk_key.fingerprint(key)
    assert [len(each) for each in shown.split()] == [5, 5, 5, 5]
    assert desk_key.same_fingerprint(key, shown.lower().replace(" ", "-"))
    assert desk_key.same_fingerprint(key, shown.replace("0", "o").replace("1", "l"))
    assert not desk_key.same_fingerprint(key, shown[:-1])
    assert not desk_key.same_fingerprint(key, "")
    assert not desk_key.same_fingerprint(desk_key.public_key(desk_key.new_secret()), shown)


def test_the_formats_of_this_version_stay_as_they_are() -> None:
    """A vector: whoever changes a byte of the format changes its version."""
    assert desk_key.fingerprint(PLACE.key) == "JAEK4 DBF34 DH3JH 0XXQF"
    assert ENVELOPE_BYTES == 3402
    page = opened(sealed())
    assert page[:25] == b"streha/emergency-card/v1\0"
    assert page.index(b"c" * 16 + (3).to_bytes(8) + b"d" * 16 + PLACE.key + AUTHOR) == 57


def test_the_word_for_a_desks_key_stays_as_it_is_byte_by_byte() -> None:
    """A vector: the map that is signed, and its signature by the seed above."""
    said = bytes.fromhex(
        "a46261741a69a55190636b6579582007a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c"
        "646465736b5064646464646464646464646464646464"
        "66706572736f6e50000102030405060708090a0b0c0d0e0f"
    )
    at = {"person": AUTHOR, "desk": b"d" * 16, "key": PLACE.key, "at": AT}
    assert cbor2.dumps(at, canonical=True) == said
    signature = desk_key.sign(SEED, network="invented network", **at)  # type: ignore[arg-type]
    assert signature.hex() == (
        "bf04d338d7b45c543646452fb2dff31cb54d37e416ec3b447e227949568704167b112728fc5db1c982d6349af06a422240e487aee5a9c6559"
        "c19f8a7d8157809"
    )


@given(field=st.sampled_from(["network", "person", "desk", "key", "at"]))
def test_a_word_for_a_desks_key_holds_for_nothing_else(field: str) -> None:
    said = {"network": "invented network", "person": AUTHOR, "desk": b"d" * 16, "key": PLACE.key, "at": AT}
    signature = desk_key.sign(SEED, **said)  # type: ignore[arg-type]
    desk_key.check(signing.public_key(SEED), signature, **said)  # type: ignore[arg-type]
    other = {"network": "another", "person": b"x" * 16, "desk": b"x" * 16, "key": b"x" * 32, "at": AT + 1}
    with pytest.raises(signing.SignatureInvalid):
        desk_key.check(signing.public_key(SEED), signature, **{**said, field: other[field]})  # type: ignore[arg-type]
