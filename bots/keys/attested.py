"""Whose published identity is the confirmed one: the one rule by which people are given keys and believed.

Owns the memory of what was confirmed (`agencies.attestations` holds the rows) and of identities that were seen to
change. Pure: `bots.watching.identity_watch` reads and writes the rows, `bots.keys.key_directory` asks before anything
is sent or believed. Nothing here widens by itself: whoever is not known to be confirmed is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from uuid import UUID

from agencies.attestation import Attestation, LinkState
from bots.keys.published_keys import UserKeys
from crypto import cross_signing


class Standing(StrEnum):
    """What a user's published identity is to the bot. Only the first is given keys and believed."""

    ATTESTED = "attested"
    # Confirmed, and not followed to an identity yet; or that identity was not shown yet.
    WAITING = "waiting"
    # Another identity is published than the confirmed one, or none: until it is linked again, whatever comes back.
    CHANGED = "changed"
    UNLINKED = "unlinked"
    # Linked, and the network's directory does not name this identity for this person.
    UNVOUCHED = "unvouched"


def everybody(_attestation: Attestation) -> bool:
    """Vouch for all that is confirmed: where no directory is gone by."""
    return True


class Attestations:
    """What was confirmed, by Matrix user, as last heard."""

    def __init__(self, seen_changed: Iterable[str] = ()) -> None:
        self._standing: Mapping[str, Attestation] = {}
        # Those of whom the rows say what the directory does not.
        self._unvouched: frozenset[str] = frozenset()
        # Of those that stand: whose identity was seen to change, whether or not the rows say so yet.
        self._seen_changed = {UUID(each) for each in seen_changed}

    @property
    def seen_changed(self) -> list[str]:
        """What must outlive a restart: a homeserver that shows the old identity again must not be believed."""
        return sorted(str(each) for each in self._seen_changed)

    @property
    def users(self) -> frozenset[str]:
        """Everybody of whom something was confirmed."""
        return frozenset(self._standing)

    def replace(
        self, standing: Mapping[str, Attestation], vouched: Callable[[Attestation], bool] = everybody
    ) -> set[str]:
        """Take in what is confirmed now; return the users of whom it is something else than before.

        What was seen to change stays so for as long as that row stands.
        """
        before, self._standing = self._standing, dict(standing)
        self._seen_changed &= {each.id for each in standing.values()}
        unvouched, self._unvouched = (
            self._unvouched, frozenset(user_id for user_id, each in standing.items() if not vouched(each))
        )  # fmt: skip
        changed = {
            user_id for user_id in before.keys() | standing.keys() if before.get(user_id) != standing.get(user_id)
        }
        return changed | (unvouched ^ self._unvouched)

    def confirmed(self, user_id: str) -> bool:
        """Tell whether an identity of this user was confirmed and counts, whether or not it was shown yet."""
        attestation = self._standing.get(user_id)
        return (
            attestation is not None
            and attestation.master_key is not None
            and not attestation.changed
            and attestation.id not in self._seen_changed
            and user_id not in self._unvouched
        )

    def differs(self, user_id: str, keys: UserKeys) -> bool:
        """Tell whether another identity than the confirmed one is published, and nobody has noticed that yet."""
        return self.confirmed(user_id) and self.standing_of(user_id, keys) is Standing.CHANGED

    def notice(self, user_id: str) -> None:
        """Remember for good that a confirmed identity has changed."""
        self._seen_changed.add(self._standing[user_id].id)

    def standing_of(self, user_id: str, keys: UserKeys) -> Standing:
        """Return what a user's published identity is to the bot."""
        attestation = self._standing.get(user_id)
        if attestation is None:
            return Standing.UNLINKED
        if attestation.changed or attestation.id in self._seen_changed:
            return Standing.CHANGED
        if attestation.master_key is None:
            return Standing.WAITING
        if user_id in self._unvouched:
            return Standing.UNVOUCHED
        if keys.identity is None:
            return Standing.CHANGED if keys.vanished else Standing.WAITING
        return Standing.ATTESTED if _as_bytes(keys.identity) == attestation.master_key else Standing.CHANGED

    def waiting(self) -> list[Attestation]:
        """Return whose device was confirmed and not followed to an identity yet."""
        return [each for each in self._standing.values() if each.master_key is None]

    def unproven(self) -> list[Attestation]:
        """Return whose device was followed to an identity without keeping how: a prober has no such device."""
        return [each for each in self._standing.values() if each.master_key and each.device_id and each.proof is None]

    def to_note(self) -> list[Attestation]:
        """Return those seen to change whose rows do not say so yet."""
        return [each for each in self._standing.values() if each.id in self._seen_changed and not each.changed]

    def ids_of(self, user_ids: Iterable[str]) -> list[UUID]:
        """Return what a message to these users rests on: when one of these ends or changes, it must not leave."""
        return sorted(self._standing[user_id].id for user_id in user_ids if self.confirmed(user_id))


def identity_led_to(attestation: Attestation, keys: UserKeys) -> bytes | None:
    """Return the master key that the confirmed device leads to; nothing where it leads nowhere yet.

    The identity has signed the device, and the device the identity: a homeserver can put an identity of its own around
    somebody's true device, but not in that device's name. `keys` is what one fresh answer proves by itself.
    """
    device = keys.devices.get(attestation.device_id)
    if keys.identity is None or device is None or _as_bytes(device.ed25519) != attestation.device_key:
        return None
    return _as_bytes(keys.identity) if device.cross_signed and device.vouches else None


def is_of(attestation: Attestation, user_id: str, identity: str | None) -> bool:
    """Tell whether a link is one that works, and to this identity of this user."""
    return (
        attestation.state is LinkState.LINKED
        and attestation.matrix_user == user_id
        and identity is not None
        and _as_bytes(identity) == attestation.master_key
    )


def _as_bytes(key: str) -> bytes:
    return cross_signing.decode_unpadded(key)
