"""Whose Matrix identity the network's directory attests, as the bot itself has verified it.

The rows of a database say who is linked; whoever writes to the database could say otherwise. A bot that was installed
with the network's fingerprint believes and gives keys to those alone whom the signed directory names too, with just
that master key: the directory takes away from what the rows say, and adds nothing. It verifies every entry from the
genesis on, and remembers on its own disk how far it came and whom it found. A directory that is shorter, another, or
breaks a rule is refused and told of; until it is cleared up, what was verified last stands.

The prober is no member of any agency. Its identity is remembered when it is first seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import msgspec

from agencies.attestation import Attestation
from agencies.trust.identities import Identity, identities
from agencies.trust.network import Network
from agencies.vault import logs
from agencies.vault.keeping import OF_DIRECTORY, breathe
from core import logs as logging
from core import metrics, private_files
from core.database import Reading
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from crypto.vault import statement
from crypto.vault.failures import Behind, Forked, Refused

log = logging.get(__name__)

FILE_NAME = "directory-head"
VERSION = 1
# Some hundred bytes for each person of the largest network there may be.
LARGEST = 16 * 1024 * 1024
NETWORK_BYTES = 32
NOT_A_FINGERPRINT = mark(
    "STREHA_VAULT_NETWORK is no fingerprint of a network: it has 64 digits and letters from a to f."
)
OTHER_NETWORK = mark(
    "This bot was installed with another network than STREHA_VAULT_NETWORK names. Look which is right. If it is the "
    "new one, take the file {path} away and start again."
)
NOT_READ = mark("The file {path} cannot be read as what the bot knows of the network's directory. Look who changed it.")


class OtherNetwork(Refused):
    """The database holds the directory of another network, or of none."""

    outcome = "other-network"


class _Person(msgspec.Struct, frozen=True, kw_only=True):
    person: UUID
    master_key: bytes


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    network: bytes
    number: int
    hash: bytes
    people: dict[str, _Person]
    # The prober's Matrix user and master key, once it was seen.
    prober: tuple[str, bytes] | None = None


class Vouched:
    """What one bot has verified of the directory. Without a network, in settings or on its disk, it vouches for all."""

    def __init__(self, directory: Path, fingerprint: str = "") -> None:
        """Take up what the disk holds; raise InvalidInput or Conflict where it is not of the network of the setting."""
        self._file = directory / FILE_NAME
        self._id = read_fingerprint(fingerprint)
        stored = self._read()
        if stored is not None and self._id not in {b"", stored.network}:
            raise Conflict(OTHER_NETWORK, path=str(self._file))
        self._stored = stored
        self._id = self._id or (b"" if stored is None else stored.network)
        self._people: Mapping[str, Identity] = {}
        if stored is not None:
            self._people = {
                user: Identity(person=each.person.bytes, master_key=each.master_key)
                for user, each in stored.people.items()
            }
        self._network: Network | None = None
        self._turn = asyncio.Lock()
        self._refused = ""
        # Told once for each process.
        self._replaced = False

    @property
    def required(self) -> bool:
        """Whether this bot was installed with a network: then nobody counts whom its directory does not attest."""
        return bool(self._id)

    @property
    def refused(self) -> str:
        """Why the directory was refused at the last look; empty where it was not."""
        return self._refused

    async def look(self, reading: Reading) -> None:
        """Follow the directory as far as the database has it; refuse what breaks a rule, and keep what stood before."""
        if not self.required:
            return
        async with self._turn:
            outcome = ""
            try:
                await self._follow(reading)
            except Refused as refused:
                outcome = refused.outcome
            try:
                # What stands before an entry that is refused was verified: somebody may have been revoked there.
                self._take()
            except Refused as refused:
                # Perhaps another branch than the one that is remembered; it is read anew.
                self._network = None
                outcome = refused.outcome
            self._tell(outcome)

    def stands(self, attestation: Attestation) -> bool:
        """Tell whether the directory attests this person, with this account and this master key."""
        if not self.required:
            return True
        known = self._people.get(attestation.matrix_user)
        return known == Identity(person=attestation.person_id.bytes, master_key=attestation.master_key or b"")

    def is_prober(self, attestation: Attestation) -> bool:
        """Tell whether this is the prober that was seen first. Nobody whom the directory names is one."""
        if not self.required or attestation.master_key is None:
            return True
        if self._stored is None or attestation.matrix_user in self._people:
            return False
        met = (attestation.matrix_user, attestation.master_key)
        if self._prober is None:
            self._keep(msgspec.structs.replace(self._stored, prober=met))
        elif self._prober != met and not self._replaced:
            self._replaced = True
            log.error("prober_replaced")
        return self._prober == met

    @property
    def _prober(self) -> tuple[str, bytes] | None:
        return None if self._stored is None else self._stored.prober

    async def _follow(self, reading: Reading) -> None:
        while True:
            page = await logs.entries(reading, *OF_DIRECTORY, 0 if self._network is None else self._network.head.number)
            if not page:
                raise Behind if self._network or self._stored else OtherNetwork
            if self._network is None:
                # Before anything is verified of it: whoever holds the database can found a network of their own.
                if statement.hash_of(page[0]) != self._id:
                    raise OtherNetwork
                self._network = Network(page[0])
            elif statement.hash_of(page[0]) != self._network.head.hash:
                raise Forked
            for number, data in enumerate(page[1:]):
                self._network.take(data)
                await breathe(number)
            if len(page) < logs.PAGE:
                break

    def _take(self) -> None:
        """Go by what was verified, if it goes at least as far as what is remembered, and through it."""
        network, stored = self._network, self._stored
        if network is None:
            return
        head = network.head
        if stored is not None:
            if head.number < stored.number:
                raise Behind
            if network.chain.hashes[stored.number] != stored.hash:
                raise Forked
        if stored is not None and stored.number == head.number:
            return
        self._people = identities(network.now)
        people = {
            user: _Person(person=UUID(bytes=each.person), master_key=each.master_key)
            for user, each in self._people.items()
        }
        self._keep(
            _Stored(
                version=VERSION,
                network=network.id,
                number=head.number,
                hash=head.hash,
                people=people,
                prober=self._prober,
            )
        )

    def _keep(self, stored: _Stored) -> None:
        self._stored = stored
        try:
            private_files.write(self._file, msgspec.json.encode(stored))
        except OSError as error:
            log.failure("directory_head_not_kept", error)

    def _read(self) -> _Stored | None:
        try:
            data = private_files.read(self._file, largest=LARGEST)
        except NotFound:
            return None
        try:
            stored = msgspec.json.decode(data, type=_Stored)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InvalidInput(NOT_READ, path=str(self._file)) from None
        if stored.version != VERSION or len(stored.network) != NETWORK_BYTES:
            raise InvalidInput(NOT_READ, path=str(self._file))
        return stored

    def _tell(self, outcome: str) -> None:
        metrics.DIRECTORY_REFUSED.set(1 if outcome else 0)
        if outcome and outcome != self._refused:
            log.error("directory_refused", error=outcome)
        elif self._refused and not outcome:
            log.info("directory_followed_again")
        self._refused = outcome


def read_fingerprint(text: str) -> bytes:
    """Return the 32 bytes that name a network, as `streha network install` prints them; nothing for nothing."""
    try:
        found = bytes.fromhex("".join(text.split()))
    except ValueError:
        raise InvalidInput(NOT_A_FINGERPRINT) from None
    if len(found) not in {0, NETWORK_BYTES}:
        raise InvalidInput(NOT_A_FINGERPRINT)
    return found
