"""What duty rooms hear when Streha has fallen silent, and when it is back."""

from __future__ import annotations

from core.texts import mark

# Sealed beforehand and left with the homeserver, which says it when nobody puts it off any more. It names no moment:
# nobody knows it yet.
ABSENT = mark(
    "Streha has given no sign of life for {minutes} minutes: it calls nobody now. Ring people by telephone, from the "
    "list at hand. Danger to life: ring {police}. When it works again, it says so here."
)
BACK = "absence_over"
TEXTS = {BACK: mark("Streha works again. Alerts that are open call people now.")}
