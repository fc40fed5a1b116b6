"""What people text or key in, handed on and signed by the gateway of the network. Calling for help is never limited."""

from __future__ import annotations

import re
from typing import Any

from alerts.telephone.hearing import Heard
from alerts.telephone.words import CallForHelp, read
from core.errors import NotAuthenticated
from core.texts import mark
from server.api.access import Access
from server.api.not_stored import saying
from server.api.route import Call, Limit, Route
from server.api.wire.telephone import HeardAnswer, HearTelephone

not_heard = saying(
    mark(
        "NOT raised and NOT accepted: nothing could be stored. In danger ring {police} now, and ring your colleagues. "
        "Say so to whoever wrote, and send it again with the same id."
    ),
    "telephone",
)
_BETWEEN_DIGITS = re.compile(r"[\s()./-]")


async def hear_telephone(call: Call[HearTelephone]) -> HeardAnswer:
    """Raise or accept an alert for whoever texted or keyed it in, once for each `webhook-id`; say what to answer.

    A call for help is the word for it in English or Serbian, or 112; it is raised as not verified, for a number can be
    forged. An alert is accepted with the number that the call for it told, at a desk with initials behind it.
    """
    asked, number = call.asked, _BETWEEN_DIGITS.sub("", call.asked.from_)
    if call.webhook is None:
        raise NotAuthenticated("A route of the gateway has a letter.")
    if not isinstance(read(asked.text), CallForHelp):
        call.services.words_of_numbers.take(number)
    heard = Heard(key=call.webhook, number=number, text=asked.text, received=asked.received)
    return HeardAnswer.of(await call.services.telephone.hear(heard))


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="POST",
        path="/api/telephone/words",
        summary="Hand on what somebody texted or keyed in",
        call=hear_telephone,
        access=Access.GATEWAY,
        takes=HearTelephone,
        gives=HeardAnswer,
        limit=Limit.BY_NUMBER,
        refuses=(NotAuthenticated,),
        guard=not_heard,
    ),
)
