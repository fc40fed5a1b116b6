"""Who could have known, and who fetched: asked by those who lead, worked out on their machines, exported."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from agencies.model import Person
from cases import ledger, store
from cases.trust.deeds import Add, Lead, Remove
from cases.trust.grants import HistoryGrant, write_history_grant
from cases.trust.knowing import Knower
from client.vault import histories, known_export
from client.vault.acts import require_known, require_whole
from client.vault.knowing import Answer, Asked, Known, Row, answered, known, read
from client.vault.logs import of_compartment
from client.vault.records import Put
from core import ledger as acting
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import new_id
from streha.known_words import answer_plain
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.vault_clients import Founded
from tests.vault_machines import Machine, Machines

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_vault", "tests.fixtures_machines")


async def ask(
    mine: Machine, cast: Scene, database: Database, *, until: int | None = None, record: bytes | None = None
) -> Known:
    await ledger.sequence_all(database)
    return await known(mine.reader, cast.case.core.id.bytes, Asked(until=until, record=record))


def _fetched(cast: Scene, person: Person, network: Network, put: Put) -> acting.Act:
    """Return what a server writes down that gives a version to somebody."""
    return acting.Act(
        act="record_fetched", at=network.clock.now(), person_id=person.id, case_id=cast.case.id,
        object_id=cast.case.core.id, facts={"versions": str(put.version)},
    )  # fmt: skip


def knower(answer: Answer, person: Person) -> Knower:
    found_ = row(answer, person).knower
    assert found_ is not None
    return found_


def row(answer: Answer, person: Person) -> Row:
    return next(each for each in answer.rows if each.person == person.id.bytes)


async def test_who_could_have_known_and_who_fetched(
    ana: Machine, machines: Machines, cast: Scene, clock: MovableClock, database: Database
) -> None:
    core = cast.case.core.id.bytes
    put = await ana.records.put(core, b"where she is")
    boris = await machines.of(cast.member)
    await boris.records.get(core, put.record.bytes)
    clock.move(timedelta(minutes=20))
    before = ana.reader.now()
    clock.move(timedelta(minutes=20))
    await ana.circles.decide(core, lambda _at: Remove(person=cast.member.id.bytes))
    later = await ana.records.put(core, b"where she is now", record=put.record.bytes)
    other = await ana.records.put(core, b"something else")

    answer = (await ask(ana, cast, database)).answer
    assert (answer.missing, answer.waiting) == (0, 0)
    his = row(answer, cast.member)
    (stay,) = knower(answer, cast.member).stays
    assert (stay.ended_at or 0) > before
    assert knower(answer, cast.coordinator).stays[0].ended_at is None
    assert set(knower(answer, cast.member).versions) == {put.version.bytes}
    assert set(knower(answer, cast.coordinator).versions) == {
        put.version.bytes,
        later.version.bytes,
        other.version.bytes,
    }
    assert {each.act for each in his.fetched} == {"grant_fetched", "record_fetched"}
    assert not any(each.against_the_logs for each in answer.rows)
    # Up to a moment before his removal he is still there, and what came later is not.
    early = (await ask(ana, cast, database, until=before)).answer
    assert knower(early, cast.member).stays[0].ended_at is None
    assert set(knower(early, cast.coordinator).versions) == {put.version.bytes}
    # Of one record alone.
    of_other = (await ask(ana, cast, database, record=other.record.bytes)).answer
    assert cast.member.id.bytes not in {each.person for each in of_other.rows}


async def test_a_record_from_before_is_known_to_whoever_was_given_its_key_later(
    ana: Machine, cast: Scene, database: Database
) -> None:
    core = cast.case.core.id.bytes
    old = await ana.records.put(core, b"first")
    new = await ana.records.put(core, b"second", record=old.record.bytes)
    newcomer = cast.police.workers[-1] if len(cast.police.workers) > 1 else cast.ngo.worker
    await ana.circles.decide(core, lambda _at: Add(person=newcomer.id.bytes))
    hers = knower((await ask(ana, cast, database)).answer, newcomer)
    assert set(hers.versions) == {new.version.bytes}
    view = await ana.reader.refresh(core)
    past = next(each for each in view.compartment.records.versions.values() if each.write.version == old.version.bytes)
    key, _content = await ana.records.key_and_content(view, past)
    await histories.give(ana.reader, view, newcomer.id.bytes, {old.version.bytes: key})
    asked = await ask(ana, cast, database)
    hers = knower(asked.answer, newcomer)
    assert set(hers.versions) == {old.version.bytes, new.version.bytes}
    assert hers.by_history == frozenset({old.version.bytes})
    assert asked.answer.missing == 0
    # A grant that the server holds back is missed by its act, and an act by its grant.
    logs, now = read(ana.reader, asked.view), ana.reader.now() + 3600
    ungiven = [each for each in asked.acts if each.act != "history_granted"]
    for acts, given in ((asked.acts, ()), (ungiven, asked.histories)):
        assert answered(logs, acts, given, asked.answer.asked, waiting=99, now=now).missing == 1


@pytest.mark.usefixtures("ana")
async def test_only_those_who_lead_may_ask(machines: Machines, cast: Scene, database: Database) -> None:
    boris, deputy = await machines.of(cast.member), await machines.of(cast.deputy)
    assert (await ask(deputy, cast, database)).answer.rows
    with pytest.raises(NotFound):
        await ask(boris, cast, database)
    async with database.reading() as tx:
        rows = await tx.rows("SELECT DISTINCT actor_id FROM ledger WHERE act = 'vault_acts_asked'")
    assert [each["actor_id"] for each in rows] == [cast.deputy.id]


async def test_of_what_was_closed_those_who_led_it_until_then_are_answered_and_nobody_else(
    ana: Machine, machines: Machines, cast: Scene, network: Network, clock: MovableClock, database: Database
) -> None:
    core = cast.case.core.id.bytes
    put = await ana.records.put(core, b"where she is")
    boris = await machines.of(cast.member)
    await boris.records.get(core, put.record.bytes)
    before = (await ask(ana, cast, database)).answer
    await network.closing.close_case(cast.coordinator, cast.case.id)
    clock.move(timedelta(days=3))

    # On a machine that never asked before, too.
    deputy = await machines.of(cast.deputy)
    for machine in (ana, deputy):
        found_ = await ask(machine, cast, database)
        assert (found_.answer.missing, found_.view.due) == (0, ())
        assert [each.knower for each in found_.answer.rows] == [each.knower for each in before.rows]
        assert {each.act for each in row(found_.answer, cast.member).fetched} == {"grant_fetched", "record_fetched"}
        assert known_export.is_one(await known_export.exported(machine.reader, found_, "Inquiry 3/31"))
    for refused in (boris, await machines.of(cast.police.worker)):
        with pytest.raises(NotFound):
            await ask(refused, cast, database)
        with pytest.raises(NotFound):
            await refused.api.vault.snapshot(cast.case.core.id, directory=0, members=0, records=0)
    # Nothing else comes out or goes in.
    vault = ana.api.vault
    for asked in (
        vault.grant(cast.case.core.id), vault.version(cast.case.core.id, put.version),
        vault.histories(cast.case.core.id, put.version), vault.tell_export(cast.case.core.id, [put.version]),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await asked
    with pytest.raises(NotFound):
        await ana.records.put(core, b"more")


@pytest.mark.parametrize("barred", [False, True])
async def test_whoever_was_out_before_it_was_closed_is_answered_nothing(
    ana: Machine, machines: Machines, cast: Scene, network: Network, database: Database, *, barred: bool
) -> None:
    deputy = await machines.of(cast.deputy)
    await deputy.reader.refresh(cast.case.core.id.bytes)
    if barred:
        # By the way that needs no signature: the log still has her lead.
        await network.cases.exclude(cast.coordinator, cast.case.id, cast.deputy.id)
    else:
        lead = Lead(coordinator=cast.coordinator.id.bytes, deputy=cast.member.id.bytes)
        await ana.circles.decide(cast.case.core.id.bytes, lambda _at: lead)
    await network.closing.close_case(cast.coordinator, cast.case.id)
    assert (await ask(ana, cast, database)).answer.rows
    with pytest.raises(NotFound):
        await ask(deputy, cast, database)


async def test_a_grant_that_nothing_bears_out_stands_beside_and_names_nobody_as_knowing(
    ana: Machine, cast: Scene, network: Network, founded: Founded, database: Database
) -> None:
    """A server that has a key, and its own tables: the one who was never let in stays one who could not know."""
    core = cast.case.core.id
    put = await ana.records.put(core.bytes, b"where she is")
    stranger = cast.ngo.officer
    grant = HistoryGrant(
        log=core.bytes, member=stranger.id.bytes, by=cast.member.id.bytes, at=ana.reader.now(),
        versions=[put.version.bytes], grant=b"sealed",
    )  # fmt: skip
    data = write_history_grant(founded.seed(cast.member), founded.id, grant)
    facts: dict[str, str | int | bool] = {"person": str(stranger.id), "versions": str(put.version)}
    async with database.transaction() as tx:
        await tx.run(store.SQL["add_vault_history"], new_id(), core, stranger.id, data, network.clock.now())
        said = acting.Act(
            act="history_granted", at=network.clock.now(), person_id=cast.member.id, case_id=cast.case.id,
            object_id=core, facts=facts,
        )  # fmt: skip
        await acting.record(tx, said)
    found_ = await ask(ana, cast, database)
    his = knower(found_.answer, stranger)
    assert (his.stays, his.versions, his.by_history, his.stated) == ((), {}, frozenset(), (grant,))
    assert found_.answer.missing == 0
    # Whoever holds the file against the logs comes to the same.
    shown = known_export.verified(await known_export.exported(ana.reader, found_, "Inquiry 3/31"), founded.id)
    assert shown.answer == found_.answer
    assert answer_plain(shown.logs.compartment.network, shown.answer)["until"] is None


async def test_a_grant_that_the_ledger_has_long_after_its_moment_is_stated_only(
    ana: Machine, cast: Scene, network: Network, founded: Founded, clock: MovableClock, database: Database
) -> None:
    """Whatever moment the server gives the act: it has chained later ones before it."""
    core = cast.case.core.id
    put = await ana.records.put(core.bytes, b"where she is")
    then, at = network.clock.now(), ana.reader.now()
    clock.move(timedelta(hours=1))
    await ask(ana, cast, database)
    await ledger.sequence_all(database)
    for moment in (network.clock.now(), then):
        grant = HistoryGrant(
            log=core.bytes, member=cast.deputy.id.bytes, by=cast.member.id.bytes, at=int(moment.timestamp()),
            versions=[put.version.bytes], grant=b"sealed",
        )  # fmt: skip
        data = write_history_grant(founded.seed(cast.member), founded.id, grant)
        async with database.transaction() as tx:
            await tx.run(store.SQL["add_vault_history"], new_id(), core, cast.deputy.id, data, moment)
            said = acting.Act(
                act="history_granted", at=moment, person_id=cast.member.id, case_id=cast.case.id, object_id=core,
                facts={"person": str(cast.deputy.id), "versions": str(put.version)},
            )  # fmt: skip
            await acting.record(tx, said)
        found_ = await ask(ana, cast, database)
        hers = knower(found_.answer, cast.deputy)
        assert [each.at for each in hers.stated] == ([] if moment != then else [at])


async def test_what_was_given_to_somebody_whom_the_logs_do_not_let_in_stands_out(
    ana: Machine, cast: Scene, network: Network, database: Database
) -> None:
    put = await ana.records.put(cast.case.core.id.bytes, b"text")
    stranger = cast.ngo.officer
    async with database.transaction() as tx:
        await acting.record(tx, _fetched(cast, stranger, network, put))
    found_ = row((await ask(ana, cast, database)).answer, stranger)
    assert (found_.knower, len(found_.against_the_logs)) == (None, 1)


async def test_what_is_not_chained_yet_is_said(ana: Machine, cast: Scene, database: Database) -> None:
    await ask(ana, cast, database)
    answer = (await known(ana.reader, cast.case.core.id.bytes, Asked())).answer
    assert (answer.waiting > 0, answer.missing) == (True, 0)


async def test_acts_that_were_altered_left_out_or_replaced_are_found_out(
    ana: Machine, machines: Machines, cast: Scene, database: Database
) -> None:
    core = cast.case.core.id
    put = await ana.records.put(core.bytes, b"text")
    boris = await machines.of(cast.member)
    await boris.records.get(core.bytes, put.record.bytes)
    asked = await ask(ana, cast, database)
    acts = list(asked.acts)
    which = next(number for number, each in enumerate(acts) if each.act == "record_fetched")
    one = acts[which]
    for change in (
        {"actor": cast.deputy.id}, {"at": one.at + timedelta(microseconds=1)},
        {"facts": {"versions": str(UUID(int=1))}},
        {"act": "wraps_fetched"}, {"hash": bytes(32)}, {"before": bytes(32)},
        {"position": one.position + 1000},
        {"compartment": cast.case.id}, {"case": None}, {"actor_kind": "system"},
    ):  # fmt: skip
        altered = msgspec.structs.replace(one, **change)
        with pytest.raises(Conflict, match="altered"):
            require_whole([*acts[:which], altered, *acts[which + 1 :]], core)
    with pytest.raises(Conflict, match="altered"):
        require_whole([*acts, acts[-1]], core)
    # What this machine has read before cannot go; a machine that never asked has nothing to hold it against.
    memory = ana.memory
    for less in ([each for each in acts if each is not one], acts[:which], []):
        with pytest.raises(Conflict, match="another ledger"):
            require_known(memory, core.bytes, less)
    require_known(memory, core.bytes, acts)
    memory.forget(*of_compartment(core.bytes))
    require_known(memory, core.bytes, acts[:which])


async def test_an_entry_without_its_act_and_an_act_without_its_entry_are_told(
    ana: Machine, cast: Scene, database: Database
) -> None:
    asked = await ask(ana, cast, database)
    logs, acts = read(ana.reader, asked.view), asked.acts
    taken = [each for each in acts if each.act == "vault_entry_taken"]
    # What waits for its place is excused, and can only be the newest.
    now = ana.reader.now()
    for gone, waiting, missing in ((taken[0], 0, 1), (taken[0], 5, 1), (taken[-1], 0, 1), (taken[-1], 1, 0)):
        less = [each for each in acts if each is not gone]
        assert answered(logs, less, [], asked.answer.asked, waiting=waiting, now=now).missing == missing
    # How many wait is the server's word: it excuses nothing that is older than moments.
    without = [each for each in acts if each.act != "vault_entry_taken"]
    late = answered(logs, without, [], asked.answer.asked, waiting=1_000_000, now=now + 3600)
    assert late.missing == len(taken)
    later = msgspec.structs.replace(taken[-1], facts={**taken[-1].facts, "number": 99})
    with pytest.raises(Conflict, match="does not show"):
        answered(logs, [*acts, later], [], asked.answer.asked, waiting=0, now=now)


async def test_somebody_who_was_removed_stands_out_when_they_are_given_something_later(
    ana: Machine, cast: Scene, network: Network, database: Database
) -> None:
    """The ledger's order counts and no clock: the very second after the removal is after it."""
    core = cast.case.core.id
    put = await ana.records.put(core.bytes, b"text")
    await ana.circles.decide(core.bytes, lambda _at: Remove(person=cast.member.id.bytes))
    async with database.transaction() as tx:
        await acting.record(tx, _fetched(cast, cast.member, network, put))
    found_ = row((await ask(ana, cast, database)).answer, cast.member)
    assert (found_.knower is not None, len(found_.against_the_logs)) == (True, 1)


