"""What the bot answers to a command, or asks back: catalogue texts by template name.

`{command}` is what to write, in the language of the room. What asks is named `reply_ask_…` and answered by yes or no.
"""

from __future__ import annotations

from core.key_holders import KeyState
from core.texts import mark

TEXTS = {
    "reply_help": mark(
        "Write one of these, alone:\n"
        "panic: raises an alert now\n"
        "alert: shows how to raise one that says what happens\n"
        "ack: you accept the alert\n"
        "stand-down: ends the alert, after you rang back\n"
        "due: which assessments are due\n"
        "who: who is in this room\n"
        "roster: who is on duty\n"
        "here: answers the test ring when your shift begins, and says that you see to a call for help by telephone\n"
        "op: says how far you are, where an operation is running\n"
        "heard: somebody who is expected to be was heard from; write the codename after it\n"
        "drill: an exercise\n"
        "{police} me: you called {police} in an alert; or {police} and a name, or {police} no\n"
        "{ambulance} me: the same of {ambulance}\n"
        "Danger to life: ring {police}, ambulance {ambulance}."
    ),
    "reply_alert_what": mark(
        "NOT raised yet. In danger write: panic\nOr write one of these, alone:\n{happenings}\n"
        "Danger to life: ring {police}."
    ),
    "reply_alert_near": mark("NOT raised. Did you mean: {command}? Write it alone.\nDanger to life: ring {police}."),
    "reply_alert_unknown": mark(
        "NOT raised. In danger write: panic. What else can be raised you see when you write {command} alone.\n"
        "Danger to life: ring {police}."
    ),
    "reply_did_you_mean": mark("Nothing was done. Did you mean: {command}? Write it alone."),
    "reply_no_alert": mark("There is no open alert here that you were called for."),
    "reply_which_alert": mark("Several alerts are open. Write which: {command}"),
    "reply_which_alert_unlisted": mark(
        "Several alerts are open. Write {command} and the codename of the one you mean."
    ),
    "reply_police_who": mark(
        "Nothing was noted. Who called {police}? Write {police} me, {police} and the name of somebody who was called "
        "here, {police} other, or {police} no."
    ),
    "reply_ambulance_who": mark(
        "Nothing was noted. Who called {ambulance}? Write {ambulance} me, {ambulance} and the name of somebody who was "
        "called here, {ambulance} other, or {ambulance} no."
    ),
    "reply_police_which": mark(
        "Nothing was noted. Several alerts are open. Write the codename too, after {police}, and then who called."
    ),
    "reply_ambulance_which": mark(
        "Nothing was noted. Several alerts are open. Write the codename too, after {ambulance}, and then who called."
    ),
    "reply_which_case": mark("NOT raised yet. Write for which case: {command}\nDanger to life: ring {police}."),
    "reply_which_case_unlisted": mark(
        "NOT raised yet. Write {command} and the codename of the case.\nDanger to life: ring {police}."
    ),
    "reply_ask_meant": mark("Nothing was done yet. Did you mean: {command}? Write yes, or write it alone."),
    "reply_ask_panic": mark(
        "NOT raised. Did you mean: {command}? Write yes, or write it alone.\nDanger to life: ring {police}."
    ),
    "reply_ask_late": mark(
        "Nothing was done yet: your message came late. Do you still mean: {command}? Write yes within two minutes."
    ),
    "reply_ask_before": mark(
        "Nothing was done yet: you wrote this before people were called. Do you mean: {command}? "
        "Write yes within two minutes."
    ),
    "reply_ask_grave": mark(
        "Not ended yet. Have you rung back, and is nobody in danger? Then write yes within two minutes, "
        "and this is done: {command}"
    ),
    "reply_ask_duress": mark(
        "Not ended yet. This would end the call for DURESS. Do you know for certain, and not from a call alone, that "
        "nobody is forced any more? Then write yes within two minutes, and this is done: {command}"
    ),
    "reply_too_late": mark("Nothing was done: your answer came too late. Write the command again."),
    "reply_not_done": mark("Nothing was done."),
    "reply_nothing_due": mark("Nothing is due."),
    "reply_due": mark("Due:\n{words}"),
    "reply_overdue": mark("OVERDUE. The level is stale, treat the risk as high. Since:\n{words}"),
    "reply_released": mark("Custody was NOT confirmed in time, treat the suspect as released. It was due:\n{words}"),
    "reply_not_looked_at": mark("Nobody has looked in time at contact, plans or placement. It was due:\n{words}"),
    "reply_who": mark("In this room:\n{who}"),
    "reply_who_here": mark("In this room: {person}."),
    "reply_who_absent": mark("Not in this room yet: {absent}. Messages here do not reach them."),
    "reply_who_unknown": mark(
        "The homeserver does not tell now who is in this room. These people belong in it: {person}."
    ),
    "reply_roster": mark("On duty now:\n{roster}"),
    "reply_no_operation": mark(
        "No operation is running here, so nothing was noted and nobody was told. Tell your colleagues yourself."
    ),
    "reply_operation": mark("{codename}: {text}."),
    "reply_operation_next": mark("{codename}: next expected {time}: {text}. When it is so write: op ok"),
    "reply_operation_hand_over": mark(
        "{codename}: next expected {time}: {text}. Whoever receives writes: op received, or why not, for example: op "
        "refused no place"
    ),
    "reply_no_safe_call": mark(
        "No safe-call of this name is known here, so nothing was noted. Write it as it stands in the channel."
    ),
    "reply_safe_call_known": mark("{codename}: that was known already."),
    "reply_which_safe_call": mark("You were asked about several safe-calls. Write the codename after the word too."),
    "reply_which_operation": mark("Several operations are running. Write the codename after the first word too."),
    "reply_refused": mark("{text}"),
    "reply_flood": mark(
        "Too many commands in one minute. More are not heard before the minute has passed; {command} always is."
    ),
    "reply_cannot_read": mark("A message here could not be read. If it was urgent, ring {police}, and write it again."),
    "reply_unencrypted": mark(
        "A call for help came UNENCRYPTED and was NOT raised: nobody can know who wrote it. Ring {police} if there is "
        "danger, and write it again from an app that encrypts."
    ),
    "reply_raised_unverified": mark(
        "The alert was raised, NOT VERIFIED: your device could not be checked. Ring {police} if there is danger."
    ),
    "reply_look_ring": mark("Streha: open the app"),
    "reply_unbound": mark(
        "{codename}: somebody wrote a command as {person}, from a device that could not be checked. "
        "Nothing was done. Ring {person}."
    ),
    "reply_identity_changed": mark(
        "{person} cannot be reached here any more: their account shows another identity than the one that was "
        "confirmed. They may have begun anew, or somebody pretends to be them. Ring {person}, and write nothing to "
        "them. Then their account must be linked again."
    ),
    "reply_link_ended": mark(
        "{person} cannot be reached here any more: somebody else ended the link of their account. If you do not know "
        "why, ring {person} and an administrator. To read here again they must be linked again."
    ),
}

CHILD_TEXT = mark("missing child")

# How far the room's key came with somebody.
KEY_TEXTS = {
    KeyState.HOLDS: mark("can read, heard of at {time}"),
    KeyState.GIVEN: mark("has the key, not heard of since"),
    KeyState.OWED: mark("the key is on its way"),
    KeyState.NO_WAY: mark("CANNOT read: their device offers no key"),
    KeyState.WITHHELD: mark("CANNOT read: no device confirmed as theirs"),
    KeyState.NO_DEVICE: mark("CANNOT read: no device"),
    KeyState.NOT_JOINED: mark("NOT in this room"),
}

# Where the database answers nobody, and where it does not answer this bot: another may have taken over and raised.
NOT_RAISED = mark("NOT RAISED: Streha cannot store the alert now. Ring {police} and each other. It is being retried.")
NOT_KNOWN = mark(
    "NOT KNOWN whether this was raised: Streha cannot reach its database. Ring {police} and each other now. "
    "It is being retried."
)
# Of an exercise these are said with its words before them.
DRILLS = {
    f"drill_{name}": TEXTS[name] for name in ("reply_operation", "reply_operation_next", "reply_operation_hand_over")
}
