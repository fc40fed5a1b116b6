"""Which keys this machine has met: what changes is noticed, and nothing is forgotten to make room."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from client import known_keys
from client.known_keys import MOST, Met
from core.errors import Conflict

DESK, AGENCY = UUID(int=1), UUID(int=2)
KEY, OTHER = bytes(32), bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a person's key file would be."""
    return tmp_path / "ana.key"


def test_a_key_that_was_met_is_known_again_and_a_change_is_noticed(path: Path) -> None:
    known = known_keys.beside(path)
    assert known.desk(DESK, AGENCY, KEY) is Met.NEW
    known.meet(DESK, AGENCY, KEY)
    known.save()
    again = known_keys.beside(path)
    assert again.desk(DESK, AGENCY, KEY) is Met.SAME
    assert again.desk(DESK, AGENCY, OTHER) is Met.CHANGED


def test_another_desk_of_the_same_agency_is_no_first_meeting(path: Path) -> None:
    known = known_keys.beside(path)
    known.meet(DESK, AGENCY, KEY)
    shown = uuid4()
    assert known.desk(shown, AGENCY, OTHER) is Met.CHANGED
    assert known.desk(uuid4(), uuid4(), OTHER) is Met.NEW
    # Compared by telephone it takes the place of the first, which is then the stranger.
    known.trust(shown, AGENCY, OTHER)
    assert known.desk(shown, AGENCY, OTHER) is Met.SAME
    assert known.desk(DESK, AGENCY, KEY) is Met.CHANGED


def test_however_many_desks_are_made_none_is_forgotten(path: Path) -> None:
    known = known_keys.beside(path)
    known.meet(DESK, AGENCY, KEY)
    known.meet_author(AGENCY, KEY)
    for _ in range(MOST - 1):
        known.meet(uuid4(), uuid4(), OTHER)
        known.meet_author(uuid4(), OTHER)
    known.save()
    full = known_keys.beside(path)
    assert full.desk(DESK, AGENCY, OTHER) is Met.CHANGED
    assert full.author(AGENCY, OTHER) is Met.CHANGED
    with pytest.raises(Conflict, match="no room"):
        full.meet(uuid4(), uuid4(), OTHER)
    with pytest.raises(Conflict, match="no room"):
        full.meet_author(uuid4(), OTHER)
    # What is known already needs none.
    full.meet(DESK, AGENCY, OTHER)


def test_a_file_of_before_tells_no_agencies_and_learns_them(path: Path) -> None:
    known = known_keys.beside(path)
    known.meet(DESK, AGENCY, KEY)
    known.save()
    text = known.path.read_text(encoding="utf-8")
    known.path.write_text(text[: text.index('"agencies"')].rstrip().rstrip(",") + "}", encoding="utf-8")
    before = known_keys.beside(path)
    assert (before.agencies, before.desk(DESK, AGENCY, KEY)) == ({}, Met.SAME)
    before.meet(DESK, AGENCY, KEY)
    assert before.desk(uuid4(), AGENCY, OTHER) is Met.CHANGED


def test_what_two_commands_meet_at_once_is_all_kept(path: Path) -> None:
    first = known_keys.beside(path)
    first.meet(DESK, AGENCY, KEY)
    first.meet(UUID(int=3), UUID(int=4), KEY)
    first.save()
    one, other = known_keys.beside(path), known_keys.beside(path)
    one.meet(UUID(int=5), UUID(int=6), OTHER)
    other.meet_author(UUID(int=7), OTHER)
    # What somebody compared takes the place of what was met of the agency, for both.
    one.trust(UUID(int=8), AGENCY, OTHER)
    one.save()
    other.save()
    known = known_keys.beside(path)
    assert known.desks == {UUID(int=3): KEY, UUID(int=5): OTHER, UUID(int=8): OTHER}
    assert known.authors == {UUID(int=7): OTHER}
    assert known.agencies == {UUID(int=3): UUID(int=4), UUID(int=5): UUID(int=6), UUID(int=8): AGENCY}
