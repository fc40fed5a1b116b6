"""What may be noted of a conversation about an alert: a pure rule. A note is its author's word, and nothing more."""

from __future__ import annotations

from datetime import datetime

from agencies.model import PersonId
from alerts.model import Alert, Conversation
from core.errors import InvalidInput, NotFound
from core.texts import mark


def conversation(alert: Alert, by: PersonId, with_: PersonId, at: datetime, now: datetime) -> Conversation:
    """Return what is noted: with another who raised the alert or was called for it, between the raise and now.

    People tell the time by the minute: that of the raise may have been a moment earlier.
    """
    if with_ not in alert.raiser_ids and not alert.called(with_):
        raise NotFound(mark("This person takes no part in the alert."))
    if with_ == by:
        raise InvalidInput(mark("Name the other one whom you spoke to."))
    if not alert.sent.replace(second=0, microsecond=0) <= at <= now:
        raise InvalidInput(mark("You can have spoken about it only after it was raised, and not later than now."))
    return Conversation(spoken_by=by, spoken_with=with_, spoken_at=at)
