"""Why something of the vault is refused: one class for each reason, one word for each in the vectors.

People are told by whoever catches them, in a sentence of the catalogue that says what to do (docs/protocol.md, *What
a refusal means*). The word is what a program in any language must come to, given the same bytes.
"""

from __future__ import annotations

from typing import ClassVar


class Refused(Exception):
    """Nothing of it may be used, shown or stored."""

    outcome: ClassVar[str] = "refused"


class NotWhole(Refused):
    """It is shorter or longer than something of its kind can be."""

    outcome = "not-whole"


class UnknownVersion(Refused):
    """It was made by a version of the protocol that this program does not know."""

    outcome = "unknown-version"


class NotDeterministic(Refused):
    """The bytes are no CBOR, or not the only bytes that may stand for what they say."""

    outcome = "not-deterministic"


class NotAsWritten(Refused):
    """A field is missing, is of another kind, is out of bounds, or is one that nobody has heard of."""

    outcome = "not-as-written"


class SignatureWrong(Refused):
    """The signature does not fit the key, the purpose, the network or the body."""

    outcome = "signature-wrong"


class SealBroken(Refused):
    """It was not sealed with this key for this place, or was altered since."""

    outcome = "seal-broken"


class OfAnotherPlace(Refused):
    """It is whole, and was made for another network, compartment, record, epoch or person."""

    outcome = "of-another-place"


class KeyNotPromised(Refused):
    """The key is not the one that was committed to."""

    outcome = "key-not-promised"


class KeyUnusable(Refused):
    """Nothing may be sealed to this key: it is none, or everybody knows its secret."""

    outcome = "key-unusable"


class TooEasyToGuess(Refused):
    """The passphrase would be stretched less than a client accepts: a server could try them all."""

    outcome = "too-easy-to-guess"


class TooHardToOpen(Refused):
    """The passphrase would be stretched so long, or in so much memory, that the machine would stand still."""

    outcome = "too-hard-to-open"


class NotNext(Refused):
    """An entry does not follow the last one: something between them is missing, doubled or out of order."""

    outcome = "not-next"


class OfAnotherLog(Refused):
    """An entry belongs to another log."""

    outcome = "of-another-log"


class Forked(Refused):
    """Two entries stand at one position. They are kept as proof that people were shown different logs."""

    outcome = "forked"


class Behind(Refused):
    """Somebody has seen entries of this log that one was not given."""

    outcome = "behind"


class RowWrong(Refused):
    """This row of an invitation was not written so; `row` counts from one."""

    outcome = "row-wrong"

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} is not right")
        self.row = row


class InvitationWrong(Refused):
    """Each row of an invitation is right, but they do not belong together, or not to this address."""

    outcome = "invitation-wrong"
