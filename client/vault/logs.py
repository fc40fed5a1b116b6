"""The logs that a machine has taken in: recalled from its memory, added to by a server, every entry verified once.

What is wrong becomes one sentence (`client.vault.refusals`). Where a server, or anybody's entry, shows another log than
the one that is known here, both statements are kept as proof and work on it stops (`client.vault.memory`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agencies.trust import network
from agencies.trust.network import Network
from cases.trust.compartment import Compartment
from client.vault import forks, refusals
from client.vault.memory import DAMAGED, LogName, Memory, Proof
from core.errors import Conflict, InvalidInput
from crypto.vault import log, statement
from crypto.vault.failures import Behind, Forked, OfAnotherLog, Refused
from crypto.vault.labels import GENESIS
from crypto.vault.log import Chain, Entry, Kind
from crypto.vault.statement import NO_NETWORK

DIRECTORY = LogName(Kind.DIRECTORY, network.LOG)


@dataclass(slots=True, kw_only=True)
class Known:
    """A compartment's logs as they were taken in, and what the rules do not keep of their entries."""

    compartment: Compartment
    # By which entry each epoch was begun, and the sealed reasons of exclusions by person.
    epochs: dict[int, Entry] = field(default_factory=dict)
    reasons: dict[bytes, bytes] = field(default_factory=dict)

    def took(self, entry: Entry) -> None:
        """Learn from an entry of the members' log."""
        match entry.do, entry.particulars:
            case "begin-epoch", {"number": int(number)}:
                self.epochs[number] = entry
            case "exclude", {"person": bytes(person), "reason": bytes(reason)}:
                self.reasons[person] = reason


