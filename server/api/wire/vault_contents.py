"""What members take out of the vault, over the wire: sealed contents with their wraps, and granted keys."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

import msgspec

from agencies.model import PersonId
from cases.vault.fetching import MOST_AT_ONCE, MOST_HISTORY, Fetched
from server.api.wire import Wire
from server.api.wire.vault_logs import Content, Statement, Wrap

EpochNumber = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1, examples=[3])]


class GrantQuery(Wire, frozen=True, kw_only=True):
    """Of which epoch; of the newest where none is named."""

    epoch: EpochNumber | None = None


class GrantAnswer(Wire, frozen=True, kw_only=True):
    """One's own grant of an epoch's key."""

    epoch: EpochNumber
    statement: Statement


class VersionsQuery(Wire, frozen=True, kw_only=True):
    """Versions after an id: all, or the current ones alone. `contents=false` leaves the sealed bytes out."""

    current: Annotated[bool, msgspec.Meta(examples=[True])] = False
    contents: Annotated[bool, msgspec.Meta(examples=[True])] = True
    after: UUID | None = None


class WrapOfEpoch(Wire, frozen=True, kw_only=True):
    """The key of a version, wrapped for one epoch."""

    epoch: EpochNumber
    wrap: Wrap


class VersionAnswer(Wire, frozen=True, kw_only=True):
    """A version as it is stored, with the wraps of epochs whose key the asker was granted."""

    version: UUID
    content: Content | None
    wraps: list[WrapOfEpoch]

    @classmethod
    def of(cls, fetched: Fetched) -> Self:
        """Return it as it is sent."""
        wraps = [WrapOfEpoch(epoch=epoch, wrap=wrap) for epoch, wrap in fetched.wraps.items()]
        return cls(version=fetched.version, content=fetched.content, wraps=wraps)


class VersionsAnswer(Wire, frozen=True, kw_only=True):
    """Versions, ascending by id: as many as fit into an answer. Ask again after the last until none is left."""

    versions: Annotated[list[VersionAnswer], msgspec.Meta(max_length=MOST_AT_ONCE)]


class PutHistory(Wire, frozen=True, kw_only=True):
    """The keys of past versions for one member: a statement with the purpose `history-grant`."""

    member: PersonId
    statement: Statement


class HistoryQuery(Wire, frozen=True, kw_only=True):
    """Of which version; of any where none is named."""

    version: UUID | None = None


class HistoryAnswer(Wire, frozen=True, kw_only=True):
    """The newest grants of past versions that the asker was given."""

    statements: Annotated[list[Statement], msgspec.Meta(max_length=MOST_HISTORY)]


class PutExport(Wire, frozen=True, kw_only=True):
    """Which versions somebody is about to take out for a court."""

    versions: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=100)]
