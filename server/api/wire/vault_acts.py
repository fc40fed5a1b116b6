"""What the ledger says of a compartment's vault, over the wire."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

import msgspec

from cases.ledger import Entry
from cases.trust.knowing import NOT_SHOWN
from cases.vault.inquiring import MOST_HISTORIES, PAGE, Acts
from core.texts import render
from server.api.wire import Moment, Wire
from server.api.wire.directory import exactly
from server.api.wire.vault_logs import Number, Statement

Link = Annotated[bytes, exactly(32)]


class ActsQuery(Wire, frozen=True, kw_only=True):
    """From where on: acts after a position of the ledger, history grants after an id."""

    after: Number = 0
    history: UUID | None = None


class VaultAct(Wire, frozen=True, kw_only=True):
    """One act of the ledger with its place in the chain: `hash` is made of all of it and of `before`."""

    position: Number
    before: Link
    hash: Link
    at: Moment
    actor_kind: Annotated[str, msgspec.Meta(examples=["person"])]
    actor: UUID | None
    act: Annotated[str, msgspec.Meta(examples=["record_fetched"])]
    case: UUID | None
    compartment: UUID | None
    facts: Annotated[dict[str, str | int | bool], msgspec.Meta(examples=[{"epoch": 3}])]

    @classmethod
    def of(cls, before: bytes, entry: Entry) -> Self:
        """Return it as it is sent."""
        return cls(
            position=entry.position, before=before, hash=entry.hash, at=entry.at, actor_kind=entry.actor_kind,
            actor=entry.actor_id, act=entry.act, case=entry.case_id, compartment=entry.object_id, facts=entry.facts,
        )  # fmt: skip


class GivenHistory(Wire, frozen=True, kw_only=True):
    """A grant of past versions to somebody, as its author signed it."""

    id: UUID
    statement: Statement


class ActsAnswer(Wire, frozen=True, kw_only=True):
    """Ask again after the last of each while there are more. `waiting` have no place in the chain yet."""

    acts: Annotated[list[VaultAct], msgspec.Meta(max_length=PAGE)]
    histories: Annotated[list[GivenHistory], msgspec.Meta(max_length=MOST_HISTORIES)]
    more: Annotated[bool, msgspec.Meta(examples=[False])]
    waiting: Number
    not_shown: Annotated[str, msgspec.Meta(examples=[NOT_SHOWN])]

    @classmethod
    def of(cls, found: Acts, language: str) -> Self:
        """Return it as it is sent."""
        return cls(
            acts=[VaultAct.of(before, entry) for before, entry in found.acts],
            histories=[GivenHistory(id=name, statement=each) for name, each in found.histories],
            more=found.more,
            waiting=found.waiting,
            not_shown=render(NOT_SHOWN, language),
        )
