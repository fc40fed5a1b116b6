"""Records on people's machines, through the real API: written, read, in conflict, re-keyed, given on, erased."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from agencies.trust.deeds import Approve, Attest, Rekey
from cases.trust.deeds import Add, Close, Hold, Keep, Remove
from cases.trust.records import MOST_FOLLOWED
from cases.vault.fetching import MOST_HISTORY
from client.vault import exporting, histories
from client.vault.circles import reason_of
from client.vault.records import KEPT_NO_LONGER, Opened, current, difference, history
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from crypto import signing
from crypto.vault import padding, sealed_box
from safety_plans.retention import look
from tests.clock import MovableClock
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, attested
from tests.vault_machines import Machine, Machines

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_vault", "tests.fixtures_machines")


def texts(opened: list[Opened]) -> list[bytes]:
    return [each.text for each in opened]


async def test_what_one_member_writes_another_reads(ana: Machine, machines: Machines, cast: Scene) -> None:
    core = cast.case.core.id.bytes
    put = await ana.records.put(core, "Čuvaj se".encode(), kind="plan")
    boris = await machines.of(cast.member)
    (opened,), view = await boris.records.get(core, put.record.bytes)
    assert (opened.text.decode(), opened.version.write.kind, opened.current) == ("Čuvaj se", "plan", True)
    assert view.directory.people[opened.version.by].name == cast.coordinator.name
    again = await boris.records.put(core, b"second", record=put.record.bytes)
    assert again.beside == ()
    opened_, view = await ana.records.get(core, put.record.bytes)
    assert texts(opened_) == [b"second"]
    assert [each.by for each in history(view, put.record.bytes)] == [cast.coordinator.id.bytes, cast.member.id.bytes]
    old, _ = await boris.records.get_version(core, put.version.bytes)
    assert (old.text.decode(), old.current) == ("Čuvaj se", False)
    assert difference(old, opened_[0], ("one", "other")) == [
        "--- one",
        "+++ other",
        "@@ -1 +1 @@",
        "-Čuvaj se",
        "+second",
    ]
    everything, _ = await boris.records.all_current(core)
    assert texts(everything) == [b"second"]


async def test_nothing_is_overwritten_unread(ana: Machine, machines: Machines, cast: Scene) -> None:
    core = cast.case.core.id.bytes
    put = await ana.records.put(core, b"first")
    boris = await machines.of(cast.member)
    # Whoever has never read the record does not follow it.
    with pytest.raises(Conflict, match="have not read on this machine"):
        await boris.records.put(core, b"unseen", record=put.record.bytes)
    with pytest.raises(Conflict, match="have not read on this machine"):
        await boris.records.put(core, b"unseen", record=put.record.bytes, beside=True)
    await boris.records.get(core, put.record.bytes)
    await ana.records.put(core, b"by ana", record=put.record.bytes)
    with pytest.raises(Conflict, match="have not read on this machine"):
        await boris.records.put(core, b"by boris", record=put.record.bytes)
    beside = await boris.records.put(core, b"by boris", record=put.record.bytes, beside=True)
    assert [each.by for each in beside.beside] == [cast.coordinator.id.bytes]
    both, view = await ana.records.get(core, put.record.bytes)
    assert sorted(texts(both)) == [b"by ana", b"by boris"]
    assert view.compartment.records.in_conflict() == {put.record.bytes}
    await ana.records.put(core, b"both together", record=put.record.bytes)
    (one,), view = await boris.records.get(core, put.record.bytes)
    assert one.text == b"both together"
    assert not view.compartment.records.in_conflict()


async def test_more_versions_than_one_can_follow_are_brought_together_in_turns(
    ana: Machine, machines: Machines, cast: Scene
) -> None:
    core = cast.case.core.id.bytes
    first = await ana.records.put(core, b"first")
    everybody = [await machines.of(each) for each in (cast.deputy, cast.member, cast.ngo.worker)]
    # Each writes from what they read at first, as often as it takes.
    for number in range(MOST_FOLLOWED + 2):
        writer = everybody[number % len(everybody)]
        writer.reader.memory.remember_read(core, first.record.bytes, frozenset({first.hash}))
        await writer.records.put(core, f"by {number}".encode(), record=first.record.bytes, beside=True)
    found, _ = await ana.records.get(core, first.record.bytes)
    assert len(found) == MOST_FOLLOWED + 2
    put = await ana.records.put(core, b"sixteen of them", record=first.record.bytes)
    left = [each.version.hash for each in found[MOST_FOLLOWED:]]
    assert [each.hash for each in put.beside] == left
    # They were read, and are gone on with at once.
    assert (await ana.records.put(core, b"all", record=first.record.bytes)).beside == ()
    (last,), _ = await ana.records.get(core, first.record.bytes)
    assert (last.text, set(last.version.write.follows)) == (b"all", {put.hash, *left})


async def test_those_who_are_second_fetch_again_and_are_not_lost(ana: Machine, machines: Machines, cast: Scene) -> None:
    core = cast.case.core.id.bytes
    everybody = [ana, *[await machines.of(each) for each in (cast.deputy, cast.member, cast.ngo.worker)]]
    await asyncio.gather(*(each.records.put(core, f"by {number}".encode()) for number, each in enumerate(everybody)))  # noqa: TID251 (nobody may be cancelled for another)
    opened, view = await ana.records.all_current(core)
    assert sorted(texts(opened)) == [b"by 0", b"by 1", b"by 2", b"by 3"]
    assert len(view.compartment.written.hashes) == len(everybody)


async def test_a_newcomer_reads_what_is_current_and_the_past_by_a_grant(
    ana: Machine, machines: Machines, cast: Scene
) -> None:
    core, newcomer = cast.case.core.id.bytes, cast.shelter.workers[1]
    put = await ana.records.put(core, b"old")
    await ana.records.put(core, b"new", record=put.record.bytes)
    decided = await ana.circles.decide(core, lambda _at: Add(person=newcomer.id.bytes))
    assert (decided.keyed, (await ana.reader.refresh(core)).circle.epoch) == (True, 2)
    goran = await machines.of(newcomer)
    opened, view = await goran.records.get(core, put.record.bytes)
    assert texts(opened) == [b"new"]
    with pytest.raises(NotFound, match="from before you were a member"):
        await goran.records.get_version(core, put.version.bytes)
    mine = await ana.reader.refresh(core)
    keys = {
        each.write.version: (await ana.records.key_and_content(mine, each))[0]
        for each in history(mine, put.record.bytes)
    }
    await histories.give(ana.reader, mine, newcomer.id.bytes, keys)
    old, _ = await goran.records.get_version(core, put.version.bytes)
    assert old.text == b"old"
    # However many others come after it: what one was given is found.
    later = {each: key for each, key in keys.items() if each != put.version.bytes}
    for _each in range(MOST_HISTORY + 1):
        await histories.give(ana.reader, mine, newcomer.id.bytes, later)
    old, _ = await goran.records.get_version(core, put.version.bytes)
    assert old.text == b"old"
    with pytest.raises(Conflict, match="Only members"):
        await histories.give(ana.reader, view, cast.stranger.id.bytes, keys)


async def test_whoever_is_removed_is_out_and_the_rest_have_another_key(
    ana: Machine, machines: Machines, cast: Scene
) -> None:
    core = cast.case.core.id.bytes
    boris = await machines.of(cast.member)
    put = await boris.records.put(core, b"by boris")
    first = await boris.keys.key(await boris.reader.refresh(core), 1)
    decided = await ana.circles.decide(core, lambda _at: Remove(person=cast.member.id.bytes))
    assert decided.keyed
    with pytest.raises(NotFound):
        await boris.records.put(core, b"too late")
    with pytest.raises(NotFound):
        await boris.reader.refresh(core)
    view, number, key = await ana.keys.current(core)
    assert (number, key != first, cast.member.id.bytes in view.circle.members) == (2, True, False)
    (opened,), _ = await ana.records.get(core, put.record.bytes)
    assert opened.text == b"by boris"


async def test_the_next_who_writes_begins_the_epoch_that_is_due(
    api: ServedApi, ana: Machine, machines: Machines, cast: Scene
) -> None:
    core = cast.case.core.id
    put = await ana.records.put(core.bytes, b"first")
    # By a way that needs no signature: it holds at once, and the log hears of it from a leader's machine.
    await api.network.cases.remove_member(cast.coordinator, core, cast.member.id)
    boris = await machines.of(cast.member)
    with pytest.raises(NotFound):
        await boris.reader.refresh(core.bytes)
    assert await ana.circles.take_over_due(core.bytes, lambda _view, _each: True) == [cast.member.id.bytes]
    await ana.records.get(core.bytes, put.record.bytes)
    await ana.records.put(core.bytes, b"second", record=put.record.bytes)
    view = await ana.reader.refresh(core.bytes)
    assert (view.circle.epoch, view.due) == (2, ())


async def test_whoever_has_other_keys_reads_what_was_granted_to_these(
    ana: Machine, machines: Machines, cast: Scene, founded: Founded
) -> None:
    core, person = cast.case.core.id.bytes, cast.member
    put = await ana.records.put(core, b"one")
    seed, secret = signing.new_seed(), bytes([3]) * 32
    rekey = Rekey(
        person=person.id.bytes, signing_key=signing.public_key(seed), box_key=sealed_box.public_key(secret),
        until=founded.now + 60,
    )  # fmt: skip
    other = next(each for agency, each in founded.administrators.items() if agency != person.agency_id)
    assert (await founded.decide(other, rekey)).status == 200
    (proposal,) = (await founded.directory(other)).now.proposals
    own = founded.administrators[person.agency_id]
    assert (await founded.decide(own, Approve(proposal=proposal))).status == 200
    founded.api.network.seeds[person.id], founded.secrets[person.id] = seed, secret
    theirs = await machines.of(person)
    with pytest.raises(NotFound):
        await theirs.records.get(core, put.record.bytes)

    await ana.records.put(core, b"two", record=put.record.bytes)
    assert (await ana.circles.decide(core, lambda _at: Add(person=person.id.bytes))).keyed
    opened, _ = await theirs.records.get(core, put.record.bytes)
    assert texts(opened) == [b"two"]
    # What only their former keys open is not there for them; nobody has altered anything.
    with pytest.raises(NotFound, match="nobody has given it to you"):
        await theirs.records.get_version(core, put.version.bytes)


async def test_an_erased_record_is_gone(ana: Machine, machines: Machines, cast: Scene) -> None:
    core = cast.case.core.id.bytes
    boris = await machines.of(cast.member)
    put = await boris.records.put(core, b"not for ever")
    with pytest.raises(Conflict, match="You may not do this here"):
        await boris.records.erase(core, put.record.bytes)
    await ana.records.erase(core, put.record.bytes)
    for mine in (ana, boris):
        with pytest.raises(NotFound, match="was erased"):
            await mine.records.get(core, put.record.bytes)
        with pytest.raises(NotFound, match="was erased"):
            await mine.records.get_version(core, put.version.bytes)


async def test_an_exclusion_s_reason_is_for_the_two_who_lead(ana: Machine, machines: Machines, cast: Scene) -> None:
    core, barred = cast.case.core.id.bytes, cast.member.id.bytes
    with pytest.raises(InvalidInput, match="needs a reason"):
        await ana.circles.exclude(core, barred, " ")
    await ana.circles.exclude(core, barred, "His sister works for them")
    deputy = await machines.of(cast.deputy)
    assert reason_of(await deputy.reader.refresh(core), barred) == "His sister works for them"
    other = await machines.of(cast.ngo.worker)
    view = await other.reader.refresh(core)
    assert (barred in view.circle.excluded, reason_of(view, barred)) == (True, "")


async def test_a_text_that_is_too_long_is_said_before_anything_is_sent(ana: Machine, cast: Scene) -> None:
    core = cast.case.core.id.bytes
    with pytest.raises(InvalidInput, match="at most 1048576"):
        await ana.records.put(core, b"x" * (padding.LONGEST_TEXT + 1))
    put = await ana.records.put(core, b"x" * padding.LONGEST_TEXT)
    (opened,), view = await ana.records.get(core, put.record.bytes)
    assert len(opened.text) == padding.LONGEST_TEXT
    assert len(current(view, put.record.bytes)) == 1


async def test_an_export_shows_who_wrote_what_without_streha(
    ana: Machine, machines: Machines, founded: Founded, cast: Scene, database: Database
) -> None:
    core = cast.case.core.id.bytes
    put = await ana.records.put(core, b"what was agreed")
    boris = await machines.of(cast.member)
    with pytest.raises(InvalidInput, match="needs a reason"):
        await exporting.exported(boris.reader, boris.records, core, [put.version.bytes], " ")
    package, _ = await exporting.exported(boris.reader, boris.records, core, [put.version.bytes], "Order K 12/26")
    shown = exporting.verified(package, founded.id)
    (one,) = shown.versions
    assert (one.opened.text, one.author.name, one.agency, one.number) == (
        b"what was agreed", cast.coordinator.name, cast.shelter.agency.name, 0,
    )  # fmt: skip
    assert (shown.reason, shown.exported_by.name) == ("Order K 12/26", cast.member.name)
    async with database.reading() as tx:
        acts = await tx.rows("SELECT actor_id FROM ledger WHERE act = 'record_exported'")
    assert [each["actor_id"] for each in acts] == [cast.member.id]
    # Whoever has another name by now wrote it under the one of then.
    said = attested(cast.coordinator, founded.secrets[cast.coordinator.id])
    renamed = {each: getattr(said, each) for each in said.__struct_fields__} | {"name": "Somebody Else"}
    boss = founded.administrators[cast.coordinator.agency_id]
    assert (await founded.decide(boss, Attest(**renamed, until=founded.now + 3600))).status == 200
    later, view = await exporting.exported(boris.reader, boris.records, core, [put.version.bytes], "Order K 13/26")
    assert view.directory.people[cast.coordinator.id.bytes].name == "Somebody Else"
    assert exporting.verified(later, founded.id).versions[0].author.name == cast.coordinator.name
    with pytest.raises(Conflict, match="another network"):
        exporting.verified(package, bytes(32))
    for place in range(0, len(package), 97):
        with pytest.raises(Conflict):
            exporting.verified(package[:place] + bytes([package[place] ^ 1]) + package[place + 1 :], founded.id)


async def test_what_is_kept_no_longer_was_erased_and_what_is_missing_before_is_not(
    ana: Machine, machines: Machines, cast: Scene, api: ServedApi, clock: MovableClock
) -> None:
    core, database = cast.case.core.id.bytes, api.network.database
    put = await ana.records.put(core, b"sealed")
    boris = await machines.of(cast.member)
    day = int((clock.now() + timedelta(days=40)).timestamp())
    await ana.circles.keep(core, lambda _at: Keep(until=day))
    await ana.circles.keep(core, lambda _at: Close())
    # A server that erases early, or in spite of a hold, is no lawful one: it is not said to be.
    clock.move(timedelta(days=31))
    assert await look(database, clock) == 0
    assert texts((await boris.records.get(core, put.record.bytes))[0]) == [b"sealed"]
    async with database.transaction() as tx:
        await tx.run("DELETE FROM vault_contents")
    with pytest.raises(NotFound) as missing:
        await boris.records.get(core, put.record.bytes)
    assert missing.value.reason != KEPT_NO_LONGER
    clock.move(timedelta(days=10))
    with pytest.raises(NotFound) as erased:
        await boris.records.get(core, put.record.bytes)
    assert erased.value.reason == KEPT_NO_LONGER
    await ana.circles.keep(core, lambda _at: Hold())
    with pytest.raises(NotFound) as held:
        await boris.records.get(core, put.record.bytes)
    assert held.value.reason != KEPT_NO_LONGER
