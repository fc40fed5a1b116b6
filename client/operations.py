"""The API for operations: planned, decided, and what is said on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from client.answers import Answer, Moment
from client.connection import Connection
from operations.planning import Plan


class OperationStep(Answer, frozen=True, kw_only=True):
    """A step of an operation as it stands."""

    position: int
    kind: str
    planned_at: Moment | None
    due_at: Moment | None
    confirmers: list[UUID]
    confirmed_at: Moment | None
    confirmed_by: UUID | None
    heard_from: UUID | None
    written_at: Moment | None
    passed: bool
    late: bool
    answered_seconds: int | None


class Operation(Answer, frozen=True, kw_only=True):
    """An operation as it stands; `known` tells that what was said was known already."""

    operation: UUID
    codename: str
    case: UUID
    compartment: UUID
    circle: str
    level: str
    status: str
    coordinator: UUID
    buddy: UUID
    liaison: UUID | None
    receiver: UUID | None
    handed_over: str | None
    refused_at: Moment | None
    refusal: str | None
    begins_at: Moment
    ends_at: Moment
    dark_until: Moment | None
    delayed_minutes: int
    steps: list[OperationStep]
    drill: bool
    placed: bool
    known: bool


class KnownOperations(Answer, frozen=True, kw_only=True):
    """The operations of one's circles, the first first."""

    operations: list[Operation]


class Happened(Answer, frozen=True, kw_only=True):
    """What was done; `written_at` where somebody wrote it before it came, `why` as they said."""

    entry: int
    at: Moment
    what: str
    about: UUID
    codename: str
    circle: str
    drill: bool
    by: UUID | None
    step: str | None
    written_at: Moment | None
    why: str | None


class Expected(Answer, frozen=True, kw_only=True):
    """What is expected: a step of an operation, or without one that somebody is heard from."""

    at: Moment
    about: UUID
    codename: str
    circle: str
    drill: bool
    step: str | None
    late: bool


class Timeline(Answer, frozen=True, kw_only=True):
    """A case's operations and safe-calls: `happened` the last first, `more` where there is more before."""

    expected: list[Expected]
    happened: list[Happened]
    more: int | None


class MissingPiece(Answer, frozen=True, kw_only=True):
    """Something that is missing, of these people if of any; over what is `hard` go needs a reason."""

    what: str
    people: list[UUID]
    hard: bool


class OperationReadiness(Answer, frozen=True, kw_only=True):
    """All that is missing before somebody goes, and how many people can know time and place."""

    missing: list[MissingPiece]
    exposed: int


class OperationsApi:
    """Speaks of operations as somebody who is signed in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list_all(self, *, ended: bool = False) -> list[Operation]:
        """Return the operations of one's circles, the first first; with those that are over where asked for."""
        query = {"ended": "true" if ended else "false"}
        return (
            await self._connection.ask(KnownOperations, "GET", "api/operations", query=query, repeat=True)
        ).operations

    async def timeline(self, case_id: UUID, before: int | None = None) -> Timeline:
        """Return what is expected in a case, and what has happened, the last first; `before` goes on from `more`."""
        query = {} if before is None else {"before": str(before)}
        return await self._connection.ask(Timeline, "GET", f"api/cases/{case_id}/timeline", query=query, repeat=True)

    async def show(self, operation_id: UUID) -> Operation:
        """Return one operation."""
        return await self._connection.ask(Operation, "GET", f"api/operations/{operation_id}", repeat=True)

    async def plan(self, compartment_id: UUID, operation_id: UUID, plan: Plan) -> Operation:
        """Plan an operation in a circle, once for each id."""
        path = f"api/compartments/{compartment_id}/operations/{operation_id}"
        return await self._connection.ask(Operation, "PUT", path, _body(plan), repeat=True)

    async def plan_anew(self, operation_id: UUID, plan: Plan) -> Operation:
        """Put another plan in the place of one that nobody has begun."""
        return await self._connection.ask(Operation, "PUT", f"api/operations/{operation_id}/plan", _body(plan))

    async def readiness(self, operation_id: UUID) -> OperationReadiness:
        """Return what is missing before somebody goes."""
        path = f"api/operations/{operation_id}/readiness"
        return await self._connection.ask(OperationReadiness, "GET", path, repeat=True)

    async def decide(self, operation_id: UUID, decision: str, despite: str | None = None) -> Operation:
        """Approve an operation, say go, postpone or close it; said twice it changes nothing.

        `despite` says why somebody goes although something is missing.
        """
        path = f"api/operations/{operation_id}/decision"
        return await self._connection.ask(
            Operation, "PUT", path, {"decision": decision, "despite": despite}, repeat=True
        )  # fmt: skip

    async def tell(
        self, operation_id: UUID, key: UUID, word: str, *, position: int | None = None,
        written_at: datetime | None = None, heard_from: UUID | None = None, minutes: int | None = None,
        why: str | None = None,
    ) -> Operation:  # fmt: skip
        """Say something on the way, once for each key."""
        body = {
            "key": key, "word": word, "position": position, "written_at": written_at, "heard_from": heard_from,
            "minutes": minutes, "why": why,
        }  # fmt: skip
        path = f"api/operations/{operation_id}/passages"
        return await self._connection.ask(Operation, "POST", path, body, repeat=True)

    async def name_receiver(self, operation_id: UUID, receiver: UUID) -> Operation:
        """Say who receives instead; said twice it changes nothing."""
        path = f"api/operations/{operation_id}/receiver"
        return await self._connection.ask(Operation, "PUT", path, {"receiver": receiver}, repeat=True)


def _body(plan: Plan) -> dict[str, object]:
    steps: Sequence[dict[str, object]] = [
        {"kind": each.kind, "due_at": each.due_at, "confirmers": list(each.confirmers)} for each in plan.steps
    ]
    return {
        "coordinator": plan.coordinator_id, "buddy": plan.buddy_id, "liaison": plan.liaison_id,
        "begins_at": plan.begins_at, "ends_at": plan.ends_at, "steps": steps, "place": plan.place_token,
        "receiver": plan.receiver_id, "drill": plan.drill,
    }  # fmt: skip
