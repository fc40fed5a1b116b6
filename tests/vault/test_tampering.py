"""What the vault seals and signs: it comes back as it was, and nothing of it can be altered at any byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.vault import aead, content, deterministic, epoch, history, log, padding, statement, wrap
from crypto.vault.failures import NotWhole, Refused
from crypto.vault.labels import HASHES, MEMBERSHIP, PASSKEY_SALT, PERSONAL, PLACES, PURPOSES
from tests.vault.drawn import BOX_KEY, COMPARTMENT, KEY, NETWORK, PERSON, RECORD_ID, SECRET, SEED, VERSION

ROOT = Path(__file__).parents[2]
PACKAGES = ("agencies", "alerts", "bots", "cases", "client", "core", "crypto", "safety_plans", "server", "streha")
PLACE = content.Place(network=NETWORK, compartment=COMPARTMENT, record=RECORD_ID, version=VERSION)
EPOCH = epoch.Epoch(network=NETWORK, compartment=COMPARTMENT, number=7)
BODY = log.body(log=COMPARTMENT, number=0, after=log.START, at=1, by=PERSON, do="open", particulars={"case": RECORD_ID})


def texts(most: int) -> st.SearchStrategy[str]:
    """Return texts that every program writes and reads alike."""
    return st.text(max_size=most).filter(lambda text: not text.startswith(deterministic.BYTE_ORDER_MARK))


values = st.recursive(
    st.none() | st.booleans() | st.integers(0, deterministic.GREATEST_NUMBER) | texts(30)
    | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(5), inner, max_size=4),
    max_leaves=12,
).filter(lambda value: _depth(value) <= deterministic.DEEPEST)  # fmt: skip


def _depth(value: object) -> int:
    match value:
        case list():
            return 1 + max(map(_depth, value), default=0)
        case dict():
            return 1 + max(map(_depth, value.values()), default=0)
    return 0


@given(values)
def test_what_is_said_is_read_and_said_in_one_way(value: deterministic.Value) -> None:
    said = deterministic.encode(value)
    assert deterministic.decode(said) == value
    assert deterministic.encode(deterministic.decode(said)) == said


@given(st.binary(max_size=60))
def test_other_bytes_are_read_only_if_they_are_the_only_ones(data: bytes) -> None:
    try:
        value = deterministic.decode(data)
    except Refused:
        return
    assert deterministic.encode(value) == data


@given(st.binary(max_size=3000))
def test_a_text_comes_back_from_its_padding(text: bytes) -> None:
    padded = padding.padded(text)
    assert padding.unpadded(padded) == text
    assert len(padded) <= max(padding.SHORTEST, (len(text) + padding.LENGTH_BYTES) * 1.12)


@given(st.integers(1, padding.LONGEST_TEXT))
def test_lengths_that_differ_by_little_are_padded_alike_and_never_shrink(length: int) -> None:
    assert padding.padded_length(length) <= padding.padded_length(length + 1)
    assert padding.padded_length(padding.padded_length(length)) == padding.padded_length(length)


@given(st.binary(max_size=2000))
def test_a_record_comes_back(text: bytes) -> None:
    key = aead.new_key()
    assert content.open_(key, PLACE, content.seal(key, PLACE, text)) == text


def _statement() -> tuple[bytes, Callable[[bytes], object]]:
    return statement.make(SEED, MEMBERSHIP, NETWORK, BODY), lambda it: log.read(it, log.Kind.MEMBERSHIP, NETWORK)


def _content() -> tuple[bytes, Callable[[bytes], object]]:
    sealed = content.seal(KEY, PLACE, b"Thursday")
    return sealed.content, lambda it: content.open_(
        KEY, PLACE, content.Sealed(content=it, hash=sealed.hash, promise=sealed.promise)
    )


def _wrap() -> tuple[bytes, Callable[[bytes], object]]:
    key = wrap.key_for_wraps(KEY)
    return wrap.wrap(key, 3, PLACE, KEY), lambda it: wrap.unwrap(key, 3, PLACE, it)


def _grant() -> tuple[bytes, Callable[[bytes], object]]:
    promised = epoch.promise(EPOCH, KEY)
    return (
        epoch.grant(EPOCH, KEY, member=PERSON, member_key=BOX_KEY),
        lambda it: epoch.accept(SECRET, it, EPOCH, member=PERSON, promised=promised),
    )


def _history() -> tuple[bytes, Callable[[bytes], object]]:
    return (
        history.grant({VERSION: KEY}, network=NETWORK, compartment=COMPARTMENT, member=PERSON, member_key=BOX_KEY),
        lambda it: history.accept(SECRET, it, network=NETWORK, compartment=COMPARTMENT, member=PERSON),
    )


@pytest.mark.parametrize("made", [_statement, _content, _wrap, _grant, _history])
def test_no_byte_can_be_altered_cut_or_added(made: Callable[[], tuple[bytes, Callable[[bytes], object]]]) -> None:
    whole, opened = made()
    opened(whole)
    for place in range(len(whole)):
        for change in (1, 0x80):
            altered = bytearray(whole)
            altered[place] ^= change
            with pytest.raises(Refused):
                opened(bytes(altered))
        with pytest.raises(Refused):
            opened(whole[:place])
    for more in (b"\0", b"\1", whole):
        with pytest.raises(Refused):
            opened(whole + more)


def test_what_is_beyond_the_bounds_is_refused_before_it_is_made() -> None:
    with pytest.raises(NotWhole):
        content.seal(KEY, PLACE, bytes(padding.LONGEST_TEXT + 1))
    with pytest.raises(NotWhole):
        statement.make(SEED, MEMBERSHIP, NETWORK, {"x": bytes(statement.LONGEST_BODY)})
    many = {number.to_bytes(16): KEY for number in range(history.MOST_VERSIONS + 1)}
    with pytest.raises(NotWhole):
        history.grant(many, network=NETWORK, compartment=COMPARTMENT, member=PERSON, member_key=BOX_KEY)


def test_a_history_of_as_many_as_may_be_fits_a_statement() -> None:
    many = {number.to_bytes(16): KEY for number in range(history.MOST_VERSIONS)}
    sealed = history.grant(many, network=NETWORK, compartment=COMPARTMENT, member=PERSON, member_key=BOX_KEY)
    listed: list[deterministic.Value] = list(many)
    body = log.body(
        log=COMPARTMENT, number=1, after=KEY, at=1, by=PERSON, do="history",
        particulars={"to": PERSON, "versions": listed, "sealed": sealed},
    )  # fmt: skip
    assert (
        log.entry_of(
            statement.verified(statement.make(SEED, MEMBERSHIP, NETWORK, body), MEMBERSHIP, NETWORK),
            log.Kind.MEMBERSHIP,
        ).particulars["sealed"]
        == sealed
    )


def test_every_label_stands_in_the_table_of_the_protocol() -> None:
    table = (ROOT / "docs" / "protocol.md").read_text().partition("## Labels")[2].partition("\n## ")[0]
    code = "".join(path.read_text() for folder in PACKAGES for path in (ROOT / folder).rglob("*.py"))
    personal = set(re.findall(r'person=b"(streha-[^"]+)"', code))
    assert {"streha-token-1", "streha-ledger-1"} <= personal
    written = {each.decode().replace("\0", r"\0") for each in (*PLACES, *HASHES, *PERSONAL, PASSKEY_SALT)}
    assert not [each for each in (*PURPOSES, *written, *personal) if f"`{each}`" not in table]


def test_no_label_is_used_twice_or_begins_another() -> None:
    labels = [*(purpose.encode() for purpose in PURPOSES), *PLACES, *HASHES, *PERSONAL, PASSKEY_SALT]
    assert len(set(labels)) == len(labels)
    for group in (PLACES, HASHES):
        assert not [one for one in group for other in group if one != other and other.startswith(one)]
    assert {len(each) for each in PERSONAL} == {16}
