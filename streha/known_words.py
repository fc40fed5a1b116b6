"""Who could have known and who fetched, for people and for programs. Names are those of the signed directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from agencies.trust.network import Network
from client.vault.answers import VaultAct
from client.vault.knowing import Answer, Row, versions_named
from core.texts import mark
from streha import terminal
from streha.terminal import say
from streha.vault_names import ROLES, moment_text, short

# Of which versions it is asked; None where of all.
Versions: TypeAlias = frozenset[bytes] | None

ACTS = {
    "grant_fetched": mark("key"),
    "record_fetched": mark("records"),
    "wraps_fetched": mark("keys of records"),
    "history_fetched": mark("keys of past versions"),
}


def print_answer(network: Network, answer: Answer) -> None:
    """Print a line for each person, and loudly what has to be looked into."""
    asked = answer.asked
    if asked.until is None:
        terminal.line(mark("All that there is:"))
    else:
        terminal.line(
            mark("Up to {time}. Clocks may differ: what was signed as much as ten minutes later is counted too."),
            time=moment_text(asked.until),
        )
    columns = [
        mark("Person"),
        mark("Member"),
        mark("Could have known"),
        mark("Fetched"),
        mark("Exported"),
        mark("State"),
    ]
    terminal.table(columns, [_cells(network, each, answer.versions) for each in answer.rows])
    for row in answer.rows:
        _print_stated(network, row)
        if row.against_the_logs:
            terminal.line(
                mark(
                    "LOOK INTO THIS: {person} was given something {count} times while the signed logs did not let them "
                    "in, first {time}. Ring whoever leads the case with you, and tell the operator."
                ),
                person=_who(network, row.person), count=len(row.against_the_logs),
                time=terminal.moment(row.against_the_logs[0].at),
            )  # fmt: skip
    if answer.missing:
        terminal.line(
            mark(
                "LOOK INTO THIS: {count} entries or grants stand in the signed logs or in the ledger, and not in the "
                "other. One was shown only in part, or altered. Tell the operator, and ask for streha ledger verify."
            ),
            count=answer.missing,
        )
    if answer.waiting:
        terminal.line(
            mark("{count} acts of the last moments are not in the ledger's chain yet. Ask again in a minute."),
            count=answer.waiting,
        )


def _print_stated(network: Network, row: Row) -> None:
    """Print that somebody is named by grants that nothing bears out, each giver once."""
    stated = row.knower.stated if row.knower else ()
    for giver in dict.fromkeys(each.by for each in stated):
        terminal.line(
            mark(
                "LOOK INTO THIS: as stated only: a grant says that {giver} gave {person} past versions, {time}. One of "
                "them was no member then, or it has no place in the ledger: a key that was given up can have signed "
                "it. It proves nothing against either. Ask both, and tell the operator."
            ),
            giver=_who(network, giver), person=_who(network, row.person),
            time=moment_text(min(each.at for each in stated if each.by == giver)),
        )  # fmt: skip


def answer_plain(network: Network, answer: Answer) -> dict[str, object]:
    """Return it for programs."""
    return {
        "until": None if answer.asked.until is None else _moment(answer.asked.until),
        "record": None if answer.asked.record is None else UUID(bytes=answer.asked.record),
        "missing": answer.missing,
        "waiting": answer.waiting,
        "people": [_row_plain(network, each, answer.versions) for each in answer.rows],
    }


def _row_plain(network: Network, row: Row, versions: Versions) -> dict[str, object]:
    knower = row.knower
    return {
        "person": UUID(bytes=row.person),
        "who": _who(network, row.person),
        "stays": [
            {
                "since": _moment(each.at), "entry": each.number, "ended_entry": each.ended_number,
                "until": None if each.ended_at is None else _moment(each.ended_at),
            }
            for each in (knower.stays if knower else ())
        ],
        "epochs": list(knower.epochs) if knower else [],
        "could_have_known": {
            str(UUID(bytes=each)): _moment(at) for each, at in (knower.versions.items() if knower else ())
        },
        "by_history": sorted(str(UUID(bytes=each)) for each in knower.by_history) if knower else [],
        "as_stated_only": [
            {
                "by": UUID(bytes=each.by), "at": _moment(each.at),
                "versions": sorted(str(UUID(bytes=one)) for one in each.versions),
            }
            for each in (knower.stated if knower else ())
        ],
        "fetched": _acts_plain(row.fetched, versions),
        "exported": _acts_plain(row.exported, versions),
        "refused": _acts_plain(row.refused, versions),
        "against_the_logs": _acts_plain(row.against_the_logs, versions),
    }  # fmt: skip


def _acts_plain(acts: Iterable[VaultAct], versions: Versions) -> list[dict[str, object]]:
    return [
        {
            "act": each.act, "at": each.at, "position": each.position,
            "versions": sorted(str(UUID(bytes=one)) for one in _versions(each, versions)),
        }
        for each in acts
    ]  # fmt: skip


def _cells(network: Network, row: Row, versions: Versions) -> Sequence[str]:
    knower = row.knower
    stays = ", ".join(
        f"{moment_text(each.at)} - {'' if each.ended_at is None else moment_text(each.ended_at)}".rstrip()
        for each in (knower.stays if knower else ())
    )
    could = ""
    if knower and knower.versions:
        since = moment_text(min(knower.versions.values()))
        could = say(mark("{count} versions since {time}"), count=len(knower.versions), time=since)
        if knower.by_history:
            could += "; " + say(mark("{count} of them only by a grant of the past"), count=len(knower.by_history))
    return (
        _who(network, row.person), stays or "-", could or "-", _fetched(row, versions) or "-",
        "" if not row.exported else say(mark("{count} times, last {time}"), count=len(row.exported),
                                        time=terminal.moment(row.exported[-1].at)),
        _state(row),
    )  # fmt: skip


def _fetched(row: Row, asked: Versions) -> str:
    versions = {each for act in row.fetched if act.act == "record_fetched" for each in _versions(act, asked)}
    kinds = dict.fromkeys(each.act for each in row.fetched)
    told = []
    for kind in kinds:
        last = terminal.moment([each for each in row.fetched if each.act == kind][-1].at)
        what = say(ACTS[kind])
        if kind == "record_fetched":
            what += " " + " ".join(sorted(short(each) for each in versions))
        told.append(say(mark("{what}, last {time}"), what=what, time=last))
    return "; ".join(told)


def _versions(act: VaultAct, asked: Versions) -> frozenset[bytes]:
    named = versions_named(act)
    return named if asked is None else named & asked


def _state(row: Row) -> str:
    told = []
    if row.against_the_logs:
        told.append(say(mark("LOOK INTO THIS: not let in by the logs")))
    if row.knower and row.knower.stated:
        told.append(say(mark("LOOK INTO THIS: named as stated only")))
    if row.refused:
        told.append(say(mark("refused {count} times"), count=len(row.refused)))
    return "; ".join(told)


def _who(network: Network, person: bytes) -> str:
    """Return somebody as the directory last had them: they may have left since."""
    for number in range(network.head.number, -1, -1):
        directory = network.at(number)
        member = directory.people.get(person)
        if member is not None:
            return f"{member.name} ({say(ROLES[member.role])}, {directory.agencies[member.agency].name})"
    return short(person)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
