"""Whose keys are whose: published devices and identities, checked, kept, and never silently replaced.

Owns the reading of `/keys/query` and the memory of it: a device counts as *cross-signed* only when its
keys verify with its own key, with its owner's self-signing key, and that one with the owner's master key.
Whether an identity is the attested one of a person is the domain's question; here it is only
remembered and its change is noticed. `bots.sharing` and `bots.device` ask before they send or believe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from nio.crypto import (  # type: ignore[import-untyped]  # nio ships no types
    DeviceStore,
    OlmDevice,
)

from bots.olm_store import OlmStore
from core import logs
from crypto import cross_signing

log = logs.get(__name__)

# A person has a handful of devices; more is somebody making the bot work for nothing.
MOST_DEVICES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDevice:
    """One device whose keys verify with its own signature."""

    user_id: str
    device_id: str
    ed25519: str
    curve25519: str
    cross_signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKeys:
    """What one user has published, as far as it verifies."""

    user_id: str
    # The master key, if its chain to a self-signing key verifies.
    identity: str | None = None
    devices: Mapping[str, PublishedDevice] = field(default_factory=dict)
    # False when the homeserver has said that something changed since this was read.
    current: bool = False

    def device_with_key(self, curve25519: str) -> PublishedDevice | None:
        """Return the device that owns this identity key, when exactly one does."""
        owners = [device for device in self.devices.values() if device.curve25519 == curve25519]
        return owners[0] if len(owners) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What is known of the sender of an opened message."""

    device_id: str | None
    identity: str | None
    bound: bool


def read_user(answer: Mapping[str, Any], user_id: str, known: UserKeys) -> UserKeys:
    """Return what an answer to `/keys/query` proves about one user."""
    master = _item(answer, "master_keys", user_id)
    self_signing = cross_signing.self_signing_key(user_id, master, _item(answer, "self_signing_keys", user_id))
    devices: dict[str, PublishedDevice] = {}
    published = _item(answer, "device_keys", user_id)
    for device_id, keys in list(published.items())[:MOST_DEVICES] if isinstance(published, dict) else []:
        device = _read_device(user_id, device_id, keys, self_signing)
        if device is None:
            continue
        before = known.devices.get(device_id)
        if before is not None and (before.ed25519, before.curve25519) != (device.ed25519, device.curve25519):
            # A device never changes its keys; a new one under its name must be vouched for by its owner.
            log.warning("device_keys_replaced")
            device = device if device.cross_signed else before
        devices[device_id] = device
    identity = None if self_signing is None else cross_signing.key_in(master, user_id, "master")
    return UserKeys(user_id=user_id, identity=identity, devices=devices, current=True)


class KeyDirectory:
    """Every user's published keys, in memory and in the store."""

    def __init__(self, store: OlmStore, devices: DeviceStore) -> None:
        self._store = store
        self._nio_devices = devices
        self._users: dict[str, UserKeys] = {}
        # Changes are numbered, so that an answer to an older question cannot pass for a newer one.
        self._change = 0
        self._changed: dict[str, int] = {}
        for user_id, record in store.users().items():
            self._users[user_id] = _from_record(user_id, record)
            self._tell_nio(user_id, UserKeys(user_id=user_id))

    def keys_of(self, user_id: str) -> UserKeys:
        """Return what is known of a user, which may be nothing."""
        return self._users.get(user_id) or UserKeys(user_id=user_id)

    def knows(self, user_id: str) -> bool:
        """Tell whether the user's keys were ever asked for."""
        return user_id in self._users

    def outdated(self, user_ids: Iterable[str]) -> list[str]:
        """Return those of these users whose keys must be asked for."""
        return sorted(user_id for user_id in set(user_ids) if not self.keys_of(user_id).current)

    def mark_changed(self, user_ids: Iterable[str]) -> None:
        """Note that the homeserver says these users' keys have changed. Inside a transaction."""
        self._change += 1
        for user_id in user_ids:
            known = self._users.get(user_id)
            if known is not None:
                self._changed[user_id] = self._change
                if known.current:
                    self._keep(replace(known, current=False))

    def asking(self) -> int:
        """Return the number of the last known change, to be given to `learn` with the answer."""
        return self._change

    def learn(self, answer: Mapping[str, Any], user_ids: Iterable[str], asked_at: int) -> None:
        """Take in an answer to `/keys/query`. Users whom it does not mention stay as they were."""
        with self._store.transaction():
            for user_id in user_ids:
                if not isinstance(_item(answer, "device_keys", user_id), dict):
                    continue
                before = self.keys_of(user_id)
                after = read_user(answer, user_id, before)
                self._keep(replace(after, current=self._changed.get(user_id, 0) <= asked_at))
                if before.identity is not None and before.identity != after.identity:
                    log.warning("identity_changed")
                self._tell_nio(user_id, before)

    def believe(self, sender: str, curve25519: str, ed25519: str) -> Believed:
        """Return what is known of a sender whose session came from these device keys."""
        keys = self.keys_of(sender)
        device = keys.device_with_key(curve25519)
        if device is None or device.ed25519 != ed25519:
            return Believed(device_id=None, identity=keys.identity, bound=False)
        bound = device.cross_signed and keys.identity is not None
        return Believed(device_id=device.device_id, identity=keys.identity, bound=bound)

    def _keep(self, keys: UserKeys) -> None:
        self._users[keys.user_id] = keys
        record = {
            "identity": keys.identity,
            "current": keys.current,
            "devices": {device_id: asdict(device) for device_id, device in keys.devices.items()},
        }
        self._store.keep_user(keys.user_id, record)

    def _tell_nio(self, user_id: str, before: UserKeys) -> None:
        """Keep nio's list of devices the same: it looks there when a one-to-one session breaks."""
        entries = self._nio_devices[user_id]
        for device_id in before.devices:
            entries.pop(device_id, None)
        for device in self._users[user_id].devices.values():
            keys = {"ed25519": device.ed25519, "curve25519": device.curve25519}
            entries[device.device_id] = OlmDevice(user_id, device.device_id, keys)


def _read_device(user_id: str, device_id: str, keys: Any, self_signing: str | None) -> PublishedDevice | None:
    match keys:
        case {"user_id": owner, "device_id": name, "keys": dict(public)} if (owner, name) == (
            user_id,
            device_id,
        ):
            ed25519 = _key(public.get(f"ed25519:{device_id}"))
            curve25519 = _key(public.get(f"curve25519:{device_id}"))
        case _:
            return None
    if ed25519 is None or curve25519 is None:
        return None
    if not cross_signing.is_signed(keys, user_id, ed25519, key_name=device_id):
        return None
    return PublishedDevice(
        user_id=user_id,
        device_id=device_id,
        ed25519=ed25519,
        curve25519=curve25519,
        cross_signed=self_signing is not None and cross_signing.is_signed(keys, user_id, self_signing),
    )


def _key(text: Any) -> str | None:
    try:
        whole = isinstance(text, str) and len(cross_signing.decode_unpadded(text)) == cross_signing.SEED_BYTES
    except ValueError:
        return None
    return text if whole else None


def _item(answer: Mapping[str, Any], part: str, user_id: str) -> Any:
    users = answer.get(part)
    return users.get(user_id) if isinstance(users, dict) else None


def _from_record(user_id: str, record: Mapping[str, Any]) -> UserKeys:
    devices = {device_id: PublishedDevice(**device) for device_id, device in record["devices"].items()}
    return UserKeys(user_id=user_id, identity=record["identity"], devices=devices, current=bool(record["current"]))
