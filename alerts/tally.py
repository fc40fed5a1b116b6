"""What the metrics tell of open alerts and of their steps that are due: numbers, counted at the scrape."""

from __future__ import annotations

from datetime import datetime

from agencies import duty_rings
from alerts.incidents import sweep as incident_sweep
from alerts.model import State
from alerts.police import asking as police_asking
from alerts.proof import proving
from alerts.store import SQL
from alerts.telephone import desk_calls
from core import metrics
from core.database import Reading
from core.tally import OF_STEPS, Tally, age, count_overdue

NAME = "alerts"


async def _count(reading: Reading, now: datetime) -> None:
    counted: dict[tuple[str, ...], float] = {}
    oldest: dict[tuple[str, ...], float] = {}
    for row in await reading.rows(SQL["open_alerts"]):
        counted[row["state"], row["severity"], row["status"]] = row["alerts"]
        if row["state"] != State.ACCEPTED:
            key = row["severity"], row["status"]
            oldest[key] = max(age(row["oldest"], now), oldest.get(key, 0.0))
    metrics.ALERTS_OPEN.know(counted, otherwise=0)
    metrics.OLDEST_UNACCEPTED.know(oldest, otherwise=0)
    proof = await proving.state(reading)
    since, took = proof.age(now), proof.took
    if since is not None:
        metrics.PROOF_AGE.set(since.total_seconds())
    if took is not None:
        metrics.PROOF_TOOK.set(took.total_seconds())
    metrics.DUTY_UNANSWERED.set(await duty_rings.unanswered(reading, now))
    await count_overdue(reading, SQL["overdue"], NAME, now)
    await count_overdue(reading, SQL["overdue_police_questions"], police_asking.NAME, now)
    await count_overdue(reading, SQL["overdue_incident_duties"], incident_sweep.NAME, now)
    await count_overdue(reading, duty_rings.OVERDUE, "duty_rings", now)
    await count_overdue(reading, SQL["hand_overs_overdue"], "hand_overs", now)
    await count_overdue(reading, SQL["desk_calls_overdue"], desk_calls.NAME, now)


TALLY = Tally(
    name=NAME,
    gauges=(
        metrics.ALERTS_OPEN,
        metrics.OLDEST_UNACCEPTED,
        metrics.DUTY_UNANSWERED,
        metrics.PROOF_AGE,
        metrics.PROOF_TOOK,
        *OF_STEPS,
    ),
    count=_count,
)
