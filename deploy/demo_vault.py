"""The demo's vault: a founded network, the first case's records, and two people's locked keys to read them with.

Made once per data directory; each step is done where it is not done yet, so that a start that was cut off goes on. What
no real network does: one program makes everybody's keys, and keeps them and the passphrases in the demo's directory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from agencies.trust import offers
from agencies.trust.network import Network
from agencies.trust.offers import Offer, Offered
from agencies.vault.keeping import KeptNetwork
from cases.model import Case
from cases.vault.directory import DirectoryLog
from client import key_file
from client.api import ApiClient
from client.vault import genesis, passphrases, unlocking
from client.vault.circles import Circles
from client.vault.epochs import EpochKeys
from client.vault.genesis import FoundingAgency
from client.vault.memory import Memory
from client.vault.passphrases import WordList
from client.vault.person import Unlocked
from client.vault.reading import Reader
from client.vault.records import Records
from core import private_files
from core.clock import Clock
from crypto.vault import aead, sealed_box
from crypto.vault.bundle import Keys
from crypto.vault.statement import NO_NETWORK
from deploy.demo_network import DemoAccount
from deploy.network import LocalNetwork

NAME = "Invented network of Lipovac"
FOUNDER = "olga"
# Whose keys are locked as everybody's would be: stretching a passphrase costs a second each time.
LOCKED = ("ana", "sara")
KIND = "plan"
RECORD = b"""Invented plan, for the demo.

Sara drives. Ana waits at the side entrance from 9:15. If nobody comes by 9:30, Ana rings Mila, and raises here.
"""
LARGEST = 1024 * 1024


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be the same at the next start: written before anything is founded on it."""

    genesis: bytes
    secrets: dict[str, bytes]
    passphrases: dict[str, str]


class StateRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The demo's record, and who reads it: each with a locked key file and its passphrase."""

    codename: str
    record: str
    key_files: dict[str, str]
    passphrases: dict[str, str]
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """The demo's network as its founder made it, with everybody's keys."""

    fingerprint: bytes
    kept: _Kept

    def unlocked(self, account: DemoAccount) -> Unlocked:
        """Return somebody's keys as they are once unlocked."""
        keys = Keys(seed=_seed(account), secret=self.kept.secrets[account.account])
        return Unlocked(person=account.person.id.bytes, network=self.fingerprint, keys=keys)


async def found(network: LocalNetwork, accounts: Mapping[str, DemoAccount]) -> Founded:
    """Make sure of the network: its genesis, which names everybody of the demo and their keys."""
    path = network.directory / "vault.json"
    if not path.exists():
        made = _made(accounts, _seconds(network.clock))
        private_files.write(path, msgspec.json.encode(made))
    kept = msgspec.json.decode(private_files.read(path, largest=LARGEST), type=_Kept)
    await DirectoryLog(network.database, network.clock, KeptNetwork()).install(kept.genesis)
    return Founded(fingerprint=Network(kept.genesis).id, kept=kept)


async def sealed(
    network: LocalNetwork, accounts: Mapping[str, DemoAccount], founded: Founded, case: Case
) -> StateRecord:  # fmt: skip
    """Make sure of the locked keys, the vault of a case's core and its record."""
    kept, fingerprint = founded.kept, founded.fingerprint
    files = {each: _locked_path(accounts[each]) for each in LOCKED}
    for account, file in files.items():
        if not file.exists():
            # In a thread: the roles' processes and their database go on meanwhile.
            await asyncio.to_thread(_lock, accounts[account], kept, fingerprint, file)
    record = await _written(network.clock, accounts[LOCKED[0]], founded, files[LOCKED[0]], case)
    return StateRecord(
        codename=case.core.codename,
        record=record,
        key_files={account: str(file) for account, file in files.items()},
        passphrases={each: kept.passphrases[each] for each in LOCKED},
        fingerprint=fingerprint.hex(),
    )


def _made(accounts: Mapping[str, DemoAccount], at: int) -> _Kept:
    secrets = {account: aead.new_key() for account in accounts}
    agencies = {each.agency.id: each.agency for each in accounts.values()}
    statement, _fingerprint = genesis.found(
        _seed(accounts[FOUNDER]),
        accounts[FOUNDER].person.id.bytes,
        name=NAME,
        agencies=[FoundingAgency(id=each.id.bytes, name=each.name, kind=each.kind) for each in agencies.values()],
        offered=[_offered(each, secrets[account], at) for account, each in accounts.items()],
        at=at,
    )
    drawn = {each: passphrases.drawn(WordList.ENGLISH) for each in LOCKED}
    return _Kept(genesis=statement, secrets=secrets, passphrases=drawn)


def _offered(account: DemoAccount, secret: bytes, at: int) -> Offered:
    person = account.person
    offer = Offer(
        person=person.id.bytes, agency=person.agency_id.bytes, name=person.name, role=person.role,
        matrix_user=person.matrix_user, box_key=sealed_box.public_key(secret), at=at,
    )  # fmt: skip
    return offers.read(offers.make(_seed(account), NO_NETWORK, offer), NO_NETWORK)


def _lock(account: DemoAccount, kept: _Kept, fingerprint: bytes, file: Path) -> None:
    key = key_file.load(account.key_file)
    keys = Keys(seed=key.seed, secret=kept.secrets[account.account])
    locked = unlocking.sealed(
        key, keys, passphrase=kept.passphrases[account.account], words=WordList.ENGLISH, genesis=fingerprint
    )  # fmt: skip
    key_file.write_locked(file, locked, new=True)


async def _written(clock: Clock, author: DemoAccount, founded: Founded, file: Path, case: Case) -> str:
    """Make sure that the case's core has its vault and a record; return the record's id."""
    core = case.core.id.bytes
    async with ApiClient(key_file.load(author.key_file)) as api:
        reader = Reader(api.vault, founded.unlocked(author), Memory.beside(file, founded.fingerprint), clock)
        epochs = EpochKeys(reader)
        view = await reader.refresh(core)
        if not view.compartment.is_open:
            deputy = case.deputy_id or case.coordinator_id
            members = [each.bytes for each in case.core.member_ids]
            await Circles(reader, epochs).open_(core, case=case.id.bytes, deputy=deputy.bytes, members=members)
            view = await reader.refresh(core)
        known = [each.write.record for each in view.compartment.records.versions.values()]
        if known:
            return str(UUID(bytes=known[0]))
        return str((await Records(reader, epochs).put(core, RECORD, kind=KIND)).record)


def _locked_path(account: DemoAccount) -> Path:
    return account.key_file.with_name(f"{account.account}.locked.json")


def _seed(account: DemoAccount) -> bytes:
    return key_file.load(account.key_file).seed


def _seconds(clock: Clock) -> int:
    return int(clock.now().timestamp())
