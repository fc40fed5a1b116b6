"""What becomes of a row of statements in the three logs, as each program must tell it: the vectors of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agencies.trust import directory as directory_rules
from agencies.trust.directory import Directory
from cases.trust import membership, records
from cases.trust.membership import Circle
from cases.trust.records import Records, Said
from crypto.vault import log, statement
from crypto.vault.failures import Refused
from crypto.vault.labels import GENESIS
from crypto.vault.log import Chain, Kind


class Told:
    """The three logs as one reader knows them; whatever is refused changes nothing."""

    def __init__(self, genesis: bytes, compartment: bytes) -> None:
        said = statement.verified(genesis, GENESIS, statement.NO_NETWORK)
        self.network = said.hash
        entry = log.entry_of(said, Kind.DIRECTORY)
        self.directories: list[Directory] = [directory_rules.founded(entry)]
        self.circles: list[Circle] = []
        self.records = Records(compartment=compartment)
        self.said: list[Said] = []
        names = {Kind.DIRECTORY: entry.head.log, Kind.MEMBERSHIP: compartment, Kind.RECORDS: compartment}
        self.chains = {kind: Chain(kind=kind, log=name) for kind, name in names.items()}
        self.chains[Kind.DIRECTORY].append(entry)

    def take(self, kind: Kind, made: bytes) -> str:
        """Take one statement in; return what becomes of it."""
        try:
            entry = log.read(made, kind, self.network)
            log.require_seen(entry, self.chains.values())
            if kind is Kind.DIRECTORY:
                self.directories.append(directory_rules.decided(self.directories[-1], entry))
            elif kind is Kind.RECORDS:
                said = records.said(self.records.compartment, entry, self.circles, self.directories.__getitem__)
                self.records = records.placed(self.records, said, self.circles, self.directories.__getitem__)
                self.said.append(said)
            else:
                self._take_of_members(entry)
        except Refused as refused:
            return refused.outcome
        self.chains[kind].append(entry)
        return "ok"

    def _take_of_members(self, entry: log.Entry) -> None:
        at = self.directories.__getitem__
        circle = membership.decided(self.circles[-1], entry, at) if self.circles else membership.opened(entry, at)
        self.records = records.anew(self.records.compartment, self.said, [*self.circles, circle], at)
        self.circles.append(circle)

    def state(self, now: int) -> dict[str, Any]:
        """Return what holds in the end."""
        directory = self.directories[-1]
        told: dict[str, Any] = {
            "agencies": _by_id({each.id: each.suspended for each in directory.agencies.values()}),
            "people": _by_id(
                {
                    each.id: [each.agency.hex(), str(each.role), each.signing_key.hex(), each.box_key.hex()]
                    for each in directory.people.values()
                }
            ),
            "waiting": sorted(each.hex() for each in directory.proposals),
        }
        if self.circles:
            circle = self.circles[-1]
            told |= {
                "members": _sorted(circle.standing(directory, now)), "leaders": [each.hex() for each in circle.leaders],
                "excluded": _sorted(circle.excluded), "epoch": circle.epoch, "closed": circle.closed,
                "proposed": _sorted(circle.proposals), "granted": _sorted(circle.granted),
            }  # fmt: skip
            if circle.held:
                told["held"] = True
            if circle.keep_until:
                told["keep_until"] = circle.keep_until
        if self.records.versions:
            told |= {
                "current": _by_id({record: _sorted(names) for record, names in self.records.current.items()}),
                "quarantined": _sorted(each.hash for each in self.records.versions.values() if each.quarantined),
                "erased": _sorted(self.records.erased),
            }
        return told


def told(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what becomes of each step of a case, and what holds in the end."""
    story = Told(bytes.fromhex(given["genesis"]), bytes.fromhex(given["compartment"]))
    outcomes = [story.take(Kind(kind), bytes.fromhex(made)) for kind, made in given["steps"]]
    return {"outcomes": outcomes, "state": story.state(given["now"])}


def _by_id(found: Mapping[bytes, Any]) -> dict[str, Any]:
    """Return it in the order of ids: the one in which the rules keep it changes from process to process."""
    return {each.hex(): found[each] for each in sorted(found)}


def _sorted(names: Any) -> list[str]:
    return sorted(each.hex() for each in names)
