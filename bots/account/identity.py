"""The bot's cross-signing identity: made once, shown to strict clients, and never replaced on a homeserver's word.

Owns when keys are made, published, used and restored; `bots.account.identity_files` owns where their seeds rest,
`bots.account.own_keys` what an answer of the homeserver proves, `crypto.cross_signing` the mathematics. Two rules hold
throughout: by itself the bot publishes only without the account's password, so that nothing that is there can be
replaced; and each device is signed once, so that the seed for it can be taken offline (`bots.watching.identity_care` is
what the operator does).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bots.account.identity_files import MASTER_SEED_FILE, SEALED_FILE, IdentityFiles, Kept, made
from bots.account.own_keys import OwnKeys, read
from bots.olm.olm_machine import OlmMachine
from bots.wire.homeserver import Homeserver
from bots.wire.transport import AuthenticationWanted
from core import logs
from core.errors import Conflict, InvalidInput, Permanent
from core.texts import mark
from crypto import cross_signing

__all__ = ["MASTER_SEED_FILE", "SEALED_FILE", "DeviceUnsigned", "Identity", "IdentityMissing", "rests_in"]

log = logs.get(__name__)

HAS_IDENTITY = mark(
    "This Matrix account has an identity already, and it is not on this machine. Copy its identity folder here, or "
    "run: streha identity restore"
)
REPLACED = mark("This Matrix account's identity was replaced by somebody. Look into it before you start.")
HALF = mark(
    "The homeserver shows only a part of this account's identity and refuses the rest. Ask again: streha identity "
    "show. If it stays so, run: streha identity restore"
)
UNSIGNED = mark(
    "This Matrix device is not signed, and the seed for it is offline. Take the signing paper and run: "
    "streha identity sign-device"
)
NOT_THE_MASTER_SEED = mark("This is not the master seed of the account's identity.")
NOT_THE_SIGNING_SEED = mark(
    "This is not the signing seed of the account's identity. A paper from before the last restore fits no more."
)
SEED_IS_HERE = mark(
    "The master seed of this identity is on this machine: nothing is lost. Run: streha identity seed-offline"
)


class IdentityMissing(Conflict):
    """The account has an identity that is not the one that is kept here."""


class DeviceUnsigned(Conflict):
    """Nobody has signed this device, and what is here cannot."""

    def __init__(self) -> None:
        super().__init__(UNSIGNED)


def rests_in(directory: Path) -> bool:
    """Tell whether an identity was ever made or brought here; nothing is read."""
    return (directory / SEALED_FILE).exists()


class Identity:
    """The identity of one account, resting in one directory."""

    def __init__(self, directory: Path, secret: bytes) -> None:
        self._files = IdentityFiles(directory, secret)

    def sign_first(self, machine: OlmMachine, signing_seed: bytes | None = None) -> None:
        """Sign a new device, as far as the seed for it is at hand, before anybody else hears of the device.

        Why is told at `_sign_ahead`. Whether the identity is still the account's, `establish` finds out.
        """
        kept = self._files.kept()
        if kept is None or kept.signing is None:
            return
        with suppress(InvalidInput, DeviceUnsigned):
            seed = _seed_of(kept.signing, signing_seed, kept.self_signing)
            machine.keep_device_keys(cross_signing.signed(_signed_by_itself(machine), str(machine.user_id), seed))

    async def establish(
        self, homeserver: Homeserver, machine: OlmMachine, *, user_id: str, signing_seed: bytes | None = None
    ) -> None:
        """See to it that the account has an identity, and that it has signed this device.

        `signing_seed` comes from the signing paper, where it does not rest here any more.
        """
        shown = read(await homeserver.query_keys([user_id]), user_id, machine.device_id)
        self._settle(shown)
        kept = self._files.kept()
        if shown.master is None:
            kept = await (self._publish(homeserver, kept) if kept else self._publish_first(homeserver, user_id))
            shown = replace(shown, master_object=kept.published["master_key"], master=kept.master, signing=kept.signing)
        if kept is None:
            prepared = self._files.next()
            if prepared and prepared[0].master != shown.master:
                # Made when the homeserver said there was none, and never taken by it: in the way of the true one.
                self._files.give_up()
            raise IdentityMissing(HAS_IDENTITY)
        if shown.master != kept.master:
            raise IdentityMissing(REPLACED)
        if shown.signing is None:
            await self._publish_below_master(homeserver, kept)
            shown = replace(shown, signing=kept.signing)
        await self._sign(homeserver, machine, shown, signing_seed, kept.self_signing)

    async def restore(
        self, homeserver: Homeserver, machine: OlmMachine | None = None, *, user_id: str, password: str,
        master_seed: bytes,
    ) -> None:  # fmt: skip
        """Make a new self-signing key under the old master key; devices are to be signed with it anew.

        The device here, whose keys are published already, is signed by it before anybody sees the new key. Nothing that
        was kept goes before it is published: killed anywhere, it is repeated.
        """
        shown = read(await homeserver.query_keys([user_id]), user_id, None)
        master = cross_signing.public_key(master_seed)
        if shown.master not in (None, master):
            raise InvalidInput(NOT_THE_MASTER_SEED)
        if not self._settle(shown):
            prepared = self._files.next()
            kept = prepared[0] if prepared and prepared[0].master == master else None
            if kept is None:
                kept = made(user_id, replace(cross_signing.new_seeds(), master=master_seed))
                self._files.prepare(kept)
            await _sign_ahead(homeserver, machine, user_id, kept)
            if shown.master is None:
                # The homeserver has lost it, or hides it: without the password nothing is replaced.
                await self._publish(homeserver, kept)
            else:
                await homeserver.upload_cross_signing_keys(kept.below_master, user_id=user_id, password=password)
            self._files.promote()
        log.info("identity_restored")

    async def make_anew(
        self, homeserver: Homeserver, machine: OlmMachine | None = None, *, user_id: str, password: str
    ) -> None:  # fmt: skip
        """Replace the account's identity by a new one, which everybody notices: for when the master seed is lost.

        The device here is signed ahead, as in `restore`.
        """
        shown = read(await homeserver.query_keys([user_id]), user_id, None)
        settled = self._settle(shown)
        seed = self._files.master_seed()
        if seed is not None and cross_signing.public_key(seed) == shown.master:
            if not settled:
                raise Conflict(SEED_IS_HERE)
            return
        kept, master_seed = self._files.next() or (None, None)
        if kept is None or master_seed is None:
            seeds = cross_signing.new_seeds()
            kept, master_seed = made(user_id, seeds), seeds.master
            self._files.prepare(kept, master_seed)
        await _sign_ahead(homeserver, machine, user_id, kept)
        await homeserver.upload_cross_signing_keys(kept.published, user_id=user_id, password=password)
        self._files.promote()
        log.warning("identity_made_anew")

    # Inside -----------------------------------------------------------------------------------------

    def _settle(self, shown: OwnKeys) -> bool:
        """Finish what was published before somebody was killed; tell whether there was something."""
        prepared = self._files.next()
        if prepared is None or None in (shown.master, shown.signing):
            return False
        if (shown.master, shown.signing) != (prepared[0].master, prepared[0].signing):
            return False
        self._files.promote()
        return True

    async def _publish(self, homeserver: Homeserver, kept: Kept, wish_for_password: str = HALF) -> Kept:
        """Publish an identity where there is none, which needs no password. A wish for it means that there is one."""
        try:
            await homeserver.upload_cross_signing_keys(kept.published)
        except AuthenticationWanted as error:
            raise IdentityMissing(wish_for_password) from error
        log.info("identity_published")
        return kept

    async def _publish_first(self, homeserver: Homeserver, user_id: str) -> Kept:
        """Make an identity and publish it; until the homeserver has taken it, it is none."""
        kept = self._provision(user_id)
        try:
            await self._publish(homeserver, kept, HAS_IDENTITY)
        except IdentityMissing:
            self._files.give_up()
            raise
        self._files.promote()
        return kept

    async def _publish_below_master(self, homeserver: Homeserver, kept: Kept) -> None:
        """Publish what the homeserver leaves out, as it was. If it has something else there, it wants the password."""
        log.warning("identity_left_out")
        try:
            await homeserver.upload_cross_signing_keys(kept.below_master)
        except AuthenticationWanted as error:
            raise IdentityMissing(HALF) from error

    def _provision(self, user_id: str) -> Kept:
        """Make the seeds and put them on disk before anybody hears of them, or go on with those of a start cut off.

        A master seed that is here already, of an identity whose sealed file was lost, is used: it is never overwritten.
        """
        prepared = self._files.next()
        if prepared:
            return prepared[0]
        seeds, seed = cross_signing.new_seeds(), self._files.master_seed()
        kept = made(user_id, seeds if seed is None else replace(seeds, master=seed))
        self._files.prepare(kept, seeds.master if seed is None else None)
        return kept

    async def _sign(self, homeserver: Homeserver, machine: OlmMachine, shown: OwnKeys, *seeds: bytes | None) -> None:
        """See to it that the self-signing key has signed the device, and the device the master key."""
        device_id, signing, master = machine.device_id, shown.signing or "", shown.master or ""
        own = _signed_by_itself(machine)
        published = shown.signature_on(own, device_id)
        device_keys = machine.device_keys
        if not cross_signing.is_signed(device_keys, shown.user_id, signing):
            device_keys = published or cross_signing.signed(own, shown.user_id, _seed_of(signing, *seeds))
        wanted: dict[str, Mapping[str, Any]] = {}
        if published is None:
            wanted[device_id] = device_keys
        if not shown.vouched_for_by(device_id, machine.ed25519):
            # Nothing else of the object goes back to where it came from.
            bare = cross_signing.key_object(shown.user_id, "master", master)
            wanted[master] = cross_signing.with_signature(bare, shown.user_id, device_id, machine.sign(bare))
        if wanted:
            await homeserver.upload_signatures({shown.user_id: wanted})
            log.info("device_signed", device_id=device_id)
        if device_keys != machine.device_keys:
            machine.keep_device_keys(device_keys)


async def _sign_ahead(homeserver: Homeserver, machine: OlmMachine | None, user_id: str, kept: Kept) -> None:
    """Publish the device's keys as a self-signing key has signed them that is itself published next.

    A strict client that looks between the two would find a device that nobody has signed, and keep the rooms' keys from
    it: what a person writes then, a panic perhaps, the bot could never read.
    """
    if machine is None or kept.self_signing is None:
        return
    # Where a homeserver keeps to the keys it has, the device is signed afterwards, when the bot opens it.
    with suppress(Permanent):
        keys = cross_signing.signed(machine.device_keys, user_id, kept.self_signing)
        await homeserver.upload_keys({"device_keys": keys})


def _signed_by_itself(machine: OlmMachine) -> dict[str, Any]:
    """Return the device's keys without what earlier self-signing keys have signed."""
    user_id = str(machine.user_id)
    signature = machine.device_keys["signatures"][user_id][f"ed25519:{machine.device_id}"]
    bare = {name: value for name, value in machine.device_keys.items() if name != "signatures"}
    return cross_signing.with_signature(bare, user_id, machine.device_id, signature)


def _seed_of(signing: str, given: bytes | None, kept: bytes | None) -> bytes:
    for seed in (given, kept):
        if seed is not None and cross_signing.public_key(seed) == signing:
            return seed
    if given is not None:
        raise InvalidInput(NOT_THE_SIGNING_SEED)
    raise DeviceUnsigned