class Logs:
    """The directory of one network, named by the 32 bytes of its genesis, and the compartments that were looked at."""

    def __init__(self, genesis: bytes, memory: Memory) -> None:
        self._genesis = genesis
        self._memory = memory
        self._network: Network | None = None
        self._known: dict[bytes, Known] = {}
        self._statements: dict[LogName, list[bytes]] = {}
        self._saved: dict[LogName, int] = {}

    def recall(self, compartment: bytes) -> None:
        """Take in what the memory has of a compartment and of the directory, unless it is here already."""
        self._recall(*with_directory(compartment))

    def recall_directory(self) -> None:
        """Take in what the memory has of the directory alone."""
        self._recall(DIRECTORY)

    @property
    def network(self) -> Network | None:
        """The directory as it was taken in; None where nothing of it is here."""
        return self._network

    def _recall(self, *names: LogName) -> None:
        if all(each in self._statements for each in names):
            return
        # All at one moment: the members' entries of another process name what it has added to the directory.
        remembered = self._memory.together(*names)
        try:
            for name in names:
                for each in remembered[name][self.count(name) :]:
                    self._took(name, each, verified=True)
                self._saved[name] = max(self._saved.get(name, 0), len(remembered[name]))
                self._statements.setdefault(name, [])
        except Refused as refused:
            raise InvalidInput(DAMAGED, path=str(self._memory.folder)) from refused

    def count(self, name: LogName) -> int:
        """Return how many entries of a log are here."""
        return len(self._statements.get(name, ()))

    def statements(self, name: LogName) -> list[bytes]:
        """Return the statements of a log, the first first."""
        return list(self._statements.get(name, ()))

    def holds(self, name: LogName, hashed: bytes) -> bool:
        """Whether an entry, named by its hash, stands in a log."""
        chain = self._chain(name)
        return chain is not None and hashed in chain.hashes

    def known(self, compartment: bytes) -> Known | None:
        """Return a compartment; None where not even the directory is here."""
        if self._network is None:
            return None
        return self._known.setdefault(
            compartment, Known(compartment=Compartment(self._network, compartment))
        )  # fmt: skip

    def take(self, name: LogName, number: int, data: bytes) -> None:
        """Take in what a server gives as the entry at a position, or compare it with the one that is known there."""
        if number > self.count(name):
            raise refusals.altered("not-next")
        if number < self.count(name):
            self._compare(name, number, data)
            return
        try:
            self._took(name, data, verified=False)
        except Forked as forked:
            raise self._forked(name, data) from forked
        except Refused as refused:
            raise refusals.of_given(refused) from refused

    def require_told(self, compartment: bytes) -> None:
        """Hold what authors of the members' entries had seen of the records against those that are here."""
        known = self.known(compartment)
        if known is None:
            raise Conflict(refusals.BEHIND)
        try:
            known.compartment.require_told()
        except Forked as forked:
            members, _ = of_compartment(compartment)
            for each in self._statements[members]:
                if self._difference(log.entry_of(statement.remembered(each), Kind.MEMBERSHIP)) is not None:
                    raise self._forked(members, each) from forked
            raise
        except Refused as refused:
            raise refusals.of_given(refused) from refused

    def save(self, compartment: bytes, at: int) -> None:
        """Remember what was taken in, and when the compartment was compared with the server."""
        self._save((DIRECTORY, *of_compartment(compartment)), compartment, at)

    def save_directory(self) -> None:
        """Remember what was taken in of the directory alone; where nothing is new, nothing is written."""
        if self._saved.get(DIRECTORY, 0) < self.count(DIRECTORY):
            self._save((DIRECTORY,), None, 0)

    def _save(self, names: Sequence[LogName], compartment: bytes | None, at: int) -> None:
        added = {}
        for name in names:
            start = self._saved.get(name, 0)
            new = self._statements.get(name, [])[start:]
            if new:
                added[name] = (start, new)
        self._memory.remember(added, compartment=compartment, at=at)
        for name in added:
            self._saved[name] = self.count(name)

    def _took(self, name: LogName, data: bytes, *, verified: bool) -> None:
        """Take in the next entry of a log; one that was verified before is recalled."""
        if name == DIRECTORY:
            self._took_of_directory(data, verified=verified)
        else:
            known = self.known(name.log)
            if known is None:
                raise refusals.altered("behind")
            compartment = known.compartment
            if name.kind is Kind.MEMBERSHIP:
                entry = compartment.recall_member_entry(data) if verified else compartment.take_member_entry(data)
                known.took(entry)
            elif verified:
                compartment.recall_record_entry(data)
            else:
                compartment.take_record_entry(data)
        self._statements.setdefault(name, []).append(data)

    def _took_of_directory(self, data: bytes, *, verified: bool) -> None:
        if self._network is not None:
            if verified:
                self._network.recall(data)
            else:
                self._network.take(data)
            return
        # First trust is never taken from a server: it came with the person's keys.
        if statement.hash_of(data) != self._genesis:
            raise Conflict(refusals.OTHER_NETWORK)
        self._network = Network(data)

    def _compare(self, name: LogName, number: int, data: bytes) -> None:
        if self._statements[name][number] == data:
            return
        if name == DIRECTORY and number == 0:
            raise Conflict(refusals.OTHER_NETWORK)
        raise self._forked(name, data)

    def _read(self, name: LogName, data: bytes) -> Entry:
        return log.read(data, name.kind, self._genesis)

    def _forked(self, name: LogName, data: bytes) -> Exception:
        """Keep the proof that an entry shows another log than the one that is here, and return what is said.

        What nobody has signed who could have written it there proves nothing: it is an alteration, and nothing of it
        is kept (`client.vault.forks`).
        """
        try:
            entry = self._read(name, data)
            if (entry.head.kind, entry.head.log) != name:
                raise OfAnotherLog
            forks.require_author(entry, self._known_network(), self._compartment(name))
        except Refused as refused:
            return refusals.of_given(refused)
        found = self._difference(entry)
        if found is None:
            return refusals.altered(Forked.outcome)
        other, number = found
        ours = self._statements[other][number]
        try:
            if other == DIRECTORY and number == 0:
                statement.verified(ours, GENESIS, NO_NETWORK)
            else:
                self._read(other, ours)
        except Refused:
            return InvalidInput(DAMAGED, path=str(self._memory.folder))
        path = self._memory.keep(Proof(name=other, number=number, ours=ours, theirs=data))
        return Conflict(refusals.FORKED, path=str(path), outcome=Forked.outcome)

    def _difference(self, entry: Entry) -> tuple[LogName, int] | None:
        """Return where an entry, or what its author had seen, differs from what is here."""
        name = LogName(entry.head.kind, entry.head.log)
        chain = self._chain(name)
        if chain is not None:
            if entry.head.number < len(chain.hashes) and chain.hashes[entry.head.number] != entry.head.hash:
                return name, entry.head.number
            if entry.head.number == len(chain.hashes) > 0 and entry.after != chain.last:
                return name, entry.head.number - 1
        for seen in entry.seen:
            other = LogName(seen.kind, seen.log)
            chain = self._chain(other)
            if chain is not None and seen.number < len(chain.hashes) and chain.hashes[seen.number] != seen.hash:
                return other, seen.number
        return None

    def _known_network(self) -> Network:
        if self._network is None:
            raise Behind
        return self._network

    def _compartment(self, name: LogName) -> Compartment | None:
        known = None if name == DIRECTORY else self.known(name.log)
        return None if known is None else known.compartment

    def _chain(self, name: LogName) -> Chain | None:
        if name == DIRECTORY:
            return None if self._network is None else self._network.chain
        known = self._known.get(name.log)
        if known is None:
            return None
        return known.compartment.members if name.kind is Kind.MEMBERSHIP else known.compartment.written


def of_compartment(compartment: bytes) -> tuple[LogName, LogName]:
    """Return the names of a compartment's logs: its members and its records."""
    return LogName(Kind.MEMBERSHIP, compartment), LogName(Kind.RECORDS, compartment)


def with_directory(compartment: bytes) -> Iterator[LogName]:
    """Return the names of all logs that a compartment rests on, in the order in which they are taken in."""
    yield DIRECTORY
    yield from of_compartment(compartment)
