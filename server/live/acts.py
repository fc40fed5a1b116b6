"""Every act of the ledger: who hears of it, and as what. The one table; a test finds acts that have no row.

Whoever may know of an act hears that something changed. Those whose own rights it changed hear that instead, and load
everything anew: ids of what they may not see any more would say too much, and of what they see now too little.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Object(StrEnum):
    """What has changed, as the stream calls it."""

    ALERT = "alert"
    REVIEW = "review"
    CASE = "case"
    DUTY = "duty"
    OPERATION = "operation"
    SAFE_CALL = "safe_call"


class Audience(Enum):
    """Who may know of an act."""

    NOBODY = "nobody"
    SEES_ALERT = "whoever may see the alert"
    SEES_REVIEW = "whoever may see the review"
    SEES_OPERATION = "whoever may see the operation, or the safe-call"
    IN_CASE = "whoever has a part in the case"
    IN_COMPARTMENT = "the compartment's members, and whoever leads its case"
    LEADS_CASE = "whoever leads the case"
    SEES_DUTY = "whoever has the duty desk on the board"
    RUNG_FOR_CALL = "whoever was rung for the call for help by telephone"


class Concerned(Enum):
    """Whose rights an act changes."""

    NOBODY = "nobody"
    PERSON = "the person that it names"
    LEADERS = "who leads from now on, and who named them"
    EXCLUDED = "the person excluded, where there was an alert to lose"
    CLOSED_UPON = "everybody who was in what was closed"
    LEAVER = "the person who left"
    COVERING = "whoever sits at the desks that cover from now on, or covered until now"


@dataclass(frozen=True, slots=True)
class Told:
    """How one act is told."""

    audience: Audience
    object: Object = Object.CASE
    concerned: Concerned = Concerned.NOBODY


_QUIETLY = Told(Audience.NOBODY)
_ALERT = Told(Audience.SEES_ALERT, Object.ALERT)
_REVIEW = Told(Audience.SEES_REVIEW, Object.REVIEW)
_OPERATION = Told(Audience.SEES_OPERATION, Object.OPERATION)
_SAFE_CALL = Told(Audience.SEES_OPERATION, Object.SAFE_CALL)

ACTS: dict[str, Told] = {
    # agencies
    "agency_added": _QUIETLY,
    "person_added": _QUIETLY,
    "signed_in": _QUIETLY,
    "link_made": _QUIETLY,
    "passkey_added": _QUIETLY,
    "passkey_removed": _QUIETLY,
    "passkey_went_back": _QUIETLY,
    "desk_opened": Told(Audience.SEES_DUTY, Object.DUTY, Concerned.COVERING),
    "duty_taken": Told(Audience.SEES_DUTY, Object.DUTY, Concerned.PERSON),
    "duty_left": Told(Audience.SEES_DUTY, Object.DUTY, Concerned.PERSON),
    "roster_changed": Told(Audience.SEES_DUTY, Object.DUTY),
    "desk_key_given": Told(Audience.SEES_DUTY, Object.DUTY),
    "duty_rung": Told(Audience.SEES_DUTY, Object.DUTY),
    "duty_ring_answered": Told(Audience.SEES_DUTY, Object.DUTY),
    "duty_ring_silent": Told(Audience.SEES_DUTY, Object.DUTY),
    "duty_ring_unanswered": Told(Audience.SEES_DUTY, Object.DUTY),
    "contact_added": _QUIETLY,
    "contact_removed": _QUIETLY,
    # What is said for duress is kept from boards: of the alerts themselves, by the rule of who may see them.
    "own_sentences_sealed": _QUIETLY,
    "own_sentences_cleared": _QUIETLY,
    "duress_without_case": _QUIETLY,
    "raising_device_added": _QUIETLY,
    "raising_device_removed": _QUIETLY,
    "raising_device_unheard": _QUIETLY,
    "desks_called_by_telephone": Told(Audience.RUNG_FOR_CALL, Object.DUTY),
    "desk_call_repeated": Told(Audience.RUNG_FOR_CALL, Object.DUTY),
    "desk_call_taken": Told(Audience.RUNG_FOR_CALL, Object.DUTY),
    "device_claimed": _QUIETLY,
    "device_code_wrong": _QUIETLY,
    "device_confirmed": _QUIETLY,
    "device_refused": _QUIETLY,
    "device_withdrawn": _QUIETLY,
    "matrix_link_ended": _QUIETLY,
    "matrix_identity_pinned": _QUIETLY,
    "matrix_identity_changed": _QUIETLY,
    # Everybody loads everything anew where the ledger went back; of the end the channels and desks are told.
    "hold_began": _QUIETLY,
    "hold_ended": _QUIETLY,
    "rooms_renewed": _QUIETLY,
    "invited_again": _QUIETLY,
    # the vault: of its logs its members hear that something changed; what is fetched is for whoever asks the ledger
    "directory_entry_taken": _QUIETLY,
    "person_attested": _QUIETLY,
    "person_rekeyed": _QUIETLY,
    "agency_suspended": _QUIETLY,
    "bundle_put": _QUIETLY,
    "bundle_taken": _QUIETLY,
    "bundle_fetched": _QUIETLY,
    "invitation_made": _QUIETLY,
    "invitation_taken_back": _QUIETLY,
    "keys_offered": _QUIETLY,
    "vault_erased": _QUIETLY,
    "case_forgotten": _QUIETLY,
    "members_forgotten": _QUIETLY,
    "vault_entry_taken": Told(Audience.IN_COMPARTMENT),
    "vault_entry_refused": _QUIETLY,
    "vault_epoch_overdue": Told(Audience.IN_COMPARTMENT),
    "grant_fetched": _QUIETLY,
    "record_fetched": _QUIETLY,
    "wraps_fetched": _QUIETLY,
    "record_exported": Told(Audience.IN_COMPARTMENT),
    "history_granted": Told(Audience.IN_COMPARTMENT),
    "history_fetched": _QUIETLY,
    # Who asks what others did, or takes the answer out, is told to nobody at once; it stands in the next answer.
    "vault_acts_asked": _QUIETLY,
    "vault_acts_exported": _QUIETLY,
    # cases
    "case_opened": Told(Audience.IN_CASE),
    "case_closed": Told(Audience.IN_CASE, concerned=Concerned.CLOSED_UPON),
    "agency_part_set": Told(Audience.IN_CASE),
    "leaders_named": Told(Audience.IN_CASE, concerned=Concerned.LEADERS),
    "compartment_opened": Told(Audience.IN_COMPARTMENT),
    "compartment_closed": Told(Audience.IN_COMPARTMENT, concerned=Concerned.CLOSED_UPON),
    "card_put": Told(Audience.IN_COMPARTMENT),
    "member_added": Told(Audience.IN_COMPARTMENT, concerned=Concerned.PERSON),
    "member_removed": Told(Audience.IN_COMPARTMENT, concerned=Concerned.PERSON),
    # Members are not told who is excluded: `cases.rules` shows it to the leaders alone.
    "person_excluded": Told(Audience.LEADS_CASE, concerned=Concerned.EXCLUDED),
    # Whoever leads asks for it (`streha known`): a program of somebody barred asks by itself for what it had.
    "asked_while_barred": _QUIETLY,
    "person_readmitted": Told(Audience.LEADS_CASE),
    "person_left": Told(Audience.SEES_DUTY, Object.DUTY, Concerned.LEAVER),
    "absence_told": _QUIETLY,
    "absence_ended": _QUIETLY,
    # alerts
    "alert_raised": _ALERT,
    "alert_acknowledged": _ALERT,
    "alert_escalated": _ALERT,
    "alert_owner_asked": _ALERT,
    "alert_owner_confirmed": _ALERT,
    "alert_reopened": _ALERT,
    "alert_hand_over_begun": _ALERT,
    "alert_hand_over_asked": _ALERT,
    "alert_taken_over": _ALERT,
    "alert_conversation_noted": _ALERT,
    "emergency_call_noted": _ALERT,
    "police_asked_again": _ALERT,
    "police_unanswered": _ALERT,
    "card_given": _ALERT,
    "alert_cancel_asked": _ALERT,
    "alert_stood_down": _ALERT,
    "incident_opened": _ALERT,
    "incident_fact_noted": _ALERT,
    "incident_duty_done": _ALERT,
    "incident_reminded": _ALERT,
    "incident_overdue": _ALERT,
    "breach_clock_began": _ALERT,
    "message_delivered": _ALERT,
    "message_not_delivered": _ALERT,
    "people_unreached": _ALERT,
    # reviews
    "level_set": _REVIEW,
    "level_lowering_told": _REVIEW,
    "measure_reminded": _QUIETLY,
    "measure_overdue": _QUIETLY,
    "organisation_review_due": _QUIETLY,
    "organisation_review_overdue": _QUIETLY,
    "organisation_review_done": _QUIETLY,
    "clock_due": _QUIETLY,
    "clock_overdue": _QUIETLY,
    "clock_repeated": _QUIETLY,
    "clock_wound_up": _QUIETLY,
    "clock_ended": _QUIETLY,
    "case_date_added": _QUIETLY,
    "case_date_taken": _QUIETLY,
    "review_opened": _REVIEW,
    "review_pulled": _REVIEW,
    "case_event_noted": _REVIEW,
    "review_reminded": _REVIEW,
    "review_overdue": _REVIEW,
    "review_done": _REVIEW,
    # operations
    "operation_planned": _OPERATION,
    "operation_approved": _OPERATION,
    "operation_gone": _OPERATION,
    "operation_postponed": _OPERATION,
    "operation_closed": _OPERATION,
    "operation_diverted": _OPERATION,
    "operation_aborted": _OPERATION,
    "operation_delayed": _OPERATION,
    "operation_dark": _OPERATION,
    "operation_task_due": _QUIETLY,
    "operation_received": _OPERATION,
    "operation_refused": _OPERATION,
    "operation_receiver_named": _OPERATION,
    "milestone_confirmed": _OPERATION,
    "milestone_late": _OPERATION,
    "milestone_later": _OPERATION,
    "safe_call_planned": _SAFE_CALL,
    "safe_call_heard": _SAFE_CALL,
    "safe_call_over": _SAFE_CALL,
    "safe_call_late": _SAFE_CALL,
    "safe_call_later": _SAFE_CALL,
}
