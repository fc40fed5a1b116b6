"""The alert that a press of the button makes: as it is opened, or compared with the one that is open already."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agencies.model import Person
from alerts.escalation import escalation
from alerts.model import Alert, AlertId, Press, State
from alerts.vocabulary import SEVERITY_OF_EVENT, Certainty, Event, Severity, Status, Through
from cases.model import Case, Compartment


def new_alert(
    key: UUID, case: Case, compartment: Compartment, actor: Person, event: Event, status: Status,
    through: Through, now: datetime,
) -> Alert:  # fmt: skip
    """Return the alert that a press opens where none is open: not called for yet, due at its first step."""
    verified = through is not Through.UNVERIFIED
    severity = SEVERITY_OF_EVENT[event] if verified else Severity.SEVERE
    raised_by = actor.id if verified else None
    return Alert(
        id=AlertId(key),
        case_id=case.id,
        compartment_id=compartment.id,
        status=status,
        event=event,
        severity=severity,
        first_severity=severity,
        certainty=Certainty.OBSERVED if verified else Certainty.UNKNOWN,
        raised_by=raised_by,
        raised_through=through,
        sent=now,
        state=State.OPEN,
        owner_id=None,
        ladder=1,
        ladder_began_at=now,
        step=0,
        next_step_at=escalation(severity, 0, now, now).next_step_at,
        exclusions_heeded=len(case.excluded_ids),
        presses=(Press(person_id=raised_by, at=now),),
    )
