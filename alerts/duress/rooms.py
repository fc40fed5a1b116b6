"""What is said of duress where there is no case that could show whom to call: to each alone, rung."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agencies.model import PersonId
from core.outbox import Lane, Message, Target, TargetKind, Urgency


def without_case(key: str, raiser: PersonId, people: Iterable[PersonId], now: datetime) -> list[Message]:
    """Return what rings each of these people alone, and what it is about."""
    said = []
    for each in people:
        room = Target(kind=TargetKind.PERSON, id=each)
        ring = Message(
            key=f"{key}:ring:{each}", target=room, template="alert_ring", mentions=(each,), lane=Lane.ALERT,
            urgency=Urgency.EXTREME,
        )  # fmt: skip
        words = Message(
            key=f"{key}:{each}", target=room, template="duress_without_case",
            parameters={"person": str(raiser), "time": now.isoformat()}, lane=Lane.ALERT, urgency=Urgency.EXTREME,
        )  # fmt: skip
        said += [ring, words]
    return said
