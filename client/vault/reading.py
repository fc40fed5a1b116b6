"""A compartment as a person's machine reads it: fetched, verified, remembered; and refused where it is not right.

Every act of the vault begins here. The order of checks is that of docs/protocol.md, *The client's part*: the genesis is
the one that the person's keys belong to; what is remembered must be what the server still shows; each new entry is
verified by the rules of its log; nothing that somebody has seen is missing; and the person is in the directory with
just these keys. What was refused is not used, shown or stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agencies.trust.directory import Directory, Member
from cases.trust.compartment import Compartment
from cases.trust.membership import Circle
from client.vault import refusals
from client.vault.answers import Due
from client.vault.api import VaultApi
from client.vault.logs import Known, Logs, with_directory
from client.vault.memory import Memory
from client.vault.person import Unlocked
from core.clock import Clock
from core.errors import Conflict, Unavailable
from core.texts import mark
from crypto.vault.log import Entry

# A log that was compared longer ago shows its age and is for reading only.
FRESH_SECONDS = 24 * 3600
TOO_OLD = mark(
    "What this machine knows of the compartment is {hours} hours old and for reading only. Nothing was done. Try again "
    "once Streha answers."
)
NOT_OPEN = mark("This compartment has no vault yet. Whoever coordinates it opens it: streha compartment open")
NEVER_SEEN = mark("This machine has never seen this compartment. Try again once Streha answers.")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a machine has of one compartment, verified, and when it was last compared with the server (seconds)."""

    person: Unlocked
    known: Known
    refreshed: int
    due: Sequence[Due] = ()

    @property
    def id(self) -> UUID:
        """The compartment's id."""
        return UUID(bytes=self.compartment.id)

    @property
    def compartment(self) -> Compartment:
        """The compartment's logs."""
        return self.known.compartment

    @property
    def circle(self) -> Circle:
        """Who is in the compartment; refuse one without a vault."""
        if not self.compartment.is_open:
            raise Conflict(NOT_OPEN)
        return self.compartment.circle

    @property
    def directory(self) -> Directory:
        """The network's directory."""
        return self.compartment.network.now

    @property
    def epochs(self) -> dict[int, Entry]:
        """By which entry each epoch was begun."""
        return self.known.epochs

    def age(self, now: int) -> int:
        """Return how many seconds ago the logs were compared with the server.

        A comparison in time to come says that a clock was wrong: it counts as just as old.
        """
        return abs(now - self.refreshed)

    def require_fresh(self, now: int) -> None:
        """Refuse to build on what is a day old or more."""
        age = self.age(now)
        if age >= FRESH_SECONDS:
            raise Conflict(TOO_OLD, hours=age // 3600)

    def require_own_keys(self) -> Member:
        """Return oneself; refuse keys that are not those of the directory."""
        member = self.directory.people.get(self.person.person)
        if member is None or (member.signing_key, member.box_key) != (self.person.signing_key, self.person.box_key):
            raise Conflict(refusals.OTHER_KEYS)
        return member


class Reader:
    """Reads compartments of one network for one person; what was verified once is not verified again."""

    def __init__(self, api: VaultApi, person: Unlocked, memory: Memory, clock: Clock) -> None:
        self.api = api
        self.person = person
        self.memory = memory
        self._clock = clock
        self.logs = Logs(person.network, memory)

    def now(self) -> int:
        """Return the moment in seconds since 1970."""
        return int(self._clock.now().timestamp())

    async def refresh(self, compartment: bytes) -> View:
        """Return a compartment as the server shows it now, verified and remembered."""
        self.memory.require_no_proof(*with_directory(compartment))
        try:
            due = await self._fetch(compartment)
            self.logs.require_told(compartment)
            view = self._view(compartment, self.now(), due)
            view.require_own_keys()
            self.logs.save(compartment, view.refreshed)
        except BaseException:
            # What was taken in before a refusal is not built on: the next time begins with what is remembered.
            self.logs = Logs(self.person.network, self.memory)
            raise
        return view

    def remembered(self, compartment: bytes) -> View:
        """Return a compartment as it was when this machine last compared it; it may be old (`View.age`)."""
        self.memory.require_no_proof(*with_directory(compartment))
        refreshed = self.memory.refreshed(compartment)
        if not refreshed:
            raise Unavailable(NEVER_SEEN)
        self.logs.recall(compartment)
        return self._view(compartment, refreshed, ())

    def _view(self, compartment: bytes, refreshed: int, due: Sequence[Due]) -> View:
        known = self.logs.known(compartment)
        if known is None:
            raise Unavailable(NEVER_SEEN)
        return View(person=self.person, known=known, refreshed=refreshed, due=due)

    async def _fetch(self, compartment: bytes) -> Sequence[Due]:
        """Take in all that the server shows; from the last entry that is known on, which must be the same there."""
        self.logs.recall(compartment)
        names = tuple(with_directory(compartment))
        while True:
            had = [self.logs.count(name) for name in names]
            start = [max(each - 1, 0) for each in had]
            page = await self.api.snapshot(
                UUID(bytes=compartment), directory=start[0], members=start[1], records=start[2]
            )  # fmt: skip
            lengths = (page.lengths.directory, page.lengths.members, page.lengths.records)
            for name, length in zip(names, lengths, strict=True):
                if length < self.logs.count(name):
                    raise Conflict(refusals.SHORTER)
            given = (page.directory, page.members, page.records)
            whole = True
            for name, first, entries, length in zip(names, start, given, lengths, strict=True):
                for number, each in enumerate(entries, first):
                    self.logs.take(name, number, each)
                whole = whole and first + len(entries) >= length
            if whole:
                return page.due
            if [self.logs.count(name) for name in names] == had:
                # It says that there is more, and gives none of it.
                raise Conflict(refusals.BEHIND)
