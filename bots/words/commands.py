"""Commands: the whole message must be the command, in English or Serbian, Latin or Cyrillic.

Pure parsing. "nema panike" is no panic and nobody is called; "panik" asks whether panic was meant. A codename
may follow, for rooms that belong to no case, a reason where an alert is ended, what happens where another alert than
panic is raised (`bots.words.happenings`), and what happened on the way where somebody is under way. What older clients
quote above an answer was written by somebody else and is not read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alerts import panic_words
from alerts.vocabulary import StandDownReason
from bots.words import happenings
from bots.words.happenings import Happening
from operations.model import Refusal

LONGEST = 80
SIMILAR = 0.75


class Verb(StrEnum):
    """What can be commanded."""

    PANIC = "panic"
    # Anything else that calls people; what, stands after it.
    ALERT = "alert"
    DRILL = "drill"
    ACK = "ack"
    STAND_DOWN = "stand-down"
    OP = "op"
    # Somebody who is expected to be was heard from; which one, its codename says.
    HEARD = "heard"
    DUE = "due"
    WHO = "who"
    ROSTER = "roster"
    HERE = "here"
    HELP = "help"
    # By the numbers that people dial, which nobody has to translate.
    POLICE = "192"
    AMBULANCE = "194"


EMERGENCY = frozenset({Verb.POLICE, Verb.AMBULANCE})
# What only asks: nothing is changed by it, and nothing but the word itself belongs to it.
ASKING = frozenset({Verb.DUE, Verb.WHO, Verb.ROSTER, Verb.HELP})


class Passage(StrEnum):
    """What somebody who is under way can say: reached, later, silent for a while, to the other place, ended early."""

    REACHED = "ok"
    DELAYED = "delayed"
    DARK = "dark"
    DIVERTED = "divert"
    ABORTED = "abort"
    RECEIVED = "received"
    REFUSED = "refused"


class Caller(StrEnum):
    """Who called the police, where no name is written."""

    ME = "me"
    OTHER = "other"
    NOBODY = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command, with what was written after it: of a call for help who made it, as a name where it is no word.

    `sentence` tells that it was not written: it is what a sentence of somebody's own seems to say.
    """

    verb: Verb
    codename: str | None = None
    reason: StandDownReason | None = None
    passage: Passage | None = None
    minutes: int | None = None
    refusal: Refusal | None = None
    caller: Caller | None = None
    name: str = ""
    what: Happening | None = None
    sentence: bool = False
    # Only the word for a step that is reached, which is also ordinary talk.
    bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """Not a command, but close to one."""

    verb: Verb
    what: Happening | None = None


class Answer(StrEnum):
    """What a question of the bot is answered with. Without a question it is talk."""

    YES = "yes"
    NO = "no"


Said = Command | NearMiss | Answer

