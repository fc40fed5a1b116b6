"""Whose keys are whose: published devices and identities, checked, kept, and never silently replaced.

Owns the memory of what `/keys/query` proved (`bots.published_keys` reads the answers) and of what must be asked
again. Whether an identity is the attested one of a person is the domain's question; here it is only
remembered and its change is noticed. `bots.sharing` and `bots.device` ask before they send or believe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from nio.crypto import (  # type: ignore[import-untyped]  # nio ships no types
    DeviceStore,
    OlmDevice,
)

from bots.olm_store import OlmStore
from bots.published_keys import PublishedDevice, UserKeys, mentions, read_user
from core import logs

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What is known of the sender of an opened message."""

    device_id: str | None
    identity: str | None
    bound: bool


class KeyDirectory:
    """Every user's published keys, in memory and in the store."""

    def __init__(self, store: OlmStore, devices: DeviceStore) -> None:
        self._store = store
        self._nio_devices = devices
        self._users: dict[str, UserKeys] = {}
        # Changes are numbered, so that an answer to an older question cannot pass for a newer one.
        self._change = 0
        self._changed: dict[str, int] = {}
        # Who publishes a device with this identity key: each key should be one person's.
        self._claims: dict[str, set[str]] = {}
        self._watchers: list[Callable[[], None]] = []
        for user_id, record in store.users().items():
            self._remember(_from_record(user_id, record))
            self._tell_nio(user_id, UserKeys(user_id=user_id))

    def watch(self, woken: Callable[[], None]) -> None:
        """Call this whenever the homeserver says that a known user's keys have changed."""
        self._watchers.append(woken)

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
                    for woken in self._watchers:
                        woken()

    def doubt(self, user_ids: Iterable[str]) -> None:
        """Have those of these users asked for again who have no signed device, as far as is known."""
        for user_id in user_ids:
            known = self._users.get(user_id)
            if known is not None and known.current and not known.has_signed_device:
                self._users[user_id] = replace(known, current=False)

    def asking(self) -> int:
        """Return the number of the last known change, to be given to `learn` with the answer."""
        return self._change

    def learn(self, answer: Mapping[str, Any], user_ids: Iterable[str], asked_at: int) -> None:
        """Take in an answer to `/keys/query`. Users whom it does not mention stay as they were."""
        with self._store.transaction():
            for user_id in user_ids:
                if not mentions(answer, user_id):
                    continue
                before = self.keys_of(user_id)
                after = read_user(answer, user_id, before)
                answered = self._changed.get(user_id, 0) <= asked_at
                self._keep(replace(after, current=after.current and answered))
                if before.identity is not None and before.identity != after.identity:
                    log.warning("identity_changed")
                if not after.current:
                    log.warning("identity_left_out")
                if any(len(self._claims[device.curve25519]) > 1 for device in after.devices.values()):
                    log.warning("device_key_claimed_twice")
                self._tell_nio(user_id, before)

    def believe(self, sender: str, curve25519: str, ed25519: str) -> Believed:
        """Return what is known of a sender whose session came from these device keys."""
        keys = self.keys_of(sender)
        device = keys.device_with_key(curve25519)
        if device is None or device.ed25519 != ed25519:
            return Believed(device_id=None, identity=keys.identity, bound=False)
        bound = device.cross_signed and keys.identity is not None
        return Believed(device_id=device.device_id, identity=keys.identity, bound=bound)

    def _remember(self, keys: UserKeys) -> None:
        for key in {device.curve25519 for device in self.keys_of(keys.user_id).devices.values()}:
            self._claims[key].discard(keys.user_id)
            if not self._claims[key]:
                del self._claims[key]
        for device in keys.devices.values():
            self._claims.setdefault(device.curve25519, set()).add(keys.user_id)
        self._users[keys.user_id] = keys

    def _keep(self, keys: UserKeys) -> None:
        self._remember(keys)
        record = {
            "identity": keys.identity,
            "self_signing": keys.self_signing,
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


def _from_record(user_id: str, record: Mapping[str, Any]) -> UserKeys:
    devices = {device_id: PublishedDevice(**device) for device_id, device in record["devices"].items()}
    return UserKeys(
        user_id=user_id,
        identity=record["identity"],
        # Records of before lack it; the next answer fills it in.
        self_signing=record.get("self_signing"),
        devices=devices,
        current=bool(record["current"]),
    )
