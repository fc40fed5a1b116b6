"""The vault's thread through the real API: a network founded, a circle opened, a record written, read and re-keyed."""

from __future__ import annotations

import os

from tests.people import Scene
from tests.vault_clients import Founded

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_vault")


async def test_a_record_is_written_and_read_by_members_alone(founded: Founded, cast: Scene) -> None:
    core = cast.case.core
    mine = await founded.circle(cast.coordinator, core.id)
    assert not mine.logs.is_open
    assert (await mine.open(cast.case.id, cast.deputy, core.member_ids)).json == {"length": 1}

    key = os.urandom(32)
    mine = await founded.circle(cast.coordinator, core.id)
    assert mine.due == [{"what": "epoch", "person": None}]
    assert (await mine.begin_epoch(key)).json == {"length": 2}

    mine = await founded.circle(cast.coordinator, core.id)
    assert mine.due == []
    written = mine.version(key, b"Quiet Heron")
    assert (await mine.put_record(written.body)).json == {"length": 1}

    theirs = await founded.circle(cast.member, core.id)
    their_key = await theirs.accept()
    answer = (await founded.ask(cast.member, "GET", f"{theirs.path}/versions/{written.version}")).json
    assert theirs.read(their_key, written, answer) == b"Quiet Heron"
    every = (await founded.ask(cast.member, "GET", f"{theirs.path}/versions?current=true")).json
    assert every["versions"] == [answer]

    # Re-keying: every current version is wrapped anew, and reads as before.
    newer = os.urandom(32)
    theirs = await founded.circle(cast.member, core.id)
    answered = await theirs.begin_epoch(newer, {written.version: (written.record, written.key)})
    assert answered.json == {"length": 3}
    answer = (await founded.ask(cast.coordinator, "GET", f"{mine.path}/versions/{written.version}")).json
    assert [each["epoch"] for each in answer["wraps"]] == [1, 2]
    mine = await founded.circle(cast.coordinator, core.id)
    assert mine.read(await mine.accept(), written, answer) == b"Quiet Heron"

    (await founded.ask(cast.stranger, "GET", mine.path)).require_problem(404)
