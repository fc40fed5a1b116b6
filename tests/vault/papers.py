"""The vectors of what somebody new comes in with: an invitation on paper, and the keys that they offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from crypto.vault import invitation, log, statement
from crypto.vault.deterministic import Value
from crypto.vault.invitation import Invitation
from crypto.vault.labels import MEMBERSHIP, OFFER
from tests.vault.cases import Cases
from tests.vault.drawn import BOX_KEY, COMPARTMENT, NETWORK, OTHER_NETWORK, PERSON, SEED, drawn


def _entry() -> bytes:
    body = log.body(log=COMPARTMENT, number=0, after=log.START, at=1, by=PERSON, do="open", particulars={})
    return statement.make(SEED, MEMBERSHIP, NETWORK, body)


def _row_changed(text: str, row: int, letter: int, to: str) -> str:
    lines = text.split("\n")
    lines[row - 1] = lines[row - 1][:letter] + to + lines[row - 1][letter + 1 :]
    return "\n".join(lines)


def _resigned(paper: Invitation, **changes: int) -> str:
    """Return the text of a paper whose first bytes are others, with every check made anew."""
    body = bytearray(invitation._whole(paper)[: -invitation.CHECK_BYTES])
    for place, name in enumerate(("version", "role")):
        body[place] = changes.get(name, body[place])
    whole = bytes(body) + invitation._check(bytes(body), paper.address)
    rows = [invitation._row(number, whole[number * 10 :][:10]) for number in range(invitation.ROWS)]
    return "\n".join([*rows, invitation.shown_address(paper)])


def invitations() -> Iterator[Cases]:
    cases = Cases()
    paper = Invitation(
        role="practitioner", genesis=NETWORK, head=drawn("head"), token=drawn("token", 16),
        address="https://streha.example",
    )  # fmt: skip
    given = {
        "role": paper.role, "genesis": paper.genesis.hex(), "head": paper.head.hex(),
        "token": paper.token.hex(), "address": paper.address,
    }  # fmt: skip
    changed: Mapping[str, dict[str, object]] = {
        "as it is": {}, "for a security officer": {"role": "security_officer"},
        "for an administrator": {"role": "administrator"},
        "of the genesis": {"head": NETWORK.hex()},
        "at an address of its own": {"address": "http://127.0.0.1:8008/inside"},
    }  # fmt: skip
    for name, changes in changed.items():
        cases.well(name, "invitation.text", {**given, **changes})
    text = invitation.text(paper)
    rows, address = invitation.rows(paper), "streha.example"
    for name, typed in {
        "as it is": text, "in small letters": text.lower(), "with dashes": text.replace(" ", "-"),
        "on one line": text.replace("\n", " "), "the address in front": "\n".join([address, *rows]),
        "with other spaces": text.replace("\n", "\r\n\t").replace(" ", "\u00a0"), "with lookalikes": (
            "\n".join([*(row.replace("0", "O").replace("1", "l") for row in rows), address])
        ),
        "with the scheme": "\n".join([*rows, paper.address]),
    }.items():  # fmt: skip
        cases.well(name, "invitation.read", {"text": typed})
    other = invitation.rows(replace(paper, token=bytes(16)))
    for name, typed, outcome in (
        ("nothing", "", "not-whole"), ("without an address", "\n".join(rows), "not-whole"),
        ("two addresses", text + " streha.example.org", "not-whole"),
        ("a row less", "\n".join([*rows[:8], address]), "not-whole"),
        ("a letter more", text.replace("\n", "0\n", 1), "not-whole"), ("too long", text + " " * 4096, "not-whole"),
        ("two rows exchanged", "\n".join([rows[1], rows[0], *rows[2:], address]), "row-wrong"),
        ("a letter that there is not", _row_changed(text, 3, 0, "U"), "row-wrong"),
        ("a letter of another script", _row_changed(text, 3, 0, "А"), "row-wrong"),
        ("a letter that only looks small", _row_changed(text, 3, 0, "\u0131"), "row-wrong"),
        ("a sign beyond sixteen bits", _row_changed(text, 3, 0, "\U0001f600"), "row-wrong"),
        ("with a space of another kind", text.replace(" ", "\u2003"), "not-whole"),
        ("a row of another paper", "\n".join([*rows[:7], other[7], rows[8], address]), "invitation-wrong"),
        ("another address", "\n".join([*rows, "streha.examp1e"]), "invitation-wrong"),
        ("another scheme", "\n".join([*rows, "http://streha.example"]), "invitation-wrong"),
        ("an address that is no ASCII", "\n".join([*rows, "streha.čist"]), "invitation-wrong"),
        ("an address that is too long", "\n".join([*rows, "a." * 100 + "a"]), "invitation-wrong"),
        ("of the version without a role", _resigned(paper, version=1), "unknown-version"),
        ("of a later version", _resigned(paper, version=3), "unknown-version"),
        ("for no role", _resigned(paper, role=0), "unknown-version"),
        ("for a role of a later program", _resigned(paper, role=4), "unknown-version"),
    ):  # fmt: skip
        cases.add(name, "invitation.read", outcome, {"text": typed})
    for row in (1, 5, 9):
        letter = "0" if rows[row - 1][7] != "0" else "2"
        cases.well(f"a slip in row {row}", "invitation.wrong-row", {"text": _row_changed(text, row, 7, letter)})
    cases.well("no slip", "invitation.wrong-row", {"text": text})
    cases.well("a row", "invitation.row", {"typed": rows[2].lower().replace(" ", ""), "row": 3})
    cases.add("a row in another's place", "invitation.row", "row-wrong", {"typed": rows[2], "row": 4})
    cases.add("half a row", "invitation.row", "row-wrong", {"typed": rows[2][:11], "row": 3})
    yield cases


def key_offers() -> Iterator[Cases]:
    cases = Cases()
    agency = drawn("agency", 16)
    said: dict[str, Value] = {
        "person": PERSON, "agency": agency, "name": "Vera Primer", "role": "practitioner",
        "matrix_user": "@vera:streha.example", "box_key": BOX_KEY, "at": 1_900_000_000,
    }  # fmt: skip
    shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in said.items()}
    given = {"seed": SEED.hex(), "network": NETWORK.hex(), **shown}
    cases.well("made", "offer.make", given)
    cases.well("before there is a network", "offer.make", {**given, "network": bytes(32).hex()})
    cases.add("without a name", "offer.make", "not-as-written", {**given, "name": ""})
    good = statement.make(SEED, OFFER, NETWORK, said)
    read = {"statement": good.hex(), "network": NETWORK.hex()}
    cases.well("read", "offer.read", read)
    cases.otherwise("offer.read", read, {
        "for another network": ("signature-wrong", "network", OTHER_NETWORK.hex()),
        "an entry of a log": ("signature-wrong", "statement", _entry().hex()),
        "cut": ("signature-wrong", "statement", good[:-1].hex()),
        "one byte more": ("signature-wrong", "statement", (good + b"\0").hex()),
        "of a later version": ("unknown-version", "statement", (b"\x02" + good[1:]).hex()),
        "nothing": ("not-whole", "statement", ""),
    })  # fmt: skip
    wrong: Mapping[str, dict[str, Value]] = {
        "a field too many": {"more": 1}, "no name": {"name": ""}, "a name too long": {"name": "ž" * 201},
        "a role that nobody knows": {"role": "founder"}, "a person of 15 bytes": {"person": bytes(15)},
        "a key of 31 bytes": {"box_key": bytes(31)}, "a moment that is text": {"at": "now"},
        "a Matrix user too long": {"matrix_user": "@" * 256},
    }  # fmt: skip
    for name, changes in wrong.items():
        signed = statement.make(SEED, OFFER, NETWORK, {**said, **changes})
        cases.add(name, "offer.read", "not-as-written", {**read, "statement": signed.hex()})
    less = {name: value for name, value in said.items() if name != "role"}
    cases.add("a field too few", "offer.read", "not-as-written", {
        **read, "statement": statement.make(SEED, OFFER, NETWORK, less).hex(),
    })  # fmt: skip
    yield cases
