"""Cross-signing keys and signatures: what verifies, and that nothing else does."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import canonical_json, cross_signing

USER = "@bot:streha.example"
SEEDS = cross_signing.SigningSeeds(master=b"m" * 32, self_signing=b"s" * 32, user_signing=b"u" * 32)
OTHER = cross_signing.SigningSeeds(master=b"n" * 32, self_signing=b"t" * 32, user_signing=b"v" * 32)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)
documents = st.dictionaries(
    st.text(st.characters(codec="utf-8")).filter(lambda name: name not in {"signatures", "unsigned"}),
    json_values,
    max_size=5,
)


def chain(user_id: str, seeds: cross_signing.SigningSeeds) -> tuple[dict[str, Any], dict[str, Any]]:
    published = cross_signing.published_keys(user_id, seeds)
    return published["master_key"], published["self_signing_key"]


def test_canonical_json_matches_the_examples_of_the_specification() -> None:
    assert canonical_json.encode({}) == b"{}"
    assert canonical_json.encode({"one": 1, "two": "Two"}) == b'{"one":1,"two":"Two"}'
    assert canonical_json.encode({"b": "2", "a": "1"}) == b'{"a":"1","b":"2"}'
    assert canonical_json.encode({"a": "日本語"}) == '{"a":"日本語"}'.encode()
    assert canonical_json.encode({"本": 2, "日": 1}) == '{"日":1,"本":2}'.encode()
    assert canonical_json.encode({"a": None, "b": [True, False]}) == b'{"a":null,"b":[true,false]}'


@pytest.mark.parametrize(
    "value", [1.5, 2**53, -(2**53), {1: "a"}, {"a": b"b"}, "\ud800", float("nan"), {"a": object()}]
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the type is the contract)
        canonical_json.encode(value)


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="deep"):
        canonical_json.encode(deep)
    # Freed level by level: the interpreter's own way would be as deep.
    while deep:
        deep = deep[0]


def test_published_keys_have_the_form_of_the_specification() -> None:
    published = cross_signing.published_keys(USER, SEEDS)
    master = cross_signing.public_key(SEEDS.master)
    assert not master.endswith("=")
    assert published["master_key"] == {
        "user_id": USER,
        "usage": ["master"],
        "keys": {f"ed25519:{master}": master},
    }
    for name, usage in (("self_signing_key", "self_signing"), ("user_signing_key", "user_signing")):
        assert published[name]["usage"] == [usage]
        assert list(published[name]["signatures"][USER]) == [f"ed25519:{master}"]
        assert cross_signing.is_signed(published[name], USER, master)


def test_a_signature_is_the_one_that_every_implementation_makes() -> None:
    # Ed25519 is deterministic; made once with another implementation (OpenSSL, through Node).
    signed = cross_signing.signed({"one": 1, "two": "Two"}, "domain", bytes(32))
    assert signed["signatures"]["domain"] == {
        "ed25519:O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik": (
            "b+AK/2/qooYTNIDxDYKMNdYdRdCQWHb+1jOHuDoiySI8Tgkdt2GEFV5G2KSfNSJjtzEzmrZObNgpO+AqvsifBQ"
        )
    }


def test_the_chain_leads_from_the_master_key() -> None:
    master, self_signing = chain(USER, SEEDS)
    assert cross_signing.self_signing_key(USER, master, self_signing) == cross_signing.public_key(SEEDS.self_signing)
    other_master, other_self_signing = chain(USER, OTHER)
    assert cross_signing.self_signing_key(USER, other_master, self_signing) is None
    assert cross_signing.self_signing_key(USER, master, other_self_signing) is None
    assert cross_signing.self_signing_key("@other:streha.example", master, self_signing) is None
    # A user-signing key does not sign devices, and a master key is no self-signing key.
    user_signing = cross_signing.published_keys(USER, SEEDS)["user_signing_key"]
    assert cross_signing.self_signing_key(USER, master, user_signing) is None
    assert cross_signing.self_signing_key(USER, master, master) is None


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": "@other:streha.example"},
        {"usage": ["master", "self_signing"]},
        {"usage": []},
        {"usage": "self_signing"},
        {"keys": {}},
        {"keys": {"ed25519:x": "x"}},
        {"keys": {"ed25519:a": "b" * 43}},
        {"signatures": {}},
        {"signatures": {USER: {}}},
        {"signatures": {USER: {"ed25519:x": 5}}},
        {"signatures": []},
        {"extra": 1.5},
    ],
)
def test_a_changed_key_object_is_not_believed(change: dict[str, Any]) -> None:
    master, self_signing = chain(USER, SEEDS)
    assert cross_signing.self_signing_key(USER, master, {**self_signing, **change}) is None


@pytest.mark.parametrize("nothing", [None, 5, "text", [], {}, {"keys": 5}, {"user_id": USER, "usage": ["master"]}])
def test_whatever_a_homeserver_says_is_only_not_believed(nothing: Any) -> None:
    master, self_signing = chain(USER, SEEDS)
    assert cross_signing.self_signing_key(USER, nothing, self_signing) is None
    assert cross_signing.self_signing_key(USER, master, nothing) is None
    assert not cross_signing.is_signed(nothing, USER, cross_signing.public_key(SEEDS.master))


@given(documents)
def test_signed_documents_verify(document: dict[str, Any]) -> None:
    key = cross_signing.public_key(SEEDS.self_signing)
    signed = cross_signing.signed(document, USER, SEEDS.self_signing)
    assert cross_signing.is_signed(signed, USER, key)
    # What the homeserver adds beside is not covered; what it takes away is.
    assert cross_signing.is_signed({**signed, "unsigned": {"age": 5}}, USER, key)
    assert not cross_signing.is_signed(signed, "@other:streha.example", key)
    assert not cross_signing.is_signed(signed, USER, cross_signing.public_key(OTHER.self_signing))
    assert not cross_signing.is_signed({**signed, "added": True}, USER, key)
    for name in document:
        assert not cross_signing.is_signed({k: v for k, v in signed.items() if k != name}, USER, key)


@given(st.integers(0, 63), st.integers(0, 7))
def test_every_bit_of_a_signature_counts(position: int, bit: int) -> None:
    key = cross_signing.public_key(SEEDS.master)
    signed = cross_signing.signed({"a": 1}, USER, SEEDS.master)
    signature = bytearray(cross_signing.decode_unpadded(signed["signatures"][USER][f"ed25519:{key}"]))
    signature[position] ^= 1 << bit
    tampered = copy.deepcopy(signed)
    tampered["signatures"][USER][f"ed25519:{key}"] = cross_signing.encode_unpadded(bytes(signature))
    assert not cross_signing.is_signed(tampered, USER, key)


def test_a_signature_made_elsewhere_stands_beside_the_others() -> None:
    signed = cross_signing.signed({"a": 1}, USER, SEEDS.master)
    both = cross_signing.with_signature(signed, USER, "DEVICE", "signature")
    assert both["signatures"][USER]["ed25519:DEVICE"] == "signature"
    assert cross_signing.is_signed(both, USER, cross_signing.public_key(SEEDS.master))
    assert "ed25519:DEVICE" not in signed["signatures"][USER]


def test_seeds_hide_and_are_checked() -> None:
    seeds = cross_signing.new_seeds()
    assert "master" not in repr(seeds)
    assert len({seeds.master, seeds.self_signing, seeds.user_signing}) == 3
    with pytest.raises(ValueError, match="32"):
        cross_signing.public_key(b"short")
