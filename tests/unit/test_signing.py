"""Signatures, sign-in answers, chain links and tokens: round trips, and every way of tampering."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import chain, sign_in, signing, tokens
from crypto.signing import SignatureInvalid

SEED = bytes(range(32))
OTHER_SEED = bytes(range(1, 33))
KEY = signing.public_key(SEED)
NETWORK = "invented network"
ORIGIN = "https://streha.example"
PERSON = bytes(range(16))
NONCE = bytes(range(32, 64))
SMALL_ORDER = [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"]
# Published: what is signed and chained today is checked by every later version.
SIGNATURE = (
    "6c695713e8f3d6c460f4ba14dc1f77dd4c8578bf9e7e2b271ed329e4b789c174"
    "dbbcbd84aaad7d7f659235c567c2b30aff387981071c002a5b29967504858e0a"
)
LINK = "8f2d8b2bcab17ff4d07e0878bc77e0ca37a7082ecceab027d7c064de39d1fec6"


@given(body=st.binary(max_size=200), purpose=st.sampled_from(["sign-in", "plan"]), network=st.text(max_size=20))
def test_what_is_signed_is_verified(body: bytes, purpose: str, network: str) -> None:
    signing.verify(KEY, purpose, network, body, signing.sign(SEED, purpose, network, body))


def test_the_published_vector_never_changes() -> None:
    assert KEY.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    signature = signing.sign(SEED, "sign-in", NETWORK, b"body")
    assert signature.hex() == SIGNATURE


def test_a_change_of_any_byte_is_found() -> None:
    body = b"what is meant"
    signature = signing.sign(SEED, "plan", NETWORK, body)
    for position in range(len(signature)):
        for bit in (1, 0x80):
            with pytest.raises(SignatureInvalid):
                signing.verify(KEY, "plan", NETWORK, body, _flipped(signature, position, bit))
    for position in range(len(body)):
        with pytest.raises(SignatureInvalid):
            signing.verify(KEY, "plan", NETWORK, _flipped(body, position, 1), signature)
    for position in range(len(KEY)):
        with pytest.raises(SignatureInvalid):
            signing.verify(_flipped(KEY, position, 1), "plan", NETWORK, body, signature)


@pytest.mark.parametrize(
    "verify",
    [
        lambda signature: signing.verify(KEY, "sign-in", NETWORK, b"body", signature),
        lambda signature: signing.verify(KEY, "plan", "another network", b"body", signature),
        lambda signature: signing.verify(KEY, "plan", "", b"body", signature),
        lambda signature: signing.verify(signing.public_key(OTHER_SEED), "plan", NETWORK, b"body", signature),
        lambda signature: signing.verify(KEY[:31], "plan", NETWORK, b"body", signature),
        lambda signature: signing.verify(KEY + b"\0", "plan", NETWORK, b"body", signature),
        lambda signature: signing.verify(b"", "plan", NETWORK, b"body", signature),
        lambda signature: signing.verify(KEY, "plan", NETWORK, b"body", signature[:63]),
        lambda signature: signing.verify(KEY, "plan", NETWORK, b"body", signature + b"\0"),
        lambda _signature: signing.verify(KEY, "plan", NETWORK, b"body", bytes(64)),
    ],
)
def test_a_signature_for_something_else_is_worth_nothing(verify: Callable[[bytes], None]) -> None:
    with pytest.raises(SignatureInvalid):
        verify(signing.sign(SEED, "plan", NETWORK, b"body"))


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_a_key_that_fits_every_signature_is_refused(key: bytes) -> None:
    for signature in (key + bytes(32), bytes(64)):
        with pytest.raises(SignatureInvalid):
            signing.verify(key, "plan", NETWORK, b"body", signature)


@given(first=st.text(max_size=30), second=st.text(max_size=30))
def test_networks_are_told_apart(first: str, second: str) -> None:
    assert (signing.network_fingerprint(first) == signing.network_fingerprint(second)) is (first == second)


@given(purpose=st.sampled_from(["plan", "sign-in"]), moved=st.binary(min_size=1, max_size=40))
def test_nothing_moves_from_the_body_into_what_surrounds_it(purpose: str, moved: bytes) -> None:
    signature = signing.sign(SEED, purpose, NETWORK, moved + b"body")
    with pytest.raises(SignatureInvalid):
        signing.verify(KEY, purpose, NETWORK, b"body", signature)


def test_seeds_differ() -> None:
    assert len({signing.new_seed() for _ in range(100)}) == 100


def answered(
    seed: bytes = SEED, network: str = NETWORK, origin: str = ORIGIN, person: bytes = PERSON, nonce: bytes = NONCE
) -> bytes:
    return sign_in.answer(seed, network=network, origin=origin, person=person, nonce=nonce)


def checked(signature: bytes, key: bytes = KEY, person: bytes = PERSON, nonce: bytes = NONCE) -> None:
    sign_in.check(key, signature, network=NETWORK, origin=ORIGIN, person=person, nonce=nonce)


def test_an_answer_fits_its_challenge() -> None:
    checked(answered())


@pytest.mark.parametrize(
    "signature",
    [
        answered(network="another"),
        answered(origin="https://streha.example.org"),
        answered(origin="http://streha.example"),
        answered(origin=""),
        answered(person=bytes(16)),
        answered(nonce=bytes(32)),
        answered(seed=OTHER_SEED),
        signing.sign(SEED, "another-purpose", NETWORK, sign_in._body(ORIGIN, PERSON, NONCE)),
        b"",
        bytes(64),
    ],
)
def test_an_answer_to_another_challenge_is_refused(signature: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        checked(signature)


def test_an_answer_is_refused_at_every_changed_byte() -> None:
    signature = answered()
    for position in range(len(signature)):
        with pytest.raises(SignatureInvalid):
            checked(_flipped(signature, position, 1))
    for position in range(32):
        with pytest.raises(SignatureInvalid):
            checked(signature, nonce=_flipped(NONCE, position, 1))
    for position in range(16):
        with pytest.raises(SignatureInvalid):
            checked(signature, person=_flipped(PERSON, position, 1))


@pytest.mark.parametrize(("person", "nonce"), [(b"", NONCE), (PERSON[:15], NONCE), (PERSON, b""), (PERSON, NONCE * 2)])
def test_lengths_are_checked_before_anything_is_signed(person: bytes, nonce: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        answered(person=person, nonce=nonce)
    with pytest.raises(SignatureInvalid):
        checked(bytes(64), person=person, nonce=nonce)


plain = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=10) | st.binary(max_size=10)
entries = st.lists(plain | st.dictionaries(st.text(max_size=5), plain, max_size=3), max_size=6)


@given(first=entries, second=entries)
def test_different_entries_have_different_links(first: list[chain.Plain], second: list[chain.Plain]) -> None:
    # True and 1 are equal in Python and different in the ledger.
    same = repr(_sorted(first)) == repr(_sorted(second))
    assert (chain.link(chain.START, first) == chain.link(chain.START, second)) is same


def _sorted(entry: list[chain.Plain]) -> list[object]:
    return [sorted(each.items()) if isinstance(each, dict) else each for each in entry]


def test_a_link_binds_everything_before_it() -> None:
    first = chain.link(chain.START, [1, "act"])
    assert chain.link(first, [2, "act"]) != chain.link(chain.START, [2, "act"])
    for position in range(32):
        assert chain.link(_flipped(first, position, 1), [2, "act"]) != chain.link(first, [2, "act"])
    assert chain.link(chain.START, [1, {"b": 1, "a": 2}]) == chain.link(chain.START, [1, {"a": 2, "b": 1}])
    for wrong in (b"", first[:31], first + b"\0"):
        with pytest.raises(ValueError, match="32 bytes"):
            chain.link(wrong, [1])


def test_the_first_link_never_changes() -> None:
    facts: dict[str, chain.Plain] = {"number": 1}
    entry: list[chain.Plain | dict[str, chain.Plain]] = [
        1,
        "2026-03-02T09:00:00.000000+00:00",
        "person",
        PERSON,
        "act",
        None,
        None,
        facts,
    ]
    assert chain.link(chain.START, entry).hex() == LINK


def test_tokens_are_random_and_kept_as_hashes() -> None:
    made = {tokens.new_token() for _ in range(100)}
    assert len(made) == 100
    assert {len(each) for each in made} == {tokens.TOKEN_BYTES}
    token = made.pop()
    assert tokens.token_hash(token) != token
    assert tokens.token_hash(token) == tokens.token_hash(token)
    for position in range(len(token)):
        assert tokens.token_hash(_flipped(token, position, 1)) != tokens.token_hash(token)


def _flipped(data: bytes, position: int, bit: int) -> bytes:
    return data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :]
