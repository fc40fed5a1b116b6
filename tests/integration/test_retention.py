"""What goes once a case has ended, and when: never under legal hold, beside an open alert, or before its date."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from agencies import devices
from alerts.devices.service import DeviceRaises, Devices
from alerts.vocabulary import StandDownReason
from cases.trust.deeds import Add, Approve, Close, Hold, Keep, Release
from cases.trust.grants import HistoryGrant, write_history_grant
from core.database import Database
from core.errors import NotFound
from crypto.vault import statement
from safety_plans.model import Level
from safety_plans.retention import AFTER_THE_END, look
from tests import outgoing
from tests.clock import MovableClock
from tests.integration.test_canary import all_rows
from tests.opened import Opened
from tests.vault_clients import Circle, text

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_vault")

DAY = timedelta(days=1)
SEALED = ("vault_contents", "vault_wraps", "vault_epoch_grants", "vault_history_grants")
KNOWN = (
    "risk_levels", "reviews", "review_duties", "owed_measures", "case_clocks", "case_dates",
    "operations", "milestones", "on_the_way", "safe_calls", "alerts", "alert_raises",
    "alert_recipients", "alert_agencies", "incident_facts",
)  # fmt: skip


def later(opened: Opened, clock: MovableClock, by: timedelta) -> None:
    """Let time pass; sessions end meanwhile."""
    clock.move(by)
    opened.founded.tokens.clear()


async def left(database: Database, *tables: str) -> dict[str, int]:
    """Return how much is left in tables."""
    async with database.reading() as tx:
        return {each: await tx.value(f"SELECT count(*) FROM {each}") for each in tables}  # noqa: S608


async def acts(database: Database) -> list[str]:
    async with database.reading() as tx:
        rows = await tx.rows("SELECT act FROM ledger WHERE actor_kind = 'system' ORDER BY entry")
    return [row["act"] for row in rows if row["act"] in {"vault_erased", "case_forgotten", "members_forgotten"}]


async def closed(opened: Opened, clock: MovableClock, *, keep: timedelta | None = None) -> datetime:
    """Let a case with a sealed record, a level and an alert that ended be closed; return until when it is kept."""
    network, cast = opened.founded.api.network, opened.cast
    mine = await opened.coordinators()
    assert (await mine.put_record(mine.version(opened.key, b"sealed").body)).status == 200
    await network.reviews.set_level(cast.coordinator, cast.case.id, Level.LOW)
    raised = await network.alerts.raise_(cast.member, cast.case.core.id, uuid4())
    await network.alerts.acknowledge(cast.coordinator, raised.alert.id)
    await network.alerts.stand_down(cast.coordinator, raised.alert.id, StandDownReason.SAFE)
    until = clock.now() + (keep or timedelta())
    if keep is not None:
        assert (await (await opened.coordinators()).decide(Keep(until=int(until.timestamp())))).status == 200
    assert (await (await opened.coordinators()).decide(Close())).status == 200
    await network.closing.close_case(cast.coordinator, cast.case.id)
    async with network.database.transaction() as tx:
        await tx.run("UPDATE incident_duties SET done_at = $1", clock.now())
        await tx.run("UPDATE outbox SET state = 'sent'")
    return until


async def of(opened: Opened, *, deputy: bool = False) -> Circle:
    """Return the closed compartment as one of those who led it is shown it."""
    cast = opened.cast
    return await opened.founded.circle(cast.deputy if deputy else cast.coordinator, cast.case.core.id)


async def test_what_was_known_goes_after_thirty_days_and_what_is_sealed_on_its_date(
    opened: Opened, database: Database, clock: MovableClock
) -> None:
    until = await closed(opened, clock, keep=90 * DAY)
    before = await left(database, *SEALED, *KNOWN, "compartment_members")
    assert all(before[each] for each in ("vault_contents", "vault_wraps", "risk_levels", "reviews", "alerts"))
    later(opened, clock, AFTER_THE_END - timedelta(minutes=1))
    assert await look(database, clock) == 0
    assert await left(database, *SEALED, *KNOWN, "compartment_members") == before

    later(opened, clock, timedelta(minutes=2))
    assert await look(database, clock) == 1
    assert set((await left(database, *KNOWN, "outbox")).values()) == {0}
    assert await left(database, *SEALED) == {each: before[each] for each in SEALED}
    # Who could have known can be asked as long as there is anything to know.
    assert (await of(opened)).logs.circle.closed

    clock.set(until + timedelta(seconds=1))
    opened.founded.tokens.clear()
    assert await look(database, clock) == 1
    assert await look(database, clock) == 1
    assert await look(database, clock) == 0
    assert set((await left(database, *SEALED, "compartment_members", "exclusions", "case_agencies")).values()) == {0}
    assert await acts(database) == ["case_forgotten", "vault_erased", "members_forgotten"]


async def test_no_row_holds_any_of_it_once_it_was_erased(
    opened: Opened, database: Database, clock: MovableClock
) -> None:  # fmt: skip
    until = await closed(opened, clock, keep=90 * DAY)
    async with database.reading() as tx:
        sealed = [bytes(row["content"]) for row in await tx.rows("SELECT content FROM vault_contents")]
        sealed += [bytes(row["wrap"]) for row in await tx.rows("SELECT wrap FROM vault_wraps")]
        sealed += [bytes(row["statement"]) for row in await tx.rows("SELECT statement FROM vault_epoch_grants")]
    assert len(sealed) >= 3
    rows = await all_rows(database)
    assert all(each.hex() in rows for each in sealed)
    clock.set(until + timedelta(seconds=1))
    for _ in range(2):
        await look(database, clock)
    rows = await all_rows(database)
    assert not any(each.hex() in rows for each in sealed)


async def test_what_nobody_gave_a_date_is_kept_and_can_be_given_one_after_the_end(
    opened: Opened, database: Database, clock: MovableClock
) -> None:
    await closed(opened, clock)
    later(opened, clock, 3650 * DAY)
    await look(database, clock)
    assert (await left(database, "vault_contents"))["vault_contents"] == 1
    leads = await of(opened, deputy=True)
    assert (await leads.decide(Keep(until=opened.founded.now + 3600))).status == 200
    later(opened, clock, timedelta(hours=2))
    await look(database, clock)
    assert (await left(database, "vault_contents"))["vault_contents"] == 0
    # Nothing is left that could be kept longer.
    refused = await (await of(opened)).decide(Hold())
    assert "erased" in refused.require_problem(409)["detail"]


async def test_a_legal_hold_after_the_end_stops_both_clocks_until_two_agencies_release_it(
    opened: Opened, database: Database, clock: MovableClock
) -> None:
    cast = opened.cast
    await closed(opened, clock, keep=DAY)
    theirs = await opened.founded.ask(cast.member, "GET", f"compartments/{cast.case.core.id}")
    theirs.require_problem(404)
    assert (await (await of(opened, deputy=True)).decide(Hold())).status == 200
    before = await left(database, *SEALED, *KNOWN)
    later(opened, clock, 365 * DAY)
    assert await look(database, clock) == 0
    assert await left(database, *SEALED, *KNOWN) == before

    release = (await of(opened)).member_entry(Release(until=opened.founded.now + 3600))
    assert (await (await of(opened)).put(release)).status == 200
    approval = Approve(proposal=statement.hash_of(release))
    assert (await (await of(opened)).decide(approval)).require_problem(400)["outcome"] == "not-empowered"
    assert (await (await of(opened, deputy=True)).decide(approval)).status == 200
    assert await look(database, clock) == 2
    assert set((await left(database, *SEALED, *KNOWN)).values()) == {0}


async def test_nothing_else_is_decided_after_the_end(opened: Opened, clock: MovableClock) -> None:
    await closed(opened, clock, keep=DAY)
    helper = opened.cast.police.workers[1]
    assert (await (await of(opened)).decide(Add(person=helper.id.bytes))).status in {400, 404}
    early = await (await of(opened)).decide(Keep(until=opened.founded.now + 3600))
    assert early.require_problem(400)["outcome"] == "void"
    later = Keep(until=opened.founded.now + 10 * 86400)
    assert (await (await of(opened)).decide(later)).status == 200


@pytest.mark.parametrize("by_time", [True, False])
async def test_a_vault_that_ended_in_an_open_case_waits_for_its_alert(
    opened: Opened, database: Database, clock: MovableClock, by_time: bool  # noqa: FBT001
) -> None:  # fmt: skip
    network, cast = opened.founded.api.network, opened.cast
    mine = await opened.coordinators()
    assert (await mine.put_record(mine.version(opened.key, b"sealed").body)).status == 200
    assert (await (await opened.coordinators()).decide(Keep(until=opened.founded.now + 3600))).status == 200
    if by_time:
        async with database.transaction() as tx:
            await tx.run("UPDATE vault_circles SET ends_at = $1", clock.now() + timedelta(hours=2))
    else:
        assert (await (await opened.coordinators()).decide(Close())).status == 200
    later(opened, clock, AFTER_THE_END + DAY)
    raised = await network.alerts.raise_(cast.member, cast.case.core.id, uuid4())
    assert await look(database, clock) == 0
    await network.alerts.acknowledge(cast.coordinator, raised.alert.id)
    await network.alerts.stand_down(cast.coordinator, raised.alert.id, StandDownReason.SAFE)
    assert await look(database, clock) == 1
    assert set((await left(database, *SEALED)).values()) == {0}
    # The case goes on.
    assert (await left(database, "compartment_members"))["compartment_members"] > 0
    assert await acts(database) == ["vault_erased"]


async def test_devices_that_raise_no_more_are_forgotten_and_whoever_presses_another_is_heard(
    opened: Opened, database: Database, clock: MovableClock
) -> None:
    cast = opened.cast
    keeping, raises = Devices(database, clock), DeviceRaises(database, clock)
    codename, agency = cast.case.codename, cast.shelter.agency.id
    gone, _ = await keeping.add("door-1", agency, codename)
    await keeping.add("door-2", agency, codename, ends_at=clock.now() + DAY)
    _, token = await keeping.add("door-3", agency, codename)
    here, _ = await keeping.add("phone", cast.member, codename)
    await keeping.remove(gone.id)
    await closed(opened, clock)
    assert (await left(database, "raising_devices"))["raising_devices"] == 4
    later(opened, clock, AFTER_THE_END - timedelta(minutes=1))
    assert await look(database, clock) == 0
    later(opened, clock, timedelta(minutes=2))
    # The case, and the two devices together.
    assert await look(database, clock) == 2
    async with database.reading() as tx:
        labels = {row["label"] for row in await tx.rows("SELECT label FROM raising_devices")}
        hanging = await devices.of_token(tx, token, clock.now())
    assert labels == {"door-3", "phone"}
    with pytest.raises(NotFound):
        await raises.raise_(hanging, uuid4())
    assert await outgoing.said(database, "device_unheard")
    await keeping.remove(here.id)
    assert await look(database, clock) == 1
    assert await look(database, clock) == 0


@pytest.mark.parametrize("by_time", [True, False])
async def test_a_vault_that_was_erased_in_an_open_case_takes_no_hold_no_date_and_no_grant(
    opened: Opened, database: Database, clock: MovableClock, by_time: bool  # noqa: FBT001
) -> None:  # fmt: skip
    cast = opened.cast
    mine = await opened.coordinators()
    written = mine.version(opened.key, b"sealed")
    assert (await mine.put_record(written.body)).status == 200
    assert (await (await opened.coordinators()).decide(Keep(until=opened.founded.now + 3600))).status == 200
    if by_time:
        async with database.transaction() as tx:
            await tx.run("UPDATE vault_circles SET ends_at = $1", clock.now() + timedelta(hours=2))
    else:
        assert (await (await opened.coordinators()).decide(Close())).status == 200
    later(opened, clock, AFTER_THE_END + DAY)
    assert await look(database, clock) == 1
    for deed in (Hold(), Keep(until=opened.founded.now + 10 * 86400)):
        assert "erased" in (await (await of(opened)).decide(deed)).require_problem(409)["detail"]
    grant = HistoryGrant(
        log=mine.logs.id, member=cast.member.id.bytes, by=cast.coordinator.id.bytes, at=opened.founded.now,
        versions=[written.version.bytes], grant=b"sealed",
    )  # fmt: skip
    said = {
        "member": str(cast.member.id),
        "statement": text(write_history_grant(opened.founded.seed(cast.coordinator), opened.founded.id, grant)),
    }
    refused = await opened.founded.ask(cast.coordinator, "POST", f"{mine.path}/history", said)
    assert "erased" in refused.require_problem(409)["detail"]
    assert set((await left(database, *SEALED)).values()) == {0}


async def test_what_is_cut_off_or_held_up_is_done_at_the_next_look(
    opened: Opened, database: Database, clock: MovableClock
) -> None:
    await closed(opened, clock, keep=DAY)
    later(opened, clock, AFTER_THE_END + DAY)
    before = await left(database, *SEALED, *KNOWN)
    for table in ("vault_circles", "ledger"):
        # Whatever fails after the first rows are gone takes all of it back.
        async with database.transaction() as tx:
            await tx.run(
                f"CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'cut'; END $$;"
                f"CREATE TRIGGER cut BEFORE UPDATE OR INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fails();"
                f"CREATE TRIGGER cut_case BEFORE UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION fails()"
            )
        assert await look(database, clock) == 0
        assert await left(database, *SEALED, *KNOWN) == before
        async with database.transaction() as tx:
            await tx.run(f"DROP TRIGGER cut ON {table}; DROP TRIGGER cut_case ON cases; DROP FUNCTION fails()")
    assert await look(database, clock) == 2
    assert set((await left(database, *SEALED, *KNOWN)).values()) == {0}
