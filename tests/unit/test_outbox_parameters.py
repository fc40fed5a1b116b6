"""What a message in the outbox may be made of: a closed list, so that nothing that somebody wrote ever lies there."""

from __future__ import annotations

import string

from bots.words.rendering import PEOPLE, TEMPLATES

# Ids of people and agencies; codenames; moments; numbers and words of our own lists and settings.
IDS = {*PEOPLE, "agencies", "who"}
MOMENTS = {"time", "begins", "ends"}
OURS = {
    "codename", "event", "reason", "status", "command", "happenings", "police", "ambulance", "number", "code", "roster",
    "count",
    # Lines of a codename and a moment each.
    "words",
    # Another of these templates, or the reason of a refusal, which is a sentence of the catalogue too.
    "text",
}  # fmt: skip
# The numbers of a digest.
NUMBERS = {"open", "due", "overdue", "clocks", "stale", "owed", "late", "many", "burdened"}
# The label that the operator gave a device that can only raise.
LABELS = {"device"}


def test_every_template_is_made_of_what_may_lie_in_the_database() -> None:
    used = {
        field
        for template in TEMPLATES.values()
        for _, field, _, _ in string.Formatter().parse(template)
        if field is not None
    }
    assert used == IDS | MOMENTS | OURS | NUMBERS | LABELS
