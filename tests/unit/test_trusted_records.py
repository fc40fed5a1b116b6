"""Which versions of a record are current, whoever wrote beside whom, by the entries of the log alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.trust.deeds import Approve, Rekey, Suspend
from agencies.trust.directory import NotEmpowered, Void
from cases.trust.deeds import Add, AddInEmergency, BeginEpoch, Close, Exclude, Hold, Lead, Release, Remove
from cases.trust.deeds import Approve as ApproveAmongMembers
from cases.trust.deeds import Deed as MemberDeed
from cases.trust.membership import Circle
from cases.trust.records import DEEDS, Deed, Erase, Records, Said, Version, Write, _written, anew, placed, said
from crypto.vault import deeds, log, statement
from crypto.vault.failures import NotAsWritten, Refused
from crypto.vault.log import Head, Kind
from tests.unit.test_trusted_circles import ANA, BOJAN, COMPARTMENT, OLGA, PETAR, VESNA, Story, opening, story
from tests.unit.test_trusted_directory import LATER, NOW, Somebody, agency_id

assert story  # a fixture
RECORD, OTHER = bytes([7]) * 16, bytes([8]) * 16
SOON = NOW + 3600


@dataclass(kw_only=True)
class Shelf:
    """The records of a story's compartment; each position of the members' log is kept."""

    story: Story
    circles: list[Circle]
    records: Records = field(default_factory=lambda: Records(compartment=COMPARTMENT))
    said: list[Said] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def writes(
        self, author: Somebody, *follows: bytes, record: bytes = RECORD, seen: int | None = None, at: int = NOW
    ) -> bytes:
        number = next(self.numbers)
        return self.says(
            author,
            Write(
                record=record, version=number.to_bytes(16), kind="plan", content=bytes(32), promise=bytes(32),
                follows=list(follows),
            ),
            seen=seen, at=at,
        )  # fmt: skip

    def says(self, author: Somebody, deed: Deed, *, seen: int | None = None, at: int = NOW) -> bytes:
        do, particulars = deeds.written(DEEDS, deed)
        chain = self.story.written
        place = len(self.circles) - 1 if seen is None else seen
        head = Head(kind=Kind.MEMBERSHIP, log=COMPARTMENT, number=place, hash=self.story.chain.hashes[place])
        body = log.body(
            log=COMPARTMENT, number=len(chain.hashes), after=chain.last, at=at, by=author.id, do=do,
            particulars=particulars, seen=[head],
        )  # fmt: skip
        made = statement.make(author.seed, Kind.RECORDS.purpose, self.story.genesis, body)
        self.story.steps.append((Kind.RECORDS, made))
        entry = log.read(made, Kind.RECORDS, self.story.genesis)
        before, directories = self.records, self.story.directories.__getitem__
        try:
            found = said(before.compartment, entry, self.circles, directories)
            self.records = placed(before, found, self.circles, directories)
        except Refused:
            assert self.records is before
            raise
        chain.append(entry)
        self.said.append(found)
        return entry.head.hash

    def in_circle(self, author: Somebody, deed: MemberDeed, *, records: int | None = None, at: int = NOW) -> bytes:
        """Let an entry of the members be written by whoever had seen the records up to one; the newest, else."""
        hashed = self.story.says(author, deed, at=at, records=records)
        self.circles.append(self.story.now)
        self.records = anew(COMPARTMENT, self.said, self.circles, self.story.directories.__getitem__)
        return hashed

    @property
    def current(self) -> set[bytes]:
        return set(self.records.current.get(RECORD, ()))


def a_shelf(story: Story) -> Shelf:
    """Open a compartment of Ana, Petar and Bojan, without a record yet."""
    story.says(ANA, opening(members=(BOJAN,)))
    return Shelf(story=story, circles=[story.now])


@pytest.fixture
def shelf(story: Story) -> Shelf:
    return a_shelf(story)


def test_the_newest_follows_the_one_before(shelf: Shelf) -> None:
    first = shelf.writes(ANA)
    second = shelf.writes(BOJAN, first)
    assert shelf.current == {second}
    with pytest.raises(Void):
        shelf.writes(ANA)
    with pytest.raises(Void):
        shelf.writes(ANA, bytes(32))
    with pytest.raises(Void):
        shelf.writes(ANA, second, second)
    with pytest.raises(Void):
        shelf.writes(ANA, second, record=OTHER)
    assert shelf.current == {second}


def test_two_who_write_at_once_keep_both_until_somebody_brings_them_together(shelf: Shelf) -> None:
    first = shelf.writes(ANA)
    ana, bojan = shelf.writes(ANA, first), shelf.writes(BOJAN, first)
    assert shelf.current == {ana, bojan}
    assert shelf.records.in_conflict() == {RECORD}
    # Whoever has seen one of them only leaves the other as it is.
    further = shelf.writes(ANA, ana)
    assert shelf.current == {further, bojan}
    together = shelf.writes(PETAR, further, bojan)
    assert shelf.current == {together}
    assert not shelf.records.in_conflict()


def test_only_members_write(shelf: Shelf) -> None:
    with pytest.raises(NotEmpowered):
        shelf.writes(OLGA)
    shelf.in_circle(ANA, Add(person=OLGA.id))
    with pytest.raises(NotEmpowered):
        shelf.writes(OLGA, seen=0)
    first = shelf.writes(OLGA)
    shelf.in_circle(ANA, Remove(person=OLGA.id))
    with pytest.raises(NotEmpowered):
        shelf.writes(OLGA, first)


def test_what_was_written_before_a_removal_and_placed_after_it_replaces_nothing(shelf: Shelf) -> None:
    first = shelf.writes(BOJAN)
    shelf.in_circle(ANA, Remove(person=BOJAN.id))
    second = shelf.writes(ANA, first)
    late = shelf.writes(BOJAN, second, seen=0)
    assert shelf.records.versions[late].quarantined
    assert shelf.current == {second}
    third = shelf.writes(PETAR, second)
    assert shelf.current == {third}


def test_a_record_is_erased_by_a_leader_and_stays_so(shelf: Shelf) -> None:
    first = shelf.writes(ANA)
    with pytest.raises(NotEmpowered):
        shelf.says(BOJAN, Erase(record=RECORD))
    with pytest.raises(Void):
        shelf.says(ANA, Erase(record=OTHER))
    shelf.says(PETAR, Erase(record=RECORD))
    assert shelf.current == set()
    for follows in ((), (first,)):
        with pytest.raises(Void):
            shelf.writes(ANA, *follows)


def test_whoever_led_and_is_gone_erases_nothing(shelf: Shelf) -> None:
    first = shelf.writes(ANA)
    shelf.in_circle(ANA, Add(person=OLGA.id))
    shelf.in_circle(ANA, Lead(coordinator=OLGA.id, deputy=PETAR.id))
    shelf.in_circle(OLGA, Remove(person=ANA.id))
    second = shelf.writes(PETAR, first)
    shelf.says(ANA, Erase(record=RECORD), seen=0)
    assert shelf.current == {second}


def test_a_leader_of_a_suspended_agency_erases_nothing_by_dating_back(shelf: Shelf) -> None:
    first = shelf.writes(ANA)
    proposal = shelf.story.in_directory(PETAR, Suspend(agency=agency_id("shelter"), until=LATER))
    shelf.story.in_directory(OLGA, Approve(proposal=proposal))
    shelf.in_circle(PETAR, Remove(person=BOJAN.id))
    second = shelf.writes(PETAR, first)
    shelf.says(ANA, Erase(record=RECORD), seen=0)
    late = shelf.writes(ANA, second, seen=0)
    assert shelf.records.versions[late].quarantined
    assert shelf.current == {second}


def test_a_removal_holds_against_what_comes_after_it_whatever_head_that_names(shelf: Shelf) -> None:
    first = shelf.writes(BOJAN)
    shelf.in_circle(ANA, Remove(person=BOJAN.id))
    # Nobody has written since: the removal's own head of the records is what tells.
    late = shelf.writes(BOJAN, first, seen=0)
    assert shelf.records.versions[late].quarantined
    assert not shelf.records.versions[first].quarantined
    assert shelf.current == {first}
    # Whoever goes on from the version that counts follows it.
    second = shelf.writes(ANA, first)
    assert shelf.current == {second}


@pytest.mark.parametrize("ends", ["removed", "excluded", "left", "rekeyed", "suspended", "lapsed", "closed"])
def test_what_ends_somebody_s_word_ends_it_however_they_name_and_date(shelf: Shelf, ends: str) -> None:
    story = shelf.story
    shelf.in_circle(ANA, Add(person=VESNA.id))
    if ends == "lapsed":
        shelf.in_circle(ANA, Remove(person=VESNA.id))
        shelf.in_circle(ANA, AddInEmergency(person=VESNA.id, until=SOON))
    first, seen = shelf.writes(VESNA), len(shelf.circles) - 1
    match ends:
        case "removed":
            shelf.in_circle(ANA, Remove(person=VESNA.id))
        case "excluded":
            shelf.in_circle(ANA, Exclude(person=VESNA.id, reason=b""))
        case "left":
            shelf.in_circle(VESNA, Remove(person=VESNA.id))
        case "rekeyed":
            other = Somebody(name="vesna", agency="police", generation=1)
            rekey = Rekey(person=VESNA.id, signing_key=other.signing_key, box_key=other.box_key, until=LATER)
            story.in_directory(OLGA, Approve(proposal=story.in_directory(PETAR, rekey)))
            rest = sorted((ANA.id, PETAR.id, BOJAN.id))
            shelf.in_circle(BOJAN, BeginEpoch(number=1, promise=bytes(32), members=rest))
        case "suspended":
            proposal = story.in_directory(ANA, Suspend(agency=agency_id("police"), until=LATER))
            story.in_directory(OLGA, Approve(proposal=proposal))
            rest = sorted((ANA.id, BOJAN.id))
            shelf.in_circle(BOJAN, BeginEpoch(number=1, promise=bytes(32), members=rest))
        case "lapsed":
            rest = sorted((ANA.id, PETAR.id, BOJAN.id))
            shelf.in_circle(BOJAN, BeginEpoch(number=1, promise=bytes(32), members=rest), at=SOON)
        case _:
            shelf.in_circle(ANA, Close())
    late = shelf.writes(VESNA, first, seen=seen)
    assert shelf.records.versions[late].quarantined
    assert shelf.current == {first}


def test_a_removal_that_is_shown_late_takes_back_what_was_written_behind_it(shelf: Shelf) -> None:
    first = shelf.writes(ANA)
    bojans = shelf.writes(BOJAN, first)
    late = shelf.writes(BOJAN, bojans)
    erased = shelf.writes(PETAR, record=OTHER)
    assert shelf.current == {late}
    # Ana had removed him when there were two entries; the server showed that only now.
    shelf.in_circle(ANA, Remove(person=BOJAN.id), records=1)
    assert {each.hash for each in shelf.records.versions.values() if each.quarantined} == {late}
    assert shelf.current == {bojans}
    assert shelf.records.current[OTHER] == {erased}


def test_an_entry_that_names_an_old_head_takes_nothing_back_that_others_had_seen(shelf: Shelf) -> None:
    first = shelf.writes(BOJAN)
    shelf.in_circle(ANA, Add(person=VESNA.id))
    shelf.in_circle(ANA, Remove(person=BOJAN.id))
    everybody = sorted((ANA.id, PETAR.id, VESNA.id))
    shelf.in_circle(VESNA, BeginEpoch(number=1, promise=bytes(32), members=everybody), records=-1)
    assert not shelf.records.versions[first].quarantined
    assert shelf.current == {first}


def test_what_follows_a_quarantined_version_counts(shelf: Shelf) -> None:
    shelf.in_circle(ANA, Remove(person=BOJAN.id))
    late = shelf.writes(BOJAN, seen=0)
    assert shelf.records.versions[late].quarantined
    assert shelf.current == set()
    with pytest.raises(Void):
        shelf.writes(ANA)
    rescued = shelf.writes(ANA, late)
    assert shelf.current == {rescued}
    shelf.says(ANA, Erase(record=RECORD))
    with pytest.raises(Void):
        shelf.says(ANA, Erase(record=RECORD))


def test_a_version_s_id_is_used_once(shelf: Shelf) -> None:
    first = shelf.writes(ANA)
    shelf.numbers = count(1)
    with pytest.raises(Void):
        shelf.writes(ANA, first)


def test_a_closed_compartment_takes_no_more(shelf: Shelf) -> None:
    first = shelf.writes(ANA)
    shelf.in_circle(ANA, Close())
    with pytest.raises(NotEmpowered):
        shelf.writes(ANA, first)


def test_under_a_hold_nothing_is_erased_whatever_older_head_an_erasure_names(shelf: Shelf) -> None:
    first = shelf.writes(ANA)
    shelf.in_circle(PETAR, Hold())
    with pytest.raises(Void):
        shelf.says(ANA, Erase(record=RECORD))
    shelf.says(ANA, Erase(record=RECORD), seen=0)
    assert shelf.current == {first}
    assert RECORD not in shelf.records.erased
    second = shelf.writes(BOJAN, first)
    release = shelf.in_circle(PETAR, Release(until=SOON))
    shelf.in_circle(ANA, ApproveAmongMembers(proposal=release))
    assert shelf.current == {second}
    shelf.says(ANA, Erase(record=RECORD))
    assert shelf.current == set()


def test_what_was_erased_before_a_hold_stays_so(shelf: Shelf) -> None:
    shelf.writes(ANA)
    shelf.says(ANA, Erase(record=RECORD))
    shelf.in_circle(PETAR, Hold())
    assert RECORD in shelf.records.erased


def test_an_entry_of_another_log_is_none(shelf: Shelf) -> None:
    shelf.records = Records(compartment=OTHER)
    with pytest.raises(NotAsWritten):
        shelf.writes(ANA)


@given(plan=st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(0, 30), max_size=3)), max_size=25))
def test_nothing_that_nobody_has_followed_is_ever_lost(plan: list[tuple[int, list[int]]]) -> None:
    """Whoever writes what after whatever: current are just those versions that no other follows."""
    versions: list[bytes] = []
    followed: set[bytes] = set()
    records = Records(compartment=COMPARTMENT)
    for number, (_who, places) in enumerate(plan):
        follows = list(dict.fromkeys(versions[each % len(versions)] for each in places)) if versions else []
        if versions and not follows:
            continue
        write = Write(
            record=RECORD,
            version=number.to_bytes(16),
            kind="plan",
            content=bytes(32),
            promise=bytes(32),
            follows=follows,
        )
        name = number.to_bytes(32)
        records = _written(records, Version(hash=name, by=ANA.id, at=NOW, write=write, quarantined=False))
        versions.append(name)
        followed |= set(follows)
        assert set(records.current[RECORD]) == set(versions) - followed
