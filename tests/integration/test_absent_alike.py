"""What is answered as absent is held, on every route and for every reason; what is answered otherwise is not.

How long it is held is shown in `tests/unit/test_hold.py`, that the words are the same in `test_authorisation.py`, and
what can still be measured by `make bench ARGS=not-found-alike`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from uuid import uuid4

import pytest
from aiohttp import web

from server.api.adapter import Adapter
from server.api.hold import STEP_SECONDS, Hold
from server.api.middlewares import observe
from server.api.routes import ROUTES
from server.api.serving import serve
from tests.asked import World
from tests.authorisation import Answer, Asker, answer_of, operations
from tests.integration.test_authorisation import BODIES, ids_for

pytest_plugins = ("tests.fixtures_askers",)


class StandingTime:
    """Time that stands still, and remembers for how long somebody would have waited."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def now(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


@pytest.mark.parametrize("asker", [Asker.STRANGER, Asker.EXCLUDED, Asker.MEMBER], ids=lambda each: each.name.lower())
async def test_every_absent_answer_is_held_and_no_other(served: World, asker: Asker) -> None:
    standing = StandingTime()
    services = served.api.services
    app = web.Application(middlewares=[observe(services.settings)])
    adapter = Adapter(services, hold=Hold(now=standing.now, sleep=standing.sleep))
    for route in ROUTES:
        app.router.add_route(route.method, route.path, adapter.handler(route))
    async with serve(app, "127.0.0.1", 0) as port:
        there = replace(served, api=replace(served.api, url=f"http://127.0.0.1:{port}"))
        by_name = {operation["operationId"]: (method, path, operation) for method, path, operation in operations()}
        signed_in = {route.call.__name__ for route in ROUTES if route.signed_in and not route.live} - {"end_session"}
        for name in [each for each in BODIES if each in signed_in]:
            method, path, operation = by_name[name]
            ids = ids_for(name, served.around)
            nowhere = {each: uuid4() for each in ids}
            for about in (ids, nowhere):
                standing.waited.clear()
                answered = await there.ask(method, path.format(**about), await BODIES[name](served, about), asker)
                absent = answered.status == 404
                assert standing.waited == ([STEP_SECONDS] if absent else []), (name, answered.status)
                assert about is nowhere or absent == (answer_of(operation, asker) is Answer.ABSENT)


async def test_the_served_api_holds_them_too(served: World) -> None:
    """Never earlier than a step; how much later is the machine's business."""
    ids = served.around.ids
    for method, path, body in (
        ("GET", f"/api/cases/{ids['case']}", None),
        ("GET", f"/api/cases/{uuid4()}", None),
        ("PUT", f"/api/alerts/{uuid4()}", {"compartment": ids["compartment"]}),
        ("PUT", f"/api/alerts/{ids['alert']}", {"compartment": uuid4()}),
    ):
        for asker in (Asker.STRANGER, Asker.EXCLUDED):
            began = time.monotonic()
            (await served.ask(method, path, body, asker)).require_problem(404)
            assert time.monotonic() - began >= STEP_SECONDS
