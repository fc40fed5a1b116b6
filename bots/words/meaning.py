"""Which alert a word means, and when it must be asked about first: pure rules over alerts and moments.

A word is for the call that its author knew. Read late, or written before people were called, it may mean another:
then nobody acts on it before they have asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from agencies.model import PersonId
from alerts.model import Alert
from alerts.service import AlertView
from alerts.vocabulary import Severity, Status
from bots.words.commands import Command, Verb
from cases.model import CompartmentId

# Older words may be about something that is over.
LATE = timedelta(minutes=10)
# A message's time is its homeserver's, an alert's is the engine's: they may differ a little.
CLOCKS_APART = timedelta(seconds=5)


class Doubt(StrEnum):
    """Why a word is asked about; also how the template of the question ends."""

    MEANT = "meant"
    PANIC = "panic"
    LATE = "late"
    BEFORE = "before"
    GRAVE = "grave"
    DURESS = "duress"


def late(written_at: datetime, now: datetime) -> bool:
    """Whether a word was written so long ago that its author may mean it no more."""
    return now - written_at > LATE


def candidates(alerts: Sequence[AlertView], person_id: PersonId, verb: Verb, written_at: datetime) -> list[AlertView]:
    """Return the alerts that a bare word can mean.

    Those that people were called for before it was written, if there are any; of these what is still to be accepted
    first, and the real before an exercise.
    """
    known = [each for each in alerts if not _before(each.alert, written_at)] or list(alerts)
    if verb is Verb.ACK:
        known = [each for each in known if each.alert.awaits(person_id)] or known
    known = [each for each in known if each.alert.status is Status.ACTUAL] or known
    return _one_of_each_place(known, person_id, verb)


def doubt(alert: Alert, said: Command, person_id: PersonId, written_at: datetime, now: datetime) -> Doubt | None:
    """Return why a word about this alert must be asked about before anything is done; nothing where it is clear."""
    if _before(alert, written_at):
        return Doubt.BEFORE
    if late(written_at, now):
        return Doubt.LATE
    if said.verb is Verb.STAND_DOWN and alert.for_duress and alert.has_acknowledged(person_id):
        return Doubt.DURESS
    # A sentence of somebody's own is for their own alert, and whoever writes it may be forced to: either of the two, to
    # the same question. Nobody else's alert ends by it alone, however grave that is.
    bare = said.sentence or (said.codename is None and said.reason is None)
    grave = (said.sentence or alert.severity is Severity.EXTREME) and alert.status is Status.ACTUAL
    # Who raised it only pauses the calling, and who has not accepted is told to do that first.
    ends = alert.has_acknowledged(person_id) and person_id not in alert.raiser_ids
    if said.verb is Verb.STAND_DOWN and bare and grave and ends:
        return Doubt.GRAVE
    return None


def _one_of_each_place(alerts: list[AlertView], person_id: PersonId, verb: Verb) -> list[AlertView]:
    """Return, of alerts that have one codename because some are for duress, the one that a word means.

    A word is for duress first. Only an end is for the other one first: nobody ends the call for duress by mistake.
    Where several people are forced, it is for the newest of those calls that this person has not accepted, and an end
    for the newest that they have: nothing but the word itself could tell them apart.
    """
    ends = verb is Verb.STAND_DOWN
    found: dict[CompartmentId, list[AlertView]] = {}
    for each in alerts:
        found.setdefault(each.alert.compartment_id, []).append(each)

    def first(each: AlertView) -> tuple[bool, bool, datetime]:
        alert = each.alert
        return alert.for_duress is not ends, alert.has_acknowledged(person_id) is ends, alert.ladder_began_at

    chosen = []
    for there in found.values():
        forced = any(each.alert.for_duress for each in there)
        chosen += [max(there, key=first)] if forced else there
    return chosen


def _before(alert: Alert, written_at: datetime) -> bool:
    """Whether a word was written before the present calling for an alert began."""
    return written_at + CLOCKS_APART < alert.ladder_began_at
