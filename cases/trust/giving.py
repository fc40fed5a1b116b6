"""Which history grants the logs and the ledger bear out: pure rules.

A grant of versions that are past proves that somebody's key has signed it, and no more: a key that was given up may be
in a server's hands, and says any moment. So a grant counts only where, at the moment that it names, its giver was a
member with just that key and its recipient was a member too; and where the ledger has it at a place where both were, at
much the same moment. What the ledger has not chained yet can only be of the last moments. Clocks may differ; where that
leaves it open, a grant counts.

Source: docs/protocol.md, *Who could have known*.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from agencies.trust.directory import NotEmpowered
from cases.trust import grants
from cases.trust.compartment import Compartment
from cases.trust.grants import HistoryGrant
from cases.trust.knowing import CLOCKS_APART
from crypto.vault.log import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A history grant and the key of 32 bytes that has signed it, which is or was its author's."""

    grant: HistoryGrant
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Where the ledger has a grant: after which entry of the members' log (-1 for none), and when by the server."""

    newest: int
    at: int


def given(compartment: Compartment, data: bytes) -> Given:
    """Return a history grant; raise Refused where it is of another place, or signed with nobody's or another's key."""
    grant, key = grants.read_history_grant(data, compartment.network.id, compartment=compartment.id)
    if compartment.network.now.keys.get(key) != grant.by:
        raise NotEmpowered
    return Given(grant=grant, key=key)


class Places:
    """Where the logs may have stood at a moment, by what their entries say of moments."""

    def __init__(self, compartment: Compartment, directory: Sequence[Entry], members: Sequence[Entry]) -> None:
        self._compartment = compartment
        self._directory = _Moments([each.at for each in directory])
        self._members = _Moments([each.at for each in members])

    def bear_out(self, one: Given, told: Sequence[Told], now: int) -> bool:
        """Whether a grant counts; `told` are the ledger's acts of just what it gives, by whom and to whom."""
        if not any(self._stood(one, number, one.grant.at) for number in self._members.at(one.grant.at)):
            return False
        if not told:
            return one.grant.at + CLOCKS_APART >= now
        return any(
            abs(each.at - one.grant.at) <= CLOCKS_APART and each.newest >= 0 and self._stood(one, each.newest, each.at)
            for each in told
        )

    def _stood(self, one: Given, number: int, at: int) -> bool:
        """Whether both were members after an entry of the members' log, as the directory may have stood at a moment."""
        circle, grant = self._compartment.circle_at(number), one.grant
        first = circle.directory_seen
        for place in {max(first, each) for each in self._directory.at(at)} or {first}:
            directory = self._compartment.network.at(place)
            if not all(circle.stands(each, directory, at) for each in (grant.by, grant.member)):
                continue
            if directory.people[grant.by].signing_key == one.key:
                return True
        return False


class _Moments:
    """The moments of a log's entries, which may go back a little from one to the next."""

    def __init__(self, moments: Sequence[int]) -> None:
        # The latest up to each entry, and the earliest from each on.
        self._latest = list(accumulate(moments, max))
        self._earliest = list(accumulate(reversed(moments), min))[::-1]

    def at(self, moment: int) -> range:
        """Return the entries that may have been the last one at a moment."""
        first = max(bisect_left(self._latest, moment - CLOCKS_APART) - 1, 0)
        return range(first, bisect_right(self._earliest, moment + CLOCKS_APART))
