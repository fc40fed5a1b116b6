"""What a homeserver's answer shows of the bot's own account: its identity, as far as it proves itself, and its devices.

Pure. An answer proves something only if it shows the very device that asks, which was published a moment before: one
that does not is somebody's mistake on the way, or a lie, and says nothing about what else it leaves out. What to do
about it is decided in `bots.account.identity`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import Temporary
from crypto import cross_signing


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDevice:
    """One device of the account, as published."""

    device_id: str
    # Nothing where it has published no keys: then nobody writes to it, but it holds a token of the account.
    fingerprint: str | None
    signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKeys:
    """The account as the homeserver shows it."""

    user_id: str
    # The public master key; nothing where the account has none, as the homeserver says.
    master: str | None = None
    # The self-signing key, where the master key has signed it.
    signing: str | None = None
    master_object: Mapping[str, Any] = field(default_factory=dict)
    devices: Mapping[str, Any] = field(default_factory=dict)

    def signature_on(self, device_keys: Mapping[str, Any], device_id: str) -> dict[str, Any] | None:
        """Return a device's keys with the published signature of the self-signing key; nothing without a good one."""
        if self.signing is None:
            return None
        try:
            signature = self.devices[device_id]["signatures"][self.user_id][f"ed25519:{self.signing}"]
            signed = cross_signing.with_signature(device_keys, self.user_id, self.signing, signature)
        except (KeyError, TypeError, AttributeError):
            return None
        return signed if cross_signing.is_signed(signed, self.user_id, self.signing) else None

    def vouched_for_by(self, device_id: str, ed25519: str) -> bool:
        """Tell whether the device has signed the master key."""
        return cross_signing.is_signed(self.master_object, self.user_id, ed25519, key_name=device_id)

    def listed(self, device_ids: Mapping[str, Any]) -> list[OwnDevice]:
        """Return all devices: those with published keys, and those that the account lists without any."""
        names = sorted(self.devices.keys() | device_ids.keys())
        return [self._device(name) for name in names]

    def _device(self, device_id: str) -> OwnDevice:
        published = self.devices.get(device_id)
        match published:
            case {"user_id": self.user_id, "device_id": named, "keys": dict(keys)} if named == device_id:
                key = keys.get(f"ed25519:{device_id}")
            case _:
                key = None
        fingerprint = key if isinstance(key, str) and _is_key(key) else None
        signed = (
            fingerprint is not None
            and self.signing is not None
            and cross_signing.is_signed(published, self.user_id, fingerprint, key_name=device_id)
            and cross_signing.is_signed(published, self.user_id, self.signing)
        )
        return OwnDevice(device_id=device_id, fingerprint=fingerprint, signed=signed)


def read(answer: Mapping[str, Any], user_id: str, device_id: str | None) -> OwnKeys:
    """Return what the answer shows; raise Temporary where it shows nothing that can be used, to ask again.

    `device_id` is the device that asks, where it has published its keys.
    """
    devices = _of_user(answer, "device_keys", user_id)
    if device_id is not None and not (isinstance(devices, dict) and device_id in devices):
        raise _incomplete()
    devices = devices if isinstance(devices, dict) else {}
    master_object = _of_user(answer, "master_keys", user_id)
    self_signing = _of_user(answer, "self_signing_keys", user_id)
    if master_object is None:
        if self_signing is not None:
            raise _incomplete()
        return OwnKeys(user_id=user_id, devices=devices)
    master = cross_signing.key_in(master_object, user_id, "master")
    if master is None:
        raise _incomplete()
    return OwnKeys(
        user_id=user_id,
        master=master,
        signing=cross_signing.self_signing_key(user_id, master_object, self_signing),
        master_object=master_object,
        devices=devices,
    )


def _incomplete() -> Temporary:
    return Temporary("The homeserver's answer lacks a part.", code="incomplete")


def _is_key(text: str) -> bool:
    try:
        return len(cross_signing.decode_unpadded(text)) == cross_signing.SEED_BYTES
    except ValueError:
        return False


def _of_user(answer: Mapping[str, Any], part: str, user_id: str) -> Any:
    users = answer.get(part)
    return users.get(user_id) if isinstance(users, dict) else None
