"""Who may do what: the rule of every route, in one word each.

The services enforce these; the rule that stands in the route table is what the API's description says and what
the authorisation tests hold the services to. Whoever may not know of a thing is answered as if it did not exist.
"""

from __future__ import annotations

from enum import Enum


class Access(Enum):
    """Who may use a route. Excluded people and those who have left never may, whatever else they are."""

    ANYBODY = "Anybody; nobody is signed in yet."
    GATEWAY = "The gateway of the network, by its signature; nobody signs in."
    STAFF = "Whoever is signed in. What is answered is the asker's own."
    STAFF_WITH_KEY = "Whoever is signed in with a key; a browser's session makes no others."
    PART_IN_CASE = "The coordinator, the deputy and the members of any compartment of the case."
    LEADS_CASE = "The coordinator and the deputy of the case. Members are told to ask them."
    IN_CORE = "The members of the case's core compartment, the coordinator and the deputy."
    PART_IN_COMPARTMENT = "The members of the compartment, and whoever leads its case."
    LEADS_COMPARTMENT = "Whoever leads the compartment's case. Members are told to ask them."
    SEES_ALERT = "Whoever raised the alert, was called or told of it, its compartment's members and its case's leaders."
    CALLED = "Whoever was called for the alert, or told of it as duty officer of an informed agency."
    ADMINISTRATOR = "Whoever is signed in and administers an agency. Others are refused."
    IN_VAULT = (
        "The members of the compartment, by the tables and by its log. Whoever only leads its case is none; to others "
        "there is no such compartment. Once it is closed, whoever led it by its log until then reads its logs; nobody "
        "else does, and nothing else is read."
    )
    LEADS_IN_VAULT = (
        "The coordinator and the deputy of the compartment, by its log, also once it is closed. To its other members, "
        "and to everybody else, there is nothing to ask."
    )
    GIVEN_CARD = (
        "Whoever accepted the open alert less than a day ago, or owns it, and belongs to a desk that has a card."
    )
    CALLED_OR_RAISED = "Whoever was called for the alert, told of it as duty officer, or raised it."
    CONFIRMS_DEVICE = (
        "An administrator of the person's agency; where it has no other, an administrator of any. Never the person, "
        "who is told so."
    )
    ADMINISTERS = "An administrator of the agency."
    OF_DESK = "Whoever sits at the duty desk or stands in there, and the security officers of its agency."
    RUNG = "Whoever the test ring, or the call for help by telephone, has rung. To others there is none."
    ENDS_LINK = "The person, and whoever may confirm the person's devices."
    KEEPS_REVIEW = "The owner of the review, and whoever leads its case. Members are told to ask them."
    KEEPS_CLOCK = "The owner of the clock, and whoever leads its case. Members are told to ask them."
    LEADS_OPERATION = (
        "The operation's coordinator, or who planned the safe-call, and whoever leads its case. Other members are told "
        "to ask them."
    )
    HAS_PART = (
        "Whoever has a part in the operation by name, and whoever leads its case. Other members of its circle are told "
        "to ask them."
    )
    SEES_TO_SAFETY = "The security officers and administrators of the asker's own agency. Others are told to ask them."
    OWNS_PASSKEY = "Whoever the passkey is of."
    DEVICE = "A device that can only raise, with its token. What it is answered is about its own raises."