# Of each language the first is the one that the bot itself writes.
_ENGLISH: dict[Verb, tuple[str, ...]] = {
    Verb.PANIC: (panic_words.OF_LANGUAGE["en"],),
    Verb.ALERT: ("alert",),
    Verb.DRILL: ("drill",),
    Verb.ACK: ("ack",),
    Verb.STAND_DOWN: ("stand-down", "stand down", "standdown"),
    Verb.OP: ("op",),
    Verb.HEARD: ("heard",),
    Verb.DUE: ("due",),
    Verb.WHO: ("who",),
    Verb.ROSTER: ("roster",),
    Verb.HERE: ("here",),
    Verb.HELP: ("help",),
    Verb.POLICE: ("192",),
    Verb.AMBULANCE: ("194",),
}
_LATIN: dict[Verb, tuple[str, ...]] = {
    Verb.PANIC: (panic_words.OF_LANGUAGE["sr-Latn"],),
    Verb.ALERT: ("uzbuna",),
    Verb.DRILL: ("vežba", "vezba"),
    Verb.ACK: ("primam",),
    Verb.STAND_DOWN: ("prestanak",),
    Verb.OP: ("postupak",),
    Verb.HEARD: ("javljanje",),
    Verb.DUE: ("rokovi",),
    Verb.WHO: ("ko je tu",),
    Verb.ROSTER: ("dežurstvo", "dezurstvo"),
    Verb.HERE: ("tu sam",),
    Verb.HELP: ("pomoć", "pomoc"),
    Verb.POLICE: ("192",),
    Verb.AMBULANCE: ("194",),
}
_CYRILLIC: dict[Verb, tuple[str, ...]] = {
    Verb.PANIC: (panic_words.OF_LANGUAGE["sr-Cyrl"],),
    Verb.ALERT: ("узбуна",),
    Verb.DRILL: ("вежба",),
    Verb.ACK: ("примам",),
    Verb.STAND_DOWN: ("престанак",),
    Verb.OP: ("поступак",),
    Verb.HEARD: ("јављање",),
    Verb.DUE: ("рокови",),
    Verb.WHO: ("ко је ту",),
    Verb.ROSTER: ("дежурство",),
    Verb.HERE: ("ту сам",),
    Verb.HELP: ("помоћ",),
    Verb.POLICE: ("192",),
    Verb.AMBULANCE: ("194",),
}
_OF_LANGUAGE = {"en": _ENGLISH, "sr-Latn": _LATIN, "sr-Cyrl": _CYRILLIC}
WORDS: dict[Verb, tuple[str, ...]] = {
    verb: tuple(word for words in _OF_LANGUAGE.values() for word in words[verb]) for verb in Verb
}
REASONS: dict[StandDownReason, tuple[str, ...]] = {
    StandDownReason.SAFE: ("safe", "bezbedno", "безбедно"),
    StandDownReason.FALSE_ALARM: ("false alarm", "lažna uzbuna", "lazna uzbuna", "лажна узбуна"),
    StandDownReason.DRILL_OVER: ("drill over", "kraj vežbe", "kraj vezbe", "крај вежбе"),
    StandDownReason.HANDED_OVER: ("handed over", "predato", "предато"),
}
PASSAGES: dict[Passage, tuple[str, ...]] = {
    Passage.REACHED: ("ok", "u redu", "у реду"),
    Passage.DELAYED: ("delayed", "kasnim", "касним"),
    Passage.DARK: ("dark", "tišina", "tisina", "тишина"),
    Passage.DIVERTED: ("divert", "diverted", "skrećemo", "skrecemo", "скрећемо"),
    Passage.ABORTED: ("abort", "aborted", "prekid", "прекид"),
    Passage.RECEIVED: ("received", "primljeno", "примљено"),
    Passage.REFUSED: ("refused", "odbijeno", "одбијено"),
}
REFUSALS: dict[Refusal, tuple[str, ...]] = {
    Refusal.NO_PLACE: ("no place", "nema mesta", "нема места"),
    Refusal.NOT_AGREED: ("not agreed", "nije najavljeno", "није најављено"),
    Refusal.SOMEBODY_ELSE: ("somebody else", "neko drugi", "неко други"),
    Refusal.NOT_SAFE_HERE: ("not safe here", "nije bezbedno", "није безбедно"),
    Refusal.OTHER_CARE: ("other care", "druga pomoć", "druga pomoc", "друга помоћ"),
    Refusal.PAPERS: ("papers", "papiri", "папири"),
}
CALLERS: dict[Caller, tuple[str, ...]] = {
    Caller.ME: ("me", "i", "ja", "ја"),
    Caller.OTHER: ("other", "somebody else", "drugi", "neko drugi", "други", "неко други"),
    Caller.NOBODY: ("no", "nobody", "ne", "niko", "не", "нико"),
}
ANSWERS: dict[Answer, tuple[str, ...]] = {Answer.YES: ("yes", "da", "да"), Answer.NO: ("no", "ne", "не")}
_LASTING = frozenset({Passage.DELAYED, Passage.DARK})
_VERB_OF_WORD = {word: verb for verb, words in WORDS.items() for word in words}
_REASON_OF_WORDS = {words: reason for reason, variants in REASONS.items() for words in variants}
_PASSAGE_OF_WORDS = {words: passage for passage, variants in PASSAGES.items() for words in variants}
_REFUSAL_OF_WORDS = {words: why for why, variants in REFUSALS.items() for words in variants}
_CALLER_OF_WORDS = {words: caller for caller, variants in CALLERS.items() for words in variants}
_ANSWER_OF_WORD = {word: answer for answer, words in ANSWERS.items() for word in words}
_WORD = re.compile(r"\w+")
_CODENAME = re.compile(r"[a-z]+(?:-[a-z]+)+")
_PASSAGE = re.compile(r"([^\d]+?)(?: ([0-9]{1,4}))?(?: (?:min|мин))?")
# Short words are too like ordinary ones: "back" is no "ack", "dude" no "due".
NUMBERS: Mapping[str, Verb] = {each.value: each for each in EMERGENCY}
_LONG_ENOUGH = [word for word, verb in _VERB_OF_WORD.items() if len(word) >= 5 and verb is not Verb.HEARD]
_LONGEST_FIRST = sorted(_VERB_OF_WORD, key=len, reverse=True)


