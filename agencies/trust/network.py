"""The directory's log as somebody has it: each entry that was taken in, and the directory as it stood after it.

Whoever keeps a log or reads one keeps it in this: the server and people's machines alike, so that both come to the same
by the same rules. Nothing is taken in that was not verified, and what is refused changes nothing.
"""

from __future__ import annotations

from agencies.trust.directory import Directory, decided, founded
from crypto.vault import log, statement
from crypto.vault.failures import Behind, NotAsWritten
from crypto.vault.labels import GENESIS
from crypto.vault.log import Chain, Entry, Head, Kind
from crypto.vault.statement import NO_NETWORK

# The one directory of a network.
LOG = bytes(log.ID_BYTES)


class Network:
    """A network at the position up to which one has its directory; the genesis is the entry at 0."""

    def __init__(self, genesis: bytes) -> None:
        """Begin with the statement of a genesis; raise Refused."""
        entry = read_genesis(genesis)
        self.chain = Chain(kind=Kind.DIRECTORY, log=LOG)
        self._positions = [founded(entry)]
        self.chain.append(entry)

    @property
    def id(self) -> bytes:
        """The 32 bytes by which the network is named: the hash of its genesis."""
        return self.chain.hashes[0]

    @property
    def head(self) -> Head:
        """The last entry, as others name it."""
        number = len(self.chain.hashes) - 1
        return Head(kind=Kind.DIRECTORY, log=LOG, number=number, hash=self.chain.last)

    @property
    def now(self) -> Directory:
        """The directory after the last entry."""
        return self._positions[-1]

    def at(self, number: int) -> Directory:
        """Return the directory after the entry at a position; raise Behind where one does not have it."""
        if not 0 <= number < len(self._positions):
            raise Behind
        return self._positions[number]

    def judge(self, data: bytes) -> tuple[Entry, Directory]:
        """Return the next entry, and the directory as it would stand after it, without taking it in; raise Refused."""
        return self._judged(log.read(data, Kind.DIRECTORY, self.id))

    def take(self, data: bytes) -> Entry:
        """Take in the next entry; raise Refused and stay as it was."""
        return self._taken(*self.judge(data))

    def recall(self, data: bytes) -> Entry:
        """Take in the next of the entries that were taken in before, and kept where nobody else writes.

        All is held again but the signature.
        """
        return self._taken(*self._judged(log.entry_of(statement.remembered(data), Kind.DIRECTORY)))

    def _judged(self, entry: Entry) -> tuple[Entry, Directory]:
        self.chain.require_next(entry)
        log.require_seen(entry, [self.chain])
        return entry, decided(self.now, entry)

    def _taken(self, entry: Entry, directory: Directory) -> Entry:
        self.chain.append(entry)
        self._positions.append(directory)
        return entry


def fingerprint(network: bytes) -> str:
    """Return what a network is named by as people compare it: 64 hexadecimal digits in groups of four."""
    digits = network.hex()
    return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def read_genesis(data: bytes) -> Entry:
    """Return the entry of a genesis, which is signed for no network; raise Refused."""
    entry = log.entry_of(statement.verified(data, GENESIS, NO_NETWORK), Kind.DIRECTORY)
    if entry.head.log != LOG or entry.after != log.START:
        raise NotAsWritten
    return entry
