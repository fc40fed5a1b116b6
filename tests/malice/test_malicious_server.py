"""A malicious server against people's machines: every lie is found, said in one sentence, and nothing comes of it.

Source: what a malicious server must be caught at (docs/protocol.md, *Arguments*). The server is a process of its own
that rewrites real answers (`tests.malice.proxy`); the client, Streha and PostgreSQL are the real ones.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from agencies.model import Person
from agencies.trust.deeds import Revoke
from cases.trust.deeds import Add, Propose, Remove, Withdraw
from cases.trust.grants import EpochGrant, write_epoch_grant
from cases.trust.records import Write
from client import errors
from client.vault import histories, refusals
from client.vault.circles import TakeAway
from client.vault.epochs import KEY_WITHHELD, NO_WRAP
from client.vault.reading import View
from client.vault.records import Put, find_version
from client.vault.saying import NOT_KNOWN
from core.clock import SystemClock
from core.errors import StrehaError
from core.settings import Settings
from crypto.vault import epoch, statement
from tests.clock import MovableClock
from tests.malice.town import Town, malicious_town, remembered
from tests.people import Network
from tests.vault_machines import Machine
from tests.vault_people import people_with_open_keys


@pytest.fixture
async def town(network: Network, settings: Settings, tmp_path: Path) -> AsyncIterator[Town]:
    async with malicious_town(network, settings, tmp_path) as made:
        yield made


class Story:
    """A compartment with two records, one of them with two versions, that its members have read."""

    def __init__(self, town: Town, coordinator: Machine, member: Machine, first: Put, second: Put) -> None:
        self.town, self.coordinator, self.member = town, coordinator, member
        self.compartment = town.core.bytes
        self.first, self.second = first.record.bytes, second.record.bytes
        self.first_version = first.version

    async def refused(self, machine: Machine, attack: str, argument: str = "", *, writes: bool = False) -> str:
        """Let a machine read under an attack, or write; return the sentence that it is refused with.

        That changes nothing that the machine remembers, and nothing that the server holds.
        """
        before, held = remembered(machine), await self.held()
        await self.town.malice.begin(attack, argument)
        acting: Awaitable[object] = (
            machine.records.put(self.compartment, b"Not to be written")
            if writes
            else machine.records.get(self.compartment, self.first)
        )
        with pytest.raises(StrehaError) as refused:
            await acting
        await self.town.malice.begin("honest")
        assert remembered(machine) == before
        assert await self.held() == held
        # Once the server is honest again, nothing has been spoilt.
        (opened,), _ = await machine.records.get(self.compartment, self.first)
        assert opened.text == b"Second words"
        return refused.value.reason

    async def remove_somebody(self) -> None:
        """Remove a member of whom nothing else is told; the epoch that is due then is begun with it."""
        kept = {self.coordinator.person.id, self.town.scene.deputy.id, self.member.person.id}
        gone = min(self.town.scene.case.core.member_ids - kept)
        decided = await self.coordinator.circles.decide(self.compartment, lambda _at: Remove(person=gone.bytes))
        assert decided.keyed

    async def held(self) -> list[int]:
        async with self.town.api.network.database.reading() as tx:
            rows = await tx.rows("SELECT length FROM vault_logs ORDER BY kind, log")
        return [row["length"] for row in rows]


@pytest.fixture
async def story(town: Town) -> Story:
    scene = town.scene
    coordinator, member = await town.machine(scene.coordinator), await town.machine(scene.member)
    core = scene.case.core
    await coordinator.open_(scene.case, core.id, scene.deputy)
    first = await coordinator.records.put(core.id.bytes, b"First words")
    await coordinator.records.put(core.id.bytes, b"Second words", record=first.record.bytes)
    second = await coordinator.records.put(core.id.bytes, b"Other words")
    made = Story(town, coordinator, member, first, second)
    (opened,), _ = await member.records.get(core.id.bytes, made.first)
    assert opened.text == b"Second words"
    return made


NEWLY_SHOWN = [
    ("ghost-member", "", refusals.NOT_ALLOWED),
    ("ghost-attested", "", refusals.NOT_ALLOWED),
    ("flipped", "directory", refusals.ALTERED),
    ("flipped", "members", refusals.ALTERED),
    ("flipped", "records", refusals.ALTERED),
    ("reordered", "members", refusals.ALTERED),
    ("reordered", "records", refusals.ALTERED),
    ("doubled", "directory", refusals.ALTERED),
    ("doubled", "members", refusals.ALTERED),
    ("doubled", "records", refusals.ALTERED),
    ("key-replaced", "", refusals.ALTERED),
    ("other-network", "", refusals.OTHER_NETWORK),
    # Records were written by people who had seen more than is shown.
    ("truncated", "directory", refusals.BEHIND),
    ("truncated", "members", refusals.BEHIND),
]


async def test_a_machine_that_has_seen_nothing_yet_is_not_deceived(story: Story) -> None:
    said = []
    for attack, argument, _sentence in NEWLY_SHOWN:
        for writes in (False, True):
            fresh = await story.town.machine(story.town.scene.member)
            said.append((attack, argument, await story.refused(fresh, attack, argument, writes=writes)))
    assert said == [each for each in NEWLY_SHOWN for _ in range(2)]


SHOWN_AGAIN = [
    ("ghost-member", "", refusals.NOT_ALLOWED),
    ("ghost-attested", "", refusals.NOT_ALLOWED),
    ("flipped", "directory", refusals.ALTERED),
    ("flipped", "members", refusals.ALTERED),
    ("flipped", "records", refusals.ALTERED),
    ("other-network", "", refusals.SHORTER),
    ("truncated", "directory", refusals.SHORTER),
    ("truncated", "members", refusals.SHORTER),
    ("truncated", "records", refusals.SHORTER),
    # What anybody can sign is no proof of a fork: nothing of it is kept, and it stops nothing for ever.
    ("signed-anew", "directory", refusals.ALTERED),
    ("signed-anew", "members", refusals.ALTERED),
    ("signed-anew", "records", refusals.ALTERED),
    ("seen-otherwise", "members", refusals.ALTERED),
    ("seen-otherwise", "records", refusals.ALTERED),
]


async def test_a_machine_that_remembers_is_not_deceived(story: Story) -> None:
    said = [
        (attack, argument, await story.refused(story.member, attack, argument, writes=writes))
        for attack, argument, _sentence in SHOWN_AGAIN
        for writes in (False, True)
    ]
    assert said == [each for each in SHOWN_AGAIN for _ in range(2)]


GIVEN = [
    ("content-flipped", refusals.ALTERED),
    ("content-cut", refusals.ALTERED),
    ("content-extended", refusals.ALTERED),
    ("wrap-flipped", refusals.ALTERED),
    ("wrap-cut", refusals.ALTERED),
    ("grant-flipped", refusals.ALTERED),
    ("grant-cut", refusals.ALTERED),
]


async def test_sealed_bytes_that_were_changed_open_nothing(story: Story) -> None:
    said = []
    for attack, _sentence in GIVEN:
        fresh = await story.town.machine(story.town.scene.member)
        # The logs are as they should be, and are remembered.
        await fresh.reader.refresh(story.compartment)
        said.append((attack, await story.refused(fresh, attack)))
    assert said == GIVEN


async def test_a_version_in_the_place_of_another_opens_nothing(story: Story) -> None:
    await story.town.malice.begin("versions-exchanged")
    (opened,), _ = await story.member.records.get(story.compartment, story.second)
    assert opened.text == b"Other words"
    with pytest.raises(StrehaError) as refused:
        await story.member.records.get(story.compartment, story.first)
    assert refused.value.reason == refusals.ALTERED


async def test_an_old_version_in_the_place_of_the_newest_opens_nothing(story: Story) -> None:
    await story.town.malice.begin("versions-exchanged")
    opened, _ = await story.member.records.get_version(story.compartment, story.first_version.bytes)
    assert opened.text == b"First words"
    with pytest.raises(StrehaError) as refused:
        await story.member.records.get(story.compartment, story.first)
    assert refused.value.reason == refusals.ALTERED


async def test_a_removal_that_is_withheld_is_found_by_what_others_have_seen(story: Story) -> None:
    await story.remove_somebody()
    await story.coordinator.records.put(story.compartment, b"After the removal")
    # Whoever knew of less before, and whoever knew of nothing: what was written since names the removal.
    assert await story.refused(story.member, "removal-withheld") == refusals.BEHIND
    fresh = await story.town.machine(story.town.scene.member)
    assert await story.refused(fresh, "removal-withheld") == refusals.BEHIND


async def test_whoever_was_removed_replaces_nothing_with_the_server_s_help(story: Story) -> None:
    """They sign a version as if they had not heard of it; the server puts it behind their removal."""
    theirs = await story.town.founded.circle(story.member.person, story.town.core)
    (current,) = theirs.logs.records.current[story.first]
    late = theirs.record_entry(
        Write(
            record=story.first, version=bytes([5]) * 16, kind="note", content=bytes(32), promise=bytes(32),
            follows=[current],
        )
    )  # fmt: skip
    await story.coordinator.circles.decide(
        story.compartment, lambda _at: Remove(person=story.member.person.id.bytes)
    )  # fmt: skip
    await story.town.malice.begin("lengthened", "records:" + base64.b64encode(late).decode())
    for machine in (story.coordinator, await story.town.machine(story.town.scene.deputy)):
        view = await machine.reader.refresh(story.compartment)
        assert view.compartment.records.current[story.first] == {current}
        assert view.compartment.records.versions[statement.hash_of(late)].quarantined
        (opened,), _ = await machine.records.get(story.compartment, story.first)
        assert opened.text == b"Second words"


async def test_different_keys_for_different_members_are_found_by_whoever_has_the_wrong_one(story: Story) -> None:
    """An insider gives one member a grant, well signed, with another key than the one that was promised."""
    view = await story.coordinator.reader.refresh(story.compartment)
    which = epoch.Epoch(network=story.town.founded.id, compartment=story.compartment, number=view.circle.epoch)
    fresh = await story.town.machine(story.town.scene.member)
    await fresh.reader.refresh(story.compartment)
    sentence = await story.refused(
        fresh, "grant-replayed", _grant(story, story.coordinator.person, fresh.person, which, bytes([5]) * 32)
    )
    assert sentence == refusals.KEY_NOT_PROMISED


async def test_a_grant_for_somebody_else_or_of_an_epoch_that_is_over_is_worth_nothing(story: Story) -> None:
    old = (await story.town.founded.ask(story.member.person, "GET", f"compartments/{story.town.core}/grant")).json
    others = (
        await story.town.founded.ask(story.coordinator.person, "GET", f"compartments/{story.town.core}/grant")
    ).json
    fresh = await story.town.machine(story.town.scene.member)
    await fresh.reader.refresh(story.compartment)
    assert await story.refused(fresh, "grant-replayed", others["statement"]) == refusals.ALTERED
    await story.remove_somebody()
    fresh = await story.town.machine(story.town.scene.member)
    await fresh.reader.refresh(story.compartment)
    # What is older still opens, by the older wrap; nothing is written under a key that was given twice.
    assert await story.refused(fresh, "grant-replayed", old["statement"], writes=True) == refusals.ALTERED


async def test_two_logs_are_found_when_one_reads_the_other_and_are_kept_as_proof(story: Story) -> None:
    """The server takes in an entry of one and shows it to nobody else; the other writes at the same place."""
    malice, compartment = story.town.malice, story.compartment
    await malice.begin("swallowed", "records")
    await story.coordinator.records.put(compartment, b"Only for me")
    await malice.begin("honest")
    await story.member.records.put(compartment, b"For all")
    before = await story.held()
    with pytest.raises(StrehaError) as refused:
        await story.coordinator.records.get(compartment, story.first)
    assert refused.value.reason == refusals.FORKED
    # Work stops, reading and writing, until a person has looked at the proof.
    with pytest.raises(StrehaError):
        await story.coordinator.records.put(compartment, b"And on")
    assert await story.held() == before


async def test_an_entry_of_whoever_is_no_member_is_no_proof_of_a_fork(story: Story) -> None:
    """Somebody of the network, who has no part in the compartment, lends the server a signature."""
    newcomer = story.town.newcomer
    before = await story.coordinator.reader.refresh(story.compartment)
    at = int(story.town.api.network.clock.now().timestamp())
    logs = await story.town.founded.circle(story.coordinator.person, story.town.core)
    logs.logs.members.hashes.pop()
    entry = logs.member_entry(Remove(person=newcomer.id.bytes), at=at, author=newcomer)
    shown = "members:" + base64.b64encode(entry).decode()
    assert await story.refused(story.member, "last-exchanged", shown) == refusals.NOT_ALLOWED
    # The same by a member is one.
    entry = logs.member_entry(Remove(person=story.member.person.id.bytes), at=at, author=story.coordinator.person)
    await story.town.malice.begin("last-exchanged", "members:" + base64.b64encode(entry).decode())
    with pytest.raises(StrehaError) as refused:
        await story.member.reader.refresh(story.compartment)
    assert refused.value.reason == refusals.FORKED
    assert before.compartment.members.last != statement.hash_of(entry)


async def test_an_altered_grant_does_not_hide_an_older_wrap_that_opens(story: Story) -> None:
    await story.remove_somebody()
    for epoch_number, attack in ((2, "2"), (1, "1")):
        fresh = await story.town.machine(story.town.scene.member)
        await story.town.malice.begin("grant-of-one-epoch-flipped", attack)
        (opened,), _ = await fresh.records.get(story.compartment, story.first)
        assert (opened.text, epoch_number) == (b"Second words", int(attack))
    # Where nothing opens, what was altered is said, and nobody is told to erase.
    fresh = await story.town.machine(story.town.scene.member)
    await fresh.reader.refresh(story.compartment)
    assert await story.refused(fresh, "grant-flipped") == refusals.ALTERED
    # Nor are colleagues blamed for a key that the log shows to have been given.
    fresh = await story.town.machine(story.town.scene.member)
    await fresh.reader.refresh(story.compartment)
    assert await story.refused(fresh, "grant-withheld") == KEY_WITHHELD


async def test_an_altered_history_does_not_hide_one_that_opens(story: Story) -> None:
    newcomer = await story.town.machine(story.town.newcomer)
    added = Add(person=newcomer.person.id.bytes)
    view = (await story.coordinator.circles.decide(story.compartment, lambda _at: added)).view
    past = find_version(view, story.first_version.bytes)
    key, _ = await story.coordinator.records.key_and_content(view, past)
    await histories.give(
        story.coordinator.reader, view, newcomer.person.id.bytes, {story.first_version.bytes: key}
    )  # fmt: skip
    await story.town.malice.begin("history-littered")
    opened, _ = await newcomer.records.get_version(story.compartment, story.first_version.bytes)
    assert opened.text == b"First words"


async def test_a_decision_that_stands_is_told_apart_from_a_key_that_does_not(story: Story, clock: MovableClock) -> None:
    """As people type it: somebody is out, signed, and what went wrong after it is said, not swallowed."""
    clock.set(SystemClock().now())
    town, lead = story.town, story.town.scene.coordinator
    gone = min(town.scene.case.core.member_ids - {lead.id, town.scene.deputy.id, story.member.person.id})
    with people_with_open_keys(town.founded, town.folder / "people") as types:
        await town.malice.begin("versions-endless", "back")
        said = await types(lead, "compartment", "remove", town.scene.case.core.codename, gone)
        await town.malice.begin("honest")
        assert (said.code, "Done, signed by you" in said.out) == (1, True), said
        assert ("the next key was not begun" in said.err, "altered" in said.err) == (True, True), said
        shown = await types(lead, "compartment", "show", town.scene.case.core.codename, "--json")
    assert (str(gone) in shown.json["members"], shown.json["epoch_is_due"]) == (False, True)


@pytest.mark.parametrize("how", ["on", "back"])
async def test_no_end_of_versions_ends(story: Story, how: str) -> None:
    """The server is asked for what is current, to begin an epoch, and gives no end."""
    gone = min(story.town.scene.case.core.member_ids - {
        story.coordinator.person.id, story.town.scene.deputy.id, story.member.person.id
    })  # fmt: skip
    await story.town.malice.begin("versions-endless", how)
    decided = await story.coordinator.circles.decide(story.compartment, lambda _at: Remove(person=gone.bytes))
    await story.town.malice.begin("honest")
    # The removal stands, and that no new key was begun is told.
    assert (gone.bytes in decided.view.circle.members, decided.keyed) == (False, False)
    assert decided.stopped is not None
    assert decided.stopped.reason == (NO_WRAP if how == "on" else refusals.ALTERED)
    assert "erase" not in NO_WRAP
    (await story.coordinator.keys.current(story.compartment))


async def test_whom_the_server_alone_wants_out_is_out_only_if_a_person_says_so(story: Story) -> None:
    person = story.member.person.id
    asked: list[tuple[bytes, bool]] = []

    def no(_view: View, each: TakeAway) -> bool:
        asked.append((each.person, each.known))
        return False

    await story.town.malice.begin("let-out", str(person))
    before = await story.held()
    assert await story.coordinator.circles.take_over_due(story.compartment, no) == []
    assert (asked, await story.held()) == ([(person.bytes, False)], before)
    # Of whom the directory says it, nobody is asked.
    await story.town.malice.begin("honest")
    boss = story.town.founded.administrators[story.member.person.agency_id]
    assert (await story.town.founded.decide(boss, Revoke(person=person.bytes))).status == 200
    await story.town.malice.begin("let-out", str(person))
    assert await story.coordinator.circles.take_over_due(story.compartment, no) == [person.bytes]
    assert len(asked) == 1


async def test_another_compartment_under_a_known_codename_is_refused(story: Story) -> None:
    """As people type it: what a codename meant at first is remembered, and the server cannot move it."""
    town, codename = story.town, story.town.scene.case.core.codename
    other = await town.api.network.cases.open_compartment(town.scene.coordinator, town.scene.case.id, [])
    lead = town.scene.coordinator
    with people_with_open_keys(town.founded, town.folder / "people") as types:
        shown = await types(lead, "compartment", "show", codename)
        assert shown.code == 0, shown
        await town.malice.begin("codename-of-another", f"{codename}:{other.id}")
        for arguments in (("compartment", "show"), ("record", "put"), ("record", "list")):
            refused = await types(lead, *arguments, codename, typed="meant for others")
            assert (refused.code, refused.out, "DANGER" in refused.err) == (1, "", True), refused
        await town.malice.begin("honest")
        assert (await types(lead, "record", "list", codename)).code == 0


async def test_what_was_taken_before_all_went_silent_is_not_called_undone(story: Story) -> None:
    gone = min(story.town.scene.case.core.member_ids - {
        story.coordinator.person.id, story.town.scene.deputy.id, story.member.person.id
    })  # fmt: skip
    await story.town.malice.begin("silent-after", "members")
    with pytest.raises(StrehaError) as refused:
        await story.coordinator.circles.decide(story.compartment, lambda _at: Remove(person=gone.bytes))
    assert refused.value.reason == NOT_KNOWN
    await story.town.malice.begin("honest")
    view = await story.coordinator.reader.refresh(story.compartment)
    assert gone.bytes not in view.circle.members


async def test_an_approval_of_what_was_withdrawn_adds_nobody(story: Story) -> None:
    """The withdrawal is kept from whoever approves: the approval stands, and whoever withdrew finds the fork."""
    malice, compartment, newcomer = story.town.malice, story.compartment, story.town.newcomer
    now = int(story.town.api.network.clock.now().timestamp())
    proposed = await story.coordinator.circles.decide(
        compartment, lambda _at: Propose(person=newcomer.id.bytes, until=now + 3600)
    )
    await malice.begin("swallowed", "members")
    await story.coordinator.circles.decide(compartment, lambda _at: Withdraw(proposal=proposed.hash))
    await malice.begin("honest")
    await story.member.records.put(compartment, b"Meanwhile")
    with pytest.raises(StrehaError) as refused:
        await story.coordinator.records.put(compartment, b"For the newcomer too")
    assert refused.value.reason in {refusals.SHORTER, refusals.FORKED}


def _grant(story: Story, by: Person, member: Person, which: epoch.Epoch, key: bytes) -> str:
    view = story.coordinator.reader.remembered(story.compartment)
    sealed = epoch.grant(which, key, member=member.id.bytes, member_key=view.directory.people[member.id.bytes].box_key)
    granted = write_epoch_grant(
        story.town.founded.seed(by), story.town.founded.id,
        EpochGrant(
            log=story.compartment, epoch=which.number, member=member.id.bytes,
            entry=view.epochs[which.number].head.hash, by=by.id.bytes, grant=sealed,
        ),
    )  # fmt: skip
    return base64.b64encode(granted).decode()


async def test_an_entry_of_a_log_is_not_signed_in_the_place_of_a_challenge(story: Story) -> None:
    """The server wants a signature under an entry that it made itself, and asks for it as a challenge."""
    entry = base64.b64encode(b"streha/membership-entry/v1\0" + story.compartment * 12).decode()
    fresh = await story.town.machine(story.town.scene.member)
    before = remembered(fresh)
    await story.town.malice.begin("challenge-exchanged", entry)
    with pytest.raises(StrehaError) as refused:
        await fresh.records.get(story.compartment, story.first)
    assert refused.value.reason == errors.NOT_UNDERSTOOD
    assert remembered(fresh) == before
