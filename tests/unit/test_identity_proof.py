"""A proof that a device leads to a master key: every signature on the way is needed, and every byte of it counts."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest

from crypto import cross_signing, identity_proof
from crypto.identity_proof import ProofBroken, master_key_of, packed
from tests.key_server import PersonDevice

ANA = "@ana:streha.example"
HERS, THEIRS = cross_signing.new_seeds(), cross_signing.new_seeds()


def answer(device: PersonDevice, seeds: cross_signing.SigningSeeds = HERS, *, vouched: bool = True) -> dict[str, Any]:
    """Return what a homeserver shows, with more than counts."""
    own = cross_signing.published_keys(ANA, seeds)
    master = device.sign(own["master_key"]) if vouched else own["master_key"]
    noisy = {**device.published, "unsigned": {"device_display_name": "Ana's telephone"}}
    return {
        "device_keys": {ANA: {device.device_id: noisy}},
        "master_keys": {ANA: master},
        "self_signing_keys": {ANA: own["self_signing_key"]},
    }


def led(proof: bytes, device: PersonDevice, user: str = ANA, device_id: str = "ONE", key: bytes = b"") -> bytes:
    return master_key_of(proof, user_id=user, device_id=device_id, device_key=key or device.session_key)


def test_a_whole_proof_leads_to_the_master_key_and_says_nothing_else() -> None:
    device = PersonDevice(ANA, "ONE", HERS)
    proof = packed(answer(device), ANA, "ONE")
    assert led(proof, device) == cross_signing.decode_unpadded(cross_signing.public_key(HERS.master))
    assert b"telephone" not in proof


def test_every_byte_counts() -> None:
    device = PersonDevice(ANA, "ONE", HERS)
    proof = packed(answer(device), ANA, "ONE")
    right = led(proof, device)
    kept = 0
    for place in range(len(proof)):
        for flipped in (proof[place] ^ 1, proof[place] ^ 0x80):
            other = proof[:place] + bytes([flipped]) + proof[place + 1 :]
            try:
                kept += led(other, device) != right
            except ProofBroken:
                continue
    assert kept == 0
    for broken in (proof[:-1], proof + b"\0", b"", bytes(identity_proof.LONGEST + 1)):
        with pytest.raises(ProofBroken):
            led(broken, device)


def test_a_proof_is_of_one_device_and_one_account() -> None:
    device = PersonDevice(ANA, "ONE", HERS)
    proof = packed(answer(device), ANA, "ONE")
    for wrong in (
        {"user": "@eve:streha.example"}, {"device_id": "TWO"}, {"key": PersonDevice(ANA, "ONE", HERS).session_key}
    ):  # fmt: skip
        with pytest.raises(ProofBroken):
            led(proof, device, **wrong)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("vouched", [False, True])
def test_a_missing_signature_proves_nothing(*, signed: bool, vouched: bool) -> None:
    device = PersonDevice(ANA, "ONE", HERS if signed else None)
    if signed and vouched:
        return
    shown = answer(device, vouched=vouched)
    shown["device_keys"][ANA]["ONE"].setdefault("signatures", {}).setdefault(ANA, {})
    with pytest.raises(ProofBroken):
        led(packed(shown, ANA, "ONE"), device)


def test_an_identity_that_was_put_around_a_true_device_proves_nothing() -> None:
    device = PersonDevice(ANA, "ONE", HERS)
    true, false = answer(device), answer(device, THEIRS, vouched=False)
    for parts in (("master_keys",), ("self_signing_keys",), ("master_keys", "self_signing_keys")):
        with pytest.raises(ProofBroken):
            led(packed({**true, **{each: false[each] for each in parts}}, ANA, "ONE"), device)


def test_what_holds_no_proof_is_refused() -> None:
    device = PersonDevice(ANA, "ONE", HERS)
    for part in ("device_keys", "master_keys", "self_signing_keys"):
        with pytest.raises(ProofBroken):
            packed({**answer(device), part: {}}, ANA, "ONE")
    long = answer(device)
    long["device_keys"][ANA]["ONE"]["algorithms"] = ["m" * identity_proof.LONGEST]
    with pytest.raises(ProofBroken):
        packed(long, ANA, "ONE")
    named = {"device": "[]", "self_signing": "[]", "master": "[]"}
    for nonsense in (named, {**named, "device": 1}, {**named, "device": b"{}"}, {"device": "{}"}, [1], {"device": 1}):
        with pytest.raises(ProofBroken):
            led(cbor2.dumps(nonsense, canonical=True), device)


def test_what_is_no_deterministic_cbor_is_not_taken_in_at_all() -> None:
    """Tags make a full decoder build dates, patterns and references: none of that is made of a stranger's bytes."""
    device = PersonDevice(ANA, "ONE", HERS)
    proof = packed(answer(device), ANA, "ONE")
    said = cbor2.loads(proof)
    other_order = dict(sorted(said.items(), reverse=True))
    assert list(other_order) != list(said)
    for other in (
        cbor2.dumps(other_order), b"\xd9\xd9\xf7" + proof, b"\xbf" + proof[1:] + b"\xff", b"\x81" * 9000 + b"\x80",
        b"\xd8\x23\x79\x20\x00" + b"(" * 8192, b"\xd8\x1c" * 4000 + b"\x80",
    ):  # fmt: skip
        with pytest.raises(ProofBroken):
            led(other, device)
