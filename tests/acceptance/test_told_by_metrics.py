"""A whole network tells how it is: each role on a port of its own, in numbers that fit what happened."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from alerts.vocabulary import StandDownReason
from deploy.network import ROLES
from tests.acceptance.conftest import Town
from tests.scraped import foreign_labels
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow
CALLS = {"state": "sent", "lane": "alert", "channel": "matrix", "room_kind": "desk"}
# Between two looks, so that waiting leaves the machine to what is waited for.
LOOK = 0.05


async def test_what_happens_in_a_network_is_told_by_its_processes(town: Town) -> None:
    case = await town.open_case()
    before = await town.told("bots")
    raised = (await town.alerts.raise_(town.person("sara"), case.core.id, uuid4())).alert
    # Another story may have moved the clock a moment ago.
    async with asyncio.timeout(PATIENCE_SECONDS):
        while ((await town.told("engine"))("streha_heartbeat_age_seconds", role="engine") or 60) >= 60:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (now := await town.told("bots")).since(before, "streha_messages_ended_total", **CALLS) == 0:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
    assert now.since(before, "streha_message_delivery_seconds_count", lane="alert", channel="matrix") > 0
    assert (now("streha_bot_one_time_keys") or 0) > 0
    assert (now("streha_bot_event_lag_seconds_count") or 0) > 0
    assert now("streha_bot_lease_held") == 1
    assert now("streha_bot_devices_unsigned") is not None
    for role in ROLES:
        told = await town.told(role)
        assert list(foreign_labels(told)) == []
        assert told("streha_scrape_database_up") == 1
        assert (told("streha_alerts_open", state="open", severity="Extreme", status="Actual") or 0) >= 1
        assert (told("streha_heartbeat_age_seconds", role="engine") or 0) < 60
        # What only one role can know, only it tells.
        assert told.told("streha_bot_last_sync_timestamp_seconds") is (role == "bots")
        assert told.told("streha_sweep_last_success_timestamp_seconds") is (role == "engine")
        assert told.told("streha_feed_position") is (role == "api")
    await town.alerts.acknowledge(town.person("petar"), raised.id)
    await town.alerts.stand_down(town.person("petar"), raised.id, StandDownReason.FALSE_ALARM)
