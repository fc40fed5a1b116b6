"""A compartment's two logs as somebody has them: its members and its records, over the directory that they name.

The server and people's machines keep them alike (`agencies.trust.network`). What is refused changes nothing. An entry
of the members may name a head of the records that one gets only after it: such heads are kept, and held against the
records by `require_told`, once everything that was to be had is here.
"""

from __future__ import annotations

from agencies.trust.network import Network
from cases.trust import membership, records
from cases.trust.membership import Circle
from cases.trust.records import Records, Said
from crypto.vault import log, statement
from crypto.vault.failures import Behind
from crypto.vault.log import Chain, Entry, Head, Kind


class Compartment:
    """The logs of one compartment (its id has 16 bytes) at the position up to which one has them."""

    def __init__(self, network: Network, compartment: bytes) -> None:
        self.network = network
        self.id = compartment
        self.members = Chain(kind=Kind.MEMBERSHIP, log=compartment)
        self.written = Chain(kind=Kind.RECORDS, log=compartment)
        self.records = Records(compartment=compartment)
        self._circles: list[Circle] = []
        self._said: list[Said] = []
        self._told: list[Head] = []

    @property
    def is_open(self) -> bool:
        """Whether its first entry is here."""
        return bool(self._circles)

    @property
    def circle(self) -> Circle:
        """The members after the last entry; raise Behind where there is none."""
        return self.circle_at(len(self._circles) - 1)

    def circle_at(self, number: int) -> Circle:
        """Return the members after the entry at a position; raise Behind where one does not have it."""
        if not 0 <= number < len(self._circles):
            raise Behind
        return self._circles[number]

    def heads(self) -> list[Head]:
        """Return what an author has seen of the directory and of this compartment."""
        own = [each for each in (self.members, self.written) if each.hashes]
        return [
            self.network.head,
            *(Head(kind=each.kind, log=self.id, number=len(each.hashes) - 1, hash=each.last) for each in own),
        ]

    def judge_member_entry(self, data: bytes) -> tuple[Entry, Circle]:
        """Return the next entry of the members' log, and who would be in it then, without taking it in."""
        return self._judged_of_members(log.read(data, Kind.MEMBERSHIP, self.network.id))

    def take_member_entry(self, data: bytes) -> Entry:
        """Take in the next entry of the members' log; raise Refused and stay as it was."""
        return self._taken_of_members(*self.judge_member_entry(data))

    def recall_member_entry(self, data: bytes) -> Entry:
        """Take in the next of the entries that were taken in before (`agencies.trust.network.Network.recall`)."""
        entry = log.entry_of(statement.remembered(data), Kind.MEMBERSHIP)
        return self._taken_of_members(*self._judged_of_members(entry))

    def judge_record_entry(self, data: bytes) -> tuple[Entry, Records]:
        """Return the next entry of the records' log, and the records as they would be, without taking it in."""
        entry = log.read(data, Kind.RECORDS, self.network.id)
        return entry, self._judged_of_records(entry)[1]

    def take_record_entry(self, data: bytes) -> Entry:
        """Take in the next entry of the records' log; raise Refused and stay as it was."""
        return self._taken_of_records(log.read(data, Kind.RECORDS, self.network.id))

    def recall_record_entry(self, data: bytes) -> Entry:
        """Take in the next of the entries that were taken in before (`agencies.trust.network.Network.recall`)."""
        return self._taken_of_records(log.entry_of(statement.remembered(data), Kind.RECORDS))

    def require_told(self) -> None:
        """Refuse records of which less is here than authors of the members' entries had seen, or others."""
        for each in self._told:
            self.written.require(each)
        self._told.clear()

    def _judged_of_members(self, entry: Entry) -> tuple[Entry, Circle]:
        self.members.require_next(entry)
        log.require_seen(entry, [self.network.chain])
        if self._circles:
            return entry, membership.decided(self.circle, entry, self.network.at)
        return entry, membership.opened(entry, self.network.at)

    def _taken_of_members(self, entry: Entry, circle: Circle) -> Entry:
        anew = self.records
        if circle.records_seen < len(self._said) - 1:
            # Entries are here already whose place is behind this one: a server gave them out first, or out of order.
            anew = records.anew(self.id, self._said, [*self._circles, circle], self.network.at)
        self.members.append(entry)
        self._circles.append(circle)
        self.records = anew
        self._told += [each for each in entry.seen if (each.kind, each.log) == (Kind.RECORDS, self.id)]
        return entry

    def _judged_of_records(self, entry: Entry) -> tuple[Said, Records]:
        self.written.require_next(entry)
        log.require_seen(entry, [self.network.chain, self.members])
        said = records.said(self.id, entry, self._circles, self.network.at)
        return said, records.placed(self.records, said, self._circles, self.network.at)

    def _taken_of_records(self, entry: Entry) -> Entry:
        said, taken = self._judged_of_records(entry)
        self.written.append(entry)
        self._said.append(said)
        self.records = taken
        return entry
