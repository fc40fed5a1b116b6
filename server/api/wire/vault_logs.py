"""The vault's logs over the wire: statements as they were signed, with what is stored beside them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self
from uuid import UUID

import msgspec

from agencies.model import PersonId
from agencies.vault.logs import PAGE
from cases.trust.deeds import MOST_PEOPLE
from cases.vault.due import Due, What
from cases.vault.service import Snapshot
from crypto.vault import content, statement, wrap
from safety_plans.measures.rules import Owed
from safety_plans.model import Level
from safety_plans.saving import Tells
from server.api.wire import Moment, Wire
from server.api.wire.directory import at_most, exactly

MOST_WRAPS = 5000
# As many as a plan can have.
MOST_MEASURES = 200

Statement = Annotated[bytes, at_most(statement.LONGEST)]
Statements = Annotated[list[Statement], msgspec.Meta(max_length=PAGE)]
Wrap = Annotated[bytes, exactly(wrap.WRAP_BYTES)]
Content = Annotated[bytes, at_most(content.LONGEST)]
# Of an entry, or of so many entries.
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1, examples=[42])]


class DirectoryQuery(Wire, frozen=True, kw_only=True):
    """From which entry of the directory on."""

    after: Number = 0


class DirectoryAnswer(Wire, frozen=True, kw_only=True):
    """Entries of the directory, the first being the genesis, and how many there are: ask again while there are more."""

    entries: Statements
    length: Number


class PutEntry(Wire, frozen=True, kw_only=True):
    """One entry of a log, as its author has signed it."""

    entry: Statement


class LengthAnswer(Wire, frozen=True, kw_only=True):
    """How many entries the log has now."""

    length: Number


class LogsQuery(Wire, frozen=True, kw_only=True):
    """From which entry of each log on."""

    directory: Number = 0
    members: Number = 0
    records: Number = 0


class LengthsAnswer(Wire, frozen=True, kw_only=True):
    """How many entries each log has."""

    directory: Number
    members: Number
    records: Number


class DueAnswer(Wire, frozen=True, kw_only=True):
    """What the asker's program ought to write; about nobody where another epoch is due."""

    what: What
    person: Annotated[PersonId | None, msgspec.Meta(examples=[None])]

    @classmethod
    def of(cls, due: Due) -> Self:
        """Return it as it is sent."""
        return cls(what=due.what, person=due.person_id)


class LogsAnswer(Wire, frozen=True, kw_only=True):
    """The logs of a compartment and the directory at one moment: at most a thousand entries, the directory's first."""

    directory: Statements
    members: Statements
    records: Statements
    lengths: LengthsAnswer
    due: list[DueAnswer]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Return it as it is sent."""
        lengths = snapshot.lengths
        return cls(
            directory=snapshot.directory,
            members=snapshot.members,
            records=snapshot.records,
            lengths=LengthsAnswer(directory=lengths.directory, members=lengths.members, records=lengths.records),
            due=[DueAnswer.of(each) for each in snapshot.due],
        )


class GrantToMember(Wire, frozen=True, kw_only=True):
    """The key of an epoch, granted to one member: a statement with the purpose `epoch-grant`."""

    member: PersonId
    statement: Statement


class WrapOfVersion(Wire, frozen=True, kw_only=True):
    """The key of a version, for whoever has the key of an epoch."""

    version: UUID
    wrap: Wrap


class PutMemberEntry(Wire, frozen=True, kw_only=True):
    """One entry of a compartment's members. Grants and wraps come with one that begins an epoch, and with no other."""

    entry: Statement
    grants: Annotated[list[GrantToMember], msgspec.Meta(max_length=MOST_PEOPLE)] = msgspec.field(default_factory=list)
    wraps: Annotated[list[WrapOfVersion], msgspec.Meta(max_length=MOST_WRAPS)] = msgspec.field(default_factory=list)


class OwedMeasure(Wire, frozen=True, kw_only=True):
    """That somebody is to do something of a plan by the end of a day. What it is is not told."""

    owner: PersonId
    deadline: Annotated[date, msgspec.Meta(examples=["2031-05-14"])]


class ToldWithVersion(Wire, frozen=True, kw_only=True):
    """What the server is told of a version so that it can remind: stored together with it, or not at all.

    `level` as a level that is told by itself; `measures` are all that is owed of the record from now on.
    """

    level: Level | None = None
    assessed_at: Moment | None = None
    measures: Annotated[list[OwedMeasure], msgspec.Meta(max_length=MOST_MEASURES)] | None = None

    def tells(self) -> Tells:
        """Return it as the domain takes it."""
        owed = None
        if self.measures is not None:
            owed = [Owed(deadline=each.deadline, owner_id=each.owner) for each in self.measures]
        return Tells(level=self.level, assessed_at=self.assessed_at, owed=owed)


class PutRecordEntry(Wire, frozen=True, kw_only=True):
    """One entry of a compartment's records; content and wrap come with one that writes."""

    entry: Statement
    content: Content | None = None
    wrap: Wrap | None = None
    tells: ToldWithVersion | None = None