async def test_an_export_shows_the_same_without_streha(
    ana: Machine, machines: Machines, founded: Founded, cast: Scene, database: Database
) -> None:
    core = cast.case.core.id.bytes
    put = await ana.records.put(core, b"text")
    boris = await machines.of(cast.member)
    await boris.records.get(core, put.record.bytes)
    found_ = await ask(ana, cast, database)
    with pytest.raises(InvalidInput, match="needs a reason"):
        await known_export.exported(ana.reader, found_, " ")
    package = await known_export.exported(ana.reader, found_, "Inquiry 3/31")
    shown = known_export.verified(package, founded.id)
    assert (shown.answer, shown.reason, shown.exported_by.name) == (
        found_.answer, "Inquiry 3/31", cast.coordinator.name,
    )  # fmt: skip
    with pytest.raises(Conflict, match="another network"):
        known_export.verified(package, bytes(32))
    for place in range(0, len(package), 61):
        with pytest.raises(Conflict):
            known_export.verified(package[:place] + bytes([package[place] ^ 1]) + package[place + 1 :], founded.id)
    async with database.reading() as tx:
        facts = await tx.rows("SELECT actor_id, facts FROM ledger WHERE act = 'vault_acts_exported'")
    assert [(each["actor_id"], each["facts"]) for each in facts] == [(cast.coordinator.id, {})]


async def test_a_grant_of_the_past_that_is_dated_far_from_now_is_not_stored(ana: Machine, cast: Scene) -> None:
    core = cast.case.core.id.bytes
    put = await ana.records.put(core, b"where she is")
    person = ana.reader.person
    for hours, refused in ((-1, True), (1, True), (0, False)):
        grant = HistoryGrant(
            log=core, member=cast.member.id.bytes, by=person.person, at=ana.reader.now() + hours * 3600,
            versions=[put.version.bytes], grant=b"sealed",
        )  # fmt: skip
        data = write_history_grant(person.keys.seed, person.network, grant)
        with pytest.raises(InvalidInput, match="clock") if refused else nullcontext():
            await ana.api.vault.give_history(cast.case.core.id, cast.member.id, data)
