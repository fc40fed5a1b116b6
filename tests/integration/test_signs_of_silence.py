"""What `streha doctor` says of whether it would be noticed if nobody were called any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.proof import proving
from bots.rooms import rooms
from core.database import Database
from core.outbox import Target, TargetKind
from core.settings import Settings
from streha.doctor.findings import Note, Todo
from streha.doctor.signs_of_silence import OLD_NOTICE, OLD_PROOF, absence, proof
from tests.clock import MovableClock
from tests.people import Scene

MOMENT = timedelta(seconds=1)


async def test_without_a_prober_it_is_said_that_nothing_is_proven(
    database: Database, clock: MovableClock, settings: Settings
) -> None:
    with pytest.raises(Note, match="between drills"):
        await proof(database, clock, settings)


async def test_with_one_the_last_proof_has_to_be_young(
    database: Database, clock: MovableClock, settings: Settings
) -> None:
    proves = replace(settings, prober_user="@prober:streha.localhost")
    with pytest.raises(Todo, match="never proven"):
        await proof(database, clock, proves)
    await proving.prove(database, clock, timedelta(minutes=5))
    with pytest.raises(Todo, match="never proven"):
        await proof(database, clock, proves)
    async with database.transaction() as tx:
        await tx.run("UPDATE proofs SET proven_at = $1", clock.now())
    clock.move(OLD_PROOF)
    await proof(database, clock, proves)
    clock.move(MOMENT)
    with pytest.raises(Todo, match="last proven"):
        await proof(database, clock, proves)


async def test_a_duty_room_has_to_have_its_notice(
    database: Database, clock: MovableClock, settings: Settings, scene: Scene
) -> None:
    await absence(database, clock, settings)
    desks = [scene.police.desk_id, scene.ngo.desk_id]
    async with database.transaction() as tx:
        await rooms.want_rooms(tx, clock.now())
        for number, desk_id in enumerate(desks):
            assert desk_id is not None
            await rooms.created(tx, Target(kind=TargetKind.DESK, id=desk_id), f"!duty{number}:streha.localhost")
    with pytest.raises(Todo, match="No duty room"):
        await absence(database, clock, settings)
    machine = clock.now() - clock.offset
    async with database.transaction() as tx:
        await tx.run(
            "INSERT INTO absence_notices VALUES ('!duty0:streha.localhost', $1, 'later', 600, $2)", desks[0], machine
        )
    with pytest.raises(Note, match="nobody can read"):
        await absence(database, clock, settings)
    async with database.transaction() as tx:
        await tx.run(
            "INSERT INTO absence_notices VALUES ('!duty1:streha.localhost', $1, 'too', 600, $2)", desks[1], machine
        )
    await absence(database, clock, settings)
    # What nobody has put off of late is nobody's.
    async with database.transaction() as tx:
        await tx.run("UPDATE absence_notices SET put_off_at = put_off_at - $1::interval", OLD_NOTICE + MOMENT)
    with pytest.raises(Todo, match="No duty room"):
        await absence(database, clock, settings)
    with pytest.raises(Note, match="off with these settings"):
        await absence(database, clock, replace(settings, absence_after=0.0))
