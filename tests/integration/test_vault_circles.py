"""What a circle's log decides holds for everything else, and what anything else takes away holds for the circle."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from uuid import UUID

import pytest

from agencies.trust.deeds import Approve as ApproveInDirectory
from agencies.trust.deeds import Rekey
from cases.trust.deeds import Add, AddInEmergency, Approve, Close, Exclude, Hold, Readmit, Release, Remove
from cases.trust.records import Erase
from cases.vault import sweep
from core.errors import Conflict
from crypto import signing
from crypto.vault import sealed_box, statement
from tests.clock import MovableClock
from tests.opened import Opened
from tests.people import Network
from tests.served import Answered
from tests.vault_clients import data, text

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_vault")


async def members(opened: Opened) -> set[object]:
    """Return who is in the compartment, by the tables."""
    case = await opened.founded.api.services.cases.see(opened.cast.coordinator, opened.cast.case.id)
    return set(case.core.member_ids)


async def test_who_is_added_and_removed_by_entries_is_so_in_the_tables(opened: Opened) -> None:
    helper = opened.cast.police.workers[1]
    mine = await opened.coordinators()
    assert (await mine.decide(Add(person=helper.id.bytes))).status == 200
    assert helper.id in await members(opened)
    mine = await opened.coordinators()
    assert mine.due == [{"what": "epoch", "person": None}]
    assert (await mine.decide(Remove(person=helper.id.bytes))).status == 200
    assert helper.id not in await members(opened)
    (await opened.founded.ask(helper, "GET", mine.path)).require_problem(404)


async def test_nobody_is_let_in_without_a_signature_and_everybody_may_be_taken_out(opened: Opened) -> None:
    cases, cast = opened.founded.api.services.cases, opened.cast
    with pytest.raises(Conflict, match="signed entries"):
        await cases.add_member(cast.coordinator, cast.case.core.id, cast.police.workers[1].id)
    with pytest.raises(Conflict, match="signed entries"):
        await cases.set_leaders(cast.coordinator, cast.case.id, cast.deputy.id, cast.coordinator.id)
    # Before it happens, the member's next version would have been taken.
    written = (await opened.members()).version(opened.key, b"before")
    await cases.remove_member(cast.coordinator, cast.case.core.id, cast.member.id)
    theirs = await opened.founded.ask(cast.member, "POST", f"compartments/{cast.case.core.id}/records", written.body)
    theirs.require_problem(404)

    mine = await opened.coordinators()
    assert mine.due == [{"what": "remove", "person": str(cast.member.id)}]
    refused = (await mine.put_record(mine.version(opened.key, b"x").body)).require_problem(409)
    assert refused["outcome"] == "removal-due"
    assert (await mine.begin_epoch(os.urandom(32))).require_problem(409)["outcome"] == "removal-due"
    assert (await mine.decide(Remove(person=cast.member.id.bytes))).status == 200
    mine = await opened.coordinators()
    assert (await mine.put_record(mine.version(opened.key, b"x").body)).require_problem(409)["outcome"] == "epoch-due"
    key = os.urandom(32)
    assert (await mine.begin_epoch(key)).status == 200
    mine = await opened.coordinators()
    assert (await mine.put_record(mine.version(key, b"x").body)).status == 200


async def test_an_exclusion_from_the_core_is_one_from_the_case_and_is_ended_by_readmitting(opened: Opened) -> None:
    cast, services = opened.cast, opened.founded.api.services
    mine = await opened.coordinators()
    assert (await mine.decide(Exclude(person=cast.member.id.bytes, reason=b"sealed"))).status == 200
    assert (await services.cases.see(cast.coordinator, cast.case.id)).excluded_ids == {cast.member.id}
    (await opened.founded.ask(cast.member, "GET", mine.path)).require_problem(404)
    mine = await opened.coordinators()
    assert (await mine.decide(Readmit(person=cast.member.id.bytes))).status == 200
    assert (await services.cases.see(cast.coordinator, cast.case.id)).excluded_ids == frozenset()
    (await opened.founded.ask(cast.member, "GET", mine.path)).require_problem(404)


async def test_an_exclusion_without_a_signature_is_due_to_those_who_lead_alone(opened: Opened) -> None:
    cast = opened.cast
    await opened.founded.api.services.cases.exclude(cast.coordinator, cast.case.id, cast.member.id)
    assert (await opened.coordinators()).due == [{"what": "exclude", "person": str(cast.member.id)}]
    ngo = await opened.founded.circle(cast.ngo.worker, cast.case.core.id)
    assert ngo.due == []


async def test_an_emergency_lapses_in_the_tables_too_unless_somebody_agreed(
    opened: Opened, clock: MovableClock, network: Network
) -> None:
    cast = opened.cast
    first, second = cast.police.workers[1], cast.police.officer
    until = opened.founded.now + 3600
    mine = await opened.coordinators()
    entry = mine.member_entry(AddInEmergency(person=first.id.bytes, until=until))
    assert (await mine.put(entry)).status == 200
    mine = await opened.coordinators()
    assert (await mine.decide(AddInEmergency(person=second.id.bytes, until=until))).status == 200
    assert {first.id, second.id} <= await members(opened)
    theirs = await opened.members()
    assert (await theirs.decide(Approve(proposal=statement.hash_of(entry)))).status == 200
    await sweep.look(network.database, clock)
    assert {first.id, second.id} <= await members(opened)
    clock.move(timedelta(hours=1))
    opened.founded.tokens.clear()
    (await opened.founded.ask(second, "GET", mine.path)).require_problem(404)
    await sweep.look(network.database, clock)
    assert first.id in await members(opened)
    assert second.id not in await members(opened)
    # Let in again, for good this time.
    mine = await opened.coordinators()
    assert (await mine.decide(Add(person=second.id.bytes))).status == 200
    await sweep.look(network.database, clock)
    assert second.id in await members(opened)
    assert (await opened.coordinators()).due == [{"what": "epoch", "person": None}]


async def test_a_key_that_is_overdue_is_told_once_and_until_it_is_made(
    opened: Opened, clock: MovableClock, network: Network
) -> None:
    async def told() -> int:
        async with network.database.reading() as look:
            query = "SELECT count(*) FROM outbox WHERE template = 'vault_epoch_overdue'"
            return int(await look.value(query))

    async def since() -> object:
        async with network.database.reading() as look:
            return await look.value("SELECT due_since FROM vault_circles")

    await sweep.look(network.database, clock)
    assert await since() is None
    mine = await opened.coordinators()
    assert (await mine.decide(Remove(person=opened.cast.member.id.bytes))).status == 200
    await sweep.look(network.database, clock)
    assert await since() == clock.now()
    clock.move(timedelta(minutes=59))
    await sweep.look(network.database, clock)
    assert await told() == 0
    clock.move(timedelta(minutes=2))
    await sweep.look(network.database, clock)
    await sweep.look(network.database, clock)
    assert await told() == 1
    mine = await opened.coordinators()
    assert (await mine.begin_epoch(os.urandom(32))).status == 200
    await sweep.look(network.database, clock)
    assert await since() is None


async def test_of_two_who_write_at_once_one_is_first(opened: Opened) -> None:
    mine, theirs = await opened.coordinators(), await opened.members()
    async with asyncio.TaskGroup() as tasks:
        tried = [
            tasks.create_task(each.put_record(each.version(opened.key, b"at once").body))
            for each in (mine, theirs, mine, theirs)
        ]
    answers = [each.result() for each in tried]
    assert sorted(each.status for each in answers) == [200, 409, 409, 409]
    assert {each.json["outcome"] for each in answers if each.status == 409} == {"not-next"}
    async with opened.founded.api.network.database.reading() as look:
        assert await look.value("SELECT count(*) FROM vault_contents") == 1
        assert await look.value("SELECT count(*) FROM vault_wraps") == 1


async def test_what_was_answered_into_the_dark_may_be_sent_again(opened: Opened) -> None:
    mine = await opened.coordinators()
    body = mine.version(opened.key, b"once").body
    assert (await mine.put_record(body)).json == (await mine.put_record(body)).json == {"length": 1}
    mine = await opened.coordinators()
    entry, more = mine.epoch(os.urandom(32))
    written = mine.logs.records
    more["wraps"] = [
        {"version": str(UUID(bytes=each.write.version)), "wrap": text(mine.any_wrap())}
        for each in written.versions.values()
    ]
    assert (await mine.put(entry, **more)).json == (await mine.put(entry, **more)).json == {"length": 3}


async def test_a_members_entry_names_the_newest_of_the_records(opened: Opened) -> None:
    before, theirs = await opened.coordinators(), await opened.members()
    written = theirs.version(opened.key, b"before the removal")
    assert (await theirs.put_record(written.body)).status == 200
    # Whoever removes somebody has seen what they had written: none of it comes to stand behind the removal.
    removal = Remove(person=opened.cast.member.id.bytes)
    assert (await before.decide(removal)).require_problem(409)["outcome"] == "not-next"
    mine = await opened.coordinators()
    assert (await mine.decide(removal)).status == 200
    found = (await opened.coordinators()).logs.records.versions[written.hash]
    assert not found.quarantined


async def test_other_keys_make_another_key_due_and_let_nobody_in_by_themselves(
    opened: Opened, clock: MovableClock, network: Network
) -> None:
    async def since() -> object:
        async with network.database.reading() as look:
            return await look.value("SELECT due_since FROM vault_circles")

    founded, person = opened.founded, opened.cast.member
    other, seed, secret = next(
        each for agency, each in founded.administrators.items() if agency != person.agency_id
    ), signing.new_seed(), os.urandom(32)  # fmt: skip
    directory = await founded.directory(other)
    rekey = Rekey(
        person=person.id.bytes, signing_key=signing.public_key(seed), box_key=sealed_box.public_key(secret),
        until=founded.now + 60,
    )  # fmt: skip
    entry = founded.entry(other, rekey, directory)
    assert (await founded.ask(other, "POST", "directory", {"entry": text(entry)})).status == 200
    own = founded.administrators[person.agency_id]
    assert (await founded.decide(own, ApproveInDirectory(proposal=statement.hash_of(entry)))).status == 200
    network.seeds[person.id], founded.secrets[person.id] = seed, secret
    founded.tokens.clear()
    await sweep.look(network.database, clock)
    assert await since() == clock.now()

    mine = await opened.coordinators()
    assert mine.due == [{"what": "epoch", "person": None}]
    assert (await mine.put_record(mine.version(opened.key, b"x").body)).require_problem(409)["outcome"] == "epoch-due"
    # Neither the old keys nor the new ones come in, and alerts still reach the person.
    (await founded.ask(person, "GET", mine.path)).require_problem(404)
    assert person.id in await members(opened)
    key = os.urandom(32)
    assert (await mine.begin_epoch(key)).status == 200
    mine = await opened.coordinators()
    assert person.id.bytes not in mine.logs.circle.granted
    assert mine.due == []
    await sweep.look(network.database, clock)
    assert await since() is None

    assert (await mine.decide(Add(person=person.id.bytes))).status == 200
    mine = await opened.coordinators()
    assert mine.due == [{"what": "epoch", "person": None}]
    newest = os.urandom(32)
    assert (await mine.begin_epoch(newest)).status == 200
    assert await (await opened.members()).accept() == newest


async def test_an_epoch_comes_whole_or_not_at_all(opened: Opened) -> None:
    mine = await opened.coordinators()
    written = mine.version(opened.key, b"one")
    assert (await mine.put_record(written.body)).status == 200
    mine = await opened.coordinators()
    entry, more = mine.epoch(os.urandom(32))
    wrap = {"version": str(written.version), "wrap": text(mine.any_wrap())}
    other = {**wrap, "version": str(written.record)}
    of_another_epoch = {**wrap, "wrap": text(b"\x01" + (1).to_bytes(8) + bytes(72))}
    grants = more["grants"]
    swapped = [{**grants[0], "statement": grants[1]["statement"]}, *grants[1:]]
    for wrong, outcome in (
        ({**more, "wraps": []}, "not-next"),
        ({**more, "wraps": [wrap, wrap]}, "not-next"),
        ({**more, "wraps": [wrap, other]}, "not-next"),
        ({**more, "wraps": [of_another_epoch]}, "of-another-place"),
        ({"wraps": [wrap], "grants": grants[1:]}, "not-as-written"),
        ({"wraps": [wrap], "grants": [*grants, grants[0]]}, "not-as-written"),
        ({"wraps": [wrap], "grants": swapped}, "of-another-place"),
    ):
        answered = await mine.put(entry, **wrong)
        assert answered.json["outcome"] == outcome, answered.body
    assert (await mine.decide(Remove(person=opened.cast.member.id.bytes))).status == 200
    async with opened.founded.api.network.database.reading() as look:
        assert await look.value("SELECT max(epoch) FROM vault_epoch_grants") == 1
        assert await look.value("SELECT max(epoch) FROM vault_wraps") == 1


async def test_a_version_is_what_its_entry_says_under_the_newest_key(opened: Opened) -> None:
    mine = await opened.coordinators()
    written = mine.version(opened.key, b"x" * 600)
    good, content = written.body, data(written.body["content"])
    short = text(content[:-1])
    for wrong, status, outcome in (
        ({**good, "content": None}, 400, "not-as-written"),
        ({**good, "wrap": None}, 400, "not-as-written"),
        ({**good, "content": short}, 400, "seal-broken"),
        ({**good, "content": text(b"\x02" + content[1:])}, 400, "unknown-version"),
        ({**good, "content": text(b"\x01")}, 400, "not-whole"),
        ({**good, "wrap": text(b"\x01" + (2).to_bytes(8) + bytes(72))}, 400, "of-another-place"),
        ({**good, "wrap": text(b"\x01" + (0).to_bytes(8) + bytes(72))}, 409, "epoch-due"),
        ({**good, "entry": text(mine.record_entry(Erase(record=written.record.bytes)))}, 400, "void"),
        ({**good, "entry": text(data(good["entry"])[:-1] + b"\x01")}, 400, "signature-wrong"),
    ):
        assert (await mine.put_record(wrong)).require_problem(status)["outcome"] == outcome
    assert (await mine.put_record(good)).status == 200


async def test_one_mebibyte_goes_in_and_comes_out(opened: Opened) -> None:
    mine = await opened.coordinators()
    long = os.urandom(1024 * 1024)
    written = mine.version(opened.key, long)
    assert (await mine.put_record(written.body)).status == 200
    answer = (await opened.founded.ask(mine.person, "GET", f"{mine.path}/versions/{written.version}")).json
    assert mine.read(opened.key, written, answer) == long


async def test_what_is_erased_is_gone_and_only_leaders_erase(opened: Opened) -> None:
    mine = await opened.coordinators()
    written = mine.version(opened.key, b"gone")
    assert (await mine.put_record(written.body)).status == 200
    theirs = await opened.members()
    entry = text(theirs.record_entry(Erase(record=written.record.bytes)))
    assert (await theirs.put_record({"entry": entry})).require_problem(400)["outcome"] == "not-empowered"
    mine = await opened.coordinators()
    entry = text(mine.record_entry(Erase(record=written.record.bytes)))
    assert (await mine.put_record({"entry": entry})).status == 200
    (await opened.founded.ask(mine.person, "GET", f"{mine.path}/versions/{written.version}")).require_problem(404)
    async with opened.founded.api.network.database.reading() as look:
        assert await look.value("SELECT count(*) FROM vault_contents") == 0
        assert await look.value("SELECT count(*) FROM vault_wraps") == 0
        acts = [row["act"] for row in await look.rows("SELECT act FROM ledger ORDER BY entry")]
    assert acts.count("vault_entry_refused") == 1


async def test_under_a_legal_hold_nothing_is_erased_or_closed_until_two_agencies_release_it(opened: Opened) -> None:
    network, cast = opened.founded.api.network, opened.cast
    mine = await opened.coordinators()
    written = mine.version(opened.key, b"evidence")
    assert (await mine.put_record(written.body)).status == 200
    theirs = await opened.members()
    assert (await theirs.decide(Hold())).require_problem(400)["outcome"] == "not-empowered"
    deputy = await opened.founded.circle(cast.deputy, cast.case.core.id)
    assert (await deputy.decide(Hold())).status == 200

    async def tries_to_erase() -> Answered:
        mine = await opened.coordinators()
        return await mine.put_record({"entry": text(mine.record_entry(Erase(record=written.record.bytes)))})

    assert (await tries_to_erase()).require_problem(400)["outcome"] == "void"
    mine = await opened.coordinators()
    assert (await mine.decide(Close())).require_problem(400)["outcome"] == "void"
    with pytest.raises(Conflict, match="legal hold"):
        await network.closing.close_case(cast.coordinator, cast.case.id)
    release = mine.member_entry(Release(until=opened.founded.now + 3600))
    assert (await mine.put(release)).status == 200
    approval = Approve(proposal=statement.hash_of(release))
    mine = await opened.coordinators()
    assert (await mine.decide(approval)).require_problem(400)["outcome"] == "not-empowered"
    assert (await tries_to_erase()).require_problem(400)["outcome"] == "void"
    answer = await opened.founded.ask(mine.person, "GET", f"{mine.path}/versions/{written.version}")
    assert mine.read(opened.key, written, answer.json) == b"evidence"

    deputy = await opened.founded.circle(cast.deputy, cast.case.core.id)
    assert (await deputy.decide(approval)).status == 200
    assert (await tries_to_erase()).status == 200
    await network.closing.close_case(cast.coordinator, cast.case.id)


async def test_somebody_else_s_word_and_another_moment_are_refused(opened: Opened) -> None:
    mine, cast = await opened.coordinators(), opened.cast
    helper = cast.police.workers[1]
    forged = mine.member_entry(Add(person=helper.id.bytes), author=cast.deputy)
    assert (await mine.put(forged)).require_problem(400)["outcome"] == "not-empowered"
    for seconds in (-601, 601):
        entry = mine.member_entry(Add(person=helper.id.bytes), at=opened.founded.now + seconds)
        assert (await mine.put(entry)).require_problem(400)["outcome"] == "moment-far"
    entry = mine.member_entry(Add(person=helper.id.bytes), at=opened.founded.now + 600)
    assert (await mine.put(entry)).status == 200


async def test_a_first_entry_says_what_is_recorded(opened: Opened, network: Network) -> None:
    cast, founded = opened.cast, opened.founded
    circle = await network.cases.open_compartment(cast.coordinator, cast.case.id, [cast.member.id, cast.deputy.id])
    mine = await founded.circle(cast.coordinator, circle.id)
    for deputy, members_ in (
        (cast.deputy, {cast.coordinator.id, cast.deputy.id}),
        (cast.deputy, {*circle.member_ids, cast.ngo.worker.id}),
    ):
        answered = await mine.open(cast.case.id, deputy, members_)
        assert answered.require_problem(400)["outcome"] == "not-as-recorded"
    assert (await mine.open(circle.id, cast.deputy, circle.member_ids)).require_problem(400)["outcome"] == (
        "not-as-recorded"
    )
    assert (await mine.open(cast.case.id, cast.deputy, circle.member_ids)).status == 200
