"""What a malicious server may try, one attack for each name. It has all that a server has, and no member's key.

An attack changes the logs that a client is shown (`logs`), any other answer (`answers`), or keeps to itself what a
client sends (`swallows`). Signatures of its own it makes with keys that nobody attested.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from crypto.vault import deterministic
from tests.malice import joining_attacks, known_attacks
from tests.malice.forged_logs import (
    BODY_AT,
    Logs,
    doubled_last,
    flipped_last,
    ghost_attested,
    ghost_member,
    key_replaced,
    other_network,
    seen_otherwise,
    signed_anew,
    swapped_last,
    with_last,
    with_more,
    without_last,
    without_removal,
)


class Attack:
    """Nothing: what is asked is answered as it is."""

    rewrites_logs = False
    # Whether it shows another directory to whoever asks for that alone.
    rewrites_directory = False

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

    def __init__(self, change: Callable[[Logs], Logs], *, of_directory: bool = False) -> None:
        self._change = change
        self.rewrites_directory = of_directory

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


class NotThere(Exception):
    """It is said that there is no such thing."""


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
        number = deterministic.decode(entry[BODY_AT:])
        assert isinstance(number, dict)
        position = number["number"]
        assert isinstance(position, int)
        return {"length": position + 1}

    def logs(self, logs: Logs) -> Logs:
        logs.of(self._kind).extend(self._kept)
        return logs


class SwallowedBundle(Attack):
    """Says that locked keys are kept, and does not keep them."""

    def swallows(self, method: str, path: str, _body: bytes) -> Any:
        return {} if method == "PUT" and re.fullmatch(_BUNDLE, path) else None


def _out(person: str) -> Callable[[Any], Any]:
    """Say that the case has let somebody out, in the answer that shows the logs."""
    return lambda told: {**told, "due": [{"what": "remove", "person": person}]} if "due" in told else told


def _withheld(_told: Any) -> Any:
    raise NotThere


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


def _littered(told: Any) -> Any:
    """Put what was altered before what is whole."""
    return {**told, "statements": [*map(_bent, told["statements"]), *told["statements"]]}


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


def _each(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change one version, or each of several that are given at once."""
    return lambda told: (
        {**told, "versions": [change(each) for each in told["versions"]]} if "versions" in told else change(told)
    )


def _turned(told: Any) -> Any:
    """Give each of several versions under the name of another."""
    versions = told["versions"]
    names = [each["version"] for each in versions]
    return {
        **told, "versions": [{**each, "version": name} for each, name in zip(reversed(versions), names, strict=True)]
    }  # fmt: skip


def _with_numbers(at: int, number: int) -> Callable[[str], str]:
    """Return a bundle with another number of four bytes in its head."""

    def change(value: str) -> str:
        data = base64.b64decode(value)
        return base64.b64encode(data[:at] + number.to_bytes(4) + data[at + 4 :]).decode()

    return change


def _of_the_other_kind(value: str) -> str:
    """Return a bundle that says to be opened with what the other kind is opened with."""
    data = base64.b64decode(value)
    return base64.b64encode(data[:1] + bytes([3 - data[1]]) + data[2:]).decode()


def _each_passkey(field: str, value: str) -> Callable[[Any], Any]:
    """Give every passkey, of a list or alone, another value of a field."""

    def change(told: Any) -> Any:
        if "passkeys" in told:
            return {**told, "passkeys": [{**each, field: value} for each in told["passkeys"]]}
        return {**told, field: value} if "credential" in told else told

    return change


_LOGS = r"/api/vault/compartments/[^/]+"
_VERSION = r"/api/vault/compartments/[^/]+/versions/[^/]+"
_ANY_VERSION = r"/api/vault/compartments/[^/]+/versions(/[^/]+)?"
_ALL_VERSIONS = r"/api/vault/compartments/[^/]+/versions"
_GRANT = r"/api/vault/compartments/[^/]+/grant"
_BUNDLE = r"/api/vault/bundles/[^/]+"
_CHALLENGE = r"/api/sign-in/challenges"


