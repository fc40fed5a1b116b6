"""The floor under the API: aiohttp and asyncpg with nothing between them, in a process of its own.

`python -m tests.bench.bare_api PORT PLAN_FILE`. The plan says which rows to write and what to answer. Who asks is
looked up by one statement, what is asked for is read by one, and what is written is written by one for each kind
of row, in one transaction.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from core.clock import SystemClock
from core.ids import new_id
from crypto import tokens
from server.api.wire.directory import token_bytes
from tests.bench import bare_raise
from tests.bench.bare_raise import Columns, Likeness

NEXT_STEP = timedelta(minutes=2)
ASKER = """
SELECT people.id FROM sessions JOIN people ON people.id = person_id
WHERE token_hash = $1 AND expires_at > $2 AND left_at IS NULL
"""
CASE = """
json_build_object('id', id, 'codename', codename, 'language', language, 'coordinator', coordinator_id,
    'deputy', deputy_id, 'opened_at', opened_at, 'closed_at', closed_at,
    'agencies', (SELECT json_object_agg(agency_id, part ORDER BY agency_id) FROM case_agencies
                 WHERE case_id = cases.id),
    'compartments', (
        SELECT json_agg(json_build_object('id', id, 'case', case_id, 'codename', codename, 'core', core,
            'closed_at', closed_at, 'members', ARRAY(
                SELECT person_id FROM compartment_members
                WHERE compartment_id = compartments.id AND until IS NULL ORDER BY person_id)))
        FROM compartments WHERE case_id = cases.id),
    'excluded', ARRAY(SELECT person_id FROM exclusions WHERE case_id = cases.id))
"""
ONE_CASE = f"SELECT {CASE} FROM cases WHERE id = $1"  # noqa: S608 (our own text)
CASES = f"""
SELECT json_build_object('cases', json_agg({CASE} ORDER BY codename)) FROM cases
WHERE closed_at IS NULL AND (coordinator_id = $1 OR deputy_id = $1 OR id IN (
    SELECT case_id FROM compartment_members JOIN compartments ON compartments.id = compartment_id
    WHERE person_id = $1 AND until IS NULL))
"""  # noqa: S608 (our own text)
MEMBER = "INSERT INTO compartment_members (compartment_id, person_id, granted_by, since) VALUES ($1, $2, $3, $4)"
VERSION = "UPDATE compartments SET membership_version = membership_version + 1 WHERE id = $1"
RECIPIENT = "UPDATE alert_recipients SET acknowledged_at = $3 WHERE alert_id = $1 AND person_id = $2"
AGENCY = """
UPDATE alert_agencies SET acknowledged_by = $2, acknowledged_at = $4 WHERE alert_id = $1 AND agency_id = $3
"""
OWNER = "UPDATE alerts SET owner_id = $2, lease_until = NULL, attempts = 0 WHERE id = $1"


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """What accepting one alert writes and answers."""

    case: UUID
    agency: UUID
    messages: Columns
    answer_bytes: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do: the raise of each compartment, the acceptance of each alert, the case of each compartment."""

    raises: dict[UUID, Likeness] = {}
    acceptances: dict[UUID, Acceptance] = {}
    cases: dict[UUID, UUID] = {}


class Handlers:
    """Handlers as one would write them in an afternoon."""

    def __init__(self, plan: Plan, connections: Any) -> None:
        self._plan = plan
        self._connections = connections
        self._now = SystemClock().now

    async def raise_(self, request: web.Request) -> web.Response:
        """Insert the rows of a raise in the compartment that the body names; whoever asks."""
        like = self._plan.raises[msgspec.json.decode(await request.read(), type=UUID)]
        now = self._now()
        await bare_raise.insert(self._connections, like, now, now + NEXT_STEP)
        return _json(b"1" * like.answer_bytes)

    async def case(self, request: web.Request) -> web.Response:
        """Answer with a case as the database puts it together."""
        return await self._read(request, ONE_CASE, UUID(request.match_info["case"]))

    async def cases(self, request: web.Request) -> web.Response:
        """Answer with the asker's cases as the database puts them together."""
        return await self._read(request, CASES)

    async def add_member(self, request: web.Request) -> web.Response:
        """Insert the rows of a new member."""
        compartment_id, person_id = (UUID(request.match_info[name]) for name in ("compartment", "person"))
        now = self._now()
        async with self._connections.acquire() as connection:
            asker = await self._asker(connection, request)
            async with connection.transaction():
                await connection.execute(MEMBER, compartment_id, person_id, asker, now)
                await connection.execute(VERSION, compartment_id)
                case_id = self._plan.cases[compartment_id]
                await connection.execute(bare_raise.ENTRY, now, asker, "member_added", case_id, compartment_id)
        return web.Response(status=204)

    async def accept(self, request: web.Request) -> web.Response:
        """Write the rows of an acceptance."""
        alert_id, now = UUID(request.match_info["alert"]), self._now()
        plan = self._plan.acceptances[alert_id]
        async with self._connections.acquire() as connection:
            asker = await self._asker(connection, request)
            async with connection.transaction():
                await connection.execute(RECIPIENT, alert_id, asker, now)
                await connection.execute(AGENCY, alert_id, asker, plan.agency, now)
                await connection.execute(OWNER, alert_id, asker)
                key = f"alert:{alert_id}:{new_id()}"
                await connection.execute(bare_raise.MESSAGES, key, alert_id, plan.case, now, *plan.messages)
                await connection.execute(bare_raise.ENTRY, now, asker, "alert_acknowledged", plan.case, alert_id)
        return _json(b"1" * plan.answer_bytes)

    async def _read(self, request: web.Request, statement: str, about: UUID | None = None) -> web.Response:
        async with self._connections.acquire() as connection:
            asker = await self._asker(connection, request)
            found: str = await connection.fetchval(statement, about or asker)
            return _json(found.encode())

    async def _asker(self, connection: Any, request: web.Request) -> UUID:
        token = token_bytes(request.headers["Authorization"].removeprefix("Bearer "))
        asker: UUID | None = await connection.fetchval(ASKER, tokens.token_hash(token), self._now())
        if asker is None:
            raise web.HTTPUnauthorized
        return asker


async def serve(port: int, plan: Plan, url: str) -> None:
    """Serve until the process is told to end."""
    async with bare_raise.pool(url) as connections:
        handlers = Handlers(plan, connections)
        app = web.Application()
        app.router.add_put("/raise", handlers.raise_)
        app.router.add_get("/cases/{case}", handlers.case)
        app.router.add_get("/cases", handlers.cases)
        app.router.add_put("/members/{compartment}/{person}", handlers.add_member)
        app.router.add_post("/acceptances/{alert}", handlers.accept)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


if __name__ == "__main__":
    asyncio.run(
        serve(
            int(sys.argv[1]),
            msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Plan),
            os.environ["DATABASE_URL"],
        )
    )
