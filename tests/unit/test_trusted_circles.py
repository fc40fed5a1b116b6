"""Who may let whom into a compartment, and out of it, by the entries of its log alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from agencies.model import Role
from agencies.trust.deeds import Approve as ApproveInDirectory
from agencies.trust.deeds import Attest, Rekey, Revoke, Suspend
from agencies.trust.deeds import Deed as DirectoryDeed
from agencies.trust.deeds import written as directory_written
from agencies.trust.directory import Directory, NotEmpowered, Void, founded
from agencies.trust.directory import decided as decided_in_directory
from cases.trust.deeds import (
    Add,
    AddInEmergency,
    Approve,
    BeginEpoch,
    Close,
    Deed,
    Exclude,
    Hold,
    Keep,
    Lead,
    Open,
    Propose,
    Readmit,
    Release,
    Remove,
    Succeed,
    Withdraw,
    written,
)  # fmt: skip
from cases.trust.membership import LONGEST_EMERGENCY, Circle, decided, opened
from crypto.vault import log, statement
from crypto.vault.failures import NotAsWritten, Refused
from crypto.vault.log import Chain, Entry, Head, Kind
from tests.unit.test_trusted_directory import NOW, Somebody, agency_id, genesis_of, new_agency

LATER = NOW + 3600
ANA = Somebody(name="ana", agency="shelter")
BOJAN = Somebody(name="bojan", agency="shelter", role=Role.PRACTITIONER)
PETAR = Somebody(name="petar", agency="police")
VESNA = Somebody(name="vesna", agency="police", role=Role.PRACTITIONER)
OLGA = Somebody(name="olga", agency="court")
STRANGER = Somebody(name="stranger", agency="nowhere")
COMPARTMENT, CASE = bytes([1]) * 16, bytes([2]) * 16
DIRECTORY = bytes(16)


@dataclass(kw_only=True)
class Story:
    """A directory and one compartment, through real statements; each position of the directory is kept."""

    genesis: bytes
    directories: list[Directory]
    network: Chain
    chain: Chain = field(default_factory=lambda: Chain(kind=Kind.MEMBERSHIP, log=COMPARTMENT))
    circle: Circle | None = None
    # What is written of the compartment's records: members' entries name its head.
    written: Chain = field(default_factory=lambda: Chain(kind=Kind.RECORDS, log=COMPARTMENT))
    # Every statement that was tried: of which log, and its bytes.
    steps: list[tuple[Kind, bytes]] = field(default_factory=list)

    @property
    def now(self) -> Circle:
        assert self.circle is not None
        return self.circle

    def in_directory(self, author: Somebody, deed: DirectoryDeed, *, at: int = NOW) -> bytes:
        do, particulars = directory_written(deed)
        body = log.body(
            log=DIRECTORY, number=len(self.network.hashes), after=self.network.last, at=at, by=author.id, do=do,
            particulars=particulars,
        )  # fmt: skip
        made = statement.make(author.seed, Kind.DIRECTORY.purpose, self.genesis, body)
        self.steps.append((Kind.DIRECTORY, made))
        entry = log.read(made, Kind.DIRECTORY, self.genesis)
        self.directories.append(decided_in_directory(self.directories[-1], entry))
        self.network.append(entry)
        return entry.head.hash

    def entry(
        self, author: Somebody, deed: Deed, *, at: int = NOW, seen: int | None = None, records: int | None = None
    ) -> Entry:
        do, particulars = written(deed)
        number = len(self.network.hashes) - 1 if seen is None else seen
        heads = [Head(kind=Kind.DIRECTORY, log=DIRECTORY, number=number, hash=self.network.hashes[number])]
        place = len(self.written.hashes) - 1 if records is None else records
        if place >= 0:
            heads.append(Head(kind=Kind.RECORDS, log=COMPARTMENT, number=place, hash=self.written.hashes[place]))
        body = log.body(
            log=COMPARTMENT, number=len(self.chain.hashes), after=self.chain.last, at=at, by=author.id, do=do,
            particulars=particulars, seen=heads,
        )  # fmt: skip
        made = statement.make(author.seed, Kind.MEMBERSHIP.purpose, self.genesis, body)
        self.steps.append((Kind.MEMBERSHIP, made))
        return log.read(made, Kind.MEMBERSHIP, self.genesis)

    def says(
        self, author: Somebody, deed: Deed, *, at: int = NOW, seen: int | None = None, records: int | None = None
    ) -> bytes:
        entry = self.entry(author, deed, at=at, seen=seen, records=records)
        rules: Callable[[], Circle] = (
            (lambda: opened(entry, self.directories.__getitem__)) if self.circle is None
            else (lambda: decided(self.now, entry, self.directories.__getitem__))
        )  # fmt: skip
        self.circle = rules()
        self.chain.append(entry)
        return entry.head.hash

    def refuses(
        self, refused: type[Refused], author: Somebody, deed: Deed, *, at: int = NOW, seen: int | None = None
    ) -> None:
        before = self.circle
        with pytest.raises(refused):
            self.says(author, deed, at=at, seen=seen)
        assert self.circle == before

    def members(self, at: int = NOW) -> set[str]:
        standing = self.now.standing(self.directories[-1], at)
        return {each.name for each in self.directories[-1].people.values() if each.id in standing}


def a_story() -> Story:
    """Three agencies, of which two have a practitioner, and no compartment yet."""
    made, entry = genesis_of(
        ANA, new_agency("shelter", ANA, BOJAN), new_agency("police", PETAR, VESNA), new_agency("court", OLGA)
    )
    chain = Chain(kind=Kind.DIRECTORY, log=DIRECTORY)
    chain.append(entry)
    story = Story(genesis=entry.head.hash, directories=[founded(entry)], network=chain)
    story.steps.append((Kind.DIRECTORY, made))
    return story


@pytest.fixture
def story() -> Story:
    return a_story()


def opening(
    *, sensitive: bool = False, members: tuple[Somebody, ...] = (), deputy: Somebody = PETAR, ends_at: int = 0
) -> Open:
    return Open(
        case=CASE, sensitive=sensitive, coordinator=ANA.id, deputy=deputy.id, members=[each.id for each in members],
        ends_at=ends_at,
    )  # fmt: skip


def test_whoever_opens_coordinates_with_a_deputy_of_another_agency(story: Story) -> None:
    story.refuses(NotEmpowered, PETAR, opening())
    story.refuses(NotEmpowered, ANA, opening(deputy=BOJAN))
    story.refuses(Void, ANA, opening(members=(STRANGER,)))
    story.refuses(Void, ANA, opening(ends_at=NOW))
    story.refuses(NotEmpowered, ANA, opening(sensitive=True, members=(BOJAN,)))
    story.says(ANA, opening(members=(BOJAN,)))
    assert story.members() == {"ana", "petar", "bojan"}
    story.refuses(NotEmpowered, ANA, opening())


def test_leaders_add_and_nobody_else_does(story: Story) -> None:
    story.says(ANA, opening(members=(BOJAN,)))
    for author in (BOJAN, VESNA, OLGA, STRANGER):
        story.refuses(NotEmpowered, author, Add(person=VESNA.id))
    story.says(PETAR, Add(person=VESNA.id))
    story.refuses(Void, ANA, Add(person=VESNA.id))
    story.refuses(Void, ANA, Add(person=STRANGER.id))
    assert story.members() == {"ana", "petar", "bojan", "vesna"}


def test_to_a_sensitive_one_nobody_comes_without_a_second_person_of_another_agency(story: Story) -> None:
    story.says(ANA, opening(sensitive=True))
    story.refuses(NotEmpowered, ANA, Add(person=BOJAN.id))
    proposal = story.says(ANA, Propose(person=BOJAN.id, until=LATER))
    story.refuses(NotEmpowered, ANA, Approve(proposal=proposal))
    story.refuses(NotEmpowered, OLGA, Approve(proposal=proposal))
    story.refuses(Void, PETAR, Approve(proposal=proposal), at=LATER)
    assert story.members() == {"ana", "petar"}
    story.says(PETAR, Approve(proposal=proposal))
    assert story.members() == {"ana", "petar", "bojan"}
    story.refuses(Void, PETAR, Approve(proposal=proposal))
    # Bojan is of the same agency as whoever proposes, so he is no second person.
    of_olga = story.says(ANA, Propose(person=OLGA.id, until=LATER))
    story.refuses(NotEmpowered, BOJAN, Approve(proposal=of_olga))


@pytest.mark.parametrize("ended", ["withdrawn", "excluded", "gone"])
def test_an_approval_that_comes_too_late_is_void(story: Story, ended: str) -> None:
    story.says(ANA, opening(sensitive=True))
    proposal = story.says(ANA, Propose(person=BOJAN.id, until=LATER))
    match ended:
        case "withdrawn":
            story.refuses(NotEmpowered, PETAR, Withdraw(proposal=proposal))
            story.says(ANA, Withdraw(proposal=proposal))
        case "excluded":
            story.says(PETAR, Exclude(person=BOJAN.id, reason=b""))
        case _:
            story.in_directory(ANA, Revoke(person=BOJAN.id))
    story.refuses(Void, PETAR, Approve(proposal=proposal))
    assert story.members() == {"ana", "petar"}


def test_in_an_emergency_one_adds_for_hours_and_once(story: Story) -> None:
    story.says(ANA, opening(sensitive=True))
    until = NOW + LONGEST_EMERGENCY
    story.refuses(NotEmpowered, ANA, AddInEmergency(person=VESNA.id, until=until + 1))
    hurried = story.says(ANA, AddInEmergency(person=VESNA.id, until=until))
    assert story.members() == {"ana", "petar", "vesna"}
    assert story.members(until) == {"ana", "petar"}
    story.refuses(NotEmpowered, VESNA, Remove(person=VESNA.id), at=until)
    # Who is here for a while leads nothing and is nobody's second person.
    other = story.says(ANA, Propose(person=BOJAN.id, until=until))
    story.refuses(NotEmpowered, VESNA, Approve(proposal=other))
    story.refuses(Void, ANA, Lead(coordinator=ANA.id, deputy=VESNA.id))
    story.refuses(NotEmpowered, VESNA, BeginEpoch(number=1, promise=bytes(32), members=[VESNA.id]))
    story.refuses(NotEmpowered, ANA, AddInEmergency(person=VESNA.id, until=until))
    story.says(ANA, Remove(person=VESNA.id))
    story.refuses(NotEmpowered, ANA, AddInEmergency(person=VESNA.id, until=until))
    story.refuses(Void, PETAR, Approve(proposal=hurried))


def test_an_emergency_that_somebody_else_agrees_to_lasts(story: Story) -> None:
    story.says(ANA, opening(sensitive=True))
    until = NOW + LONGEST_EMERGENCY
    hurried = story.says(ANA, AddInEmergency(person=VESNA.id, until=until))
    story.refuses(NotEmpowered, VESNA, Approve(proposal=hurried))
    story.refuses(Void, PETAR, Approve(proposal=hurried), at=until)
    story.says(PETAR, Approve(proposal=hurried))
    assert story.members(until + 1) == {"ana", "petar", "vesna"}
    taken_back = story.says(PETAR, AddInEmergency(person=OLGA.id, until=until))
    story.says(PETAR, Withdraw(proposal=taken_back))
    assert "olga" not in story.members()


def test_who_is_removed_or_barred_is_out_at_once_and_says_nothing_more(story: Story) -> None:
    story.says(ANA, opening(members=(BOJAN, VESNA)))
    story.refuses(NotEmpowered, BOJAN, Remove(person=VESNA.id))
    story.refuses(NotEmpowered, PETAR, Remove(person=ANA.id))
    story.refuses(NotEmpowered, ANA, Exclude(person=PETAR.id, reason=b""))
    story.says(BOJAN, Remove(person=BOJAN.id))
    story.refuses(NotEmpowered, BOJAN, Remove(person=BOJAN.id))
    story.says(ANA, Exclude(person=VESNA.id, reason=b"sealed"))
    assert story.members() == {"ana", "petar"}
    story.refuses(Void, PETAR, Add(person=VESNA.id))
    story.refuses(Void, PETAR, Exclude(person=VESNA.id, reason=b""))
    story.says(PETAR, Readmit(person=VESNA.id))
    assert story.members() == {"ana", "petar"}
    story.says(PETAR, Add(person=VESNA.id))
    story.refuses(Void, PETAR, Readmit(person=VESNA.id))


def test_whoever_is_revoked_is_out_and_cannot_go_back_behind_it(story: Story) -> None:
    story.says(ANA, opening(members=(BOJAN,)))
    story.in_directory(ANA, Revoke(person=BOJAN.id))
    assert story.members() == {"ana", "petar"}
    story.says(ANA, Add(person=VESNA.id))
    # He says that he had seen the directory as it was before.
    story.refuses(NotEmpowered, BOJAN, Remove(person=BOJAN.id), seen=0)


def test_an_epoch_s_key_is_for_just_the_members(story: Story) -> None:
    story.says(ANA, opening(members=(BOJAN,)))
    assert story.now.epoch_is_due(story.directories[-1], NOW)
    everybody = [ANA.id, PETAR.id, BOJAN.id]
    story.refuses(Void, BOJAN, BeginEpoch(number=2, promise=bytes(32), members=everybody))
    for members in ([ANA.id, PETAR.id], [*everybody, OLGA.id], [*everybody, BOJAN.id]):
        story.refuses(NotEmpowered, BOJAN, BeginEpoch(number=1, promise=bytes(32), members=members))
    story.says(BOJAN, BeginEpoch(number=1, promise=bytes(32), members=everybody))
    assert not story.now.epoch_is_due(story.directories[-1], NOW)
    story.says(ANA, Add(person=VESNA.id))
    assert story.now.epoch_is_due(story.directories[-1], NOW)
    story.in_directory(ANA, Revoke(person=BOJAN.id))
    story.refuses(NotEmpowered, VESNA, BeginEpoch(number=2, promise=bytes(32), members=[*everybody, VESNA.id]))
    story.says(VESNA, BeginEpoch(number=2, promise=bytes(32), members=[ANA.id, PETAR.id, VESNA.id]))
    assert story.now.epoch == 2
    assert story.now.granted == {ANA.id, PETAR.id, VESNA.id}


def test_leading_is_handed_over_to_two_agencies(story: Story) -> None:
    story.says(ANA, opening(members=(BOJAN, VESNA, OLGA)))
    story.refuses(NotEmpowered, PETAR, Lead(coordinator=PETAR.id, deputy=ANA.id))
    story.refuses(NotEmpowered, ANA, Lead(coordinator=PETAR.id, deputy=VESNA.id))
    story.refuses(Void, ANA, Lead(coordinator=ANA.id, deputy=STRANGER.id))
    story.says(ANA, Lead(coordinator=OLGA.id, deputy=ANA.id))
    story.says(OLGA, Remove(person=PETAR.id))
    assert story.now.leaders == (OLGA.id, ANA.id)


def test_a_deputy_succeeds_with_another_agency_where_the_coordinator_s_word_counts_no_more(story: Story) -> None:
    story.says(ANA, opening(members=(OLGA, VESNA)))
    succeed = Succeed(deputy=OLGA.id, until=LATER)
    story.refuses(Void, PETAR, succeed)
    proposed = story.in_directory(PETAR, Suspend(agency=agency_id("shelter"), until=LATER))
    story.refuses(Void, PETAR, succeed)
    story.in_directory(OLGA, ApproveInDirectory(proposal=proposed))
    story.refuses(NotEmpowered, ANA, Close())
    story.refuses(NotEmpowered, VESNA, succeed)
    story.refuses(NotEmpowered, PETAR, Succeed(deputy=VESNA.id, until=LATER))
    proposal = story.says(PETAR, succeed)
    story.refuses(NotEmpowered, VESNA, Approve(proposal=proposal))
    story.says(OLGA, Approve(proposal=proposal))
    assert story.now.leaders == (PETAR.id, OLGA.id)


def test_a_succession_asks_for_its_cause_when_it_holds(story: Story) -> None:
    story.says(ANA, opening(members=(OLGA, VESNA)))
    story.in_directory(OLGA, ApproveInDirectory(proposal=rekeyed(story, ANA, PETAR)))
    proposal = story.says(PETAR, Succeed(deputy=OLGA.id, until=LATER))
    # Ana has other keys, and Petar lets her in again: she leads as before.
    story.says(PETAR, Add(person=ANA.id))
    story.refuses(Void, OLGA, Approve(proposal=proposal))
    assert story.now.leaders == (ANA.id, PETAR.id)
    story.refuses(Void, PETAR, Succeed(deputy=OLGA.id, until=LATER))


def test_a_former_deputy_succeeds_nobody(story: Story) -> None:
    story.says(ANA, opening(members=(OLGA, VESNA)))
    story.in_directory(OLGA, ApproveInDirectory(proposal=rekeyed(story, ANA, PETAR)))
    proposal = story.says(PETAR, Succeed(deputy=OLGA.id, until=LATER))
    story.says(PETAR, Add(person=ANA.id))
    anew = renewed(ANA)
    story.says(anew, Lead(coordinator=ANA.id, deputy=OLGA.id))
    story.in_directory(anew, Revoke(person=ANA.id))
    story.refuses(Void, OLGA, Approve(proposal=proposal))
    assert story.now.leaders == (ANA.id, OLGA.id)


@pytest.mark.parametrize("ended", ["leads no more", "revoked", "suspended", "other keys"])
def test_what_somebody_has_proposed_who_may_no_more_holds_no_more(story: Story, ended: str) -> None:
    story.says(ANA, opening(members=(OLGA, VESNA)))
    proposal = story.says(PETAR, Propose(person=BOJAN.id, until=LATER))
    match ended:
        case "leads no more":
            story.says(ANA, Lead(coordinator=ANA.id, deputy=OLGA.id))
        case "revoked":
            story.in_directory(PETAR, Revoke(person=PETAR.id))
        case "suspended":
            proposed = story.in_directory(ANA, Suspend(agency=agency_id("police"), until=LATER))
            story.in_directory(OLGA, ApproveInDirectory(proposal=proposed))
        case _:
            story.in_directory(OLGA, ApproveInDirectory(proposal=rekeyed(story, PETAR, ANA)))
    story.refuses(Void, OLGA, Approve(proposal=proposal))
    assert "bojan" not in story.members()


def test_a_withdrawn_emergency_takes_out_only_who_is_here_by_it(story: Story) -> None:
    story.says(ANA, opening())
    hurried = story.says(ANA, AddInEmergency(person=VESNA.id, until=LATER))
    story.says(PETAR, Add(person=VESNA.id))
    assert not story.now.proposals
    story.refuses(Void, ANA, Withdraw(proposal=hurried))
    assert story.members(LATER) == {"ana", "petar", "vesna"}
    # One that has lapsed, and somebody who is proposed properly meanwhile: that stays.
    of_olga = story.says(ANA, AddInEmergency(person=OLGA.id, until=LATER))
    properly = story.says(PETAR, Propose(person=OLGA.id, until=LATER + 100))
    story.says(ANA, Withdraw(proposal=of_olga), at=LATER)
    assert "olga" not in story.members()
    story.says(ANA, Approve(proposal=properly), at=LATER)
    assert "olga" in story.members(LATER)


def test_who_lapsed_before_an_entry_is_out_whatever_moment_is_said_later(story: Story) -> None:
    story.says(ANA, opening(sensitive=True))
    story.says(ANA, AddInEmergency(person=VESNA.id, until=LATER))
    story.says(ANA, Propose(person=BOJAN.id, until=LATER + 100), at=LATER)
    assert VESNA.id not in story.now.members
    story.refuses(NotEmpowered, VESNA, Remove(person=VESNA.id), at=NOW)
    story.refuses(NotEmpowered, ANA, AddInEmergency(person=VESNA.id, until=LATER))


def renewed(who: Somebody) -> Somebody:
    return Somebody(name=who.name, agency=who.agency, role=who.role, generation=1)


def rekeyed(story: Story, who: Somebody, by: Somebody) -> bytes:
    """Propose other keys for somebody; return what another agency is to agree to."""
    anew = renewed(who)
    return story.in_directory(
        by, Rekey(person=who.id, signing_key=anew.signing_key, box_key=anew.box_key, until=LATER)
    )  # fmt: skip


@pytest.mark.parametrize("sensitive", [False, True])
def test_whoever_has_other_keys_is_no_member_until_a_leader_adds_them_again(story: Story, sensitive: bool) -> None:  # noqa: FBT001 (a case)
    story.says(ANA, opening(sensitive=sensitive))
    for each in (BOJAN, VESNA):
        proposal = story.says(ANA, Propose(person=each.id, until=LATER))
        story.says(PETAR, Approve(proposal=proposal))
    everybody = sorted((ANA.id, PETAR.id, BOJAN.id, VESNA.id))
    story.says(ANA, BeginEpoch(number=1, promise=bytes(32), members=everybody))
    story.in_directory(ANA, ApproveInDirectory(proposal=rekeyed(story, BOJAN, OLGA)))
    anew = renewed(BOJAN)
    assert story.members() == {"ana", "petar", "vesna"}
    # The former keys open the grant that there is: another key is due, and not for him.
    assert story.now.epoch_is_due(story.directories[-1], NOW)
    story.refuses(NotEmpowered, VESNA, BeginEpoch(number=2, promise=bytes(32), members=everybody))
    for author in (BOJAN, anew):
        story.refuses(NotEmpowered, author, Remove(person=BOJAN.id))
    story.refuses(NotEmpowered, VESNA, Add(person=BOJAN.id))
    story.refuses(Void, ANA, AddInEmergency(person=BOJAN.id, until=LATER))
    story.says(PETAR, Add(person=BOJAN.id))
    assert story.members() == {"ana", "petar", "vesna", "bojan"}
    # The very same people, and still nobody has given him the key under his new ones.
    assert story.now.epoch_is_due(story.directories[-1], NOW)
    story.says(anew, BeginEpoch(number=2, promise=bytes(32), members=everybody))
    assert not story.now.epoch_is_due(story.directories[-1], NOW)


def test_whoever_was_revoked_and_attested_again_is_no_member_by_that(story: Story) -> None:
    story.says(ANA, opening(members=(BOJAN,)))
    story.in_directory(ANA, Revoke(person=BOJAN.id))
    fields = {name: getattr(BOJAN.attested, name) for name in BOJAN.attested.__struct_fields__}
    story.in_directory(ANA, Attest(**fields, until=LATER))
    assert story.members() == {"ana", "petar"}
    story.refuses(NotEmpowered, BOJAN, Remove(person=BOJAN.id))
    # Attesting somebody anew who was here all the time changes nothing.
    fields = {name: getattr(VESNA.attested, name) for name in VESNA.attested.__struct_fields__}
    story.says(PETAR, Add(person=VESNA.id))
    story.in_directory(PETAR, Attest(**{**fields, "name": "Vesna"}, until=LATER))
    story.says(ANA, Add(person=BOJAN.id))
    assert story.now.standing(story.directories[-1], NOW) == {ANA.id, PETAR.id, BOJAN.id, VESNA.id}


def test_a_leader_who_returns_by_the_other_s_agency_leads_no_more(story: Story) -> None:
    story.says(ANA, opening(sensitive=True))
    story.in_directory(ANA, Attest(**_fields(BOJAN, role=Role.ADMINISTRATOR), until=LATER))
    story.in_directory(BOJAN, Revoke(person=ANA.id))
    story.in_directory(PETAR, Attest(**_fields(ANA, agency=agency_id("police")), until=LATER))
    story.refuses(NotEmpowered, PETAR, Add(person=ANA.id))
    assert story.members() == {"petar"}


def _fields(who: Somebody, **changes: object) -> dict[str, Any]:
    return {name: getattr(who.attested, name) for name in who.attested.__struct_fields__} | changes


def test_whoever_is_here_for_hours_and_gets_other_keys_needs_two_to_come_back(story: Story) -> None:
    story.says(ANA, opening(sensitive=True))
    story.says(ANA, AddInEmergency(person=VESNA.id, until=LATER))
    story.in_directory(PETAR, ApproveInDirectory(proposal=rekeyed(story, VESNA, OLGA)))
    assert story.members() == {"ana", "petar"}
    story.refuses(NotEmpowered, ANA, Add(person=VESNA.id))
    story.refuses(NotEmpowered, PETAR, AddInEmergency(person=VESNA.id, until=LATER))
    proposal = story.says(ANA, Propose(person=VESNA.id, until=LATER))
    story.says(PETAR, Approve(proposal=proposal))
    assert story.members() == {"ana", "petar", "vesna"}


def test_one_that_ends_by_time_or_was_closed_takes_nothing_more(story: Story) -> None:
    story.says(ANA, opening(ends_at=LATER))
    story.refuses(Void, ANA, Add(person=BOJAN.id), at=LATER)
    assert not story.now.is_open(LATER)
    story.refuses(NotEmpowered, OLGA, Close())
    story.says(PETAR, Close(), at=LATER)
    story.refuses(Void, ANA, Close())
    story.refuses(Void, ANA, Add(person=BOJAN.id))


def test_until_when_it_is_kept_moves_only_later_also_after_the_end(story: Story) -> None:
    story.says(ANA, opening(members=(BOJAN,)))
    story.refuses(NotEmpowered, BOJAN, Keep(until=LATER))
    story.refuses(Void, ANA, Keep(until=NOW))
    story.says(PETAR, Keep(until=LATER))
    story.refuses(Void, ANA, Keep(until=LATER))
    story.refuses(Void, ANA, Keep(until=LATER - 1))
    story.says(ANA, Close())
    assert (story.now.closed, story.now.keep_until) == (True, LATER)
    story.refuses(NotEmpowered, BOJAN, Keep(until=LATER + 1))
    story.refuses(Void, PETAR, Keep(until=LATER - 1))
    story.says(ANA, Keep(until=LATER + 1))
    assert story.now.keep_until == LATER + 1


def test_what_ended_while_it_was_held_is_released_and_closed_and_nothing_else_is_decided(story: Story) -> None:
    story.says(ANA, opening(members=(BOJAN, VESNA), ends_at=LATER))
    waiting = story.says(ANA, Propose(person=OLGA.id, until=LATER + 9))
    story.says(PETAR, Hold())
    story.refuses(Void, ANA, Close(), at=LATER)
    story.refuses(Void, ANA, Exclude(person=BOJAN.id, reason=b""), at=LATER)
    story.refuses(Void, PETAR, Approve(proposal=waiting), at=LATER)
    story.refuses(Void, ANA, Withdraw(proposal=waiting), at=LATER)
    first = story.says(ANA, Release(until=LATER + 9), at=LATER)
    story.says(ANA, Withdraw(proposal=first), at=LATER + 1)
    release = story.says(ANA, Release(until=LATER + 9), at=LATER + 2)
    story.says(VESNA, Approve(proposal=release), at=LATER + 3)
    assert not story.now.held
    story.says(ANA, Close(), at=LATER + 4)
    assert story.now.closed


def test_what_was_closed_can_be_held_and_is_released_by_two_agencies(story: Story) -> None:
    story.says(ANA, opening(members=(VESNA,)))
    story.says(ANA, Close())
    story.refuses(NotEmpowered, VESNA, Hold())
    story.says(PETAR, Hold())
    story.refuses(Void, ANA, Hold())
    release = story.says(PETAR, Release(until=LATER))
    story.refuses(NotEmpowered, OLGA, Approve(proposal=release))
    story.says(ANA, Approve(proposal=release))
    assert (story.now.held, story.now.closed) == (False, True)
    story.refuses(Void, ANA, Add(person=BOJAN.id))
    story.refuses(Void, ANA, Close())


def test_a_hold_is_ended_by_two_agencies_and_until_then_nothing_is_closed(story: Story) -> None:
    story.says(ANA, opening(members=(BOJAN, VESNA)))
    story.refuses(NotEmpowered, BOJAN, Hold())
    story.refuses(Void, ANA, Release(until=LATER))
    story.says(PETAR, Hold())
    story.refuses(Void, ANA, Hold())
    story.refuses(Void, ANA, Close())
    story.refuses(NotEmpowered, VESNA, Release(until=LATER))
    story.refuses(Void, ANA, Release(until=NOW))
    proposal = story.says(ANA, Release(until=LATER))
    story.refuses(NotEmpowered, ANA, Approve(proposal=proposal))
    story.refuses(NotEmpowered, BOJAN, Approve(proposal=proposal))
    story.refuses(Void, VESNA, Approve(proposal=proposal), at=LATER)
    story.refuses(Void, ANA, Close())
    story.says(VESNA, Approve(proposal=proposal))
    assert not story.now.held
    story.says(ANA, Close())


def test_what_was_proposed_to_end_one_hold_ends_no_later_one(story: Story) -> None:
    story.says(ANA, opening())
    story.says(ANA, Hold())
    first, second = story.says(ANA, Release(until=LATER)), story.says(PETAR, Release(until=LATER))
    story.says(PETAR, Approve(proposal=first))
    story.says(PETAR, Hold())
    story.refuses(Void, ANA, Approve(proposal=second))
    assert story.now.held


def test_the_end_of_a_hold_that_is_taken_back_or_whose_author_is_gone_is_void(story: Story) -> None:
    story.says(ANA, opening())
    story.says(ANA, Hold())
    taken_back = story.says(ANA, Release(until=LATER))
    story.refuses(NotEmpowered, PETAR, Withdraw(proposal=taken_back))
    story.says(ANA, Withdraw(proposal=taken_back))
    story.refuses(Void, PETAR, Approve(proposal=taken_back))
    orphaned = story.says(ANA, Release(until=LATER))
    story.in_directory(ANA, Revoke(person=ANA.id))
    story.refuses(Void, PETAR, Approve(proposal=orphaned))
    assert story.now.held


def test_whoever_is_here_for_a_while_only_ends_no_hold(story: Story) -> None:
    story.says(ANA, opening())
    story.says(ANA, Hold())
    proposal = story.says(ANA, Release(until=LATER))
    story.says(ANA, AddInEmergency(person=VESNA.id, until=LATER))
    story.refuses(NotEmpowered, VESNA, Approve(proposal=proposal))
    assert story.now.held


def test_an_entry_that_names_no_directory_is_none(story: Story) -> None:
    do, particulars = written(opening())
    body = log.body(log=COMPARTMENT, number=0, after=log.START, at=NOW, by=ANA.id, do=do, particulars=particulars)
    made = statement.make(ANA.seed, Kind.MEMBERSHIP.purpose, story.genesis, body)
    with pytest.raises(NotAsWritten):
        opened(log.read(made, Kind.MEMBERSHIP, story.genesis), story.directories.__getitem__)


def test_attesting_somebody_makes_them_no_member(story: Story) -> None:
    story.says(ANA, opening())
    luka = Somebody(name="luka", agency="shelter")
    fields = {name: getattr(luka.attested, name) for name in luka.attested.__struct_fields__}
    story.in_directory(ANA, Attest(**fields, until=LATER))
    assert story.members() == {"ana", "petar"}
    story.refuses(NotEmpowered, luka, Add(person=luka.id))