def named(name: str, argument: str) -> Attack:
    """Return an attack; a log's name, or what else it needs, is its argument."""
    of_log = {
        "truncated": without_last, "flipped": flipped_last, "reordered": swapped_last, "doubled": doubled_last,
        "signed-anew": signed_anew, "last-exchanged": with_last,
        "seen-otherwise": seen_otherwise, "lengthened": with_more,
    }  # fmt: skip
    whole = {
        "ghost-member": ghost_member, "ghost-attested": ghost_attested, "key-replaced": key_replaced,
        "other-network": other_network, "removal-withheld": without_removal,
    }  # fmt: skip
    answered = {
        "content-flipped": (_ANY_VERSION, _each(_field("content", _bent))),
        "content-cut": (_ANY_VERSION, _each(_field("content", _cut))),
        "content-extended": (_ANY_VERSION, _each(_field("content", _longer))),
        "wrap-flipped": (_ANY_VERSION, _each(_wraps(_bent))),
        "wrap-cut": (_ANY_VERSION, _each(_wraps(_cut))),
        "versions-withheld": (_ALL_VERSIONS, lambda told: {**told, "versions": []}),
        "versions-turned": (_ALL_VERSIONS, _turned),
        "grant-flipped": (_GRANT, _field("statement", _bent)),
        "grant-cut": (_GRANT, _field("statement", _cut)),
        "bundle-flipped": (_BUNDLE, _field("bundle", _bent)),
        "bundle-cut": (_BUNDLE, _field("bundle", _cut)),
        "bundle-weakened": (_BUNDLE, _field("bundle", _with_numbers(2, 1))),
        "bundle-small": (_BUNDLE, _field("bundle", _with_numbers(6, 8))),
        "bundle-inflated": (_BUNDLE, _field("bundle", _with_numbers(6, 2**31))),
        "bundle-of-another": (_BUNDLE, lambda told: {**told, "bundle": argument}),
        "bundle-of-the-other-kind": (_BUNDLE, _field("bundle", _of_the_other_kind)),
        "bundle-salted": (_BUNDLE, _field("bundle", _with_numbers(10, 7))),
        "passkeys-exchanged": (r"/api/passkeys", _each_passkey("credential", argument)),
        "passkeys-renamed": (r"/api/passkeys", _each_passkey("id", argument)),
        "challenge-exchanged": (_CHALLENGE, lambda told: {**told, "nonce": argument}),
        "let-out": (_LOGS, _out(argument)),
        "grant-withheld": (_GRANT, _withheld),
        "grant-of-one-epoch-flipped": (_GRANT, _with_altered_grant(argument or "0")),
        "history-littered": (_LOGS + "/history", _littered),
        "codename-of-another": (r"/api/cases", _renamed(argument)),
        "grant-replayed": (_GRANT, lambda told: {**told, "statement": argument}),
    }
    if name in of_log:
        return OfLogs(of_log[name](argument), of_directory=argument == "directory")
    if name in whole:
        return OfLogs(whole[name], of_directory=name in {"ghost-attested", "key-replaced", "other-network"})
    if name in answered:
        return OfAnswers(*answered[name])
    at_paths = {**joining_attacks.ATTACKS, **known_attacks.ATTACKS}
    if name in at_paths:
        path, change = at_paths[name]
        return OfAnswers(path, change(argument))
    lasting: dict[str, Callable[[], Attack]] = {
        "honest": Attack,
        "versions-exchanged": lambda: Exchanged(_VERSION),
        "swallowed": lambda: Swallowed(argument),
        "bundle-swallowed": SwallowedBundle,
        "versions-endless": lambda: Endless(argument),
        "silent-after": lambda: SilentAfter(argument),
    }
    return lasting[name]()
