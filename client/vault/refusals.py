"""What a person is told when something of the vault is refused: one sentence that says what is wrong and what to do.

By the word of the protocol (docs/protocol.md, *What a refusal means*), and by where it was met: in what a server gave,
or in what the person was about to say themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Conflict, InvalidInput, StrehaError
from core.texts import mark
from crypto.vault.failures import Refused

UPDATE = mark("This was made by a newer version of Streha. Nothing was done. Update Streha on this machine.")
ALTERED = mark(
    "Streha gave something that was altered or never signed ({word}). Nothing of it was used or stored. Tell the "
    "operator, and ring whoever leads the case, by a number you know."
)
NOT_ALLOWED = mark(
    "Streha gave a log with an entry that its author was not allowed to write ({word}). Nothing was done. Tell "
    "the operator, and ring whoever leads the case, by a number you know."
)
BEHIND = mark(
    "Somebody has seen entries that Streha does not show you. Nothing was done. Try again; if it stays so, tell the "
    "operator, and ring whoever leads the case, by a number you know."
)
SHORTER = mark(
    "Streha shows less of a log than this machine remembers: an old state, or something is held back. Nothing was "
    "done. Try again; if it stays so, tell the operator, and ring whoever leads the case, by a number you know."
)
FORKED = mark(
    "Streha shows another log than before, or than others were shown. Nothing was done; both are kept as proof in "
    "{path}. Ring whoever leads the case, by a number you know, and tell the operator. Once it is cleared up: streha "
    "compartment forget"
)
OTHER_NETWORK = mark(
    "Streha shows the directory of another network than the one your keys belong to. Nothing was done. Tell the "
    "operator."
)
OTHER_KEYS = mark(
    "The directory has other keys for you than these, or you are in it no more. Nothing was done. Ask an "
    "administrator of your agency."
)
KEY_NOT_PROMISED = mark(
    "The key that Streha gave is not the one that was promised to all. Nothing was opened. Tell the operator, and "
    "ring whoever leads the case, by a number you know."
)
NOT_YOURS_TO_DECIDE = mark(
    "You may not do this here: it takes somebody who leads the case, somebody of another agency, or a member. "
    "Nothing was done."
)
NOTHING_THERE = mark(
    "This cannot be done as things stand: it has been done already, has ended, or somebody is not of the network. "
    "Nothing was done. Look again: streha compartment show"
)

_OF_GIVEN: Mapping[str, str] = {
    "unknown-version": UPDATE,
    "behind": BEHIND,
    "key-not-promised": KEY_NOT_PROMISED,
    "not-empowered": NOT_ALLOWED,
    "void": NOT_ALLOWED,
}
_OF_OWN: Mapping[str, str] = {"not-empowered": NOT_YOURS_TO_DECIDE, "void": NOTHING_THERE}


def of_given(refused: Refused) -> StrehaError:
    """Return what is said of something that a server gave."""
    return Conflict(_OF_GIVEN.get(refused.outcome, ALTERED), outcome=refused.outcome, word=refused.outcome)


def altered(outcome: str) -> StrehaError:
    """Return what is said of something that no honest server gives."""
    return Conflict(ALTERED, outcome=outcome, word=outcome)


def of_own(refused: Refused) -> StrehaError:
    """Return what is said of something that the person was about to decide."""
    if refused.outcome in _OF_OWN:
        return Conflict(_OF_OWN[refused.outcome], outcome=refused.outcome)
    return InvalidInput(NOTHING_THERE, outcome=refused.outcome)
