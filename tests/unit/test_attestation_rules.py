"""Who may confirm a device, how far somebody is linked, and how a session key is read and its code compared."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.attestation import (
    CODE_CHARACTERS,
    Attestation,
    AttestationId,
    LinkState,
    code_of,
    fits,
    link_state,
    may_confirm,
    read_device_id,
    read_session_key,
)
from agencies.model import AgencyId, Person, PersonId, Role
from core.errors import InvalidInput

KEY = bytes(range(200, 232))
SHOWN = base64.b64encode(KEY).decode().rstrip("=")
KEYS = st.binary(min_size=32, max_size=32)


def somebody(role: Role, agency_id: AgencyId, *, active: bool = True) -> Person:
    return Person(
        id=PersonId(uuid4()), agency_id=agency_id, name="Ana Primer", role=role, matrix_user="@ana:streha.example",
        signing_key=bytes(32), left_at=None if active else datetime(2026, 3, 2, tzinfo=UTC),
    )  # fmt: skip


# Who may confirm -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("here", [True, False], ids=["same agency", "another agency"])
@pytest.mark.parametrize("others", [0, 1], ids=["no administrator there", "another administrator there"])
@pytest.mark.parametrize("active", [True, False], ids=["active", "departed"])
@pytest.mark.parametrize("person_role", [Role.PRACTITIONER, Role.ADMINISTRATOR])
def test_who_may_confirm(role: Role, *, here: bool, others: int, active: bool, person_role: Role) -> None:
    agency, elsewhere = AgencyId(uuid4()), AgencyId(uuid4())
    person = somebody(person_role, agency)
    asker = somebody(role, agency if here else elsewhere, active=active)
    administrators = {PersonId(uuid4()) for _ in range(others)}
    if person_role is Role.ADMINISTRATOR:
        administrators.add(person.id)
    if here and role is Role.ADMINISTRATOR and active:
        administrators.add(asker.id)
    expected = active and role is Role.ADMINISTRATOR and (here or not others)
    assert may_confirm(asker, person, administrators) is expected


def test_nobody_confirms_themselves() -> None:
    alone = somebody(Role.ADMINISTRATOR, AgencyId(uuid4()))
    assert not may_confirm(alone, alone, {alone.id})
    assert not may_confirm(alone, alone, set())


# How far somebody is linked --------------------------------------------------------------------------


def test_how_far_somebody_is_linked() -> None:
    found = {}
    for pinned, changed, claimed in product((False, True), repeat=3):
        attestation = Attestation(
            id=AttestationId(uuid4()), person_id=PersonId(uuid4()), matrix_user="@ana:streha.example", device_id="ONE",
            device_key=KEY, master_key=KEY if pinned else None, changed=changed,
        )  # fmt: skip
        found[pinned, changed, claimed] = link_state(attestation, claimed=claimed)
    assert {each for each, state in found.items() if state is LinkState.LINKED} == {
        (True, False, False), (True, False, True),
    }  # fmt: skip
    assert {found[each] for each in found if each[1]} == {LinkState.CHANGED}
    assert {found[each] for each in found if not each[0] and not each[1]} == {LinkState.WAITING_FOR_IDENTITY}
    assert link_state(None, claimed=True) is LinkState.WAITING_FOR_CONFIRMATION
    assert link_state(None, claimed=False) is LinkState.NOT_LINKED


# Session keys and codes ------------------------------------------------------------------------------


@given(key=KEYS, group=st.integers(1, 50), padded=st.booleans(), around=st.sampled_from(["", " ", "\n", "\t "]))
def test_a_session_key_is_read_however_it_is_spaced(key: bytes, group: int, padded: bool, around: str) -> None:  # noqa: FBT001 (Hypothesis gives it)
    text = base64.b64encode(key).decode()
    text = text if padded else text.rstrip("=")
    spaced = " ".join(text[at : at + group] for at in range(0, len(text), group))
    assert read_session_key(around + spaced + around) == key


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "=", "====", SHOWN[:-1], SHOWN + "A", SHOWN + "AA", SHOWN[:16], SHOWN * 2, SHOWN[:-1] + "!",
        SHOWN.replace(SHOWN[5], "-"), SHOWN[:20] + "=" + SHOWN[20:], SHOWN[:20] + "č" + SHOWN[21:], "ed25519:" + SHOWN,
        "A" * 100_000, "\0" * 43, base64.b64encode(bytes(31)).decode(), base64.b64encode(bytes(33)).decode(),
    ],
)  # fmt: skip
def test_what_is_no_session_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_session_key(text)
    assert not refused.value.parameters


def test_a_slip_in_the_last_character_is_found() -> None:
    """Its last two bits mean nothing, so that three other characters would be the same key."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    accepted = []
    for last in alphabet:
        try:
            accepted.append((last, read_session_key(SHOWN[:-1] + last)))
        except InvalidInput:
            continue
    assert (SHOWN[-1], KEY) in accepted
    assert len({key for _, key in accepted}) == len(accepted) == 16


@given(key=KEYS)
def test_the_code_is_how_the_session_key_begins(key: bytes) -> None:
    code = code_of(key)
    assert base64.b64encode(key).decode().startswith(code.replace(" ", ""))
    assert len(code.replace(" ", "")) == CODE_CHARACTERS
    for said in (code, code.replace(" ", ""), code.lower(), code.upper(), f"  {code}\n"):
        assert fits(said, key)


@given(key=KEYS, other=KEYS)
def test_another_devices_code_does_not_fit(key: bytes, other: bytes) -> None:
    alike = code_of(key).casefold() == code_of(other).casefold()
    assert fits(code_of(other), key) is alike


@pytest.mark.parametrize("position", range(CODE_CHARACTERS))
def test_every_character_of_a_code_counts(position: int) -> None:
    code = code_of(KEY).replace(" ", "")
    wrong = "7" if code[position] != "7" else "8"
    assert not fits(code[:position] + wrong + code[position + 1 :], KEY)


@pytest.mark.parametrize("code", ["", "AbCd", SHOWN, SHOWN[:15], SHOWN[:17], "č" * 16, "\u212a" * 16])
def test_what_is_no_code_is_refused_and_not_counted(code: str) -> None:
    with pytest.raises(InvalidInput):
        fits(code, KEY)


def test_a_device_id_is_read_as_it_is_shown() -> None:
    assert read_device_id(" GHTYAJCE\n") == "GHTYAJCE"
    assert read_device_id("a" * 255) == "a" * 255
    for text in ("", " ", "GHTY AJCE", "GHTYAJCE\x1b[2J", "uređaj", "a" * 256, "one\u202etwo"):
        with pytest.raises(InvalidInput):
            read_device_id(text)
