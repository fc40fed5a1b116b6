"""Maps and sets of which every state can be kept: what is returned shares nearly all of itself with what was before.

rpds does the work (docs/adr/0048). These give it the manners of Python's own: the types that rpds states for its keys
and sets promise operators that are not there. They say nothing of an order. Browsers have
`server/console/vault/kept_map.js`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeVar

from rpds import HashTrieMap, HashTrieSet

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class KeptMap(Mapping[Key, Value]):
    """A map that changes never; what it would be with or without something costs little."""

    __slots__ = ("_tree",)

    def __init__(self, tree: HashTrieMap[Key, Value] | None = None) -> None:
        self._tree: HashTrieMap[Key, Value] = HashTrieMap() if tree is None else tree

    def __getitem__(self, key: Key) -> Value:
        return self._tree[key]

    def __contains__(self, key: object) -> bool:
        return key in self._tree

    def __iter__(self) -> Iterator[Key]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)

    def __repr__(self) -> str:
        return f"KeptMap({dict(self)!r})"

    def with_(self, key: Key, value: Value) -> KeptMap[Key, Value]:
        """Return it with this value under this key."""
        return KeptMap(self._tree.insert(key, value))

    def without(self, key: Key) -> KeptMap[Key, Value]:
        """Return it without this key, if it is there."""
        return KeptMap(self._tree.discard(key))


class KeptSet(AbstractSet[Key]):
    """A set that changes never; what it would be with or without something costs little."""

    __slots__ = ("_tree",)

    def __init__(self, tree: HashTrieSet[Key] | None = None) -> None:
        self._tree: HashTrieSet[Key] = HashTrieSet() if tree is None else tree

    @classmethod
    def _from_iterable(cls, found: Iterable[Key]) -> frozenset[Key]:  # type: ignore[override]
        return frozenset(found)

    def __contains__(self, each: object) -> bool:
        return each in self._tree

    def __iter__(self) -> Iterator[Key]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)

    def __repr__(self) -> str:
        return f"KeptSet({set(self)!r})"

    def with_(self, each: Key) -> KeptSet[Key]:
        """Return it with one more."""
        return KeptSet(self._tree.insert(each))

    def without(self, each: Key) -> KeptSet[Key]:
        """Return it without one, if it is there."""
        return KeptSet(self._tree.discard(each))
