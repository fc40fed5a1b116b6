"""What a malicious server may try, one attack for each name. It has all that a server has, and no member's key.

An attack changes the logs that a client is shown (`logs`), any other answer (`answers`), or keeps to itself what a
client sends (`swallows`). Signatures of its own it makes with keys that nobody attested.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from agencies.model import Role
from agencies.trust import deeds as directory_deeds
from cases.trust import deeds as member_deeds
from cases.trust.deeds import DEEDS as MEMBER_DEEDS
from crypto import signing
from crypto.vault import deterministic, log, statement
from crypto.vault.deeds import Deed, written
from crypto.vault.log import Kind
from tests.malice import joining_attacks

_BODY_AT = 1 + 32 + 64
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


class Attack:
    """Nothing: what is asked is answered as it is."""

    rewrites_logs = False

    def logs(self, logs: Logs) -> Logs:
        """Return the logs as they are shown."""
        return logs

    def answers(self, _method: str, _path: str, told: Any) -> Any:
        """Return any other answer as it is given."""
        return told

    def swallows(self, _method: str, _path: str, _body: bytes) -> Any:
        """Return the answer to a request that is not passed on; None where it is."""
        return None


class OfLogs(Attack):
    """Shows other logs."""

    rewrites_logs = True

    def __init__(self, change: Callable[[Logs], Logs]) -> None:
        self._change = change

    def logs(self, logs: Logs) -> Logs:
        return self._change(logs)


class OfAnswers(Attack):
    """Gives another answer at paths that fit."""

    def __init__(self, path: str, change: Callable[[Any], Any]) -> None:
        self._path = re.compile(path)
        self._change = change

    def answers(self, _method: str, path: str, told: Any) -> Any:
        return self._change(told) if self._path.fullmatch(path) else told


class Exchanged(Attack):
    """Answers at every path that fits as it has answered at the first of them."""

    def __init__(self, path: str) -> None:
        self._path = re.compile(path)
        self._first: Any = None

    def answers(self, _method: str, path: str, told: Any) -> Any:
        if not self._path.fullmatch(path):
            return told
        self._first = told if self._first is None else self._first
        return self._first


class Silence(Exception):
    """Nothing is answered."""


class SilentAfter(Attack):
    """Takes in an entry of a log, and from then on answers nothing."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._silent = False

    def answers(self, method: str, path: str, told: Any) -> Any:
        self._silent = self._silent or (method == "POST" and path.endswith(f"/{self._kind}"))
        if self._silent:
            raise Silence
        return told


class Swallowed(Attack):
    """Says that an entry was taken in, and keeps it to itself: its author will see it, nobody else."""

    rewrites_logs = True

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._kept: list[bytes] = []

    def swallows(self, method: str, path: str, body: bytes) -> Any:
        if method != "POST" or not path.endswith(f"/{self._kind}"):
            return None
        entry = base64.b64decode(json.loads(body)["entry"])
        self._kept.append(entry)
        number = deterministic.decode(entry[_BODY_AT:])
        assert isinstance(number, dict)
        position = number["number"]
        assert isinstance(position, int)
        return {"length": position + 1}

    def logs(self, logs: Logs) -> Logs:
        logs.of(self._kind).extend(self._kept)
        return logs


def _forged(kind: Kind, entries: list[bytes], network: bytes, by: bytes, deed: Deed, deeds: Any) -> bytes:
    """Return an entry that follows the last one in every way but its key."""
    do, particulars = written(deeds, deed)
    last = deterministic.decode(entries[-1][_BODY_AT:])
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
    body = deterministic.decode(entry[_BODY_AT:])
    assert isinstance(body, dict)
    by = body["by"]
    assert isinstance(by, bytes)
    return by


def _ghost_member(logs: Logs) -> Logs:
    network = statement.hash_of(logs.directory[0])
    deed = member_deeds.Add(person=GHOST)
    entry = _forged(Kind.MEMBERSHIP, logs.members, network, _author(logs.members[0]), deed, MEMBER_DEEDS)
    return replace(logs, members=[*logs.members, entry])


def _ghost_attested(logs: Logs) -> Logs:
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
    body: Any = deterministic.decode(logs.directory[0][_BODY_AT:])
    agency: bytes = body["with"]["agencies"][0]["agency"]
    return agency


def _key_replaced(logs: Logs) -> Logs:
    """Put a key of one's own into the last attestation, and leave all else as it was."""
    entries = list(logs.directory)
    for number in reversed(range(len(entries))):
        body: Any = deterministic.decode(entries[number][_BODY_AT:])
        if body["do"] == "attest":
            body["with"]["box_key"] = signing.public_key(SEED)
            entries[number] = entries[number][:_BODY_AT] + deterministic.encode(body)
            return replace(logs, directory=entries)
    raise AssertionError("nobody was attested after the genesis")


