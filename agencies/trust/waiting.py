"""Proposals that wait for others to agree: found by their hash, and by whoever has a part in them.

Nothing here is changed in place: what is returned shares nearly all of itself with what was there before, so that the
state after every entry of a log can be kept. The rules of the directory and of a compartment both keep theirs in this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from agencies.trust.kept import KeptMap, KeptSet


class Waits(Protocol):
    """A proposal: the hash of the entry that made it, and the ids of those with whom it could fall."""

    @property
    def hash(self) -> bytes: ...  # noqa: D102 (see the class)

    @property
    def concerns(self) -> frozenset[bytes]: ...  # noqa: D102 (see the class)


Some = TypeVar("Some", bound=Waits)


@dataclass(frozen=True, slots=True)
class Waiting(Mapping[bytes, Some], Generic[Some]):
    """Proposals by their hashes."""

    _all: KeptMap[bytes, Some] = field(default_factory=KeptMap)
    # Otherwise whoever proposes much could make every removal cost as much.
    _hashes_of: KeptMap[bytes, KeptSet[bytes]] = field(default_factory=KeptMap)

    def __getitem__(self, name: bytes) -> Some:
        return self._all[name]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def of(self, person: bytes) -> tuple[Some, ...]:
        """Return the proposals that concern somebody."""
        return tuple(self._all[name] for name in self._hashes_of.get(person, ()))

    def with_(self, proposal: Some) -> Waiting[Some]:
        """Return these with one more, or with another in the place of the one with its hash."""
        rest = self.without(proposal.hash)
        hashes_of = rest._hashes_of  # noqa: SLF001 (one of these)
        for person in proposal.concerns:
            hashes_of = hashes_of.with_(person, hashes_of.get(person, KeptSet()).with_(proposal.hash))
        return Waiting(rest._all.with_(proposal.hash, proposal), hashes_of)  # noqa: SLF001 (as above)

    def without(self, name: bytes) -> Waiting[Some]:
        """Return these without the one with a hash, if it is there."""
        proposal = self._all.get(name)
        if proposal is None:
            return self
        hashes_of = self._hashes_of
        for person in proposal.concerns:
            kept = hashes_of[person].without(name)
            hashes_of = hashes_of.with_(person, kept) if kept else hashes_of.without(person)
        return Waiting(self._all.without(name), hashes_of)
