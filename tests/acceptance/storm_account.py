"""What came of a storm: the account, and how what people have read is counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from msgspec import structs

from deploy.witness import Message
from tests.acceptance.conftest import rings

# How a message begins that is sent a second time, or may be.
AGAIN = "Sent again, in case you have not seen it: "


@dataclass(slots=True, kw_only=True)
class Account:
    """What came of the runs, as people's own clients saw it."""

    runs: int = 0
    alerts: int = 0
    messages: int = 0
    lost: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    # From the press, or the end of the last fault where that was later, until everybody had read it.
    late: list[float] = field(default_factory=list)
    # Ways under way whose step was late; after how long, from when everything worked again, that was noticed.
    noticed: list[float] = field(default_factory=list)

    @property
    def faultless(self) -> bool:
        """Whether nothing was lost, said twice or told to the wrong people."""
        return not (self.lost or self.double or self.wrong)

    def told(self) -> str:
        """Return the account in a few lines."""
        late = sorted(self.late) or [0.0]
        median, most = late[len(late) // 2], late[int(len(late) * 0.99)]
        return (
            f"{self.runs} runs, {self.alerts} alerts, {self.messages} messages read: lost {len(self.lost)}, "
            f"double {len(self.double)}, wrong recipient {len(self.wrong)}; read after "
            f"{median:.1f} s (median), {most:.1f} s (p99), {late[-1]:.1f} s (worst); "
            f"{len(self.noticed)} steps of ways missed, noticed after {max(self.noticed, default=0.0):.1f} s (worst)"
            + "".join(f"\n  {each}" for each in (*self.lost, *self.double, *self.wrong))
        )


def is_said_again(message: Message) -> bool:
    return message.body.startswith(AGAIN)


def unmarked(message: Message) -> Message:
    """Return a message without the mark that it is sent again."""
    return structs.replace(message, body=message.body.removeprefix(AGAIN))


def _details(message: Message) -> int:
    """Return how often a message tells of an alert: by itself, or a line for each where it tells what happened late.

    What a clock raised, because somebody's risk was not assessed in time, is another message.
    """
    told = re.findall(r"^(?:\d\d:\d\d )?ALERT, .*", message.body, re.MULTILINE)
    return sum("Nobody raised this but the clock" not in each for each in told)


def _ends(message: Message) -> int:
    return message.body.count(": the alert was ended ")


def _prompts(message: Message) -> int:
    """Return how often a message asks whether a step of a way was reached."""
    return message.body.count(": expected ")


# What of all that is said is counted, and how it is known where it is not marked as a repetition.
COUNTED: Mapping[str, Callable[[Message], int]] = {
    "alert_ring": rings, "alert_details": _details, "alert_ended": _ends,
    "operation_prompt": _prompts,
}  # fmt: skip
