"""Whether something looks like an address, where only an alias may stand.

It finds what a tired person types, and no more: the address of a shelter stands in the `whereabouts` compartment, which
fewer people read (source: the network's rules for plans, *shelter by alias only*; docs/safety-plans.md).
"""

from __future__ import annotations

import re
import unicodedata

# A street's word in English or Serbian, or a number of a house behind a word, as they are written on envelopes.
_STREET = re.compile(
    r"\b(street|str\.|road|avenue|square|ulica|ul\.|bulevar|bul\.|trg|put|naselje|sokak|stan|sprat|улица|ул\.|булевар|бул\.|трг"
    r"|пут|насеље|сокак|стан|спрат)(?!\w)",
    re.IGNORECASE,
)
# One figure alone may number an alias.
_HOUSE = re.compile(r"\w{3,},? (\d{2,4}|\d{1,4} ?[a-zа-ш])\b|\bb\.?b\b\.?|\bбб\b", re.IGNORECASE)
_COORDINATES = re.compile(r"\d{1,2}[.,]\d{3,}")


def looks_like_one(words: str) -> bool:
    """Whether these words look like an address or a place on a map."""
    plain = unicodedata.normalize("NFKC", words)
    return any(each.search(plain) for each in (_STREET, _HOUSE, _COORDINATES))
