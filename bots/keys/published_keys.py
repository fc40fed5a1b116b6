"""What a homeserver's answer proves about one user's keys: pure functions over other people's words.

A device counts as *cross-signed* only when its keys verify with its own key, with its owner's self-signing key, and
that one with the owner's master key. What was proven once is undone only by another proof: an answer that leaves an
identity or a signature out takes nothing away, and is to be asked again; only where whole answers, for some minutes,
know of no identity at all has it vanished. A device that is not listed any more is gone. `bots.keys.key_directory`
remembers all of it; whether an identity is the one that was confirmed is `bots.keys.attested`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core import logs
from crypto import cross_signing

log = logs.get(__name__)

# A person has a handful of devices; more is somebody making the bot work for nothing.
MOST_DEVICES = 100
# Devices without their owner's signature never compete with signed ones; they only hear that they get no key.
MOST_UNSIGNED = 20
# So many are looked at, those first that were believed before or claim their owner's signature.
MOST_EXAMINED = 1000
# After so many whole answers without it an identity counts no more: a single one may be a hiccup on the way.
ABSENCES = 2
# So long the first and the last of them must lie apart before it is sure that it has vanished: that is final.
VANISHED_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDevice:
    """One device whose keys verify with its own signature."""

    user_id: str
    device_id: str
    ed25519: str
    curve25519: str
    cross_signed: bool
    # Whether the device itself has signed its owner's master key: then that identity was in its hands.
    vouches: bool = False

    @property
    def keys(self) -> tuple[str, str]:
        """The two keys, which a device never changes."""
        return self.ed25519, self.curve25519


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKeys:
    """What one user has published, as far as it verifies."""

    user_id: str
    # The master key, if its chain to a self-signing key verifies, and that key.
    identity: str | None = None
    self_signing: str | None = None
    devices: Mapping[str, PublishedDevice] = field(default_factory=dict)
    # False when the homeserver has said that something changed since this was read.
    current: bool = False
    # How many whole answers in a row knew of no identity, as far as that matters.
    absences: int = 0
    # When the first of them came (seconds since 1970), and how much later the last one.
    absent_since: float | None = None
    absent_for: float = 0.0

    @property
    def vanished(self) -> bool:
        """Whether it is sure that the user publishes no identity, or none any more."""
        return self.identity is None and self.absences >= ABSENCES and self.absent_for >= VANISHED_SECONDS

    @property
    def has_signed_device(self) -> bool:
        """Whether the user can be given a key on any device."""
        return any(device.cross_signed for device in self.devices.values())

    def device_with_key(self, curve25519: str) -> PublishedDevice | None:
        """Return the device that owns this identity key, when exactly one does; signed ones before all others."""
        owners = [device for device in self.devices.values() if device.curve25519 == curve25519]
        owners = [device for device in owners if device.cross_signed] or owners
        return owners[0] if len(owners) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one answer proves of a user by itself, and the answer."""

    keys: UserKeys
    answer: Mapping[str, Any]


def read_user(answer: Mapping[str, Any], user_id: str, known: UserKeys, now: float) -> UserKeys:
    """Return what an answer to `/keys/query` proves about a user, whose identity stays until another is proven."""
    master = _item(answer, "master_keys", user_id)
    self_signing = cross_signing.self_signing_key(user_id, master, _item(answer, "self_signing_keys", user_id))
    identity = None if self_signing is None else cross_signing.key_in(master, user_id, "master")
    absences, since, absent_for = known.absences, known.absent_since, known.absent_for
    if identity is not None:
        absences, since, absent_for = 0, None, 0.0
    elif _knows_of_no_identity(answer, user_id):
        since = now if since is None else since
        absences, absent_for = min(absences + 1, ABSENCES), now - since
    left_out = identity is None and known.identity is not None and absences < ABSENCES
    if left_out:
        identity, self_signing = known.identity, known.self_signing
    if identity != known.identity:
        # Whatever another identity has signed proves nothing for this one.
        old = {name: replace(device, cross_signed=False, vouches=False) for name, device in known.devices.items()}
        known = replace(known, devices=old)
    # A signature on another master key, proven or not, vouches for nothing that this identity is.
    shown = master if identity is not None and cross_signing.key_in(master, user_id, "master") == identity else None
    signed: dict[str, PublishedDevice] = {}
    unsigned: dict[str, PublishedDevice] = {}
    for device_id, keys in _worth_examining(_item(answer, "device_keys", user_id), known, self_signing):
        device = _read_device(user_id, device_id, keys, self_signing, shown)
        if device is None:
            continue
        device = _beside_what_is_known(device, known.devices.get(device_id))
        if device.cross_signed and len(signed) < MOST_DEVICES:
            signed[device_id] = device
        elif not device.cross_signed and len(unsigned) < MOST_UNSIGNED:
            unsigned[device_id] = device
    return UserKeys(
        user_id=user_id,
        identity=identity,
        self_signing=self_signing,
        devices=signed | unsigned,
        # What takes everything away takes effect, and is asked once more.
        current=not left_out and (bool(signed) or not known.has_signed_device),
        absences=absences,
        absent_since=since,
        absent_for=absent_for,
    )


def mentions(answer: Mapping[str, Any], user_id: str) -> bool:
    """Tell whether an answer says anything about a user's devices."""
    return isinstance(_item(answer, "device_keys", user_id), dict)


def _knows_of_no_identity(answer: Mapping[str, Any], user_id: str) -> bool:
    """Tell whether an answer is whole and has neither of the keys that make an identity: a half one says nothing."""
    parts = [answer.get(part) for part in ("master_keys", "self_signing_keys")]
    return not answer.get("failures") and all(isinstance(each, dict) and user_id not in each for each in parts)


def _worth_examining(published: Any, known: UserKeys, self_signing: str | None) -> list[tuple[str, Any]]:
    """Return the published devices in the order in which they deserve a place, as many as are looked at."""
    claimed = f"ed25519:{self_signing}"

    def rank(entry: tuple[str, Any]) -> int:
        before = known.devices.get(entry[0])
        if before is not None and before.cross_signed:
            return 0
        match entry[1]:
            case {"signatures": {known.user_id: dict(signatures)}} if claimed in signatures:
                return 1
        return 3 if before is None else 2

    entries = list(published.items()) if isinstance(published, dict) else []
    return sorted(entries, key=rank)[:MOST_EXAMINED]


def _beside_what_is_known(device: PublishedDevice, before: PublishedDevice | None) -> PublishedDevice:
    """Return what a device is now, given what was known of the one with its name."""
    if before is None:
        return device
    if before.keys == device.keys:
        # Nobody takes a signature back: one that is missing now was left out by the homeserver.
        return replace(
            device,
            cross_signed=device.cross_signed or before.cross_signed,
            vouches=device.vouches or before.vouches,
        )
    # A device never changes its keys; a new one under its name must be vouched for by its owner.
    log.warning("device_keys_replaced")
    return device if device.cross_signed else before


def _read_device(
    user_id: str, device_id: str, keys: Any, self_signing: str | None, master: Any
) -> PublishedDevice | None:
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
        vouches=cross_signing.is_signed(master, user_id, ed25519, key_name=device_id),
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
