"""Words by telephone over the wire: what the gateway hands on, and what it says back."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import msgspec

from alerts.telephone.hearing import Answer, Outcome
from server.api.wire import Language, Moment, Wire

# Far longer than any number, and shorter than what somebody could hide in one.
LONGEST_NUMBER = 64


class HearTelephone(Wire, frozen=True, kw_only=True):
    """What somebody texted, or keyed in during a call: from which number, and when the gateway received it.

    Of a long text the beginning is read (`alerts.telephone.words`); none is refused for its length: it may call for
    help.
    """

    from_: Annotated[str, msgspec.Meta(max_length=LONGEST_NUMBER, examples=["+381600000000"])] = msgspec.field(
        name="from"
    )
    means: Literal["text", "voice"]
    text: Annotated[str, msgspec.Meta(examples=["panika"])]
    received: Moment


class HeardAnswer(Wire, frozen=True, kw_only=True):
    """What became of it, and the sentence to say back in the language of whoever is there. It holds no content."""

    outcome: Annotated[Outcome, msgspec.Meta(examples=["raised"])]
    text: Annotated[str, msgspec.Meta(examples=["Raised. People are being called. Danger to life: ring 192."])]
    language: Language

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Return an answer as it is sent."""
        return cls(outcome=answer.outcome, text=answer.text, language=answer.language)
