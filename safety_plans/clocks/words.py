"""What people call that which is looked at again and again."""

from __future__ import annotations

from core.texts import mark
from safety_plans.clocks.rules import ClockKind

CLOCKS = {
    ClockKind.CUSTODY: mark("the suspect is in custody"),
    ClockKind.CONTACT: mark("contact with whoever is protected"),
    ClockKind.RE_EXAMINATION: mark("the plans as a whole"),
    ClockKind.FIRST_CONTACT: mark("first visit after the placement"),
    ClockKind.PLACEMENT_SHORT: mark("placement, short"),
    ClockKind.PLACEMENT_LONG: mark("placement, long"),
    ClockKind.PLACEMENT_EXTENDED: mark("placement, extended"),
}
