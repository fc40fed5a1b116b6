"""From a confirmed device to an identity: every signature on the way is needed, whoever publishes what."""

from __future__ import annotations

from typing import Any

import pytest
import vodozemac

from bots.keys.attested import Attestations, Standing, identity_led_to
from bots.keys.published_keys import UserKeys, read_user
from crypto import cross_signing
from tests.attesting import attestation, by_user

ANA = "@ana:streha.example"
HERS, THEIRS = cross_signing.new_seeds(), cross_signing.new_seeds()


class Device:
    """Ana's own device, which she has read the session key from."""

    def __init__(self) -> None:
        self.account = vodozemac.Account()

    @property
    def key(self) -> bytes:
        return cross_signing.decode_unpadded(self.account.ed25519_key.to_base64())

    def signs(self, document: dict[str, Any]) -> dict[str, Any]:
        signature = self.account.sign(cross_signing.signing_bytes(document)).to_base64()
        return cross_signing.with_signature(document, ANA, "ONE", signature)

    def published(self, signed_by: cross_signing.SigningSeeds | None) -> dict[str, Any]:
        keys = {
            "curve25519:ONE": self.account.curve25519_key.to_base64(),
            "ed25519:ONE": self.account.ed25519_key.to_base64(),
        }
        document = self.signs({"user_id": ANA, "device_id": "ONE", "algorithms": [], "keys": keys})
        return document if signed_by is None else cross_signing.signed(document, ANA, signed_by.self_signing)


def shown(
    device: Device, identity: cross_signing.SigningSeeds, *, signed: bool = True, vouched: bool = True
) -> dict[str, dict[str, Any]]:
    """Return what a homeserver shows: an identity, the device, and which of the two signed the other."""
    own = cross_signing.published_keys(ANA, identity)
    master = device.signs(own["master_key"]) if vouched else own["master_key"]
    return {
        "device_keys": {ANA: {"ONE": device.published(identity if signed else None)}},
        "master_keys": {ANA: master},
        "self_signing_keys": {ANA: own["self_signing_key"]},
    }


def led_to(device: Device, *answers: dict[str, dict[str, Any]], device_id: str = "ONE", key: bytes = b"") -> Any:
    """Follow the confirmed device through these answers, one after the other."""
    keys = UserKeys(user_id=ANA)
    for each in answers:
        keys = read_user(each, ANA, keys, 0.0)
    return identity_led_to(attestation(ANA, device_id=device_id, device_key=key or device.key), keys)


def test_a_confirmed_device_leads_to_the_identity_that_signed_it_and_that_it_signed() -> None:
    device = Device()
    master = cross_signing.decode_unpadded(cross_signing.public_key(HERS.master))
    assert led_to(device, shown(device, HERS)) == master


@pytest.mark.parametrize(("signed", "vouched"), [(False, True), (True, False), (False, False)])
def test_one_missing_signature_leads_nowhere(*, signed: bool, vouched: bool) -> None:
    device = Device()
    assert led_to(device, shown(device, HERS, signed=signed, vouched=vouched)) is None


@pytest.mark.parametrize("part", ["device_keys", "master_keys", "self_signing_keys"])
def test_what_is_not_shown_leads_nowhere(part: str) -> None:
    device = Device()
    assert led_to(device, {**shown(device, HERS), part: {ANA: {}}}) is None


def test_another_device_leads_nowhere() -> None:
    device = Device()
    assert led_to(device, shown(device, HERS), device_id="OTHER") is None
    assert led_to(device, shown(device, HERS), key=Device().key) is None


def test_a_homeserver_cannot_put_its_own_identity_around_somebodys_true_device() -> None:
    device = Device()
    around = shown(device, THEIRS, vouched=False)
    assert led_to(device, around) is None
    # Nor by showing her own master key, which the device has signed, without what makes it an identity.
    hers = cross_signing.published_keys(ANA, HERS)["master_key"]
    half = {**around, "master_keys": {ANA: device.signs(hers)}, "self_signing_keys": {}}
    assert led_to(device, around, half) is None
    mixed = {**around, "master_keys": {ANA: device.signs(hers)}}
    assert led_to(device, around, mixed) is None
    assert led_to(device, mixed) is None
    # Nor with a signature of the device's that stands on something else.
    forged = dict(cross_signing.published_keys(ANA, THEIRS)["master_key"])
    forged["signatures"] = device.signs(hers)["signatures"]
    assert led_to(device, {**around, "master_keys": {ANA: forged}}) is None


def test_a_key_in_another_spelling_is_the_same_key() -> None:
    """A padded key means the same; whoever writes it so has neither changed nor gained anything."""
    master = cross_signing.public_key(HERS.master)
    attestations = Attestations()
    attestations.replace(by_user(attestation(ANA, master)))
    assert attestations.standing_of(ANA, UserKeys(user_id=ANA, identity=master + "=")) is Standing.ATTESTED


def test_a_message_rests_on_those_who_are_linked_and_unchanged() -> None:
    users = [f"@{name}:streha.example" for name in ("linked", "waiting", "changed", "seen")]
    key = cross_signing.public_key(HERS.master)
    linked, waiting = attestation(users[0], key), attestation(users[1])
    changed, seen = attestation(users[2], key, changed=True), attestation(users[3], key)
    attestations = Attestations([str(seen.id)])
    attestations.replace(by_user(linked, waiting, changed, seen))
    assert attestations.ids_of([*users, "@stranger:streha.example"]) == [linked.id]
    assert attestations.waiting() == [waiting]
    assert attestations.to_note() == [seen]
    shows = {user: UserKeys(user_id=user, identity=key) for user in users}
    assert [attestations.standing_of(user, shows[user]) for user in users] == [
        Standing.ATTESTED, Standing.WAITING, Standing.CHANGED, Standing.CHANGED,
    ]  # fmt: skip
