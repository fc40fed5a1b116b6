"""The logs of a compartment as a malicious server has them, and what it can make of them without anybody's key.

Signatures of its own it makes with keys that nobody attested.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agencies.model import Role
from agencies.trust import deeds as directory_deeds
from cases.trust import deeds as member_deeds
from cases.trust.deeds import DEEDS as MEMBER_DEEDS
from crypto import signing
from crypto.vault import deterministic, log, statement
from crypto.vault.deeds import Deed, written
from crypto.vault.log import Kind

BODY_AT = 1 + 32 + 64
# Its own key, which no directory has; and who it is that nobody knows.
SEED = bytes([66]) * 32
GHOST = bytes([67]) * 16
_MOST_AT_ONCE = 1000
_KINDS = ("directory", "members", "records")


@dataclass(slots=True, kw_only=True)
class Logs:
    """The three logs of a compartment as the server has them, whole."""

    directory: list[bytes] = field(default_factory=list)
    members: list[bytes] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)

    def of(self, kind: str) -> list[bytes]:
        """Return one of them."""
        found: list[bytes] = getattr(self, kind)
        return found

    def add(self, page: Mapping[str, Any]) -> None:
        """Take in what an answer holds."""
        for kind in _KINDS:
            self.of(kind).extend(base64.b64decode(each) for each in page[kind])

    def lengths(self) -> dict[str, int]:
        """Return how many entries each has."""
        return {kind: len(self.of(kind)) for kind in _KINDS}

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return an answer from the positions that a client asks from."""
        left, told = _MOST_AT_ONCE, {}
        for kind in _KINDS:
            entries = self.of(kind)[int(query.get(kind, "0")) :][:left]
            left -= len(entries)
            told[kind] = [base64.b64encode(each).decode() for each in entries]
        return {**told, "lengths": self.lengths()}


def _forged(kind: Kind, entries: list[bytes], network: bytes, by: bytes, deed: Deed, deeds: Any) -> bytes:
    """Return an entry that follows the last one in every way but its key."""
    do, particulars = written(deeds, deed)
    last = deterministic.decode(entries[-1][BODY_AT:])
    assert isinstance(last, dict)
    log_id, at = last["log"], last["at"]
    assert isinstance(log_id, bytes)
    assert isinstance(at, int)
    body = log.body(
        log=log_id, number=len(entries), after=statement.hash_of(entries[-1]), at=at, by=by, do=do,
        particulars=particulars,
    )  # fmt: skip
    body["seen"] = last["seen"]
    return statement.make(SEED, kind.purpose, network, body)


def _author(entry: bytes) -> bytes:
    body = deterministic.decode(entry[BODY_AT:])
    assert isinstance(body, dict)
    by = body["by"]
    assert isinstance(by, bytes)
    return by


def ghost_member(logs: Logs) -> Logs:
    network = statement.hash_of(logs.directory[0])
    deed = member_deeds.Add(person=GHOST)
    entry = _forged(Kind.MEMBERSHIP, logs.members, network, _author(logs.members[0]), deed, MEMBER_DEEDS)
    return replace(logs, members=[*logs.members, entry])


def ghost_attested(logs: Logs) -> Logs:
    network = statement.hash_of(logs.directory[0])
    key = signing.public_key(SEED)
    deed = directory_deeds.Attest(
        person=GHOST, agency=_agency(logs), name="A ghost", role=Role.PRACTITIONER, signing_key=key, box_key=key,
        matrix_user="", matrix_master=b"", until=2**40,
    )  # fmt: skip
    author = _author(logs.directory[0])
    entry = _forged(Kind.DIRECTORY, logs.directory, network, author, deed, directory_deeds.DEEDS)
    return replace(logs, directory=[*logs.directory, entry])


def _agency(logs: Logs) -> bytes:
    body: Any = deterministic.decode(logs.directory[0][BODY_AT:])
    agency: bytes = body["with"]["agencies"][0]["agency"]
    return agency


