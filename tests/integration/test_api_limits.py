"""How often one may ask: by address until somebody is known, then by person; nobody in danger is told to wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from core.settings import Settings
from tests.people import Network
from tests.served import ServedApi, serve_api

PER_MINUTE = 6


@pytest.fixture
async def hurried(network: Network, settings: Settings, tmp_path: Path) -> AsyncIterator[ServedApi]:
    """Serve an API that lets a person ask six times a minute."""
    async with serve_api(network, replace(settings, requests_per_minute=PER_MINUTE), tmp_path) as served:
        yield served


async def test_a_person_may_ask_so_often_and_then_waits(hurried: ServedApi) -> None:
    office = await hurried.network.office(workers=2)
    tokens = [await hurried.token(each) for each in office.workers]
    for _ in range(PER_MINUTE):
        assert (await hurried.ask("GET", "/api/me", token=tokens[0])).status == 200
    refused = await hurried.ask("GET", "/api/me", token=tokens[0])
    assert "Too many requests." in refused.require_problem(429)["detail"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60 // PER_MINUTE
    assert (await hurried.ask("GET", "/api/me", token=tokens[1])).status == 200


async def test_raising_and_accepting_are_never_limited(hurried: ServedApi) -> None:
    scene = await hurried.network.scene()
    raiser = await hurried.token(scene.coordinator)
    officer = await hurried.token(scene.police.officer)
    for token in (raiser, officer, "A" * 43):
        for _ in range(PER_MINUTE + 1):
            await hurried.ask("GET", "/api/cases", token=token)
    (await hurried.ask("GET", "/api/cases", token=raiser)).require_problem(429)
    key = uuid4()
    for _ in range(3 * PER_MINUTE):
        body = {"compartment": scene.case.core.id}
        assert (await hurried.ask("PUT", f"/api/alerts/{uuid4()}", body, token=raiser)).status == 200
        raised = await hurried.ask("PUT", f"/api/alerts/{key}", body, token=raiser)
        alert_id = raised.json["id"]
        accepted = await hurried.ask("POST", f"/api/alerts/{alert_id}/acknowledgement", token=officer)
        assert accepted.status == 200


async def test_signing_in_is_limited_more_strictly_by_address(hurried: ServedApi) -> None:
    person = (await hurried.network.office()).worker
    assert (await hurried.ask("POST", "/api/sign-in/challenges", {"person": person.id})).status == 201
    (await hurried.ask("POST", "/api/sign-in/challenges", {"person": uuid4()})).require_problem(429)
    (await hurried.ask("POST", "/api/sign-in/sessions", {"person": person.id})).require_problem(400)
    assert (await hurried.ask("GET", "/healthz")).status == 200


async def test_behind_a_trusted_proxy_every_address_counts_by_itself(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    person = (await network.office()).worker

    async def ask(api: ServedApi, forwarded: str) -> int:
        asked = {"person": person.id}
        headers = {"X-Forwarded-For": forwarded}
        return (await api.ask("POST", "/api/sign-in/challenges", asked, headers=headers)).status

    trusting = replace(settings, requests_per_minute=PER_MINUTE, trusted_proxy="127.0.0.1")
    async with serve_api(network, trusting, tmp_path) as api:
        assert [await ask(api, each) for each in ("192.0.2.1", "192.0.2.2", "192.0.2.1")] == [201, 201, 429]
        # Only the proxy's own word counts, not what was handed to it.
        assert await ask(api, "192.0.2.9, 192.0.2.1") == 429
    async with serve_api(network, replace(trusting, trusted_proxy=""), tmp_path) as api:
        assert [await ask(api, each) for each in ("192.0.2.1", "192.0.2.2")] == [201, 429]


async def test_an_address_that_shows_false_tokens_is_refused_before_the_database_is_asked(hurried: ServedApi) -> None:
    person = (await hurried.network.office()).worker
    token = await hurried.token(person)
    for _ in range(PER_MINUTE):
        (await hurried.ask("GET", "/api/me", token="A" * 43)).require_problem(401)
    (await hurried.ask("GET", "/api/me", token="A" * 43)).require_problem(429)
    (await hurried.ask("GET", "/api/me", token=token)).require_problem(429)
