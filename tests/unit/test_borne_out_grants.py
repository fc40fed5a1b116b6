"""Which history grants count: those whose giver and recipient were members with these keys, then and by the ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agencies.trust.deeds import Approve, Attest, Rekey, Revoke
from agencies.trust.directory import NotEmpowered
from cases.trust.deeds import Add, AddInEmergency, Remove
from cases.trust.giving import Places, Told, given
from cases.trust.grants import HistoryGrant, write_history_grant
from cases.trust.knowing import CLOCKS_APART
from crypto.vault.failures import OfAnotherPlace, Refused, SignatureWrong
from tests.unit.test_trusted_circles import ANA, BOJAN, COMPARTMENT, OLGA, PETAR, VESNA, story
from tests.unit.test_trusted_directory import NOW, Somebody
from tests.unit.test_trusted_records import Shelf, shelf
from tests.unit.test_who_could_have_known import FIRST, HOUR, epoch, logs_of

assert story  # fixtures
assert shelf
DAY = 24 * HOUR
# Much later, when it is asked.
ASKED = NOW + 100 * DAY
OTHER_KEYS = replace(PETAR, generation=1)


def grant(shelf: Shelf, by: Somebody, member: Somebody, at: int, *, key: Somebody | None = None) -> bytes:
    said = HistoryGrant(log=COMPARTMENT, member=member.id, by=by.id, at=at, versions=[FIRST], grant=b"sealed")
    return write_history_grant((key or by).seed, shelf.story.genesis, said)


def counts(shelf: Shelf, data: bytes, *told: Told, now: int = ASKED) -> bool:
    compartment, members, _written, directory = logs_of(shelf)
    return Places(compartment, directory, members).bear_out(given(compartment, data), told, now)


def with_olga(shelf: Shelf) -> int:
    """Write a version and let Olga in, a day later; return at which entry of the members."""
    epoch(shelf)
    shelf.writes(ANA)
    shelf.in_circle(ANA, Add(person=OLGA.id), at=NOW + DAY)
    return len(shelf.circles) - 1


def with_other_keys(shelf: Shelf, at: int) -> None:
    """Give Petar other keys, and let him in again."""
    rekey = Rekey(
        person=PETAR.id, signing_key=OTHER_KEYS.signing_key, box_key=OTHER_KEYS.box_key, until=at + DAY
    )  # fmt: skip
    proposal = shelf.story.in_directory(OLGA, rekey, at=at)
    shelf.story.in_directory(ANA, Approve(proposal=proposal), at=at)
    shelf.in_circle(ANA, Add(person=PETAR.id), at=at)


def test_what_a_member_gave_a_member_counts_also_when_both_are_gone(shelf: Shelf) -> None:
    here, at = with_olga(shelf), NOW + DAY
    data = grant(shelf, PETAR, OLGA, at)
    assert counts(shelf, data, Told(newest=here, at=at))
    shelf.in_circle(ANA, Remove(person=OLGA.id), at=NOW + 2 * DAY)
    with_other_keys(shelf, NOW + 3 * DAY)
    shelf.story.in_directory(OLGA, Revoke(person=OLGA.id), at=NOW + 4 * DAY)
    assert counts(shelf, data, Told(newest=here, at=at))


def test_a_former_key_gives_nothing_whatever_moment_it_names(shelf: Shelf) -> None:
    with_olga(shelf)
    with_other_keys(shelf, NOW + 3 * DAY)
    there, now = len(shelf.circles) - 1, NOW + 5 * DAY
    # Dated now, whether or not the ledger has it.
    forged = grant(shelf, PETAR, OLGA, now)
    assert not counts(shelf, forged, now=now)
    assert not counts(shelf, forged, Told(newest=there, at=now), now=now)
    assert counts(shelf, grant(shelf, PETAR, OLGA, now, key=OTHER_KEYS), Told(newest=there, at=now), now=now)
    # Dated back: the ledger has it now, or says otherwise, or has it not at all.
    back = NOW + DAY + HOUR
    forged = grant(shelf, PETAR, OLGA, back)
    for told in ((Told(newest=there, at=now),), (Told(newest=there, at=back),), ()):
        assert not counts(shelf, forged, *told, now=now), told
    # And other keys gave nothing before they were his.
    early = grant(shelf, PETAR, OLGA, back, key=OTHER_KEYS)
    assert not counts(shelf, early, Told(newest=there - 1, at=back), now=now)


@pytest.mark.parametrize(
    ("at", "stands"), [(NOW, False), (NOW + DAY - CLOCKS_APART - 1, False), (NOW + DAY - 60, True)]
)
def test_whoever_was_no_member_yet_was_given_nothing(shelf: Shelf, at: int, stands: bool) -> None:  # noqa: FBT001
    here = with_olga(shelf)
    assert counts(shelf, grant(shelf, ANA, OLGA, at), Told(newest=here, at=at)) is stands
    # The ledger's order counts besides: before the entry that let her in she was given nothing.
    assert not counts(shelf, grant(shelf, ANA, OLGA, at), Told(newest=here - 1, at=at))


def test_whoever_is_out_gives_and_gets_nothing(shelf: Shelf) -> None:
    with_olga(shelf)
    shelf.in_circle(ANA, AddInEmergency(person=VESNA.id, until=NOW + DAY + HOUR), at=NOW + DAY)
    shelf.in_circle(ANA, Remove(person=BOJAN.id), at=NOW + 2 * DAY)
    last = len(shelf.circles) - 1
    for giver, member, at in (
        (BOJAN, OLGA, NOW + 3 * DAY), (ANA, BOJAN, NOW + 3 * DAY), (ANA, VESNA, NOW + DAY + HOUR), (ANA, VESNA, ASKED),
    ):  # fmt: skip
        data = grant(shelf, giver, member, at)
        assert not counts(shelf, data, Told(newest=last, at=at))
        assert not counts(shelf, data, now=at)


def test_what_the_ledger_has_not_chained_yet_is_of_the_last_moments(shelf: Shelf) -> None:
    here, at = with_olga(shelf), NOW + 2 * DAY
    data = grant(shelf, ANA, OLGA, at)
    assert counts(shelf, data, now=at + CLOCKS_APART)
    assert not counts(shelf, data, now=at + CLOCKS_APART + 1)
    # What the ledger has at quite another moment is not it, and it has it after an entry.
    assert counts(shelf, data, Told(newest=here, at=at + CLOCKS_APART))
    assert not counts(shelf, data, Told(newest=here, at=at + CLOCKS_APART + 1))
    assert not counts(shelf, data, Told(newest=-1, at=at))


def test_somebody_who_came_into_the_directory_later_gave_nothing_before(shelf: Shelf) -> None:
    new = Somebody(name="nova", agency="court")
    with_olga(shelf)
    said = new.attested
    deed = Attest(**{name: getattr(said, name) for name in said.__struct_fields__}, until=NOW + 9 * DAY)
    shelf.story.in_directory(OLGA, deed, at=NOW + 2 * DAY)
    shelf.in_circle(ANA, Add(person=new.id), at=NOW + 2 * DAY)
    last = len(shelf.circles) - 1
    for at, stands in ((NOW + DAY, False), (NOW + 2 * DAY, True)):
        assert counts(shelf, grant(shelf, new, OLGA, at), Told(newest=last, at=at)) is stands


def test_what_was_never_signed_by_the_giver_is_refused(shelf: Shelf) -> None:
    with_olga(shelf)
    compartment, *_rest = logs_of(shelf)
    data = grant(shelf, PETAR, OLGA, NOW + DAY)
    for wrong, refused in (
        (grant(shelf, PETAR, OLGA, NOW + DAY, key=BOJAN), NotEmpowered),
        (grant(shelf, PETAR, OLGA, NOW + DAY, key=OTHER_KEYS), NotEmpowered),
        (data[:-1] + bytes([data[-1] ^ 1]), (SignatureWrong, Refused)),
    ):
        with pytest.raises(refused):
            given(compartment, wrong)
    other = HistoryGrant(log=bytes(16), member=OLGA.id, by=ANA.id, at=NOW, versions=[FIRST], grant=b"sealed")
    with pytest.raises(OfAnotherPlace):
        given(compartment, write_history_grant(ANA.seed, shelf.story.genesis, other))
