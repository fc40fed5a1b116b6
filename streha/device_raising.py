"""What stands on the screen of a device that raised: what is known, no more and no less."""

from __future__ import annotations

from uuid import UUID

from alerts.vocabulary import Status
from client.device_file import DeviceFile
from client.device_raising import DeviceProgress
from client.raising import REPEAT_SECONDS, Known
from core.texts import mark
from streha import terminal
from streha.raising import FINAL
from streha.terminal import say


class DeviceReporter:
    """Prints one line for each attempt; as JSON, one document a line."""

    def __init__(self, device: DeviceFile, press: UUID, status: Status, *, json: bool) -> None:
        self._device = device
        self._press = press
        self._drill = status is Status.EXERCISE
        self._json = json

    async def __call__(self, progress: DeviceProgress) -> None:
        """Print what is known after an attempt."""
        if self._json:
            self._print_json(progress)
            return
        style = "" if self._drill else ("bold red" if progress.known is Known.NOT_RAISED else "bold")
        prefix = f"-- {say(mark('EXERCISE'))} -- " if self._drill else ""
        for text in self._lines(progress):
            terminal.plain(prefix + text, style=style)

    def _print_json(self, progress: DeviceProgress) -> None:
        error = progress.error
        terminal.as_json_line(
            {
                "known": progress.known.value,
                "id": self._press,
                "exercise": self._drill,
                "raise": progress.seen,
                "problem": None if error is None else say(error.reason, **error.parameters),
            }
        )

    def _lines(self, progress: DeviceProgress) -> list[str]:
        seen = progress.seen
        if seen is None:
            return self._failure(progress)
        if progress.known is Known.OUT_OF_SIGHT:
            words = mark(
                "Raised {time}, but Streha does not answer now: nobody knows here whether it was accepted."
            )  # fmt: skip
            return [say(words, time=terminal.moment(seen.sent)), *self._ring()]
        if progress.known is Known.STORED:
            return [say(mark("STORED. It has reached nobody yet.")), self._staying()]
        if progress.known is Known.DELIVERED:
            words = mark("DELIVERED to {count} rooms. Nobody has accepted yet.")
            return [say(words, count=seen.rooms), self._staying()]
        if progress.known is Known.ACCEPTED:
            return [say(mark("ACCEPTED by {people}."), people=", ".join(seen.accepted_by))]
        return [say(mark("ENDED: somebody has stood it down."))]

    def _failure(self, progress: DeviceProgress) -> list[str]:
        error = progress.error
        final = isinstance(error, FINAL)
        lines = [say(mark("NOT raised."))]
        if error is not None and not final:
            lines.append(say(error.reason, **error.parameters))
        return [*lines, *self._ring(), *([] if final else [self._staying()])]

    def _ring(self) -> list[str]:
        if self._drill:
            return []
        number = self._device.police_number
        return [say(mark("In danger ring {police} now, and ring your colleagues."), police=number)]

    def _staying(self) -> str:
        return say(mark("Trying again every {seconds} seconds. Stop with Ctrl-C."), seconds=round(REPEAT_SECONDS))
