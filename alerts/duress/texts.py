"""What is said of an alert for duress, always to one person alone: sentences for the catalogues, by template.

Each names what must not be done. Where an ordinary sentence of an alert says nothing that could give its author away,
it is said too, beneath a first line that does (`TOLD`). What rings is the neutral sentence of every alert.
"""

from __future__ import annotations

from alerts import texts
from alerts.cards import messages as card_messages
from alerts.police import messages as police_messages
from core.texts import mark

IN_DURESS = mark("DURESS. Do NOT ring who raised it, and write NOTHING of it in the channel or a duty room.\n{text}")
_NOT_VERIFIED = mark(
    "DURESS, NOT VERIFIED, {codename}: the sentence of {person} came {time}, from a device that could not be checked. "
    "Act as if it were true.\nDo NOT ring {person}, except by the innocent call that was agreed. Write NOTHING of it "
    "in the channel or a duty room.\nTo accept write here: ack {codename}\nDanger to life: ring {police} now."
)
_AGAIN = mark(
    "DURESS, {codename}: {person} has written the sentence again, {time}. Do NOT ring {person}, and write NOTHING of "
    "it in the channel or a duty room."
)
NO_CARD = mark("DURESS, {codename}: your desk has no emergency card to rely on. Ask nobody in the channel for it.")
OWN = {
    "duress_details": mark(
        "DURESS, {codename}: {person} is being forced, {time}, and must not seem to have called anybody.\n"
        "Do NOT ring {person}, except by the innocent call that was agreed. Write NOTHING of it in the channel or a "
        "duty room. What {person} ends or calls off is NOT over.\nTo accept write here: ack {codename}\n"
        "Danger to life: ring {police} now."
    ),
    "duress_details_unverified": _NOT_VERIFIED,
    "duress_details_telephone": _NOT_VERIFIED,
    "duress_raised_again": _AGAIN,
    "duress_raised_again_by_telephone": _AGAIN,
    "duress_card_old": NO_CARD,
    "duress_card_missing": NO_CARD,
    "duress_unreachable": mark(
        "DURESS, {codename}: nobody of {agencies} can be called unnoticed. Do NOT ring their duty telephone. Reach one "
        "of them yourself, where nobody listens."
    ),
    "duress_hand_over_silent": mark(
        "DURESS, {codename}: nobody has taken it over from {person}, whose shift ended {time}. Until then {person} "
        "keeps it. Reach one of the others who were called, where nobody listens."
    ),
    "duress_case_led": mark(
        "DURESS: no case showed whom to call, so Streha has opened {codename} for it, and you lead it. Write NOTHING "
        "of it in its channel. When nobody is forced any more and nothing is left to do: streha case close {codename}"
    ),
    # Of an earlier version, whose words may wait to be sent still.
    "duress_without_case": mark(
        "DURESS: {person} is being forced, {time}, and must not seem to have called anybody. No case shows whom else "
        "to call.\nDo NOT ring {person}, except by the innocent call that was agreed. Write NOTHING of it in a duty "
        "room.\nDanger to life: ring {police} now."
    ),
}
# By template, the ordinary sentence that is said beneath the first line.
TOLD = {
    f"duress_{name.removeprefix('alert_')}": name
    for name in (*texts.TEXTS, *police_messages.TEXTS, *card_messages.TEXTS)
    if name.startswith("alert_") and name != "alert_ring" and f"duress_{name.removeprefix('alert_')}" not in OWN
}
TEXTS = OWN | dict.fromkeys(TOLD, IN_DURESS)
