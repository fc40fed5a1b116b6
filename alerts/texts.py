"""What alerts say: sentences for the catalogues, by template, and the words for what happened and why it is over."""

from __future__ import annotations

from core.texts import mark

TEXTS = {
    "alert_ring": mark("Streha: alert, open the app"),
    "alert_details": mark(
        "ALERT, {codename}: {event}. Raised {time} by {person}.\n"
        "To accept write: ack {codename}\nDanger to life: ring {police} now."
    ),
    "alert_details_unverified": mark(
        "ALERT, NOT VERIFIED, {codename}: {event}. Raised {time} from a device that could not be checked.\n"
        "Ring the person. To accept write: ack {codename}\nDanger to life: ring {police} now."
    ),
    "alert_details_device": mark(
        "ALERT, {codename}: {event}. Raised {time} with the device {device} of {agencies}.\n"
        "To accept write: ack {codename}\nDanger to life: ring {police} now."
    ),
    "alert_details_device_of_person": mark(
        "ALERT, {codename}: {event}. Raised {time} by {person} with the device {device}.\n"
        "To accept write: ack {codename}\nDanger to life: ring {police} now."
    ),
    "alert_details_telephone": mark(
        "ALERT, NOT VERIFIED, {codename}: {event}. By telephone {time}, from the number of {person}: a number can be "
        "forged.\nFind out from {person}; they may be hiding. To accept write: ack {codename}\n"
        "Danger to life: ring {police} now."
    ),
    "alert_details_clock": mark(
        "ALERT, {codename}: {event}. Nobody raised this but the clock, {time}.\n"
        "To accept write: ack {codename}\nDanger to life: ring {police} now."
    ),
    "alert_raised_again_by_telephone": mark(
        "{codename}: {event}, again {time} by telephone, NOT VERIFIED, from the number of {person}."
    ),
    "alert_accepted_by_telephone": mark("{codename}: accepted {time} by {person}, by telephone."),
    "alert_raised_again": mark("{codename}: {event}, raised again {time} by {person}."),
    "alert_raised_again_device": mark(
        "{codename}: {event}, raised again {time} with the device {device} of {agencies}."
    ),
    "alert_raised_again_device_of_person": mark(
        "{codename}: {event}, raised again {time} by {person} with the device {device}."
    ),
    "alert_accepted": mark("{codename}: accepted {time} by {person}."),
    "alert_all_accepted": mark("{codename}: every responding agency has accepted."),
    "alert_still_silent": mark(
        "{codename}: no answer yet from {agencies}. Their deputies are being called.\nDanger to life: ring {police}."
    ),
    "alert_not_delivered_to_desk": mark(
        "{codename}: the call to {agencies} could NOT be delivered. Ring them yourself."
    ),
    "alert_not_delivered_to_person": mark(
        "{codename}: the call to {person} could NOT be delivered. Ring them yourself."
    ),
    "alert_not_delivered_to_compartment": mark(
        "{codename}: the case's channel could NOT be reached. Ring its members yourself."
    ),
    "alert_unreachable": mark("{codename}: NOBODY can be reached for {agencies}. Ring them yourself."),
    "alert_unanswered": mark(
        "{codename}: still no answer from {agencies} after six hours. The call is repeated once a day. "
        "Somebody must take this over."
    ),
    "alert_cancel_asked": mark(
        "{codename}: {person} says it is over. Ring back, then write: stand-down {codename}\n"
        "Without that, calling goes on in 15 minutes."
    ),
    "alert_cancel_repeated": mark("{codename}: {person} says it is over. Ring back, then write: stand-down {codename}"),
    "alert_owner_asked": mark(
        "{codename}: {person}, do you still see to this alert? Then write: ack {codename}\n"
        "Without an answer until {time} the others are called again."
    ),
    "alert_owner_confirmed": mark("{codename}: {person} still sees to it, {time}."),
    "alert_owner_silent": mark(
        "{codename}: {person} has not answered; the alert is open again.\nTo accept write: ack {codename}"
    ),
    "alert_owner_gone": mark(
        "{codename}: {person} can no longer see to it; the alert is open again.\nTo accept write: ack {codename}"
    ),
    "alert_hand_over": mark(
        "{codename}: the shift of {person} is over, and the alert is open.\nTo take it over write: ack {codename}"
    ),
    "alert_hand_over_silent": mark(
        "{codename}: nobody has taken it over from {person}, whose shift ended {time}. Until then {person} keeps it. "
        "Ring whoever is on duty."
    ),
    # What a telephone is told, and no room.
    "alert_hand_over_ring": mark("Streha: alert to take over, open the app"),
    "alert_taken_over": mark("{codename}: {person} has taken it over from {other}, {time}."),
    "alert_off_duty": mark("{codename}: {person} has taken it over, {time}. You are off duty for it."),
    "alert_spoken": mark("{codename}: {person} spoke to {other} at {time}."),
    "alert_ended": mark("{codename}: the alert was ended {time} by {person}: {reason}."),
    # An exercise says so in every single message.
    "drill_ring": mark("Streha: exercise, open the app"),
    "drill_details": mark(
        "EXERCISE, nothing has happened, {codename}: {event}. Raised {time} by {person}.\n"
        "To accept write: ack {codename}"
    ),
    "drill_details_unverified": mark(
        "EXERCISE, nothing has happened, {codename}: {event}. Raised {time} from a device that could not be "
        "checked.\nTo accept write: ack {codename}"
    ),
    "drill_details_device": mark(
        "EXERCISE, nothing has happened, {codename}: {event}. Raised {time} with the device {device} of {agencies}.\n"
        "To accept write: ack {codename}"
    ),
    "drill_details_device_of_person": mark(
        "EXERCISE, nothing has happened, {codename}: {event}. Raised {time} by {person} with the device {device}.\n"
        "To accept write: ack {codename}"
    ),
    "drill_details_telephone": mark(
        "EXERCISE, nothing has happened, {codename}: {event}. By telephone {time}, from the number of {person}.\n"
        "To accept write: ack {codename}"
    ),
    "drill_details_clock": mark(
        "EXERCISE, nothing has happened, {codename}: {event}. Raised by the clock, {time}.\n"
        "To accept write: ack {codename}"
    ),
    "drill_raised_again_by_telephone": mark(
        "EXERCISE, {codename}: {event}, again {time} by telephone, from the number of {person}."
    ),
    "drill_accepted_by_telephone": mark("EXERCISE, {codename}: accepted {time} by {person}, by telephone."),
    "drill_raised_again": mark("EXERCISE, {codename}: {event}, raised again {time} by {person}."),
    "drill_raised_again_device": mark(
        "EXERCISE, {codename}: {event}, raised again {time} with the device {device} of {agencies}."
    ),
    "drill_raised_again_device_of_person": mark(
        "EXERCISE, {codename}: {event}, raised again {time} by {person} with the device {device}."
    ),
    "drill_accepted": mark("EXERCISE, {codename}: accepted {time} by {person}."),
    "drill_all_accepted": mark("EXERCISE, {codename}: every responding agency has accepted."),
    "drill_still_silent": mark("EXERCISE, {codename}: no answer yet from {agencies}. Their deputies are being called."),
    "drill_not_delivered_to_desk": mark(
        "EXERCISE, {codename}: the call to {agencies} could not be delivered. Look at their duty room."
    ),
    "drill_not_delivered_to_person": mark(
        "EXERCISE, {codename}: the call to {person} could not be delivered. Look at their room with the bot."
    ),
    "drill_not_delivered_to_compartment": mark(
        "EXERCISE, {codename}: the case's channel could not be reached. Look at it."
    ),
    "drill_unreachable": mark("EXERCISE, {codename}: nobody can be reached for {agencies}. Look at their duty desks."),
    "drill_unanswered": mark(
        "EXERCISE, {codename}: still no answer from {agencies} after six hours. The call is repeated once a day. "
        "Somebody must end this."
    ),
    "drill_cancel_asked": mark(
        "EXERCISE, {codename}: {person} says it is over. Ring back, then write: stand-down {codename}\n"
        "Without that, calling goes on in 15 minutes."
    ),
    "drill_cancel_repeated": mark(
        "EXERCISE, {codename}: {person} says it is over. Ring back, then write: stand-down {codename}"
    ),
    "drill_owner_asked": mark(
        "EXERCISE, {codename}: {person}, do you still see to this exercise? Then write: ack {codename}\n"
        "Without an answer until {time} the others are called again."
    ),
    "drill_owner_confirmed": mark("EXERCISE, {codename}: {person} still sees to it, {time}."),
    "drill_owner_silent": mark(
        "EXERCISE, {codename}: {person} has not answered; the exercise is open again.\nTo accept write: ack {codename}"
    ),
    "drill_owner_gone": mark(
        "EXERCISE, {codename}: {person} can no longer see to it; the exercise is open again.\n"
        "To accept write: ack {codename}"
    ),
    "drill_hand_over": mark(
        "EXERCISE, {codename}: the shift of {person} is over, and the exercise is open.\n"
        "To take it over write: ack {codename}"
    ),
    "drill_hand_over_silent": mark(
        "EXERCISE, {codename}: nobody has taken it over from {person}, whose shift ended {time}. Until then {person} "
        "keeps it. Ring whoever is on duty."
    ),
    "drill_hand_over_ring": mark("Streha: EXERCISE to take over, open the app"),
    "drill_taken_over": mark("EXERCISE, {codename}: {person} has taken it over from {other}, {time}."),
    "drill_off_duty": mark("EXERCISE, {codename}: {person} has taken it over, {time}. You are off duty for it."),
    "drill_spoken": mark("EXERCISE, {codename}: {person} spoke to {other} at {time}."),
    "drill_ended": mark("EXERCISE, {codename}: ended {time} by {person}: {reason}."),
}

EVENT_TEXTS = {
    "panic": mark("panic"),
    "duress": mark("duress"),
    "being_followed": mark("being followed"),
    "trafficker_sighted": mark("trafficker sighted"),
    "threat_received": mark("threat received"),
    "intimidation_or_bribe": mark("intimidation or bribe"),
    "defendant_released": mark("defendant released"),
    "hostile_presence": mark("hostile presence"),
    "missing_person": mark("missing person"),
    "location_compromised": mark("location known to the wrong people"),
    "premises_incident": mark("incident at the premises"),
    "confidentiality_breach": mark("breach of confidentiality"),
    "device_lost": mark("device lost"),
    "health": mark("health"),
    "review_missed": mark("the risk was not assessed in time"),
    "missed_milestone": mark("nobody was heard from on the way"),
    "missed_check_in": mark("somebody was not heard from in time"),
    "operation_aborted": mark("a way was ended early"),
}

REASON_TEXTS = {
    "safe": mark("everybody is safe"),
    "false_alarm": mark("false alarm"),
    "drill_over": mark("the exercise is over"),
    "handed_over": mark("handed over"),
}