def _other_network(logs: Logs) -> Logs:
    """Show a network of one's own, in which everybody has the names that they have."""
    body: Any = deterministic.decode(logs.directory[0][_BODY_AT:])
    for agency in body["with"]["agencies"]:
        for person in agency["people"]:
            person["signing_key"] = signing.public_key(signing.new_seed())
    founder = body["with"]["agencies"][0]["people"][0]
    founder["signing_key"] = signing.public_key(SEED)
    body["by"] = founder["person"]
    return replace(logs, directory=[statement.make(SEED, "genesis", statement.NO_NETWORK, body)])


def _without_last(kind: str) -> Callable[[Logs], Logs]:
    return lambda logs: replace(logs, **{kind: logs.of(kind)[:-1]})


def _flipped_last(kind: str) -> Callable[[Logs], Logs]:
    def change(logs: Logs) -> Logs:
        *others, last = logs.of(kind)
        return replace(logs, **{kind: [*others, last[:-1] + bytes([last[-1] ^ 1])]})

    return change


def _swapped_last(kind: str) -> Callable[[Logs], Logs]:
    def change(logs: Logs) -> Logs:
        *others, one, two = logs.of(kind)
        return replace(logs, **{kind: [*others, two, one]})

    return change


def _signed_anew(kind: str) -> Callable[[Logs], Logs]:
    """Show another last entry, well signed with a key that nobody attested: as if the log were forked."""

    def change(logs: Logs) -> Logs:
        *others, last = logs.of(kind)
        body: Any = deterministic.decode(last[_BODY_AT:])
        body["at"] += 1
        purpose = Kind[{"members": "MEMBERSHIP"}.get(kind, kind.upper())].purpose
        made = statement.make(SEED, purpose, statement.hash_of(logs.directory[0]), body)
        return replace(logs, **{kind: [*others, made]})

    return change


def _seen_otherwise(kind: str) -> Callable[[Logs], Logs]:
    """Add an entry of one's own whose author claims to have seen another directory: as if that were forked."""

    def change(logs: Logs) -> Logs:
        network, entries = statement.hash_of(logs.directory[0]), logs.of(kind)
        body: Any = deterministic.decode(entries[-1][_BODY_AT:])
        body["number"], body["after"] = len(entries), statement.hash_of(entries[-1])
        body["seen"] = [[*head[:3], bytes(32)] if head[0] == Kind.DIRECTORY else head for head in body["seen"]]
        purpose = Kind[{"members": "MEMBERSHIP"}.get(kind, kind.upper())].purpose
        return replace(logs, **{kind: [*entries, statement.make(SEED, purpose, network, body)]})

    return change


def _with_last(argument: str) -> Callable[[Logs], Logs]:
    """Show an entry that an insider has signed in the place of the last one: `kind:base64`."""
    kind, _, entry = argument.partition(":")
    return lambda logs: replace(logs, **{kind: [*logs.of(kind)[:-1], base64.b64decode(entry)]})


def _out(person: str) -> Callable[[Any], Any]:
    """Say that the case has let somebody out, in the answer that shows the logs."""
    return lambda told: {**told, "due": [{"what": "remove", "person": person}]} if "due" in told else told


def _with_altered_grant(epoch: str) -> Callable[[Any], Any]:
    """Alter the grant of one epoch alone."""
    return lambda told: {**told, "statement": _bent(told["statement"])} if told["epoch"] == int(epoch) else told


class Endless(Attack):
    """Gives no end of versions that nobody has heard of, or (`back`) the same ones over and over."""

    def __init__(self, how: str) -> None:
        self._back = how == "back"
        self._given = 0

    def answers(self, _method: str, path: str, told: Any) -> Any:
        if not re.fullmatch(r"/api/vault/compartments/[^/]+/versions", path):
            return told
        self._given += 1
        number = 1 if self._back else self._given
        return {"versions": [{"version": str(UUID(int=number)), "wraps": []}]}


def _renamed(argument: str) -> Callable[[Any], Any]:
    """Show another compartment under a codename: `codename:id`."""
    codename, _, other = argument.partition(":")

    def change(told: Any) -> Any:
        for case in told["cases"]:
            for each in case["compartments"]:
                if each["codename"] == codename:
                    each["id"] = other
        return told

    return change


def _doubled_last(kind: str) -> Callable[[Logs], Logs]:
    return lambda logs: replace(logs, **{kind: [*logs.of(kind), logs.of(kind)[-1]]})


