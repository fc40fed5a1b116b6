"""What the API's refusals become: the errors of every layer, with the words the server said."""

from __future__ import annotations

import msgspec

from client.answers import Answer
from core.errors import Conflict, InvalidInput, LimitReached, NotAuthenticated, NotFound, StrehaError, Unavailable
from core.texts import mark

UNREACHABLE = mark("Streha at {address} does not answer. Check the connection and try again.")
NOT_UNDERSTOOD = mark("What answered at {address} is not Streha, or another version of it.")
# The server's own words, already in the asker's language.
SAID = "{detail}"
# Far more than any sentence of Streha has.
LONGEST_DETAIL = 2_000


class Problem(Answer, frozen=True, kw_only=True):
    """Why the API did not do it; `outcome` is the word of the vault's protocol, where it is of the vault."""

    title: str = ""
    detail: str = ""
    incident: str = ""
    outcome: str = ""


_OF_STATUS: dict[int, type[StrehaError]] = {
    400: InvalidInput,
    401: NotAuthenticated,
    404: NotFound,
    405: InvalidInput,
    409: Conflict,
    413: InvalidInput,
    415: InvalidInput,
    429: LimitReached,
}


def refusal(status: int, body: bytes, address: str) -> StrehaError:
    """Return the error that a refusal means; its parameters hold `detail` and, where told, `incident`."""
    kind = _OF_STATUS.get(status, Unavailable)
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = Problem()
    if not problem.detail:
        return Unavailable(NOT_UNDERSTOOD, address=address)
    return kind(
        SAID,
        outcome=problem.outcome,
        detail=problem.detail[:LONGEST_DETAIL],
        incident=problem.incident[:LONGEST_DETAIL],
    )


def incident_of(error: StrehaError) -> str:
    """Return the incident id under which the server logged it; empty where there is none."""
    return str(error.parameters.get("incident", ""))