def key_replaced(logs: Logs) -> Logs:
    """Put a key of one's own into the last attestation, and leave all else as it was."""
    entries = list(logs.directory)
    for number in reversed(range(len(entries))):
        body: Any = deterministic.decode(entries[number][BODY_AT:])
        if body["do"] == "attest":
            body["with"]["box_key"] = signing.public_key(SEED)
            entries[number] = entries[number][:BODY_AT] + deterministic.encode(body)
            return replace(logs, directory=entries)
    raise AssertionError("nobody was attested after the genesis")


def other_network(logs: Logs) -> Logs:
    """Show a network of one's own, in which everybody has the names that they have."""
    body: Any = deterministic.decode(logs.directory[0][BODY_AT:])
    for agency in body["with"]["agencies"]:
        for person in agency["people"]:
            person["signing_key"] = signing.public_key(signing.new_seed())
    founder = body["with"]["agencies"][0]["people"][0]
    founder["signing_key"] = signing.public_key(SEED)
    body["by"] = founder["person"]
    return replace(logs, directory=[statement.make(SEED, "genesis", statement.NO_NETWORK, body)])


def without_last(kind: str) -> Callable[[Logs], Logs]:
    return lambda logs: replace(logs, **{kind: logs.of(kind)[:-1]})


def flipped_last(kind: str) -> Callable[[Logs], Logs]:
    def change(logs: Logs) -> Logs:
        *others, last = logs.of(kind)
        return replace(logs, **{kind: [*others, last[:-1] + bytes([last[-1] ^ 1])]})

    return change


def swapped_last(kind: str) -> Callable[[Logs], Logs]:
    def change(logs: Logs) -> Logs:
        *others, one, two = logs.of(kind)
        return replace(logs, **{kind: [*others, two, one]})

    return change


def signed_anew(kind: str) -> Callable[[Logs], Logs]:
    """Show another last entry, well signed with a key that nobody attested: as if the log were forked."""

    def change(logs: Logs) -> Logs:
        *others, last = logs.of(kind)
        body: Any = deterministic.decode(last[BODY_AT:])
        body["at"] += 1
        purpose = Kind[{"members": "MEMBERSHIP"}.get(kind, kind.upper())].purpose
        made = statement.make(SEED, purpose, statement.hash_of(logs.directory[0]), body)
        return replace(logs, **{kind: [*others, made]})

    return change


def seen_otherwise(kind: str) -> Callable[[Logs], Logs]:
    """Add an entry of one's own whose author claims to have seen another directory: as if that were forked."""

    def change(logs: Logs) -> Logs:
        network, entries = statement.hash_of(logs.directory[0]), logs.of(kind)
        body: Any = deterministic.decode(entries[-1][BODY_AT:])
        body["number"], body["after"] = len(entries), statement.hash_of(entries[-1])
        body["seen"] = [[*head[:3], bytes(32)] if head[0] == Kind.DIRECTORY else head for head in body["seen"]]
        purpose = Kind[{"members": "MEMBERSHIP"}.get(kind, kind.upper())].purpose
        return replace(logs, **{kind: [*entries, statement.make(SEED, purpose, network, body)]})

    return change


def with_last(argument: str) -> Callable[[Logs], Logs]:
    """Show an entry that an insider has signed in the place of the last one: `kind:base64`."""
    kind, _, entry = argument.partition(":")
    return lambda logs: replace(logs, **{kind: [*logs.of(kind)[:-1], base64.b64decode(entry)]})


def doubled_last(kind: str) -> Callable[[Logs], Logs]:
    return lambda logs: replace(logs, **{kind: [*logs.of(kind), logs.of(kind)[-1]]})


def with_more(argument: str) -> Callable[[Logs], Logs]:
    """Show one entry more in a log: its name, a colon, and the entry."""
    kind, _, entry = argument.partition(":")
    return lambda logs: replace(logs, **{kind: [*logs.of(kind), base64.b64decode(entry)]})


def without_removal(logs: Logs) -> Logs:
    """Show the members as they were before somebody was removed."""
    for number, entry in enumerate(logs.members):
        body: Any = deterministic.decode(entry[BODY_AT:])
        if body["do"] == "remove":
            return replace(logs, members=logs.members[:number])
    raise AssertionError("nobody was removed")