def _with_more(argument: str) -> Callable[[Logs], Logs]:
    """Show one entry more in a log: its name, a colon, and the entry."""
    kind, _, entry = argument.partition(":")
    return lambda logs: replace(logs, **{kind: [*logs.of(kind), base64.b64decode(entry)]})


def _without_removal(logs: Logs) -> Logs:
    """Show the members as they were before somebody was removed."""
    for number, entry in enumerate(logs.members):
        body: Any = deterministic.decode(entry[_BODY_AT:])
        if body["do"] == "remove":
            return replace(logs, members=logs.members[:number])
    raise AssertionError("nobody was removed")


def _bent(value: str) -> str:
    data = bytearray(base64.b64decode(value))
    data[-1] ^= 1
    return base64.b64encode(bytes(data)).decode()


def _cut(value: str) -> str:
    return base64.b64encode(base64.b64decode(value)[:-1]).decode()


def _longer(value: str) -> str:
    return base64.b64encode(base64.b64decode(value) + b"\0").decode()


def _field(name: str, change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda told: {**told, name: change(told[name])}


def _wraps(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda told: {**told, "wraps": [{**each, "wrap": change(each["wrap"])} for each in told["wraps"]]}


def _with_numbers(at: int, number: int) -> Callable[[str], str]:
    """Return a bundle with another number of four bytes in its head."""

    def change(value: str) -> str:
        data = base64.b64decode(value)
        return base64.b64encode(data[:at] + number.to_bytes(4) + data[at + 4 :]).decode()

    return change


_LOGS = r"/api/vault/compartments/[^/]+"
_VERSION = r"/api/vault/compartments/[^/]+/versions/[^/]+"
_GRANT = r"/api/vault/compartments/[^/]+/grant"
_BUNDLE = r"/api/vault/bundles/[^/]+"
_CHALLENGE = r"/api/sign-in/challenges"


def named(name: str, argument: str) -> Attack:
    """Return an attack; a log's name, or what else it needs, is its argument."""
    of_log = {
        "truncated": _without_last, "flipped": _flipped_last, "reordered": _swapped_last, "doubled": _doubled_last,
        "signed-anew": _signed_anew, "last-exchanged": _with_last,
        "seen-otherwise": _seen_otherwise, "lengthened": _with_more,
    }  # fmt: skip
    whole = {
        "ghost-member": _ghost_member, "ghost-attested": _ghost_attested, "key-replaced": _key_replaced,
        "other-network": _other_network, "removal-withheld": _without_removal,
    }  # fmt: skip
    answered = {
        "content-flipped": (_VERSION, _field("content", _bent)),
        "content-cut": (_VERSION, _field("content", _cut)),
        "content-extended": (_VERSION, _field("content", _longer)),
        "wrap-flipped": (_VERSION, _wraps(_bent)),
        "wrap-cut": (_VERSION, _wraps(_cut)),
        "grant-flipped": (_GRANT, _field("statement", _bent)),
        "grant-cut": (_GRANT, _field("statement", _cut)),
        "bundle-flipped": (_BUNDLE, _field("bundle", _bent)),
        "bundle-cut": (_BUNDLE, _field("bundle", _cut)),
        "bundle-weakened": (_BUNDLE, _field("bundle", _with_numbers(2, 1))),
        "bundle-small": (_BUNDLE, _field("bundle", _with_numbers(6, 8))),
        "bundle-inflated": (_BUNDLE, _field("bundle", _with_numbers(6, 2**31))),
        "bundle-of-another": (_BUNDLE, lambda told: {**told, "bundle": argument}),
        "challenge-exchanged": (_CHALLENGE, lambda told: {**told, "nonce": argument}),
        "let-out": (_LOGS, _out(argument)),
        "grant-of-one-epoch-flipped": (_GRANT, _with_altered_grant(argument or "0")),
        "codename-of-another": (r"/api/cases", _renamed(argument)),
        "grant-replayed": (_GRANT, lambda told: {**told, "statement": argument}),
    }
    if name in of_log:
        return OfLogs(of_log[name](argument))
    if name in whole:
        return OfLogs(whole[name])
    if name in answered:
        return OfAnswers(*answered[name])
    if name in joining_attacks.ATTACKS:
        path, change = joining_attacks.ATTACKS[name]
        return OfAnswers(path, change(argument))
    lasting: dict[str, Callable[[], Attack]] = {
        "honest": Attack,
        "versions-exchanged": lambda: Exchanged(_VERSION),
        "swallowed": lambda: Swallowed(argument),
        "versions-endless": lambda: Endless(argument),
        "silent-after": lambda: SilentAfter(argument),
    }
    return lasting[name]()
