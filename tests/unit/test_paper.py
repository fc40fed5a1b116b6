"""Seeds on paper: what was copied right is read, and every slip of the pen is noticed, row by row."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crypto import paper
from crypto.paper import ALPHABET, Kind, PaperWrong, RowWrong

SEED = bytes(range(32))
seeds = st.binary(min_size=32, max_size=32)
kinds = st.sampled_from(Kind)
MASTER_ROWS = [
    "000GC 40R4T",
    "0M309 E209K",
    "185G1 R38EC",
    "1W811 24GKQ",
    "2GAH3 C5RRR",
    "34D1F P70XN",
    "3RFXS EKE9R",
]
SIGNING_ROWS = [
    "000GQ 40R43",
    "0M30X E209E",
    "185G6 R38EM",
    "1W81T 24GKQ",
    "2GAHJ C5RR2",
    "34D1D P70XM",
    "3RFYB P22WP",
]


@given(seeds, kinds)
def test_what_is_written_is_read(seed: bytes, kind: Kind) -> None:
    rows = paper.rows(seed, kind)
    assert len(rows) == paper.ROWS
    assert paper.read(rows, kind) == seed
    typed = [row.lower().replace("0", "o").replace("1", "l").replace(" ", "-") for row in rows]
    assert paper.read(typed, kind) == seed


def test_the_form_never_changes() -> None:
    # Papers lie in safes for years: what was written once must be read for ever.
    assert paper.rows(SEED, Kind.MASTER) == MASTER_ROWS
    assert paper.rows(SEED, Kind.SIGNING) == SIGNING_ROWS


@given(st.data())
def test_a_wrong_letter_is_noticed_mostly_in_its_row_and_always_in_the_whole(data: st.DataObject) -> None:
    rows = paper.rows(SEED, Kind.MASTER)
    row = data.draw(st.integers(0, paper.ROWS - 1))
    place = data.draw(st.integers(0, len(rows[row]) - 1))
    letter = data.draw(st.sampled_from(ALPHABET))
    assume(rows[row][place] not in {letter, " "})
    rows[row] = rows[row][:place] + letter + rows[row][place + 1 :]
    with pytest.raises((RowWrong, PaperWrong)) as noticed:
        paper.read(rows, Kind.MASTER)
    if isinstance(noticed.value, RowWrong):
        assert noticed.value.row == row + 1


def test_most_wrong_letters_are_noticed_in_their_row() -> None:
    row = paper.rows(SEED, Kind.MASTER)[2]
    wrong = [row[:place] + letter + row[place + 1 :] for place in range(11) for letter in ALPHABET
             if row[place] not in {letter, " "}]  # fmt: skip
    assert sum(_noticed(each, 3) for each in wrong) > len(wrong) * 0.9


@given(seeds, st.integers(1, paper.ROWS), st.integers(1, paper.ROWS))
def test_a_row_belongs_to_its_place(seed: bytes, first: int, second: int) -> None:
    assume(first != second)
    rows = paper.rows(seed, Kind.SIGNING)
    assume(rows[first - 1] != rows[second - 1])
    rows[first - 1], rows[second - 1] = rows[second - 1], rows[first - 1]
    with pytest.raises((RowWrong, PaperWrong)):
        paper.read(rows, Kind.SIGNING)


@given(seeds)
def test_a_paper_of_one_kind_is_none_of_another(seed: bytes) -> None:
    with pytest.raises((RowWrong, PaperWrong)):
        paper.read(paper.rows(seed, Kind.MASTER), Kind.SIGNING)


@pytest.mark.parametrize(
    "typed", ["", "MGH85", "MGH85 DTET", "ABCDE FGHJK 00000", "č" * 10, "MGH85\u00a0U", "!!!!! !!!!!"]
)
def test_what_is_no_row_is_refused(typed: str) -> None:
    with pytest.raises(RowWrong) as noticed:
        paper.read_row(typed, 4, Kind.MASTER)
    assert noticed.value.row == 4


def test_a_paper_has_all_its_rows() -> None:
    rows = paper.rows(SEED, Kind.MASTER)
    for some in (rows[:-1], [*rows, rows[0]], []):
        with pytest.raises(PaperWrong):
            paper.read(some, Kind.MASTER)
    with pytest.raises(ValueError, match="32"):
        paper.rows(b"short", Kind.MASTER)


def _noticed(text: str, row: int) -> bool:
    try:
        paper.read_row(text, row, Kind.MASTER)
    except RowWrong:
        return True
    return False