def word(verb: Verb, language: str) -> str:
    """Return the word for a verb that people are told to write in a language."""
    return _OF_LANGUAGE.get(language, _ENGLISH)[verb][0]


def calls_for_help(said: Said | None) -> bool:
    """Whether these words raise a real alert. Nothing may stand in their way."""
    return isinstance(said, Command) and (said.verb is Verb.PANIC or said.what is not None)


def answers_duty(said: Said) -> bool:
    """Whether these words answer a test ring, or nearly so. Where nobody was rung they are talk."""
    return isinstance(said, Command | NearMiss) and said.verb is Verb.HERE


def said_by(event_type: str, content: Mapping[str, Any], numbers: Mapping[str, Verb] | None = None) -> Said | None:
    """Return what an event says to the bot."""
    body = _text_of(event_type, content)
    return None if body is None else parse(body, NUMBERS if numbers is None else numbers)


def own_text(event_type: str, content: Mapping[str, Any]) -> str | None:
    """Return what the author of an event wrote, without what its client quotes above it."""
    body = _text_of(event_type, content)
    return None if body is None else _own_words(body)


def parse(body: str, numbers: Mapping[str, Verb] = NUMBERS) -> Said | None:
    """Return the command that a message is, what it nearly is, an answer to a question, or nothing.

    `numbers` are what people dial here; each stands for what is called by it.
    """
    # A question mark makes a question of it: that asks back.
    text = " ".join(_own_words(body).casefold().split()).strip("!./ ")
    if not text or len(text) > LONGEST:
        return _cry(text)
    first, _, rest = text.partition(" ")
    if first in numbers:
        return _cry(text) or _emergency(numbers[first], rest)
    if text in _ANSWER_OF_WORD:
        return _ANSWER_OF_WORD[text]
    if text in PASSAGES[Passage.REACHED]:
        return Command(verb=Verb.OP, passage=Passage.REACHED, bare=True)
    for each in _LONGEST_FIRST:
        if text == each or text.startswith(each + " "):
            command = _with_rest(_VERB_OF_WORD[each], text[len(each) :].strip())
            if command is not None:
                return command
    denied = not panic_words.DENYING.isdisjoint(text.split())
    close = [] if denied else difflib.get_close_matches(text.strip("? "), _LONG_ENOUGH, n=1, cutoff=SIMILAR)
    return NearMiss(verb=_VERB_OF_WORD[close[0]]) if close else _cry(text)


def _cry(text: str) -> NearMiss | None:
    """Ask whoever begins or ends with the word for panic and does not deny it: "panic they are here".

    Whoever begins with that for another alert is told that nothing was raised, at whatever length they go on.
    """
    words = _WORD.findall(text)
    if not words:
        return None
    if words[0] in WORDS[Verb.ALERT]:
        # "Nema je" denies nothing: it is how one says that somebody is gone.
        return NearMiss(verb=Verb.ALERT)
    if panic_words.DENYING.intersection(words) or not {words[0], words[-1]} & set(WORDS[Verb.PANIC]):
        return None
    return NearMiss(verb=Verb.PANIC)


