"""What it costs to verify a log of the vault from its first entry, and only what is new.

A directory of twenty agencies grows to three thousand people and goes on: people get other names, other keys, leave and
come back. The state after every entry is kept. The floor verifies the signature of every statement and reads none.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from itertools import islice
from pathlib import Path

import nacl.bindings as sodium
import nacl.utils

from agencies.model import AgencyKind, Role
from agencies.trust.deeds import Approve, Attest, Attested, Deed, Found, NewAgency, Rekey, Revoke, written
from agencies.trust.network import LOG, Network
from crypto import signing
from crypto.vault import log, statement
from crypto.vault.labels import DIRECTORY, GENESIS
from crypto.vault.log import Chain, Kind
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row

ENTRIES, TINY_ENTRIES = 100_000, 60
PEOPLE, TINY_PEOPLE = 3_000, 12
AGENCIES, TINY_AGENCIES = 20, 3
NEW, TINY_NEW = 100, 5
NOW = 1_900_000_000
UNTIL = NOW + 86_400

COLD, BARE_COLD = "100,000 entries from the first", "bare signatures of 100,000"
WARM, BARE_WARM = "the last 100 of them", "bare signatures of 100"
EARLY = "100 entries when 3,000 were there"


class _Person:
    """Somebody of the log, with keys that may become others."""

    def __init__(self, agency: bytes, role: Role) -> None:
        self.id, self.agency, self.role = nacl.utils.random(16), agency, role
        self.new_keys()

    def new_keys(self) -> None:
        self.seed, self.box_key = signing.new_seed(), nacl.utils.random(32)
        self.signing_key = signing.public_key(self.seed)

    def fields(self, name: str) -> Mapping[str, object]:
        return {
            "person": self.id, "agency": self.agency, "name": name, "role": self.role, "signing_key": self.signing_key,
            "box_key": self.box_key, "matrix_user": f"@{self.id.hex()}:streha.example", "matrix_master": b"",
        }  # fmt: skip


class _Written:
    """A directory's log as its administrators write it; each agency has one."""

    def __init__(self, agencies: int, people: int) -> None:
        self._leaders = [_Person(nacl.utils.random(16), Role.ADMINISTRATOR) for _ in range(agencies)]
        self._people = people
        founding = [
            NewAgency(agency=each.agency, name=f"Agency {number}", kind=AgencyKind.NGO, people=[_attested(each)])
            for number, each in enumerate(self._leaders)
        ]
        self._after, self._number = log.START, 0
        self.network = statement.NO_NETWORK
        self.genesis = self.says(self._leaders[0], Found(name="An invented network", agencies=founding), GENESIS)
        self.network = self._after

    def says(self, author: _Person, deed: Deed, purpose: str = DIRECTORY) -> bytes:
        do, particulars = written(deed)
        body = log.body(
            log=LOG, number=self._number, after=self._after, at=NOW, by=author.id, do=do, particulars=particulars
        )
        made = statement.make(author.seed, purpose, self.network, body)
        self._after, self._number = statement.hash_of(made), self._number + 1
        return made

    def entries(self) -> Iterator[bytes]:
        """Everybody comes, and then there is always something with somebody."""
        people: list[tuple[_Person, _Person]] = []
        for number in range(self._people):
            leader = self._leaders[number % len(self._leaders)]
            person = _Person(leader.agency, Role.PRACTITIONER)
            people.append((leader, person))
            yield self.says(leader, _attest(person, "New"))
        turn = 0
        while True:
            for leader, person in people:
                turn += 1
                if turn % 10 == 0:
                    other = self._leaders[(self._leaders.index(leader) + 1) % len(self._leaders)]
                    person.new_keys()
                    rekey = Rekey(person=person.id, signing_key=person.signing_key, box_key=person.box_key, until=UNTIL)
                    yield self.says(other, rekey)
                    yield self.says(leader, Approve(proposal=self._after))
                elif turn % 10 == 5:
                    yield self.says(leader, Revoke(person=person.id))
                    yield self.says(leader, _attest(person, "Back"))
                else:
                    yield self.says(leader, _attest(person, f"Name {turn}"))


def _attested(person: _Person) -> Attested:
    return Attested(**person.fields("Founder"))  # type: ignore[arg-type]


def _attest(person: _Person, name: str) -> Attest:
    return Attest(**person.fields(name), until=UNTIL)  # type: ignore[arg-type]


class _Verifying:
    """The measures."""

    def __init__(self, log_of: _Written, entries: int, early: int, new: int) -> None:
        self._genesis, self._network = log_of.genesis, log_of.network
        self._entries = list(islice(log_of.entries(), entries))
        self._early, self._new = early, new
        self._before_last = self._known(self._entries[:-new])

    async def cold(self) -> float:
        """Return how long everything took, from the genesis on."""
        began = time.thread_time()
        network = self._known(self._entries)
        took = time.thread_time() - began
        if network.head.number != len(self._entries):
            raise MeasurementFailed("not every entry was taken in")
        return took

    async def early(self) -> float:
        """Return how long a hundred took when everybody had come."""
        return self._taken(self._known(self._entries[: self._early]), self._entries[self._early :][: self._new])

    async def warm(self) -> float:
        """Return how long the last hundred took, everything before them being known."""
        known = copy(self._before_last)
        known.chain = Chain(kind=Kind.DIRECTORY, log=LOG, hashes=list(known.chain.hashes))
        known._positions = list(known._positions)
        return self._taken(known, self._entries[-self._new :])

    async def bare_cold(self) -> float:
        return self._signatures(self._entries)

    async def bare_warm(self) -> float:
        return self._signatures(self._entries[-self._new :])

    def _known(self, entries: Iterable[bytes]) -> Network:
        network = Network(self._genesis)
        for each in entries:
            network.take(each)
        return network

    def _taken(self, network: Network, entries: Sequence[bytes]) -> float:
        began = time.thread_time()
        for each in entries:
            network.take(each)
        return time.thread_time() - began

    def _signatures(self, entries: Sequence[bytes]) -> float:
        before = b"streha/directory-entry/v1\0" + self._network
        began = time.thread_time()
        for each in entries:
            sodium.crypto_sign_open(each[33:97] + before + each[97:], each[1:33])
        return time.thread_time() - began


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: ARG001, FBT001 (see Row)
    people = TINY_PEOPLE if tiny else PEOPLE
    log_of = _Written(TINY_AGENCIES if tiny else AGENCIES, people)
    new = TINY_NEW if tiny else NEW
    verifying = _Verifying(log_of, TINY_ENTRIES if tiny else ENTRIES, people, new)
    yield {
        COLD: verifying.cold,
        BARE_COLD: verifying.bare_cold,
        EARLY: verifying.early,
        WARM: verifying.warm,
        BARE_WARM: verifying.bare_warm,
    }


ROW = Row(
    name="vault-logs",
    title="The vault: verifying a directory of 100,000 entries, and only its last 100",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=COLD, floor=BARE_COLD),
        Comparison(measure=WARM, floor=BARE_WARM),
        Comparison(measure=WARM, floor=EARLY),
    ),
    rounds_at_most=3,
    patience=900,
    notes=(
        "Seconds of processor time. Each entry: its signature, its only bytes, its fields, its place, its rule.",
        f"{AGENCIES} agencies and {PEOPLE:,} people; the state after each entry is kept, as later entries ask for it.",
    ),
)
