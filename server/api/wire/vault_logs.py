"""The vault's logs over the wire: statements as they were signed, with what is stored beside them."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

import msgspec

from agencies.model import PersonId
from agencies.vault.logs import PAGE
from cases.trust.deeds import MOST_PEOPLE
from cases.vault.due import Due, What
from cases.vault.service import Snapshot
from crypto.vault import content, statement, wrap
from server.api.wire import Wire
from server.api.wire.directory import at_most, exactly

MOST_WRAPS = 5000

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


class PutRecordEntry(Wire, frozen=True, kw_only=True):
    """One entry of a compartment's records; content and wrap come with one that writes."""

    entry: Statement
    content: Content | None = None
    wrap: Wrap | None = None
