"""A network whose carriers are set up, and an alert that calls one telephone and one mailbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from agencies.contacts import Contacts, Means
from alerts.service import AlertView
from core.database import Database
from core.ids import new_id
from core.settings import Secret, Settings
from tests.carried import KEY, MAIL, NUMBER, FarGateway, Mailbox, far_gateway, mailbox
from tests.clock import MovableClock
from tests.people import Network, Scene


@pytest.fixture
async def gateway(clock: MovableClock) -> AsyncIterator[FarGateway]:
    async with far_gateway(clock) as serving:
        yield serving


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[Mailbox]:
    async with mailbox(tmp_path) as serving:
        yield serving


@pytest.fixture
def reaching(settings: Settings, gateway: FarGateway, mail: Mailbox) -> Settings:
    """Return the settings of a network whose carriers are set up, and where nobody answers by telephone."""
    return replace(
        settings, gateway_url=gateway.url, gateway_key=Secret(KEY), smtp_host="127.0.0.1", smtp_port=mail.port,
        mail_sender="Streha <streha@example.org>", certificates_file=mail.certificates,
        gateway_inward_key=Secret(),
    )  # fmt: skip


@pytest.fixture
async def called(network: Network, scene: Scene, database: Database, clock: MovableClock) -> AlertView:
    """Raise an alert that calls a telephone and a mail address of the police's officer."""
    contacts = Contacts(database, clock)
    for means, address in ((Means.VOICE, NUMBER), (Means.EMAIL, MAIL)):
        await contacts.add(scene.police.officer.id, means, address, of_desk=False)
    return await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
