"""The API for safe-calls: planned, heard from, called off."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from client.answers import Answer, Moment
from client.connection import Connection
from operations.safe_calls.model import SafeCallPlan


class SafeCall(Answer, frozen=True, kw_only=True):
    """A safe-call as it stands; without `due_at` nobody is expected any more."""

    safe_call: UUID
    codename: str
    case: UUID
    compartment: UUID
    circle: str
    planned_by: UUID
    listeners: list[UUID]
    buddy: UUID
    due_at: Moment | None
    last_day: date | None
    heard_at: Moment | None
    heard_by: UUID | None
    late: bool
    known: bool


class KnownSafeCalls(Answer, frozen=True, kw_only=True):
    """Those of one's circles that are awaited or ended lately, the next first."""

    safe_calls: list[SafeCall]


class SafeCallsApi:
    """Speaks of safe-calls as somebody who is signed in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list_all(self) -> list[SafeCall]:
        """Return those of one's circles, the next first."""
        return (await self._connection.ask(KnownSafeCalls, "GET", "api/safe-calls", repeat=True)).safe_calls

    async def plan(self, compartment_id: UUID, call_id: UUID, plan: SafeCallPlan) -> SafeCall:
        """Plan a safe-call in a circle, once for each id."""
        body = {
            "listeners": list(plan.listeners), "buddy": plan.buddy_id, "due_at": plan.due_at, "last_day": plan.last_day,
        }  # fmt: skip
        path = f"api/compartments/{compartment_id}/safe-calls/{call_id}"
        return await self._connection.ask(SafeCall, "PUT", path, body, repeat=True)

    async def heard(self, call_id: UUID, at: datetime | None = None) -> SafeCall:
        """Say that they were heard from, now or at a moment; said twice it changes nothing."""
        return await self._connection.ask(SafeCall, "POST", f"api/safe-calls/{call_id}/heard", {"at": at})

    async def call_off(self, call_id: UUID) -> SafeCall:
        """Say that nobody is expected to be heard from any more; said twice it changes nothing."""
        return await self._connection.ask(SafeCall, "PUT", f"api/safe-calls/{call_id}/end", repeat=True)
