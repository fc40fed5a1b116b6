"""Commands: the whole message must be the command, in English or Serbian, Latin or Cyrillic.

Pure parsing. "nema panike" is no panic and nobody is called; "panik" asks whether panic was meant. A codename
may follow, for rooms that belong to no case, and a reason may follow where an alert is ended.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum

from alerts.model import StandDownReason

LONGEST = 80
SIMILAR = 0.75


class Verb(StrEnum):
    """What can be commanded."""

    PANIC = "panic"
    DRILL = "drill"
    ACK = "ack"
    STAND_DOWN = "stand-down"
    DUE = "due"
    HELP = "help"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command, with the codename and the reason that were written after it."""

    verb: Verb
    codename: str | None = None
    reason: StandDownReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """Not a command, but close to one."""

    verb: Verb


WORDS: dict[Verb, tuple[str, ...]] = {
    Verb.PANIC: ("panic", "panika", "паника"),
    Verb.DRILL: ("drill", "vežba", "vezba", "вежба"),
    Verb.ACK: ("ack", "primam", "примам"),
    Verb.STAND_DOWN: ("stand-down", "stand down", "standdown", "prestanak", "престанак"),
    Verb.DUE: ("due", "rokovi", "рокови"),
    Verb.HELP: ("help", "pomoć", "pomoc", "помоћ"),
}
REASONS: dict[StandDownReason, tuple[str, ...]] = {
    StandDownReason.SAFE: ("safe", "bezbedno", "безбедно"),
    StandDownReason.FALSE_ALARM: ("false alarm", "lažna uzbuna", "lazna uzbuna", "лажна узбуна"),
    StandDownReason.DRILL_OVER: ("drill over", "kraj vežbe", "kraj vezbe", "крај вежбе"),
    StandDownReason.HANDED_OVER: ("handed over", "predato", "предато"),
}
_VERB_OF_WORD = {word: verb for verb, words in WORDS.items() for word in words}
_REASON_OF_WORDS = {words: reason for reason, variants in REASONS.items() for words in variants}
_CODENAME = re.compile(r"[a-z]+(?:-[a-z]+)+")
# Short words are too like ordinary ones: "back" is no "ack", "dude" no "due".
_LONG_ENOUGH = [word for word in _VERB_OF_WORD if len(word) >= 5]
_LONGEST_FIRST = sorted(_VERB_OF_WORD, key=len, reverse=True)


def parse(body: str) -> Command | NearMiss | None:
    """Return the command that a message is, what it nearly is, or nothing."""
    # A question mark makes a question of it: that asks back.
    text = " ".join(body.casefold().split()).strip("!./ ")
    if not text or len(text) > LONGEST:
        return None
    for word in _LONGEST_FIRST:
        if text == word or text.startswith(word + " "):
            command = _with_rest(_VERB_OF_WORD[word], text[len(word) :].strip())
            if command is not None:
                return command
    close = difflib.get_close_matches(text.strip("? "), _LONG_ENOUGH, n=1, cutoff=SIMILAR)
    return NearMiss(verb=_VERB_OF_WORD[close[0]]) if close else None


def _with_rest(verb: Verb, rest: str) -> Command | None:
    """Accept a codename after any verb that acts, and a reason after a stand-down; nothing else."""
    if not rest:
        return Command(verb=verb)
    if verb in {Verb.DUE, Verb.HELP}:
        return None
    codename, _, reason = rest.partition(" ")
    if not _CODENAME.fullmatch(codename):
        codename, reason = "", rest
    if not reason:
        return Command(verb=verb, codename=codename)
    if verb is Verb.STAND_DOWN and reason in _REASON_OF_WORDS:
        return Command(verb=verb, codename=codename or None, reason=_REASON_OF_WORDS[reason])
    return None
