"""Confirmed identities without a database: what an administrator would have confirmed and the bot pinned."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from agencies.attestation import Attestation, AttestationId
from agencies.model import PersonId
from bots.device.device import MatrixDevice
from bots.keys.attested import identity_led_to
from bots.keys.key_directory import KeyDirectory
from crypto import cross_signing


def attestation(
    user_id: str, identity: str | None = None, *, device_id: str = "ONE", device_key: bytes = bytes(32),
    changed: bool = False,
) -> Attestation:  # fmt: skip
    """Return what is confirmed of somebody: a device, and the master key where it has been followed to one."""
    return Attestation(
        id=AttestationId(uuid4()),
        person_id=PersonId(uuid4()),
        matrix_user=user_id,
        device_id=device_id,
        device_key=device_key,
        master_key=None if identity is None else cross_signing.decode_unpadded(identity),
        changed=changed,
    )


def by_user(*attestations: Attestation) -> dict[str, Attestation]:
    """Return them as the bot reads them."""
    return {each.matrix_user: each for each in attestations}


def attest_all(directory: KeyDirectory, user_ids: Iterable[str]) -> None:
    """Confirm whatever identities these users have published, as far as the directory knows."""
    identities = {user_id: directory.keys_of(user_id).identity for user_id in user_ids}
    directory.attest(by_user(*(attestation(user_id, identity) for user_id, identity in identities.items())))


async def attest_devices(device: MatrixDevice, clients: Iterable[tuple[str, str, str]]) -> None:
    """Confirm people by what their clients show, user, device and session key, followed as the bot itself does."""
    waiting = [
        attestation(user, device_id=device_id, device_key=cross_signing.decode_unpadded(key))
        for user, device_id, key in clients
    ]
    shown = await device.keys.shown({each.matrix_user for each in waiting})
    led = {each.matrix_user: identity_led_to(each, shown[each.matrix_user].keys) for each in waiting}
    assert all(led.values()), "somebody's device leads to no identity"
    device.attest({user: attestation(user, cross_signing.encode_unpadded(key or b"")) for user, key in led.items()})