def _text_of(event_type: str, content: Mapping[str, Any]) -> str | None:
    """Return the text of a message. Edits say nothing: what was sent first is what was meant."""
    relation, body = content.get("m.relates_to"), content.get("body")
    edited = isinstance(relation, dict) and relation.get("rel_type") == "m.replace"
    if event_type != "m.room.message" or content.get("msgtype") != "m.text" or edited or not isinstance(body, str):
        return None
    return body


def _own_words(body: str) -> str:
    """Return a message without the lines of another that its client quotes above it."""
    if not body.startswith("> "):
        return body
    quoted, _, own = body.partition("\n\n")
    return own if all(line.startswith(">") for line in quoted.split("\n")) else body


def _with_rest(verb: Verb, rest: str) -> Command | NearMiss | None:
    """Accept a codename after any verb that acts, a reason after a stand-down, what happens after an alert."""
    if not rest:
        return Command(verb=verb)
    if verb in ASKING | {Verb.HERE} or (verb is Verb.HEARD and not _CODENAME.fullmatch(rest)):
        return None
    if verb in {Verb.OP, Verb.ALERT}:
        return _passage(rest) if verb is Verb.OP else _alert(rest)
    codename, _, reason = rest.partition(" ")
    if not _CODENAME.fullmatch(codename):
        codename, reason = "", rest
    if not reason:
        return Command(verb=verb, codename=codename)
    if verb is Verb.STAND_DOWN and reason in _REASON_OF_WORDS:
        return Command(verb=verb, codename=codename or None, reason=_REASON_OF_WORDS[reason])
    return None


def _alert(rest: str) -> Command | NearMiss | None:
    """Take what happens, and a codename before or after it; ask where it is not known, and nothing where it is denied.

    Whoever writes this word may believe that people are called now: they always hear whether that is so.
    """
    words = rest.split()
    named = next((each for each in (words[-1], words[0]) if _CODENAME.fullmatch(each)), None)
    if named is not None:
        words.remove(named)
    if not words:
        return Command(verb=Verb.ALERT, codename=named)
    what = happenings.OF_WORDS.get(" ".join(words))
    if what is not None:
        return Command(verb=Verb.ALERT, codename=named, what=what)
    return NearMiss(verb=Verb.ALERT, what=happenings.nearly(" ".join(words)))


def _emergency(verb: Verb, rest: str) -> Command:
    """Take what stands after a number: a codename, and who called. Whose name it is others know."""
    codename, _, who = rest.partition(" ")
    if not _CODENAME.fullmatch(codename):
        codename, who = "", rest
    caller = _CALLER_OF_WORDS.get(who)
    return Command(verb=verb, codename=codename or None, caller=caller, name="" if caller else who)


def _passage(rest: str) -> Command | None:
    """Accept what happened on the way, with minutes or a reason where one belongs to it; a codename before it."""
    codename, _, after = rest.partition(" ")
    if not _CODENAME.fullmatch(codename):
        codename, after = "", rest
    if not after:
        return Command(verb=Verb.OP, codename=codename)
    refused, _, why = after.partition(" ")
    if refused in PASSAGES[Passage.REFUSED]:
        # Other words than those of the list are asked about: whoever writes this believes that everybody knows now.
        refusal = _REFUSAL_OF_WORDS.get(why)
        return Command(verb=Verb.OP, codename=codename or None, passage=Passage.REFUSED, refusal=refusal)
    found = _PASSAGE.fullmatch(after)
    passage = _PASSAGE_OF_WORDS.get(found[1]) if found else None
    if found is None or passage is None or (passage in _LASTING) is (found[2] is None):
        return None
    return Command(
        verb=Verb.OP, codename=codename or None, passage=passage, minutes=int(found[2]) if found[2] else None
    )
