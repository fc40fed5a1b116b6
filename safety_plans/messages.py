"""What a review says: a neutral sentence that rings its owner, then the codename and the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agencies.model import PersonId
from core.outbox import Message, Target
from core.texts import mark
from safety_plans.model import Review

TEXTS = {
    "review_ring": mark("Streha: reminder, open the app"),
    "review_due": mark(
        "{codename}: the risk is to be assessed again. It was due {time}. Owner: {person}.\n"
        "To see what is due write: due"
    ),
    "review_pulled": mark(
        "{codename}: after what happened the risk is to be assessed again by {time}. Owner: {person}.\n"
        "To see what is due write: due"
    ),
    "review_overdue": mark(
        "{codename}: the assessment is OVERDUE since {time}. Owner: {person}. The level may be stale: "
        "treat the risk as high, ring the owner."
    ),
}


def reminder(
    review: Review, codename: str, target: Target, template: str, mentions: Iterable[PersonId]
) -> list[Message]:
    """Return ring and reminder for one room at the review's present step."""
    return notice(
        review, codename, target, template, mentions, f"{review.id}:{review.step}:{review.due_at.isoformat()}"
    )


def notice(
    review: Review, codename: str, target: Target, template: str, mentions: Iterable[PersonId], cause: str
) -> list[Message]:
    """Return ring and words for one room; the cause makes them one."""
    parameters = {"codename": codename, "time": review.due_at.isoformat(), "person": str(review.owner_id)}
    cause = f"review:{cause}"
    ring = Message(
        key=f"{cause}:ring:{target.id}", target=target, template="review_ring", mentions=tuple(mentions),
        case_id=review.case_id,
    )  # fmt: skip
    key = f"{cause}:{template}:{target.id}"
    return [ring, replace(ring, key=key, template=template, parameters=parameters, mentions=())]
