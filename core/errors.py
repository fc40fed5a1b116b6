"""Why something was not done: the errors of every layer, free of transport and of personal data.

    StrehaError
    ├── InvalidInput        the request cannot be understood or breaks a rule
    ├── NotAuthenticated    who asks is not known
    ├── NotFound            absent, excluded and forbidden alike: nobody may tell them apart
    ├── Conflict            the state has moved on; look again
    ├── LimitReached        too much at once; wait
    ├── Unavailable         a part that is needed does not answer; nothing was half done
    └── DeliveryError       a message did not leave
        ├── Temporary       try again, after `retry_after` seconds where the other side named them
        └── Permanent       trying again cannot help

`server/api/problems.py` maps them to RFC 9457. A reason is a marked text (see `core.texts`): a short
English sentence that says what to do, translated where it is shown. Parameters never hold content.
"""

from __future__ import annotations


class StrehaError(Exception):
    """Base of every error that a person may be shown."""

    def __init__(self, reason: str, *, outcome: str = "", **parameters: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.parameters = parameters
        # One word for programs, where there is one: why something of the vault was refused.
        self.outcome = outcome

    def __str__(self) -> str:
        return self.reason.format(**self.parameters)


class InvalidInput(StrehaError):
    """The request cannot be understood or breaks a rule."""


class NotAuthenticated(StrehaError):
    """Who asks is not known, or no longer."""


class NotFound(StrehaError):
    """There is no such thing, for this person."""


class Conflict(StrehaError):
    """The state has moved on since the request was made."""


class LimitReached(StrehaError):
    """Too much was asked at once."""


class Unavailable(StrehaError):
    """A part that is needed does not answer."""


class DeliveryError(StrehaError):
    """A message did not leave."""

    def __init__(self, reason: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.retry_after = retry_after


class Temporary(DeliveryError):
    """Trying again may help."""


class Permanent(DeliveryError):
    """Trying again cannot help."""
