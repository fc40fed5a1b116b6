"""A device that can only raise, over the API: what its token opens, what stays shut, and how its client stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from agencies.model import RaisingDevice
from alerts.devices.service import Devices
from alerts.vocabulary import Status
from client.device_api import PREFIX, DeviceApi
from client.device_file import DeviceFile
from client.device_raising import DeviceProgress, raise_with_device
from client.raising import LOOK_SECONDS, REPEAT_SECONDS, Known
from core.errors import NotAuthenticated, NotFound
from core.settings import Settings
from server.api.wire.directory import token_text
from tests.people import Network, Scene
from tests.served import ServedApi, serve_api

pytest_plugins = ("tests.fixtures_api",)

Sleep = Callable[[float], Awaitable[None]]


@pytest.fixture
async def story(network: Network) -> Scene:
    """Return a case whose people's keys are at hand."""
    return await network.scene()


@pytest.fixture
def keeping(network: Network) -> Devices:
    return Devices(network.database, network.clock)


async def added(keeping: Devices, story: Scene) -> tuple[RaisingDevice, bytes]:
    return await keeping.add("door-2", story.shelter.agency.id, story.case.codename)


def client(api: ServedApi, token: bytes) -> DeviceApi:
    return DeviceApi(DeviceFile(label="door-2", api_url=api.url, token=token))


class Reports:
    """What a device was told, one after the other."""

    def __init__(self) -> None:
        self.all: list[DeviceProgress] = []

    async def __call__(self, progress: DeviceProgress) -> None:
        self.all.append(progress)

    @property
    def known(self) -> list[Known]:
        return [each.known for each in self.all]


async def test_a_device_stays_until_a_named_person_has_accepted(
    api: ServedApi, story: Scene, keeping: Devices
) -> None:  # fmt: skip
    _, token = await added(keeping, story)
    reports, waited = Reports(), []

    async with client(api, token) as device, api.client(story.police.officer) as officer:

        async def instead_of_sleeping(seconds: float) -> None:
            waited.append(seconds)
            # It has pressed a second time by now.
            if len(reports.known) == 2:
                await officer.acknowledge((await officer.alerts())[0].id)

        last = await raise_with_device(device, uuid4(), report=reports, sleep=instead_of_sleeping)
    assert reports.known == [Known.STORED, Known.STORED, Known.ACCEPTED]
    assert last.accepted_by == [story.police.officer.name]
    assert set(waited) == {LOOK_SECONDS}
    assert sum(waited[:-1]) == REPEAT_SECONDS


async def test_a_device_that_was_started_anew_joins_what_it_raised(
    api: ServedApi, story: Scene, keeping: Devices
) -> None:  # fmt: skip
    _, token = await added(keeping, story)
    async with client(api, token) as device:
        await device.raise_alert(uuid4(), Status.ACTUAL)
    reports = Reports()
    async with client(api, token) as device, api.client(story.coordinator) as coordinator:

        async def instead_of_sleeping(_seconds: float) -> None:
            (alert,) = await coordinator.alerts()
            async with api.client(story.welfare.officer) as officer:
                await officer.acknowledge(alert.id)

        await raise_with_device(device, uuid4(), report=reports, sleep=instead_of_sleeping)
        (alert,) = await coordinator.alerts()
    assert reports.known == [Known.STORED, Known.ACCEPTED]
    assert (alert.raised_by, alert.raised_through, alert.accepted_by) == (None, "device", [story.welfare.officer.id])
    assert alert.raised_with is not None
    assert (alert.raised_with.device, alert.raised_with.agency) == ("door-2", story.shelter.agency.id)


async def test_its_token_opens_nothing_else(api: ServedApi, story: Scene, keeping: Devices) -> None:
    _, token = await added(keeping, story)
    shown, session = PREFIX + token_text(token), await api.token(story.coordinator)
    for path in ("/api/me", "/api/cases", "/api/alerts", "/api/board", "/api/stream", f"/api/cases/{story.case.id}"):
        nobody, device = await api.ask("GET", path), await api.ask("GET", path, token=shown)
        assert (device.status, device.json | {"incident": ""}) == (401, nobody.json | {"incident": ""})
        # Without its prefix it is a session's, and there is none.
        assert (await api.ask("GET", path, token=token_text(token))).status == 401
    raised = await api.ask("PUT", f"/api/alerts/{uuid4()}", {"compartment": story.case.core.id}, token=shown)
    raised.require_problem(401)
    # A little shorter, a little longer, and without what tells it from a session's.
    wrong = (PREFIX + token_text(token[:-1]), shown + "A", token_text(token))
    for other in ("", session, PREFIX + session, PREFIX, *wrong):
        refused = await api.ask("PUT", f"/api/device/raises/{uuid4()}", {}, token=other)
        assert "token of a device" in refused.require_problem(401)["detail"]
    # It says neither where it raises nor what happens.
    for body in ({"compartment": story.case.core.id}, {"event": "health"}, {"status": "Test"}):
        (await api.ask("PUT", f"/api/device/raises/{uuid4()}", body, token=shown)).require_problem(400)
    (await api.ask("GET", "/api/device/raises/none", token=shown)).require_problem(404)
    assert (await api.ask("PUT", f"/api/device/raises/{uuid4()}", token=shown)).status == 200


async def test_raising_is_never_limited(
    network: Network, story: Scene, keeping: Devices, settings: Settings, tmp_path: Path
) -> None:
    _, token = await added(keeping, story)
    shown, per_minute = PREFIX + token_text(token), 6
    async with serve_api(network, replace(settings, requests_per_minute=per_minute), tmp_path) as api:

        async def press() -> int:
            return (await api.ask("PUT", f"/api/device/raises/{uuid4()}", {"status": "Exercise"}, token=shown)).status

        pressed = {await press() for _ in range(3 * per_minute)}
        asked = [await api.ask("GET", f"/api/device/raises/{uuid4()}", token=shown) for _ in range(per_minute + 2)]
        assert (pressed, {each.status for each in asked}) == ({200}, {404, 429})
        # False tokens from the same address do not keep it from raising either.
        for _ in range(2 * per_minute):
            await api.ask("GET", f"/api/device/raises/{uuid4()}", token=PREFIX + token_text(bytes(32)))
        assert await press() == 200


async def test_a_refusal_that_repeating_cannot_mend_is_said_and_ends_it(
    api: ServedApi, story: Scene, keeping: Devices
) -> None:  # fmt: skip
    device, token = await keeping.add("phone", story.member, story.case.codename)
    await api.network.cases.remove_member(story.coordinator, story.case.core.id, story.member.id)
    reports = Reports()
    async with client(api, token) as lost:
        with pytest.raises(NotFound, match="NOT raised"):
            await raise_with_device(lost, uuid4(), report=reports)
        await keeping.remove(device.id)
        with pytest.raises(NotAuthenticated):
            await raise_with_device(lost, uuid4(), report=reports)
    assert reports.known == [Known.NOT_RAISED] * 2
