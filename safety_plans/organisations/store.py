"""Organisations' own reviews in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from agencies.model import AgencyId
from core.database import Reading, Row, Transaction
from safety_plans.model import Level
from safety_plans.organisations.rules import HELPERS, OrganisationReview
from safety_plans.store import SQL


async def without(reading: Reading, limit: int, among: Collection[AgencyId] | None = None) -> list[AgencyId]:
    """Return organisations, of all or of some, that help in an open case and that nobody has to assess."""
    chosen = None if among is None else list(among)
    rows = await reading.rows(SQL["organisations_without_review"], HELPERS, limit, chosen)
    return [AgencyId(row["id"]) for row in rows]


async def levels(tx: Reading, agency_id: AgencyId) -> list[Level]:
    """Return the levels of an agency's open cases."""
    return [Level(row["level"]) for row in await tx.rows(SQL["levels_of_agency"], agency_id)]


async def helps_since(tx: Reading, agency_id: AgencyId) -> datetime:
    """Return since when an agency helps that does."""
    since: datetime = await tx.value(SQL["helps_since"], agency_id)
    return since


async def held(tx: Transaction, agency_ids: Collection[AgencyId]) -> list[OrganisationReview]:
    """Return these agencies' reviews, held."""
    return [_review(row) for row in await tx.rows(SQL["hold_organisation_reviews"], list(agency_ids))]


async def see(reading: Reading, agency_id: AgencyId) -> OrganisationReview | None:
    """Return an agency's review, if it has one."""
    row = await reading.row(SQL["organisation_review"], agency_id)
    return None if row is None else _review(row)


async def open_(tx: Transaction, review: OrganisationReview) -> None:
    """Record a first one; nothing where there is one by now."""
    await tx.run(
        SQL["open_organisation_review"], review.agency_id, review.since, review.due_at, review.step,
        review.next_step_at,
    )  # fmt: skip


async def put(tx: Transaction, review: OrganisationReview) -> None:
    """Record it, and release the lease."""
    await tx.run(
        SQL["put_organisation_review"], review.agency_id, review.since, review.due_at, review.step, review.next_step_at
    )  # fmt: skip


async def forget(tx: Transaction, agency_id: AgencyId) -> None:
    """Forget it: the agency helps in no open case."""
    await tx.run(SQL["forget_organisation_review"], agency_id)


def _review(row: Row) -> OrganisationReview:
    return OrganisationReview(
        agency_id=AgencyId(row["agency_id"]),
        since=row["since"],
        due_at=row["due_at"],
        step=row["step"],
        next_step_at=row["next_step_at"],
    )
