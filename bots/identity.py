"""The bot's cross-signing identity: made once, kept in two places, shown to strict clients.

Owns when the keys are made, published and restored, and where their seeds rest. The master seed is
written once to a file of its own, which the operator takes off the machine; the self-signing seed stays,
sealed, because every new device has to be signed with it. The mathematics is in `crypto.cross_signing`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bots import private_files
from bots.homeserver import Homeserver
from bots.olm_machine import OlmMachine
from bots.transport import AuthenticationWanted
from core import logs
from core.errors import Conflict, InvalidInput
from core.texts import mark
from crypto import cross_signing, local_seal

log = logs.get(__name__)

MASTER_SEED_FILE = "identity.master-seed"
SEALED_FILE = "identity.sealed"
HAS_IDENTITY = mark(
    "This Matrix account has an identity already, and its seed is not on this machine. "
    "Restore it from the master seed that was moved offline."
)
_NAME = "identity"


class IdentityMissing(Conflict):
    """The account has an identity whose self-signing seed is not here."""


def rests_in(directory: Path) -> bool:
    """Tell whether an identity was ever made or brought here; nothing is read."""
    return (directory / SEALED_FILE).exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What stays on the machine: the published objects and the seed that signs devices."""

    self_signing: bytes
    user_signing: bytes
    published: Mapping[str, Any]

    @property
    def master_key(self) -> str | None:
        master = self.published["master_key"]
        return cross_signing.key_in(master, master["user_id"], "master")


class Identity:
    """The identity of one account, resting in one directory."""

    def __init__(self, directory: Path, secret: bytes) -> None:
        self._directory = directory
        self._key = local_seal.derive(secret, "matrix identity")

    @property
    def master_seed_file(self) -> Path:
        """The file to be taken offline; gone once the operator has done so."""
        return self._directory / MASTER_SEED_FILE

    async def establish(self, homeserver: Homeserver, machine: OlmMachine, *, user_id: str) -> None:
        """See to it that the account has an identity, and that it has signed this device."""
        answer = await homeserver.query_keys([user_id])
        published_master = _of_user(answer, "master_keys", user_id)
        kept = self._kept()
        fresh = kept is None
        if kept is None:
            if published_master is not None:
                raise IdentityMissing(HAS_IDENTITY)
            kept = self._provision(user_id)
        if published_master is None:
            await self._publish(homeserver, kept, fresh=fresh)
        elif cross_signing.key_in(published_master, user_id, "master") != kept.master_key:
            raise IdentityMissing(
                mark("This Matrix account's identity was replaced by somebody. Look into it before you start.")
            )
        await self._sign(homeserver, machine, user_id, kept, answer)

    async def restore(self, homeserver: Homeserver, *, user_id: str, password: str, master_seed: bytes) -> None:
        """Make a new self-signing key under the old master key; the next device is signed with it."""
        answer = await homeserver.query_keys([user_id])
        published_master = _of_user(answer, "master_keys", user_id)
        if cross_signing.key_in(published_master, user_id, "master") != cross_signing.public_key(master_seed):
            raise InvalidInput(mark("This is not the master seed of the account's identity."))
        fresh = cross_signing.new_seeds()
        seeds = cross_signing.SigningSeeds(
            master=master_seed, self_signing=fresh.self_signing, user_signing=fresh.user_signing
        )
        published = cross_signing.published_keys(user_id, seeds)
        # The master key stays as it is; a homeserver may refuse to be told it a second time.
        changed = {name: key for name, key in published.items() if name != "master_key"}
        self._keep(seeds, published)
        await homeserver.upload_cross_signing_keys(changed, user_id=user_id, password=password)
        log.info("identity_restored")

    async def _publish(self, homeserver: Homeserver, kept: _Kept, *, fresh: bool) -> None:
        """Publish an identity where there is none, which needs no password. A wish for it means that there is one."""
        try:
            await homeserver.upload_cross_signing_keys(kept.published)
        except AuthenticationWanted as error:
            if fresh:
                # Made a moment ago because the homeserver said there was none: in the way of the true one.
                self._set_aside()
            raise IdentityMissing(HAS_IDENTITY) from error
        log.info("identity_published")

    def _set_aside(self) -> None:
        """Move seeds that nothing was signed with out of the way; nothing secret is ever destroyed here."""
        for name in (SEALED_FILE, MASTER_SEED_FILE):
            path = self._directory / name
            if path.exists():
                path.replace(path.with_name(f"{name}.unpublished"))

    def _provision(self, user_id: str) -> _Kept:
        """Make the seeds and put them on disk before anybody hears of them."""
        seeds = cross_signing.new_seeds()
        private_files.write(self.master_seed_file, base64.b64encode(seeds.master) + b"\n")
        return self._keep(seeds, cross_signing.published_keys(user_id, seeds))

    def _keep(self, seeds: cross_signing.SigningSeeds, published: Mapping[str, Any]) -> _Kept:
        record = {
            "self_signing": base64.b64encode(seeds.self_signing).decode(),
            "user_signing": base64.b64encode(seeds.user_signing).decode(),
            "published": published,
        }
        private_files.write(
            self._directory / SEALED_FILE, local_seal.seal(self._key, _NAME, json.dumps(record).encode())
        )
        return _Kept(self_signing=seeds.self_signing, user_signing=seeds.user_signing, published=published)

    def _kept(self) -> _Kept | None:
        try:
            sealed = (self._directory / SEALED_FILE).read_bytes()
        except FileNotFoundError:
            return None
        try:
            record = json.loads(local_seal.unseal(self._key, _NAME, sealed))
        except local_seal.SealBroken as error:
            raise Conflict(
                mark("The Matrix identity's directory was made with another store key. Use that key again.")
            ) from error
        return _Kept(
            self_signing=base64.b64decode(record["self_signing"]),
            user_signing=base64.b64decode(record["user_signing"]),
            published=record["published"],
        )

    async def _sign(
        self,
        homeserver: Homeserver,
        machine: OlmMachine,
        user_id: str,
        kept: _Kept,
        answer: Mapping[str, Any],
    ) -> None:
        """Sign the device with the self-signing key, and the master key with the device."""
        signed_device = cross_signing.signed(machine.device_keys, user_id, kept.self_signing)
        master = kept.published["master_key"]
        master_key = cross_signing.key_in(master, user_id, "master") or ""
        signed_master = cross_signing.with_signature(master, user_id, machine.device_id, machine.sign(master))
        if not self._already_signed(machine, user_id, kept, answer):
            await homeserver.upload_signatures({user_id: {machine.device_id: signed_device, master_key: signed_master}})
            log.info("device_signed", device_id=machine.device_id)
        machine.keep_device_keys(signed_device)

    def _already_signed(self, machine: OlmMachine, user_id: str, kept: _Kept, answer: Mapping[str, Any]) -> bool:
        devices = _of_user(answer, "device_keys", user_id)
        device = devices.get(machine.device_id) if isinstance(devices, dict) else None
        master = _of_user(answer, "master_keys", user_id)
        return cross_signing.is_signed(
            device, user_id, cross_signing.public_key(kept.self_signing)
        ) and cross_signing.is_signed(master, user_id, machine.ed25519, key_name=machine.device_id)


def _of_user(answer: Mapping[str, Any], part: str, user_id: str) -> Any:
    users = answer.get(part)
    return users.get(user_id) if isinstance(users, dict) else None
