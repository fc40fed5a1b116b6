"""What the rules say of a day under way, told a second time: whole minutes, one list, nothing of the program's.

Written from the network's rules for alerts and operations, *Protective operations*: which step is awaited, since when
it is late, and which rungs of its ladder have to have been climbed by a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

# Minutes of grace, and minutes after it at which each further rung comes; none is ever left out.
GRACE = {"low": 15, "medium": 15, "high": 10, "very_high": 5, "not_yet_assessed": 10}
THEN = {
    "low": [(10, "buddy"), (20, "desk")],
    "medium": [(10, "buddy"), (20, "desk")],
    "high": [(5, "buddy"), (10, "desk"), (20, "liaison")],
    "not_yet_assessed": [(5, "buddy"), (10, "desk"), (20, "liaison")],
    "very_high": [(0, "buddy"), (0, "desk"), (5, "liaison"), (10, "police")],
}
AGAIN = 15
ONE_STEP = 2


class Refused(Exception):
    """A word that changes nothing."""


@dataclass(slots=True, kw_only=True)
class Awaited:
    """A step, without `due` only noted. `quiet` is until when nobody is to be asked, `climbed` how many rungs were."""

    position: int
    due: float | None
    home: bool = False
    reached: bool = False
    passed: bool = False
    quiet: float | None = None
    climbed: int = 0
    last: float = 0

    @property
    def waits(self) -> bool:
        """Whether it is still to come."""
        return not (self.reached or self.passed)

    @property
    def late_since(self) -> float:
        """From when its ladder counts."""
        assert self.due is not None
        return self.due if self.quiet is None else max(self.due, self.quiet)


@dataclass(slots=True, kw_only=True)
class Day:
    """A way under way, in minutes since it began."""

    level: str
    steps: list[Awaited]
    # At which step somebody is taken over by who receives, whose word alone it is.
    hand_over: int | None = None
    aborted: bool = False
    set_out: bool = False
    # Whether somebody may have been on the way when it was ended.
    out: bool = False
    closed: bool = False
    written: list[float] = field(default_factory=list)
    # Each rung that was climbed: of which step, and from when that was late. The same is said once.
    called: set[tuple[int, str, float]] = field(default_factory=set)

    @property
    def awaited(self) -> Awaited | None:
        """The first step with a time that is still to come."""
        return next((each for each in self.to_come if each.due is not None), None)

    @property
    def to_come(self) -> list[Awaited]:
        """What nobody has reached or passed."""
        return [each for each in self.steps if each.waits]

    @property
    def ladder(self) -> Sequence[tuple[float, str]]:
        """Every rung, and how many minutes after the step is late it comes."""
        grace = GRACE[self.level]
        return [(0, "prompt"), (grace / 2, "voice"), *((grace + wait, rung) for wait, rung in THEN[self.level])]

    def looked(self, now: float) -> tuple[int, list[str]] | None:
        """Return the step that is late and the rungs that are due and not climbed, which then are."""
        step = self.awaited
        if step is None:
            return None
        found = [rung for wait, rung in self.ladder[step.climbed :] if step.late_since + wait <= now]
        if not found and step.climbed == len(self.ladder) and step.last + AGAIN <= now:
            found = ["again"]
            step.last = now
        elif found:
            step.climbed += len(found)
            step.last = now
        self.called |= {(step.position, rung, step.late_since) for rung in found}
        return (step.position, found) if found else None

    def missed(self, step: Awaited, at: float) -> bool:
        """Whether a step's grace was over at a moment."""
        return step.late_since + GRACE[self.level] <= at

    def ok(self, position: int, written: float, now: float) -> None:
        """Take the word of somebody who goes that a step was reached."""
        if any(each.position == position == self.hand_over and not each.reached for each in self.steps):
            raise Refused
        self._reach(position, written, now)

    def received(self, written: float, now: float) -> None:
        """Take the word of who receives that they took somebody over."""
        if self.hand_over is None:
            raise Refused
        self._reach(self.hand_over, written, now)

    def refused(self) -> None:
        """Take the word of who receives that they did not: everybody is awaited as before."""
        if not any(each.position == self.hand_over and each.waits for each in self.steps):
            raise Refused

    def _reach(self, position: int, written: float, now: float) -> None:
        step = next((each for each in self.steps if each.position == position), None)
        if self.closed or step is None or written > now + ONE_STEP:
            raise Refused
        if step.reached:
            return
        progress, written = step.waits, min(written, now)
        step.reached, step.passed = True, False
        self.written.append(written)
        self.set_out = True
        for each in self.steps if progress else ():
            if each.waits and each.position < position and each.position != self.hand_over:
                each.passed = True
            elif each.waits and each.due is not None:
                # Heard from: by the plan again; what the plan wanted before is asked for first.
                each.quiet = written if each.due < written else None
        self.closed = not self.to_come

    def bare(self, written: float, now: float) -> None:
        """Take a word that names no step."""
        if self.closed:
            raise Refused
        if self.written and written - max(self.written) < ONE_STEP:
            return
        if not self.to_come:
            raise Refused
        step, asked = self.to_come[0], self.awaited
        if asked is not None and asked.due is not None and asked.due <= written:
            step = asked
        self.ok(step.position, written, now)

    def delayed(self, minutes: int, said: float) -> None:
        """Move what is to come."""
        step = self.awaited
        if self.closed or step is None or step.due is None or not 0 < minutes <= 240:
            raise Refused
        by = max(said - step.due, 0) + minutes
        for each in self.steps:
            if each.waits and each.due is not None:
                each.due += by
                each.climbed = 0

    def dark(self, minutes: int, said: float) -> None:
        """Ask for nothing for so long, but for what was missed when that was said."""
        if self.closed or not 0 < minutes <= 480:
            raise Refused
        for each in self.steps:
            if each.waits and each.due is not None and not self.missed(each, said):
                each.quiet, each.climbed = said + minutes, 0

    def divert(self) -> None:
        """Go to somewhere else: nothing is awaited otherwise."""
        if self.closed or self.aborted:
            raise Refused
        self.set_out = True

    def abort(self, now: float) -> None:
        """End it early: only whoever may have set out is awaited, at home. Who should have, may have."""
        if self.closed:
            raise Refused
        if self.aborted:
            return
        first = self.awaited
        self.out = self.set_out or (first is not None and first.due is not None and first.due <= now)
        self.aborted = True
        for each in self.steps:
            if each.waits and not (each.home and self.out):
                each.passed = True
