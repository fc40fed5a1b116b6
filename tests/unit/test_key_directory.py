"""Whose keys are whose: what an answer to a key query proves, and what it cannot undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vodozemac
from nio.crypto import DeviceStore  # type: ignore[import-untyped]  # nio ships no types

from bots.key_directory import MOST_DEVICES, KeyDirectory, UserKeys, read_user
from bots.olm_store import OlmStore
from crypto import cross_signing

ANA = "@ana:streha.example"
SEEDS = cross_signing.SigningSeeds(master=b"m" * 32, self_signing=b"s" * 32, user_signing=b"u" * 32)
NOTHING = UserKeys(user_id=ANA)


def device_keys(device_id: str, *, signed: bool = True, user_id: str = ANA) -> dict[str, Any]:
    account = vodozemac.Account()
    document = {
        "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
        "device_id": device_id,
        "user_id": user_id,
        "keys": {
            f"curve25519:{device_id}": account.curve25519_key.to_base64(),
            f"ed25519:{device_id}": account.ed25519_key.to_base64(),
        },
    }
    signature = account.sign(cross_signing.signing_bytes(document)).to_base64()
    document = cross_signing.with_signature(document, user_id, device_id, signature)
    return cross_signing.signed(document, user_id, SEEDS.self_signing) if signed else document


def answer(**devices: Any) -> dict[str, Any]:
    published = cross_signing.published_keys(ANA, SEEDS)
    return {
        "device_keys": {ANA: devices},
        "master_keys": {ANA: published["master_key"]},
        "self_signing_keys": {ANA: published["self_signing_key"]},
    }


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[KeyDirectory]:
    store = OlmStore("@bot:streha.example", "BOT", tmp_path, b"an invented store key of 32 bytes")
    store_directory = KeyDirectory(store, DeviceStore())
    yield store_directory
    store.close()


def test_only_a_device_signed_by_its_owner_is_cross_signed() -> None:
    keys = read_user(answer(ONE=device_keys("ONE"), TWO=device_keys("TWO", signed=False)), ANA, NOTHING)
    assert keys.identity == cross_signing.public_key(SEEDS.master)
    assert {name: device.cross_signed for name, device in keys.devices.items()} == {"ONE": True, "TWO": False}


@pytest.mark.parametrize("part", ["master_keys", "self_signing_keys"])
@pytest.mark.parametrize("value", [None, [], {}, {ANA: None}, {ANA: {}}, {ANA: 5}])
def test_without_a_chain_nothing_is_cross_signed(part: str, value: Any) -> None:
    keys = read_user({**answer(ONE=device_keys("ONE")), part: value}, ANA, NOTHING)
    assert keys.identity is None
    assert not keys.devices["ONE"].cross_signed


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": "@other:streha.example"},
        {"device_id": "OTHER"},
        {"keys": {}},
        {"keys": []},
        {"keys": {"curve25519:ONE": 5, "ed25519:ONE": 5}},
        {"keys": {"curve25519:ONE": "short", "ed25519:ONE": "short"}},
        {"signatures": {}},
        {"signatures": None},
        {"algorithms": ["something else"]},
        {"weight": 1.5},
    ],
)
def test_a_malformed_or_altered_device_is_passed_over_and_its_neighbour_kept(change: dict[str, Any]) -> None:
    keys = read_user(answer(ONE={**device_keys("ONE"), **change}, TWO=device_keys("TWO")), ANA, NOTHING)
    assert set(keys.devices) == {"TWO"}


@pytest.mark.parametrize("poison", [None, 5, "text", [], {}])
def test_a_device_that_is_no_object_is_passed_over(poison: Any) -> None:
    assert set(read_user(answer(ONE=poison, TWO=device_keys("TWO")), ANA, NOTHING).devices) == {"TWO"}


def test_ghost_devices_are_bounded() -> None:
    devices = {f"D{number}": device_keys(f"D{number}", signed=False) for number in range(MOST_DEVICES + 20)}
    assert len(read_user(answer(**devices), ANA, NOTHING).devices) == MOST_DEVICES


def test_a_device_does_not_change_its_keys_unless_its_owner_says_so() -> None:
    first = device_keys("ONE")
    known = read_user(answer(ONE=first), ANA, NOTHING)
    unsigned = read_user(answer(ONE=device_keys("ONE", signed=False)), ANA, known)
    assert unsigned.devices["ONE"].ed25519 == known.devices["ONE"].ed25519
    signed = read_user(answer(ONE=device_keys("ONE")), ANA, known)
    assert signed.devices["ONE"].ed25519 != known.devices["ONE"].ed25519
    assert signed.devices["ONE"].cross_signed


def test_two_devices_with_one_identity_key_are_nobody() -> None:
    keys = read_user(answer(ONE=device_keys("ONE")), ANA, NOTHING)
    key = keys.devices["ONE"].curve25519
    assert keys.device_with_key(key) == keys.devices["ONE"]
    doubled = UserKeys(user_id=ANA, devices={"ONE": keys.devices["ONE"], "TWO": keys.devices["ONE"]})
    assert doubled.device_with_key(key) is None


def test_what_was_learnt_is_kept_and_asked_again_when_it_changed(directory: KeyDirectory) -> None:
    assert directory.outdated([ANA]) == [ANA]
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    assert directory.outdated([ANA]) == []
    assert directory.believe(ANA, directory.keys_of(ANA).devices["ONE"].curve25519, "another").bound is False
    restored = KeyDirectory(directory._store, DeviceStore())
    assert restored.keys_of(ANA) == directory.keys_of(ANA)
    directory.mark_changed([ANA, "@stranger:streha.example"])
    assert directory.outdated([ANA]) == [ANA]
    # An answer to a question from before the change does not count as the present state.
    asked_at = directory.asking()
    directory.mark_changed([ANA])
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], asked_at)
    assert directory.outdated([ANA]) == [ANA]
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    assert directory.outdated([ANA]) == []


@pytest.mark.parametrize(
    "empty", [{}, {"device_keys": None}, {"device_keys": {}}, {"failures": {"streha.example": {}}}]
)
def test_an_answer_that_does_not_mention_a_user_changes_nothing(directory: KeyDirectory, empty: dict[str, Any]) -> None:
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    before = directory.keys_of(ANA)
    directory.learn(empty, [ANA], directory.asking())
    assert directory.keys_of(ANA) == before


def test_a_device_that_is_gone_is_gone(directory: KeyDirectory) -> None:
    directory.learn(answer(ONE=device_keys("ONE"), TWO=device_keys("TWO")), [ANA], directory.asking())
    directory.learn(answer(TWO=device_keys("TWO")), [ANA], directory.asking())
    assert set(directory.keys_of(ANA).devices) == {"TWO"}
    assert set(directory._nio_devices[ANA]) == {"TWO"}
