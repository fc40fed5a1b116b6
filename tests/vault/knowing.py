"""Who could have known, as vectors: each story of its tests, asked in several ways; every program must say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agencies.trust.network import Network
from cases.trust.compartment import Compartment
from cases.trust.grants import HistoryGrant
from cases.trust.knowing import Knower, could_have_known
from crypto.vault.log import Entry, Kind
from tests.unit.test_trusted_circles import ANA, OLGA
from tests.unit.test_trusted_directory import NOW
from tests.unit.test_trusted_records import OTHER

HOUR = 3600
LATER = NOW + 100 * HOUR
_GRANTED = {"member": OLGA.id.hex(), "by": ANA.id.hex(), "at": NOW + HOUR, "versions": [(1).to_bytes(16).hex()]}


def told(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return who could have known, by the logs of a case."""
    name = bytes.fromhex(given["compartment"])
    compartment = Compartment(Network(bytes.fromhex(given["genesis"])), name)
    members: list[Entry] = []
    written: list[Entry] = []
    for kind, made in given["steps"]:
        match Kind(kind):
            case Kind.DIRECTORY:
                compartment.network.take(bytes.fromhex(made))
            case Kind.MEMBERSHIP:
                members.append(compartment.take_member_entry(bytes.fromhex(made)))
            case Kind.RECORDS:
                written.append(compartment.take_record_entry(bytes.fromhex(made)))
    granted, stated = ([_grant(name, each) for each in given[which]] for which in ("granted", "stated"))
    found = could_have_known(
        compartment, members, written, given["until"], now=given["now"], granted=granted, stated=stated,
        record=None if given["record"] is None else bytes.fromhex(given["record"]),
    )  # fmt: skip
    return {"knowers": [_shown(each) for each in found]}


def asked() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return what is asked of each story."""
    plain: dict[str, Any] = {"until": None, "now": LATER, "record": None, "granted": [], "stated": []}
    yield "all that there is", plain
    for until in (NOW, NOW + HOUR, NOW + 2 * HOUR):
        yield f"up to {(until - NOW) // HOUR} h", {**plain, "until": until}
    for short in (600, 601):
        yield f"up to {short} s before the hour", {**plain, "until": NOW + HOUR - short}
    yield "before a grant of the past", {**plain, "until": NOW, "granted": [_GRANTED]}
    yield "now", {**plain, "now": NOW}
    yield "one record", {**plain, "record": OTHER.hex()}
    yield "with a grant of the past", {**plain, "granted": [_GRANTED]}
    yield "with a grant that nothing bears out", {**plain, "stated": [_GRANTED]}


def _grant(log: bytes, given: Mapping[str, Any]) -> HistoryGrant:
    return HistoryGrant(
        log=log, member=bytes.fromhex(given["member"]), by=bytes.fromhex(given["by"]), at=given["at"],
        versions=[bytes.fromhex(each) for each in given["versions"]], grant=b"sealed",
    )  # fmt: skip


def _shown(knower: Knower) -> dict[str, Any]:
    return {
        "person": knower.person.hex(),
        "stays": [[each.number, each.at, each.ended_number, each.ended_at] for each in knower.stays],
        "epochs": list(knower.epochs),
        "versions": {each.hex(): knower.versions[each] for each in sorted(knower.versions)},
        "by_history": sorted(each.hex() for each in knower.by_history), "stated": len(knower.stated),
    }  # fmt: skip
