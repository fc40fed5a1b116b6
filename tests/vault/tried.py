"""How a case of the vault's vectors is tried by this program: one function for each word that a case `does`.

Bytes are written in hex, or as some hex and a number of zeros behind it. Whoever writes the protocol anew in another
language writes this table with it (`tests/vault/tried.mjs`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agencies.model import Role
from agencies.trust import offers
from agencies.trust.offers import Offer
from crypto.vault import (
    bundle,
    content,
    deterministic,
    epoch,
    history,
    invitation,
    log,
    padding,
    passphrase,
    sealed_box,
    statement,
    wrap,
)  # fmt: skip
from crypto.vault.deterministic import Value
from crypto.vault.failures import Refused, RowWrong
from crypto.vault.invitation import Invitation
from tests.vault import assessed, knowing
from tests.vault.told import told

Case = dict[str, Any]
Given = Mapping[str, Any]
OK = "ok"


def tried(case: Case) -> tuple[str, dict[str, Any]]:
    """Return the outcome of a case and what it gives, as this program comes to it."""
    try:
        return OK, _DOES[case["does"]](case["given"])
    except Refused as refused:
        return refused.outcome, {}


def _bytes(given: Given, name: str) -> bytes:
    value = given[name]
    # Some hex, and so many zeros behind it.
    return bytes.fromhex(value) if isinstance(value, str) else bytes.fromhex(value[0]) + bytes(value[1])


def _place(given: Given) -> content.Place:
    return content.Place(**{name: _bytes(given, name) for name in ("network", "compartment", "record", "version")})


def _epoch(given: Given) -> epoch.Epoch:
    return epoch.Epoch(
        network=_bytes(given, "network"), compartment=_bytes(given, "compartment"), number=given["epoch"]
    )


def _head(given: Given) -> log.Head:
    return log.Head(
        kind=log.Kind(given["kind"]), log=_bytes(given, "log"), number=given["number"], hash=_bytes(given, "hash")
    )


def _owner(given: Given) -> bundle.Owner:
    return bundle.Owner(**{name: _bytes(given, name) for name in ("network", "person", "signing_key", "box_key")})


def _decoded(given: Given) -> dict[str, Any]:
    value = deterministic.decode(_bytes(given, "bytes"))
    return {"value": _shown(value), "again": deterministic.encode(value).hex()}


def _made(given: Given) -> dict[str, Any]:
    body = deterministic.decode(_bytes(given, "body"))
    assert isinstance(body, dict)
    made = statement.make(_bytes(given, "seed"), given["purpose"], _bytes(given, "network"), body)
    return {"statement": made.hex(), "hash": statement.hash_of(made).hex()}


def _verified(given: Given) -> dict[str, Any]:
    said = statement.verified(_bytes(given, "statement"), given["purpose"], _bytes(given, "network"))
    return {"key": said.key.hex(), "hash": said.hash.hex(), "body": deterministic.encode(said.body).hex()}


def _read(given: Given) -> dict[str, Any]:
    entry = log.read(_bytes(given, "statement"), log.Kind(given["kind"]), _bytes(given, "network"))
    return {
        "log": entry.head.log.hex(), "number": entry.head.number, "hash": entry.head.hash.hex(),
        "after": entry.after.hex(), "at": entry.at, "by": entry.by.hex(), "do": entry.do,
        "with": deterministic.encode(entry.particulars).hex(),
        "seen": [
            {"kind": int(each.kind), "log": each.log.hex(), "number": each.number, "hash": each.hash.hex()}
            for each in entry.seen
        ],
    }  # fmt: skip


def _followed(given: Given) -> dict[str, Any]:
    chain = log.Chain(kind=log.Kind(given["kind"]), log=_bytes(given, "log"))
    for each in given["statements"]:
        chain.append(log.read(bytes.fromhex(each), chain.kind, _bytes(given, "network")))
    return {"last": chain.last.hex(), "entries": len(chain.hashes)}


def _agreed(given: Given) -> dict[str, Any]:
    hashes = [bytes.fromhex(each) for each in given["hashes"]]
    log.Chain(kind=log.Kind(given["kind"]), log=_bytes(given, "log"), hashes=hashes).require(_head(given["seen"]))
    return {}


def _content(given: Given) -> dict[str, Any]:
    sealed = content.Sealed(**{name: _bytes(given, name) for name in ("content", "hash", "promise")})
    return {"text": content.open_(_bytes(given, "key"), _place(given), sealed).hex()}


def _unwrapped(given: Given) -> dict[str, Any]:
    key = wrap.key_for_wraps(_bytes(given, "epoch_key"))
    return {"key": wrap.unwrap(key, given["epoch"], _place(given), _bytes(given, "wrap")).hex()}


def _accepted(given: Given) -> dict[str, Any]:
    key = epoch.accept(
        _bytes(given, "secret"), _bytes(given, "sealed"), _epoch(given),
        member=_bytes(given, "member"), promised=_bytes(given, "promise"),
    )  # fmt: skip
    return {"key": key.hex()}


def _history(given: Given) -> dict[str, Any]:
    keys = history.accept(
        _bytes(given, "secret"), _bytes(given, "sealed"), network=_bytes(given, "network"),
        compartment=_bytes(given, "compartment"), member=_bytes(given, "member"),
    )  # fmt: skip
    return {"keys": {version.hex(): key.hex() for version, key in keys.items()}}


def _unlocked(given: Given) -> dict[str, Any]:
    keys = bundle.unlock(
        _bytes(given, "bundle"), _owner(given), kind=bundle.Kind(given["kind"]),
        passphrase=given["passphrase"], device_secret=_bytes(given, "device_secret"),
    )  # fmt: skip
    return {"seed": keys.seed.hex(), "secret": keys.secret.hex()}


def _paper(given: Given) -> dict[str, Any]:
    found = invitation.read(given["text"])
    return {
        "role": found.role, "genesis": found.genesis.hex(), "head": found.head.hex(),
        "token": found.token.hex(), "address": found.address,
    }  # fmt: skip


def _paper_text(given: Given) -> dict[str, Any]:
    paper = Invitation(
        role=given["role"], address=given["address"],
        **{name: _bytes(given, name) for name in ("genesis", "head", "token")},
    )  # fmt: skip
    return {"text": invitation.text(paper)}


def _wrong_row(given: Given) -> dict[str, Any]:
    try:
        invitation.read(given["text"])
    except RowWrong as wrong:
        return {"row": wrong.row}
    return {"row": 0}


def _offer_made(given: Given) -> dict[str, Any]:
    offer = Offer(
        name=given["name"], role=Role(given["role"]), matrix_user=given["matrix_user"], at=given["at"],
        **{name: _bytes(given, name) for name in ("person", "agency", "box_key")},
    )  # fmt: skip
    made = offers.make(_bytes(given, "seed"), _bytes(given, "network"), offer)
    return {"statement": made.hex(), "code": offers.read(made, _bytes(given, "network")).code}


def _offer_read(given: Given) -> dict[str, Any]:
    found = offers.read(_bytes(given, "statement"), _bytes(given, "network"))
    said = found.offer
    return {
        "person": said.person.hex(), "agency": said.agency.hex(), "name": said.name, "role": said.role.value,
        "matrix_user": said.matrix_user, "box_key": said.box_key.hex(), "at": said.at,
        "signing_key": found.signing_key.hex(), "code": found.code,
    }  # fmt: skip


_DOES: Mapping[str, Callable[[Given], dict[str, Any]]] = {
    "assessment.judged": assessed.told,
    "deterministic.decode": _decoded,
    "statement.make": _made,
    "statement.verified": _verified,
    "log.read": _read,
    "log.follow": _followed,
    "log.require": _agreed,
    "padding.length": lambda given: {"length": padding.padded_length(given["length"])},
    "padding.padded": lambda given: {"padded": padding.padded(_bytes(given, "text")).hex()},
    "padding.unpadded": lambda given: {"text": padding.unpadded(_bytes(given, "padded")).hex()},
    "content.promise": lambda given: {"promise": content.promise(_bytes(given, "key"), _place(given)).hex()},
    "content.open": _content,
    "wrap.key": lambda given: {"key": wrap.key_for_wraps(_bytes(given, "epoch_key")).hex()},
    "wrap.unwrap": _unwrapped,
    "epoch.promise": lambda given: {"promise": epoch.promise(_epoch(given), _bytes(given, "key")).hex()},
    "epoch.accept": _accepted,
    "history.accept": _history,
    "sealed-box.seal": lambda given: {"length": len(sealed_box.seal(_bytes(given, "key"), b"page"))},
    "bundle.normal": lambda given: {"bytes": bundle.normal(given["passphrase"]).hex()},
    "bundle.unlock": _unlocked,
    "passphrase.plain": lambda given: {"plain": passphrase.plain(given["passphrase"])},
    "invitation.text": _paper_text,
    "invitation.read": _paper,
    "invitation.row": lambda given: {"written": invitation.read_row(given["typed"], given["row"])},
    "invitation.wrong-row": _wrong_row,
    "offer.make": _offer_made,
    "offer.read": _offer_read,
    "logs.told": told,
    "logs.known": knowing.told,
}


def _shown(value: Value) -> Any:
    match value:
        case bytes():
            return {"hex": value.hex()}
        case list():
            return [_shown(each) for each in value]
        case dict():
            return {"map": {name: _shown(each) for name, each in value.items()}}
    return value
