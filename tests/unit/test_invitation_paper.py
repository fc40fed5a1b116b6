"""What stands on an invitation's paper: as docs/protocol.md gives it, byte by byte, and every slip of the pen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import Role
from client.vault import joining
from core.errors import InvalidInput
from crypto.paper import ALPHABET
from crypto.vault import invitation
from crypto.vault.failures import InvitationWrong, NotWhole, Refused, RowWrong, UnknownVersion
from crypto.vault.invitation import ROLES, Invitation

# The example of docs/protocol.md: never changed.
PUBLISHED = Invitation(
    role="practitioner", genesis=bytes(range(32)), head=bytes(range(100, 132)), token=bytes(range(200, 216)),
    address="https://streha.example",
)  # fmt: skip
TEXT = """
080G0 0820C 20A1G 7S2J3
104GM 2RC1M 70Y40 HYX9E
289H8 58P2W C1J6G V90W3
3GEHW 7V4CN K6ET3 9N52Y
D9NPR VBEDX R72WK KCP3K
EHTQC XVRF5 X7PZ3 XGQKP
FSZR1 0C2GF 4CKJP BYPSW
SK6WX KYGT7 9D7N6 N3BTJ
TVBWD 6CF80 GE3AE JNAHQ
streha.example
"""

papers = st.builds(
    Invitation,
    role=st.sampled_from(ROLES),
    genesis=st.binary(min_size=32, max_size=32),
    head=st.binary(min_size=32, max_size=32),
    token=st.binary(min_size=16, max_size=16),
    address=st.sampled_from(["https://streha.example", "http://127.0.0.1:8008", "https://streha.example/inside"]),
)


def test_the_published_example_stands() -> None:
    assert invitation.text(PUBLISHED) == TEXT.strip()
    assert invitation.read(TEXT) == PUBLISHED


@given(papers)
def test_it_comes_back_however_it_was_typed(paper: Invitation) -> None:
    text = invitation.text(paper)
    address = invitation.shown_address(paper)
    sloppy = text.removesuffix(address).lower().replace("0", "o").replace("1", "l").replace(" ", "-")
    for typed in (text, sloppy + address, f"  {address}\n\n{text.removesuffix(address)}"):
        assert invitation.read(typed) == paper
    assert repr(paper.token) not in repr(paper)


@given(papers, st.integers(0, 179), st.sampled_from(ALPHABET))
def test_one_wrong_letter_names_its_row(paper: Invitation, place: int, letter: str) -> None:
    rows = [each.replace(" ", "") for each in invitation.rows(paper)]
    row, within = divmod(place, 20)
    if rows[row][within] == letter:
        return
    wrong = [*rows]
    wrong[row] = rows[row][:within] + letter + rows[row][within + 1 :]
    with pytest.raises(RowWrong) as refused:
        invitation.put_together(wrong, paper.address)
    assert refused.value.row == row + 1


def test_rows_of_two_papers_another_order_and_another_address_are_no_paper() -> None:
    rows, other = invitation.rows(PUBLISHED), invitation.rows(replace(PUBLISHED, token=bytes(16)))
    for typed, address, refusal in (
        ([*rows[:7], *other[7:8], rows[8]], PUBLISHED.address, InvitationWrong),
        (rows, "https://streha.examp1e", InvitationWrong),
        (rows, "http://streha.example", InvitationWrong),
        (rows, "https://streha.čist", InvitationWrong),
        (rows, "", InvitationWrong),
        ([rows[1], rows[0], *rows[2:]], PUBLISHED.address, RowWrong),
        (rows[:-1], PUBLISHED.address, NotWhole),
    ):
        with pytest.raises(refusal):
            invitation.put_together(typed, address)


@pytest.mark.parametrize("version", [1, 3])
def test_another_version_is_told_apart(version: int) -> None:
    # Its first row is right by itself.
    other = invitation._row(0, bytes([version]) + bytes(9))
    with pytest.raises(UnknownVersion):
        invitation.put_together([other, *invitation.rows(PUBLISHED)[1:]], PUBLISHED.address)


@pytest.mark.parametrize("role", [0, 4])
def test_a_role_of_a_later_program_is_told_apart(role: int) -> None:
    body = invitation._whole(PUBLISHED)[: -invitation.CHECK_BYTES]
    body = body[:1] + bytes([role]) + body[2:]
    whole = body + invitation._check(body, PUBLISHED.address)
    rows = [invitation._row(number, whole[number * 10 :][:10]) for number in range(invitation.ROWS)]
    with pytest.raises(UnknownVersion):
        invitation.put_together(rows, PUBLISHED.address)


def test_its_roles_are_those_of_the_directory() -> None:
    assert set(ROLES) == {each.value for each in Role}


@given(st.text(max_size=300))
def test_whatever_is_typed_is_refused_and_never_a_fault(typed: str) -> None:
    with pytest.raises(Refused):
        invitation.read(typed)
    with pytest.raises(InvalidInput):
        joining.read_invitation(typed)


@pytest.mark.parametrize(
    "wrong",
    [{"genesis": b""}, {"head": bytes(31)}, {"token": bytes(15)}, {"role": "founder"},
     {"address": "streha.example"}, {"address": "https://" + "a" * 200}, {"address": "https://a b"}],
)  # fmt: skip
def test_what_could_not_be_typed_is_never_written(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"an invitation|an address"):
        replace(PUBLISHED, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nothing at all", "not a whole"),
        (" ".join(invitation.rows(PUBLISHED)), "not a whole"),
        (" ".join(invitation.rows(PUBLISHED)) + " streha.exampel", "address"),
        ("A" + invitation.text(PUBLISHED)[1:], "Row {row}"),
        ("streha.example " + "A" * 5000, "not a whole"),
    ],
)
def test_each_slip_is_said_in_a_sentence(typed: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        joining.read_invitation(typed)
    assert said in refused.value.reason
