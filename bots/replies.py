"""What the bot answers to a command: catalogue texts by template name."""

from __future__ import annotations

from core.texts import mark

TEXTS = {
    "reply_help": mark(
        "Write one of these, alone:\n"
        "panic: raises an alert now\n"
        "ack: you accept the alert\n"
        "stand-down: ends the alert, after you rang back\n"
        "due: which assessments are due\n"
        "drill: an exercise\n"
        "Danger to life: ring {police}, ambulance {ambulance}."
    ),
    "reply_did_you_mean": mark("Nothing was done. Did you mean: {words}? Write it alone."),
    "reply_no_alert": mark("There is no open alert here that you were called for."),
    "reply_which_alert": mark("Several alerts are open. Write which: {words}"),
    "reply_which_alert_unlisted": mark("Several alerts are open. Write {words} and the codename of the one you mean."),
    "reply_which_case": mark("NOT raised yet. Write for which case: {words}\nDanger to life: ring {police}."),
    "reply_which_case_unlisted": mark(
        "NOT raised yet. Write {words} and the codename of the case.\nDanger to life: ring {police}."
    ),
    "reply_nothing_due": mark("Nothing is due."),
    "reply_due": mark("Due:\n{words}"),
    "reply_refused": mark("{text}"),
    "reply_cannot_read": mark("A message here could not be read. If it was urgent, ring {police}, and write it again."),
    "reply_raised_unverified": mark(
        "The alert was raised, NOT VERIFIED: your device could not be checked. Ring {police} if there is danger."
    ),
}

NOT_RAISED = mark("NOT RAISED: Streha cannot store the alert now. Ring {police} and each other. It is being retried.")
