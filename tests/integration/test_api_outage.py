"""The database goes away in the middle: clear words, nothing half done, and back without a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from alerts.devices.service import Devices
from client.device_api import DeviceApi
from client.device_file import DeviceFile
from client.device_raising import DeviceProgress, raise_with_device
from client.raising import Known, Progress, raise_until_accepted
from core import database as databases
from core.settings import Settings
from tests.browser_session import browser_of
from tests.clock import MovableClock
from tests.people import Network
from tests.served import ServedApi, serve_api
from tests.tunnel import Tunnel, tunnel


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuttable:
    """An API whose line to the database can be cut."""

    api: ServedApi
    line: Tunnel


@pytest.fixture
async def cuttable(
    database_url: str, settings: Settings, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[Cuttable]:
    """Serve an API whose line to the database can be cut."""
    parts = urlsplit(database_url)
    async with tunnel(parts.hostname or "", parts.port or 0) as line:
        through = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{line.port}").geturl()
        async with (
            databases.connect(through, connections=3, urgent_connections=2) as database,
            serve_api(Network(database, clock), settings, tmp_path) as api,
        ):
            yield Cuttable(api=api, line=line)


async def test_every_answer_is_clear_and_nothing_is_half_done(cuttable: Cuttable) -> None:
    api = cuttable.api
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    browser = await browser_of(api, scene.coordinator)
    cuttable.line.cut()

    refused = await api.ask("POST", "/api/cases", {}, token=token)
    assert refused.require_problem(503)["detail"] == ("The database does not answer. Try again in a moment.")
    assert int(refused.headers["Retry-After"]) > 0
    body = {"compartment": scene.case.core.id}
    for raised in (
        await api.ask("PUT", f"/api/alerts/{uuid4()}", body, token=token),
        await browser.ask("PUT", f"/api/alerts/{uuid4()}", body),
    ):
        detail = raised.require_problem(503)["detail"]
        assert "NOT raised" in detail
        assert "192" in detail
    accepted = await api.ask("POST", f"/api/alerts/{uuid4()}/acknowledgement", token=token)
    accepted.require_problem(503)
    assert (await api.ask("GET", "/healthz")).json == {"status": "alive"}
    ready = (await api.ask("GET", "/readyz")).require_problem(503)
    assert ready["checks"] == {"database": "failed"}

    cuttable.line.mend()
    assert (await api.ask("GET", "/readyz")).json == {"status": "ready", "checks": {"database": "ok"}}
    listed = await api.ask("GET", "/api/cases", token=token)
    assert [each["id"] for each in listed.json["cases"]] == [str(scene.case.id)]
    assert (await api.ask("GET", "/api/alerts", token=token)).json == {"alerts": []}


async def test_a_raiser_is_told_honestly_through_an_outage(cuttable: Cuttable) -> None:
    api = cuttable.api
    scene = await api.network.scene()
    reports: list[Progress] = []

    async def find() -> UUID:
        return scene.case.core.id

    async def report(progress: Progress) -> None:
        reports.append(progress)

    async def instead_of_sleeping(_seconds: float) -> None:
        match len(reports):
            case 1:
                cuttable.line.mend()
            case 2:
                cuttable.line.cut()
            case 3:
                cuttable.line.mend()
                await officer.acknowledge((await officer.alerts())[0].id)

    async with api.client(scene.coordinator) as raiser, api.client(scene.police.officer) as officer:
        await raiser.me()
        await officer.me()
        cuttable.line.cut()
        await raise_until_accepted(raiser, find, uuid4(), report=report, sleep=instead_of_sleeping)
    assert [each.known for each in reports] == [Known.NOT_RAISED, Known.STORED, Known.OUT_OF_SIGHT, Known.ACCEPTED]
    assert "NOT raised" in str(reports[0].error)


async def test_a_device_stays_through_an_outage_and_is_told_honestly(cuttable: Cuttable) -> None:
    api = cuttable.api
    scene = await api.network.scene()
    devices = Devices(api.network.database, api.network.clock)
    _, token = await devices.add("door-2", scene.shelter.agency.id, scene.case.codename)
    reports: list[DeviceProgress] = []

    async def report(progress: DeviceProgress) -> None:
        reports.append(progress)

    async def instead_of_sleeping(_seconds: float) -> None:
        match len(reports):
            case 1:
                cuttable.line.mend()
            case 2:
                cuttable.line.cut()
            case 3:
                cuttable.line.mend()
                await officer.acknowledge((await officer.alerts())[0].id)

    device = DeviceApi(DeviceFile(label="door-2", api_url=api.url, token=token))
    async with device, api.client(scene.police.officer) as officer:
        await officer.me()
        cuttable.line.cut()
        await raise_with_device(device, uuid4(), report=report, sleep=instead_of_sleeping)
    assert [each.known for each in reports] == [Known.NOT_RAISED, Known.STORED, Known.OUT_OF_SIGHT, Known.ACCEPTED]
    assert "NOT raised" in str(reports[0].error)
