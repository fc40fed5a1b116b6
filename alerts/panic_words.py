"""The word that calls for help, in every language and script, and its code on a telephone's keys."""

from __future__ import annotations

OF_LANGUAGE = {"en": "panic", "sr-Latn": "panika", "sr-Cyrl": "паника"}
WORDS = frozenset(OF_LANGUAGE.values())
# What everybody knows in fear. Keyed to the agency's gateway it reaches Streha, and nobody else.
KEYED = "112"
# Who says one of these beside the word says that there is none.
DENYING = frozenset(
    ("no", "not", "dont", "don", "without", "false", "nema", "nije", "ne", "nemojte", "bez", "nikakva",
     "нема", "није", "не", "немојте", "без", "никаква")
)  # fmt: skip
