"""Who is told that somebody can be reached no more: whoever leads their cases, and whoever can link them again.

Each alone in the own room with the bot, in neutral words, and only those who can read there: a link of theirs stands.
When it is said, and that it is said once, is `bots.watching.identity_watch`'s.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from agencies import attestations
from agencies import store as directory
from agencies.attestation import Attestation, LinkState
from agencies.attestations import Ended
from agencies.model import AgencyId, PersonId, Role
from cases import store as case_store
from core import outbox
from core.database import Transaction
from core.outbox import Lane, Message, Target, TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is said of whom; `cause` makes it be said once. Neither the person nor who brought it about hears it."""

    cause: str
    template: str
    person_id: PersonId
    by: PersonId | None = None


def changed(attestation: Attestation) -> News:
    """Say that another identity than the confirmed one is published for somebody."""
    return News(
        cause=f"identity_changed:{attestation.id}", template="reply_identity_changed", person_id=attestation.person_id
    )


def ended(end: Ended) -> News:
    """Say that somebody else than the person ended their link."""
    return News(cause=f"link_ended:{end.id}", template="reply_link_ended", person_id=end.person_id, by=end.ended_by)


async def warn(tx: Transaction, news: News, now: datetime) -> int:
    """Leave a warning for everybody who must hear it; return how many they are."""
    told = await _told(tx, news)
    for each in sorted(told):
        target = Target(kind=TargetKind.PERSON, id=each)
        cause = f"{news.cause}:{each}"
        ring = Message(key=f"{cause}:ring", target=target, template="reply_look_ring", mentions=[each], lane=Lane.ALERT)
        words = Message(
            key=cause, target=target, template=news.template, parameters={"person": str(news.person_id)},
            lane=Lane.ALERT,
        )  # fmt: skip
        await outbox.post(tx, [ring, words], now)
    return len(told)


async def _told(tx: Transaction, news: News) -> set[PersonId]:
    """Return the leaders of a person's cases and the administrators of the agency, of those who can read.

    Where none of them can, the administrators of all agencies; where nobody can read at all, it waits for the first.
    """
    left_out = {news.person_id, news.by}
    linked = {
        each.person_id for each in (await attestations.standing(tx)).values() if each.state is LinkState.LINKED
    } - left_out
    found = await case_store.cases_of_person(tx, news.person_id)
    leaders = {leader for case in found for leader in case.leaders} - left_out
    agency_id = (await directory.people(tx, [news.person_id]))[news.person_id].agency_id
    own = await _administrators(tx, [agency_id]) - left_out
    everywhere = await _administrators(tx, [each.id for each in await directory.agencies(tx)]) - left_out
    closest = leaders | (own or everywhere)
    return closest & linked or everywhere & linked or closest


async def _administrators(tx: Transaction, agency_ids: Collection[AgencyId]) -> set[PersonId]:
    staff = await directory.staff(tx, list(agency_ids))
    return {each.id for each in staff if each.role is Role.ADMINISTRATOR}
