"""What the API answers of the vault, read tolerantly: nothing of it counts before it was verified."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from client.answers import Answer, Moment

Count = Annotated[int, msgspec.Meta(ge=0)]


class Lengths(Answer, frozen=True, kw_only=True):
    """How many entries each log has."""

    directory: Count
    members: Count
    records: Count


class Due(Answer, frozen=True, kw_only=True):
    """What a log does not say yet and holds already: `remove` or `exclude` of a person, or `epoch`."""

    what: str
    person: UUID | None = None


class Snapshot(Answer, frozen=True, kw_only=True):
    """Entries of a compartment's logs from the positions asked for on, as many as fit in one answer."""

    directory: list[bytes]
    members: list[bytes]
    records: list[bytes]
    lengths: Lengths
    due: tuple[Due, ...] = ()


class Length(Answer, frozen=True, kw_only=True):
    """How many entries a log has after what was added."""

    length: Count


class Grant(Answer, frozen=True, kw_only=True):
    """One's own grant of an epoch."""

    epoch: Count
    statement: bytes


class Wrap(Answer, frozen=True, kw_only=True):
    """The key of a version for an epoch."""

    epoch: Count
    wrap: bytes


class StoredVersion(Answer, frozen=True, kw_only=True):
    """What the server holds of one version; the content only where it was asked for."""

    wraps: list[Wrap]
    content: bytes | None = None


class NamedVersion(StoredVersion, frozen=True, kw_only=True):
    """One of several."""

    version: UUID


class StoredVersions(Answer, frozen=True, kw_only=True):
    """Current versions, ascending by id; one asks again after the last until none is left."""

    versions: list[NamedVersion]


class Statements(Answer, frozen=True, kw_only=True):
    """Grants of past versions that one was given."""

    statements: list[bytes]


class VaultAct(Answer, frozen=True, kw_only=True):
    """One act of the ledger with its place in the chain."""

    position: Count
    before: bytes
    hash: bytes
    at: Moment
    actor_kind: str
    actor: UUID | None
    act: str
    case: UUID | None
    compartment: UUID | None
    facts: dict[str, str | int | bool]


class GivenHistory(Answer, frozen=True, kw_only=True):
    """A grant of past versions to somebody."""

    id: UUID
    statement: bytes


class Acts(Answer, frozen=True, kw_only=True):
    """A page of what the ledger has of a compartment, whether there is more, and how much has no place in it yet."""

    acts: list[VaultAct]
    histories: list[GivenHistory]
    more: bool
    waiting: Count
