"""What may follow the word "alert" in a room: words for each thing that can be raised, in both languages and scripts.

Pure words. A panic has a word of its own, and is understood here too. What only machines raise has none.
"""

from __future__ import annotations

import difflib
from enum import StrEnum

from alerts import panic_words
from alerts.vocabulary import Event
from core.texts.script import to_cyrillic

SIMILAR = 0.75
_CHILD = "missing_child"


class Happening(StrEnum):
    """What can be raised by a word: an event; of somebody missing also that it is a child."""

    PANIC = Event.PANIC.value
    BEING_FOLLOWED = Event.BEING_FOLLOWED.value
    TRAFFICKER_SIGHTED = Event.TRAFFICKER_SIGHTED.value
    THREAT_RECEIVED = Event.THREAT_RECEIVED.value
    INTIMIDATION_OR_BRIBE = Event.INTIMIDATION_OR_BRIBE.value
    DEFENDANT_RELEASED = Event.DEFENDANT_RELEASED.value
    HOSTILE_PRESENCE = Event.HOSTILE_PRESENCE.value
    MISSING_PERSON = Event.MISSING_PERSON.value
    MISSING_CHILD = _CHILD
    LOCATION_COMPROMISED = Event.LOCATION_COMPROMISED.value
    PREMISES_INCIDENT = Event.PREMISES_INCIDENT.value
    CONFIDENTIALITY_BREACH = Event.CONFIDENTIALITY_BREACH.value
    DEVICE_LOST = Event.DEVICE_LOST.value
    HEALTH = Event.HEALTH.value

    @property
    def child(self) -> bool:
        """Whether it is said to be a child."""
        return self is Happening.MISSING_CHILD

    @property
    def event(self) -> Event:
        """What is raised."""
        return Event.MISSING_PERSON if self.child else Event(self.value)


# Of each the first is the one that the bot itself writes.
_ENGLISH: dict[Happening, tuple[str, ...]] = {
    Happening.PANIC: (panic_words.OF_LANGUAGE["en"],),
    Happening.BEING_FOLLOWED: ("followed", "being followed", "we are followed"),
    Happening.TRAFFICKER_SIGHTED: ("trafficker", "trafficker sighted", "trafficker seen"),
    Happening.THREAT_RECEIVED: ("threat", "threats", "threat received"),
    Happening.INTIMIDATION_OR_BRIBE: ("intimidation", "bribe", "pressure", "intimidation or bribe"),
    Happening.DEFENDANT_RELEASED: ("released", "defendant released"),
    Happening.HOSTILE_PRESENCE: ("hostile", "hostile presence", "hostile people"),
    Happening.MISSING_PERSON: ("missing", "missing person", "person missing"),
    Happening.MISSING_CHILD: ("missing child", "child missing"),
    Happening.LOCATION_COMPROMISED: ("location", "location known", "address known"),
    Happening.PREMISES_INCIDENT: ("premises", "incident", "incident at the premises"),
    Happening.CONFIDENTIALITY_BREACH: ("breach", "leak", "breach of confidentiality"),
    Happening.DEVICE_LOST: ("device", "device lost", "lost device"),
    Happening.HEALTH: ("health",),
}
_LATIN: dict[Happening, tuple[str, ...]] = {
    Happening.PANIC: (panic_words.OF_LANGUAGE["sr-Latn"],),
    Happening.BEING_FOLLOWED: ("praćenje", "prate me", "prate nas", "prate je", "prate ga"),
    Happening.TRAFFICKER_SIGHTED: ("trgovac", "viđen trgovac", "trgovac viđen", "viđen trgovac ljudima"),
    Happening.THREAT_RECEIVED: ("pretnja", "pretnje", "primljena pretnja"),
    Happening.INTIMIDATION_OR_BRIBE: ("zastrašivanje", "podmićivanje", "mito", "pritisak"),
    Happening.DEFENDANT_RELEASED: ("pušten", "pušten na slobodu", "okrivljeni pušten"),
    Happening.HOSTILE_PRESENCE: ("neprijatelji", "neprijateljsko prisustvo"),
    Happening.MISSING_PERSON: ("nestala osoba", "nestanak", "nestala", "nestao"),
    Happening.MISSING_CHILD: ("nestalo dete", "dete nestalo", "nestala deca"),
    Happening.LOCATION_COMPROMISED: ("lokacija", "otkrivena lokacija", "otkrivena adresa"),
    Happening.PREMISES_INCIDENT: ("prostorije", "incident", "incident u prostorijama"),
    Happening.CONFIDENTIALITY_BREACH: ("poverljivost", "povreda poverljivosti", "curenje podataka", "curenje"),
    Happening.DEVICE_LOST: ("uređaj", "izgubljen uređaj", "uređaj izgubljen"),
    Happening.HEALTH: ("zdravlje",),
}
_CYRILLIC = {
    what: tuple(panic_words.OF_LANGUAGE["sr-Cyrl"] if what is Happening.PANIC else to_cyrillic(each) for each in words)
    for what, words in _LATIN.items()
}
_OF_LANGUAGE = {"en": _ENGLISH, "sr-Latn": _LATIN, "sr-Cyrl": _CYRILLIC}
# Latin letters as they are written where a keyboard has no others.
_BARE = (str.maketrans("čćšž", "ccsz"), ("đ", ("dj", "d")))


def _as_typed(word: str) -> set[str]:
    plain, (letter, ways) = word.translate(_BARE[0]), _BARE[1]
    return {word, *(plain.replace(letter, way) for way in ways)}


WORDS: dict[Happening, frozenset[str]] = {
    what: frozenset(typed for words in _OF_LANGUAGE.values() for each in words[what] for typed in _as_typed(each))
    for what in Happening
}
OF_WORDS = {words: what for what, variants in WORDS.items() for words in variants}


def word(what: Happening, language: str) -> str:
    """Return what people are told to write in a language."""
    return _OF_LANGUAGE.get(language, _ENGLISH)[what][0]


def nearly(words: str) -> Happening | None:
    """Return what was nearly written."""
    close = difflib.get_close_matches(words, OF_WORDS, n=1, cutoff=SIMILAR)
    return OF_WORDS[close[0]] if close else None
