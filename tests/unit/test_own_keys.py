"""What an answer shows of the bot's own account: what proves itself, and nothing where the device is left out."""

from __future__ import annotations

from typing import Any

import pytest

from bots.account import own_keys
from core.errors import Temporary
from crypto import cross_signing

BOT = "@streha:streha.localhost"
SEEDS = cross_signing.SigningSeeds(master=b"m" * 32, self_signing=b"s" * 32, user_signing=b"u" * 32)
OTHER = cross_signing.SigningSeeds(master=b"n" * 32, self_signing=b"t" * 32, user_signing=b"v" * 32)
DEVICE_SEED = b"d" * 32


def device(device_id: str, *seeds: bytes, seed: bytes = DEVICE_SEED) -> dict[str, Any]:
    """Return a device's keys, signed by itself and by whoever else."""
    key = cross_signing.public_key(seed)
    keys = {f"ed25519:{device_id}": key, f"curve25519:{device_id}": key}
    document: dict[str, Any] = {"user_id": BOT, "device_id": device_id, "algorithms": [], "keys": keys}
    own = cross_signing.signed(document, BOT, seed)["signatures"][BOT][f"ed25519:{key}"]
    document = cross_signing.with_signature(document, BOT, device_id, own)
    for each in seeds:
        document = cross_signing.signed(document, BOT, each)
    return document


def answer(*devices: dict[str, Any], **changes: Any) -> dict[str, Any]:
    published = cross_signing.published_keys(BOT, SEEDS)
    whole = {
        "device_keys": {BOT: {each["device_id"]: each for each in devices}},
        "master_keys": {BOT: published["master_key"]},
        "self_signing_keys": {BOT: published["self_signing_key"]},
    }
    return {name: part for name, part in {**whole, **changes}.items() if part is not None}


def test_what_proves_itself_is_read() -> None:
    signed = device("ONE", SEEDS.self_signing)
    shown = own_keys.read(answer(signed), BOT, "ONE")
    assert shown.master == cross_signing.public_key(SEEDS.master)
    assert shown.signing == cross_signing.public_key(SEEDS.self_signing)
    assert shown.signature_on(device("ONE"), "ONE") == signed
    assert not shown.vouched_for_by("ONE", cross_signing.public_key(DEVICE_SEED))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"device_keys": {}},
        {"device_keys": []},
        {"device_keys": {BOT: {}}},
        {"device_keys": {BOT: []}},
        answer(device("TWO")),
        answer(device("ONE"), master_keys=None),
        answer(device("ONE"), master_keys={BOT: []}),
        answer(device("ONE"), master_keys={BOT: {"user_id": BOT, "usage": ["master"], "keys": {"ed25519:a": "a"}}}),
        answer(device("ONE"), master_keys={BOT: cross_signing.published_keys("@ana:x", SEEDS)["master_key"]}),
    ],
)
def test_what_shows_nothing_is_asked_again(said: dict[str, Any]) -> None:
    with pytest.raises(Temporary):
        own_keys.read(said, BOT, "ONE")


def test_an_account_without_an_identity_is_one() -> None:
    shown = own_keys.read(answer(device("ONE"), master_keys=None, self_signing_keys=None), BOT, "ONE")
    assert (shown.master, shown.signing) == (None, None)
    assert shown.signature_on(device("ONE"), "ONE") is None


def test_a_self_signing_key_of_another_master_key_is_none() -> None:
    other = cross_signing.published_keys(BOT, OTHER)["self_signing_key"]
    broken: Any
    for broken in (None, {BOT: other}, {BOT: {}}, []):
        shown = own_keys.read(answer(device("ONE", OTHER.self_signing), self_signing_keys=broken), BOT, "ONE")
        assert shown.master == cross_signing.public_key(SEEDS.master)
        assert shown.signing is None
        assert [each.signed for each in shown.listed({})] == [False]


def test_a_signature_counts_for_the_devices_own_keys_only() -> None:
    # Published under the device's name, but for other keys: what is kept here is not signed by that.
    shown = own_keys.read(answer(device("ONE", SEEDS.self_signing, seed=b"e" * 32)), BOT, "ONE")
    assert shown.signature_on(device("ONE"), "ONE") is None
    broken: Any
    for broken in (5, [], {}, {"signatures": 5}, {"signatures": {BOT: {f"ed25519:{shown.signing}": 5}}}):
        said = answer(device_keys={BOT: {"ONE": broken}})
        assert own_keys.read(said, BOT, "ONE").signature_on(device("ONE"), "ONE") is None


def test_every_device_of_the_account_is_listed() -> None:
    tampered = device("TAMPERED", SEEDS.self_signing)
    tampered["keys"] = device("TAMPERED", seed=b"e" * 32)["keys"]
    moved = device("SIGNED", SEEDS.self_signing)
    said = answer(device("SIGNED", SEEDS.self_signing), device("UNSIGNED"), tampered)
    said["device_keys"][BOT] |= {"MOVED": moved, "BROKEN": 5}
    shown = own_keys.read(said, BOT, None).listed({"WITHOUT KEYS": None, "SIGNED": 5})
    assert {each.device_id: (each.signed, each.fingerprint is not None) for each in shown} == {
        "SIGNED": (True, True),
        "UNSIGNED": (False, True),
        "TAMPERED": (False, True),
        "MOVED": (False, False),
        "BROKEN": (False, False),
        "WITHOUT KEYS": (False, False),
    }
