"""What a person who raised an alert reads on the terminal: what is known, no more and no less."""

from __future__ import annotations

import sys
from uuid import UUID

from alerts.vocabulary import Status
from client.answers import Alert
from client.api import ApiClient
from client.key_file import LockedKeyFile
from client.raising import REPEAT_SECONDS, Known, Progress, progress_of
from core.errors import InvalidInput, NotAuthenticated, NotFound, StrehaError
from core.texts import mark
from streha import terminal
from streha.emergency_words import police_lines
from streha.personal import Names
from streha.terminal import say

NOT_RAISED = mark("NOT raised.")
RING = mark("In danger ring {police} now, and ring your colleagues.")
FINAL = (InvalidInput, NotAuthenticated, NotFound)


def locked(key: LockedKeyFile, *, drill: bool) -> None:
    """Say, before the passphrase is asked for, that nothing is raised yet and whom to ring."""
    lines = [say(mark("NOT raised yet: your keys are locked."))]
    if not drill:
        lines.append(say(RING, police=key.police_number))
    sys.stderr.write(" ".join(lines) + "\n")
    sys.stderr.flush()


def not_opened(press: UUID, error: StrehaError, *, drill: bool, json: bool) -> None:
    """Say that nothing was raised, because the keys were not opened."""
    if json:
        problem = say(error.reason, **error.parameters)
        known = Known.NOT_RAISED.value
        terminal.as_json_line({"known": known, "id": press, "exercise": drill, "alert": None, "problem": problem})
    else:
        terminal.plain(say(NOT_RAISED), style="" if drill else "bold red")


class Reporter:
    """Prints one line for each attempt; as JSON, one document a line."""

    def __init__(self, api: ApiClient, press: UUID, *, drill: bool, json: bool, once: bool) -> None:
        self._api = api
        self._press = press
        self._drill = drill
        self._json = json
        self._once = once
        self._names: Names | None = None

    async def __call__(self, progress: Progress) -> None:
        """Print what is known after an attempt."""
        if self._json:
            self._print_json(progress)
        else:
            await self._print_words(progress)

    async def raised(self, alert: Alert) -> None:
        """Print what one raise made known."""
        await self(progress_of(alert))

    async def not_raised(self, error: StrehaError) -> None:
        """Print that one raise failed."""
        await self(Progress(known=Known.NOT_RAISED, alert=None, error=error))

    def _print_json(self, progress: Progress) -> None:
        error = progress.error
        terminal.as_json_line(
            {
                "known": progress.known.value,
                "id": self._press,
                "exercise": self._drill,
                "alert": progress.alert,
                "problem": None if error is None else say(error.reason, **error.parameters),
            }
        )

    async def _print_words(self, progress: Progress) -> None:
        style = "" if self._drill else ("bold red" if progress.known is Known.NOT_RAISED else "bold")
        for text in await self._lines(progress):
            terminal.plain(self._prefix(progress) + text, style=style)

    async def _lines(self, progress: Progress) -> list[str]:
        alert, error = progress.alert, progress.error
        if alert is None:
            return self._failure(progress.known, error)
        if progress.known is Known.OUT_OF_SIGHT:
            return [
                say(
                    mark("Raised {time}, but Streha does not answer now: nobody knows here whether it was accepted."),
                    time=terminal.moment(alert.sent),
                ),
                *self._ring(),
            ]
        if progress.known is Known.STORED:
            return [say(mark("STORED. It has reached nobody yet.")), *self._ring(), *self._staying()]
        if progress.known is Known.DELIVERED:
            return [
                say(mark("DELIVERED to {count} rooms. Nobody has accepted yet."), count=alert.rooms_reached),
                *await self._unreached(alert),
                *self._ring(),
                *self._staying(),
            ]
        if progress.known is Known.ACCEPTED:
            names = await self._known_names(alert)
            lines = [say(mark("ACCEPTED by {people}."), people=names.all(alert.accepted_by))]
            if alert.silent:
                lines.append(say(mark("Still silent: {agencies}. They are being called."),
                                 agencies=names.all(alert.silent)))  # fmt: skip
            return [*lines, *police_lines(alert, names, self._api.key)]
        return [say(mark("ENDED: somebody has stood it down."))]

    def _failure(self, known: Known, error: StrehaError | None) -> list[str]:
        lines = [say(NOT_RAISED)] if known is Known.NOT_RAISED else []
        if error is not None and not isinstance(error, FINAL):
            lines.append(say(error.reason, **error.parameters))
        return [*lines, *self._ring(), *([] if isinstance(error, FINAL) else self._staying())]

    def _ring(self) -> list[str]:
        if self._drill:
            return []
        return [say(RING, police=self._api.key.police_number)]

    def _staying(self) -> list[str]:
        if self._once:
            return []
        return [say(mark("Trying again every {seconds} seconds. Stop with Ctrl-C."), seconds=round(REPEAT_SECONDS))]

    def _prefix(self, progress: Progress) -> str:
        drill = self._drill if progress.alert is None else progress.alert.status == Status.EXERCISE
        return f"-- {say(mark('EXERCISE'))} -- " if drill else ""

    async def _unreached(self, alert: Alert) -> list[str]:
        if not alert.unreached:
            return []
        names = await self._known_names(alert)
        return [say(mark("NOT reached on any device: {people}. Ring them."), people=names.all(alert.unreached))]

    async def _known_names(self, alert: Alert) -> Names:
        """Return names where they can be had; an id is better than waiting."""
        if self._names is None:
            try:
                self._names = await Names.of(self._api)
            except StrehaError:
                return Names().learn([alert])
        return self._names.learn([alert])
