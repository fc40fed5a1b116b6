"""What a malicious server may give to whoever asks who fetched what of a compartment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_KNOWN = r"/api/vault/compartments/[^/]+/known"
Change = Callable[[Any], Any]


def _with(change: Callable[[list[Any]], list[Any]]) -> Callable[[str], Change]:
    return lambda _argument: lambda told: {**told, "acts": change(told["acts"])}


def _of_another(argument: str) -> Change:
    """Say of every fetch that another did it."""

    def changed(each: Any) -> Any:
        return {**each, "actor": argument} if each["act"] == "record_fetched" else each

    return lambda told: {**told, "acts": [changed(each) for each in told["acts"]]}


def _renumbered(acts: list[Any]) -> list[Any]:
    return [{**each, "position": each["position"] + 1} for each in acts]


ATTACKS: Mapping[str, tuple[str, Callable[[str], Change]]] = {
    "acts-of-another": (_KNOWN, _of_another),
    "acts-without-fetches": (_KNOWN, _with(lambda acts: [each for each in acts if each["act"] != "record_fetched"])),
    "acts-truncated": (_KNOWN, _with(lambda acts: acts[:-1])),
    "acts-withheld": (_KNOWN, _with(lambda _acts: [])),
    "acts-reordered": (_KNOWN, _with(lambda acts: acts[::-1])),
    "acts-doubled": (_KNOWN, _with(lambda acts: [*acts, acts[-1]])),
    "acts-renumbered": (_KNOWN, _with(_renumbered)),
    "acts-endless": (_KNOWN, lambda _argument: lambda told: {**told, "acts": [], "histories": [], "more": True}),
    "acts-without-entries": (_KNOWN, _with(lambda acts: [each for each in acts if each["act"] != "vault_entry_taken"])),
}
