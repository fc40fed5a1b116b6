"""Instruments: versioned lists of risk questions, and who they are about.

An instrument is data, not a secret: what is asked is no content, what is answered is. A published version never
changes: an assessment names the version that it was made with by `fingerprint`, and keeps it for good.

The four weights, and that every indicator names its source: the network's rules for risk (docs/instruments.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.texts import ENGLISH
from core.texts.script import to_cyrillic
from crypto.vault import deterministic, labels
from crypto.vault.hashing import hashed


class Subject(StrEnum):
    """Whom or what an instrument is about."""

    VICTIM = "victim"
    CASE = "case"
    ORGANISATION = "organisation"
    STAFF = "staff"


class Weight(StrEnum):
    """What a yes says. There is no sum of them: whoever assesses judges."""

    # The level is at least high.
    CRITICAL = "critical"
    ELEVATING = "elevating"
    CONTEXT = "context"
    PROTECTIVE = "protective"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people read, in English and in Serbian; the Cyrillic is made from the Latin."""

    en: str
    sr: str

    def __call__(self, language: str) -> str:
        """Return them in one of the languages of the catalogues."""
        if language == ENGLISH:
            return self.en
        return to_cyrillic(self.sr) if language == "sr-Cyrl" else self.sr


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One question; `id` is its own within the instrument, `sources` are names of the instrument's sources."""

    id: str
    weight: Weight
    sources: Sequence[str]
    question: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One version of a list of questions. `sources` gives each name of a source its title.

    `fingerprint` is the hash (32 bytes) of all that it says: two instruments with one fingerprint are the same one.
    It is made once: every judgement compares it.
    """

    id: str
    version: int
    subject: Subject
    title: Words
    sources: Mapping[str, str]
    indicators: Sequence[Indicator]
    fingerprint: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the fingerprint."""
        object.__setattr__(self, "fingerprint", hashed(labels.INSTRUMENT_HASH, deterministic.encode(self.said)))

    @property
    def said(self) -> dict[str, deterministic.Value]:
        """All that it says, in the shape that is hashed and given to other programs."""
        return {
            "instrument": self.id,
            "version": self.version,
            "subject": self.subject.value,
            "title": _said(self.title),
            "sources": dict(self.sources),
            "indicators": [
                {"id": each.id, "weight": each.weight.value, "sources": list(each.sources), **_said(each.question)}
                for each in self.indicators
            ],
        }


def _said(words: Words) -> dict[str, deterministic.Value]:
    return {"en": words.en, "sr": words.sr}
