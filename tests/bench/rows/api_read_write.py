"""A typical read and two typical writes over HTTP, against handlers that do nothing but what must be done.

The read is one case (`GET /api/cases/{case}`), which a person who leads it opens. The writes are a member who is
added to a channel (`PUT /api/compartments/{compartment}/members/{person}`) and an alert that somebody accepts
(`POST /api/alerts/{alert}/acknowledgement`). One asks after the other, on one connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from agencies.model import AgencyKind, Person
from cases.model import Case, Part
from core.clock import SystemClock
from core.database import Database, connect
from core.migrations import migrate
from deploy.stack import LocalStack
from server.api.wire import Wire
from server.api.wire.cases import CaseAnswer, CasesAnswer
from tests.bench import bare_raise, served
from tests.bench.bare_api import Acceptance, Plan
from tests.bench.light_http import Connection, connections, one_by_one, request
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row, p50, p99
from tests.bench.signed_in import token_of
from tests.people import Network, Office

READS, TINY_READS = 200, 3
WRITES, TINY_WRITES = 60, 2

LIST, BARE_LIST = "read one's cases", "bare read of one's cases"
READ, BARE_READ = "read one case", "bare read of one case"
ADD, BARE_ADD = "add a member", "bare insert of a member"
ACCEPT, BARE_ACCEPT = "accept an alert", "bare update for an acceptance"

NOT_ADDED = "DELETE FROM compartment_members WHERE person_id = ANY($1)"
NOT_ACCEPTED = (
    "UPDATE alert_recipients SET acknowledged_at = NULL",
    "UPDATE alert_agencies SET acknowledged_by = NULL, acknowledged_at = NULL",
    "UPDATE alerts SET owner_id = NULL",
    "DELETE FROM outbox WHERE template LIKE 'alert_accepted'",
)
clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """Who asks for what."""

    coordinator: Person
    officer: Person
    case: Case
    newcomers: Sequence[Person]
    alerts: Sequence[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    database: Database
    scene: _Scene
    api: Connection
    bare: Connection
    coordinator: str
    officer: str
    reads: int

    def read(self, connection: Connection, path: str) -> Measure:
        async def measure() -> list[float]:
            return await one_by_one(connection, [request("GET", path, token=self.coordinator)] * self.reads)

        return measure

    def add(self, connection: Connection, path: str) -> Measure:
        paths = [f"{path}/{each.id}" for each in self.scene.newcomers]
        sent = [request("PUT", each, token=self.coordinator, body=b"{}") for each in paths]
        return self._writes(connection, sent, self._nobody_added)

    def accept(self, connection: Connection, path: str) -> Measure:
        paths = [path.format(alert=each) for each in self.scene.alerts]
        sent = [request("POST", each, token=self.officer, body=b"{}") for each in paths]
        return self._writes(connection, sent, self._nothing_accepted)

    def _writes(self, connection: Connection, sent: Iterable[bytes], undo: Callable[[], Awaitable[None]]) -> Measure:
        async def measure() -> list[float]:
            await undo()
            return await one_by_one(connection, sent)

        return measure

    async def _nobody_added(self) -> None:
        async with self.database.transaction() as tx:
            await tx.run(NOT_ADDED, [each.id for each in self.scene.newcomers])

    async def _nothing_accepted(self) -> None:
        async with self.database.transaction() as tx:
            for statement in NOT_ACCEPTED:
                await tx.run(statement)


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny, homeserver=False))
        url = stack.addresses.database_url
        database = await resources.enter_async_context(connect(url))
        await migrate(database)
        network = Network(database, clock)
        scene = await _scene(network, TINY_WRITES if tiny else WRITES)
        coordinator, officer = [await token_of(database, clock, each) for each in (scene.coordinator, scene.officer)]
        (api,) = await resources.enter_async_context(
            connections(await resources.enter_async_context(served.streha_api(directory, url)), 1)
        )
        accept = "/api/alerts/{alert}/acknowledgement"
        plan = Plan(
            cases={scene.case.core.id: scene.case.id},
            acceptances={each: await _acceptance(database, api, officer, scene, each) for each in scene.alerts},
        )
        (bare,) = await resources.enter_async_context(
            connections(
                await resources.enter_async_context(served.bare("bare_api", directory, url, msgspec.json.encode(plan))),
                1,
            )
        )
        one = f"/cases/{scene.case.id}"
        await _require_alike(api, bare, coordinator, one, CaseAnswer)
        await _require_alike(api, bare, coordinator, "/cases", CasesAnswer)
        asking = _Asking(
            database=database,
            scene=scene,
            api=api,
            bare=bare,
            coordinator=coordinator,
            officer=officer,
            reads=TINY_READS if tiny else READS,
        )
        yield {
            LIST: asking.read(api, "/api/cases"),
            BARE_LIST: asking.read(bare, "/cases"),
            READ: asking.read(api, "/api" + one),
            BARE_READ: asking.read(bare, one),
            ADD: asking.add(api, f"/api/compartments/{scene.case.core.id}/members"),
            BARE_ADD: asking.add(bare, f"/members/{scene.case.core.id}"),
            ACCEPT: asking.accept(api, accept),
            BARE_ACCEPT: asking.accept(bare, "/acceptances/{alert}"),
        }


async def _scene(network: Network, writes: int) -> _Scene:
    shelter = await network.office(AgencyKind.SHELTER, workers=1 + writes, deputies=1)
    police = await network.office(AgencyKind.POLICE, workers=1, officers=2, deputies=1)
    welfare = await network.office(AgencyKind.SOCIAL_WELFARE, deputies=1)
    ngo = await network.office(AgencyKind.NGO)
    parts = {police: Part.RESPONDER, welfare: Part.RESPONDER, ngo: Part.INFORMED}
    cases = [await _case(network, shelter, parts, [police, ngo], welfare) for _ in range(writes)]
    for each in cases:
        await network.alerts.raise_(police.worker, each.core.id, each.core.id)
    return _Scene(
        coordinator=shelter.worker,
        officer=police.officer,
        case=cases[0],
        newcomers=shelter.workers[1:],
        alerts=[each.core.id for each in cases],
    )


async def _case(
    network: Network, shelter: Office, parts: Mapping[Office, Part], members: Sequence[Office], deputy: Office
) -> Case:
    return await network.case(shelter.worker, parts, [each.worker for each in members], deputy.worker)


async def _acceptance(database: Database, api: Connection, officer: str, scene: _Scene, alert_id: UUID) -> Acceptance:
    """Let an alert really be accepted, and return what that wrote and answered."""
    answer = await _answered(api, request("POST", f"/api/alerts/{alert_id}/acknowledgement", token=officer, body=b"{}"))
    async with database.transaction() as tx:
        said = await tx.rows("SELECT * FROM outbox WHERE alert_id = $1 AND template = 'alert_accepted'", alert_id)
    return Acceptance(
        case=said[0]["case_id"],
        agency=scene.officer.agency_id,
        messages=bare_raise.by_column(said),
        answer_bytes=len(answer),
    )


async def _require_alike(api: Connection, bare: Connection, token: str, path: str, kind: type[Wire]) -> None:
    """Refuse to compare with a bare handler that answers something else."""
    answers = [
        msgspec.json.decode(await _answered(connection, request("GET", each, token=token)), type=kind)
        for connection, each in ((api, "/api" + path), (bare, path))
    ]
    if answers[0] != answers[1]:
        raise MeasurementFailed("the bare handler answers something else")


async def _answered(connection: Connection, sent: bytes) -> bytes:
    status, body = await connection.ask(sent)
    if status != 200:
        raise MeasurementFailed(f"answered {status}: {body[:200]!r}")
    return body


ROW = Row(
    name="api-read-write",
    title="One read and two writes over HTTP: request to answer",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=p50(LIST), floor=p50(BARE_LIST), at_most=1.5),
        Comparison(measure=p50(READ), floor=p50(BARE_READ)),
        Comparison(measure=p50(ADD), floor=p50(BARE_ADD), at_most=2),
        Comparison(measure=p50(ACCEPT), floor=p50(BARE_ACCEPT), at_most=2),
        Comparison(measure=p99(LIST), floor=p99(BARE_LIST)),
        Comparison(measure=p99(ADD), floor=p99(BARE_ADD)),
        Comparison(measure=p99(ACCEPT), floor=p99(BARE_ACCEPT)),
    ),
    notes=(
        f"{READ}: GET /api/cases/…, with its agencies, channel, members and exclusions.",
        f"{BARE_READ}: aiohttp and asyncpg; the asker by one statement, the same JSON made by another.",
        f"{ADD}: PUT /api/compartments/…/members/…; {BARE_ADD}: the asker, then the same rows in one transaction.",
        f"{ACCEPT}: POST /api/alerts/…/acknowledgement; {BARE_ACCEPT}: likewise.",
    ),
)
