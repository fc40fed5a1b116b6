"""How many statements a request takes, BEGIN and COMMIT counted.

Each is a round trip to the database, so what was won must not be lost again unseen (docs/benchmarks.md). Where secrecy
or safety needs one more, the number rises here too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agencies.model import Person
from agencies.sign_in import SignIn
from core import database as databases
from core import ledger
from core.settings import Settings
from server.live.feed import Feed
from server.live.subscription import Limits
from tests.clock import MovableClock
from tests.people import Network
from tests.served import ServedApi, serve_api
from tests.waiting import until


@dataclass(slots=True)
class Counted:
    """The statements that a database was asked since the last look."""

    statements: list[str] = field(default_factory=list)

    def take(self) -> list[str]:
        """Return them, and begin anew."""
        found, self.statements = self.statements, []
        return found


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Count on every connection that is opened from now on."""
    counting, prepare = Counted(), databases._prepare

    async def prepare_and_count(connection: Any) -> None:
        await prepare(connection)
        connection.add_query_logger(lambda asked: counting.statements.append(asked.query))

    monkeypatch.setattr(databases, "_prepare", prepare_and_count)
    return counting


@pytest.fixture
async def api(
    counted: Counted, database_url: str, settings: Settings, tmp_path: Path
) -> AsyncIterator[ServedApi]:  # fmt: skip
    """Serve the API over a database whose statements are counted."""
    assert counted
    async with (
        databases.connect(database_url) as database,
        serve_api(Network(database, MovableClock()), settings, tmp_path) as served,
    ):
        yield served


async def test_no_request_takes_more_statements_than_it_did(api: ServedApi, counted: Counted) -> None:
    # The first time a connection also asks what it needs to know about types.
    await _took(api, counted)
    assert {name: len(statements) for name, statements in (await _took(api, counted)).items()} == {
        "one's cases": 2,
        "one case": 2,
        "a new member": 9,
        "a raise": 11,
        "another press": 21,
        "a third press": 11,
        "an alert": 6,
        "an acceptance": 12,
    }


async def _took(api: ServedApi, counted: Counted) -> dict[str, list[str]]:
    scene = await api.network.scene()
    alert, compartment, newcomer = uuid4(), scene.case.core.id, scene.shelter.workers[1]
    where = {"compartment": str(compartment)}
    asked: list[tuple[str, Person, str, str, dict[str, str] | None]] = [
        ("one's cases", scene.coordinator, "GET", "/api/cases", None),
        ("one case", scene.coordinator, "GET", f"/api/cases/{scene.case.id}", None),
        ("a new member", scene.coordinator, "PUT", f"/api/compartments/{compartment}/members/{newcomer.id}", {}),
        ("a raise", scene.member, "PUT", f"/api/alerts/{alert}", where),
        ("another press", scene.member, "PUT", f"/api/alerts/{uuid4()}", where),
        ("a third press", scene.member, "PUT", f"/api/alerts/{uuid4()}", where),
        ("an alert", scene.police.officer, "GET", f"/api/alerts/{alert}", None),
        ("an acceptance", scene.police.officer, "POST", f"/api/alerts/{alert}/acknowledgement", {}),
    ]
    took = {}
    for name, person, method, path, body in asked:
        token = await api.token(person)
        # A statement is told of at the loop's next turn.
        await asyncio.sleep(0)
        counted.take()
        answered = await api.ask(method, path, token=token, body=body)
        assert answered.status < 300, answered.body
        took[name] = counted.take()
    return took


async def test_what_a_process_has_chained_itself_is_not_read_again(
    counted: Counted, database_url: str, settings: Settings
) -> None:
    clock = MovableClock()
    async with databases.connect(database_url) as database, asyncio.TaskGroup() as tasks:
        feed = Feed(database, clock, SignIn(database, clock, settings), Limits(look_seconds=3600))
        running = tasks.create_task(feed.run())

        async def one_more() -> None:
            async with database.transaction() as tx:
                before = feed.position or 0
                await ledger.record(tx, ledger.Act(act="something", at=clock.now()))
            await until(lambda: (feed.position or 0) > before)

        # By the third it listens, and what it looks at when it begins to is behind it.
        for _ in range(3):
            await one_more()
        await asyncio.sleep(0)
        counted.take()
        for _ in range(5):
            await one_more()
        await asyncio.sleep(0)
        asked = counted.take()
        running.cancel()
    assert sum("set_config('synchronous_commit'" in each for each in asked) == 5
    assert not [each for each in asked if "position > $1" in each]
