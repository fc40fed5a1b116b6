"""A process of an earlier version beside a newer database: `migrate` and `doctor` say so, and what to do."""

from __future__ import annotations

import asyncpg
import pytest

from core import migrations, processes
from core.database import Database
from tests.commands import streha

OWN = migrations.known()[-1].version


@pytest.mark.parametrize("name", ["streha", "streha urgent", f"streha {OWN - 1}", f"streha {OWN - 1} urgent"])
async def test_an_older_process_is_found_and_told_of(database: Database, database_url: str, name: str) -> None:
    operator = {"STREHA_DATABASE_URL": database_url, "STREHA_NETWORK": "invented network"}
    old = await asyncpg.connect(database_url, server_settings={"application_name": name})
    try:
        (found,) = await processes.older(database, OWN)
        assert found.connections == 1
        ran = await streha("migrate", environment=operator)
        assert (ran.code, "STILL RUNNING" in ran.out, found.address in ran.out) == (0, True, True)
        assert len((await streha("migrate", "--json", environment=operator)).json["older_processes"]) == 1
        told = (await streha("doctor", environment=operator)).out
        assert "Of an earlier version, and still connected" in told
    finally:
        await old.close()


async def test_processes_of_this_version_and_others_programs_are_not(database: Database, database_url: str) -> None:
    names = [f"streha {OWN}", f"streha {OWN + 1} urgent", "psql", "streha-backup"]
    others = [await asyncpg.connect(database_url, server_settings={"application_name": each}) for each in names]
    try:
        # This test's own pools are open beside them.
        assert await processes.older(database, OWN) == []
    finally:
        for each in others:
            await each.close()
