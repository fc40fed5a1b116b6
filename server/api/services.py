"""What the HTTP side may use: the use cases of every domain, and nothing below them but readiness."""

from __future__ import annotations

from dataclasses import dataclass

from agencies.service import Agencies
from agencies.sign_in import SignIn
from alerts.closing import Closing
from alerts.service import Alerts
from cases.service import Cases
from core.clock import Clock
from core.database import Database
from core.settings import Settings
from safety_plans.service import Reviews


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The capabilities of one API process."""

    database: Database
    clock: Clock
    settings: Settings
    agencies: Agencies
    sign_in: SignIn
    cases: Cases
    alerts: Alerts
    closing: Closing
    reviews: Reviews


def services(database: Database, clock: Clock, settings: Settings) -> Services:
    """Return the use cases over one database."""
    return Services(
        database=database,
        clock=clock,
        settings=settings,
        agencies=Agencies(database, clock),
        sign_in=SignIn(database, clock, settings),
        cases=Cases(database, clock),
        alerts=Alerts(database, clock),
        closing=Closing(database, clock),
        reviews=Reviews(database, clock),
    )
