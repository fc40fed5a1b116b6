"""Passkeys, over the wire: what an authenticator is asked, and what it answered, in WebAuthn's own forms."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

import msgspec

from agencies.passkey_sign_in import Challenge, Shown
from agencies.passkeys import Asked, Own, Passkey
from agencies.sign_in import Session
from crypto.passkey import ALGORITHMS, CREDENTIAL_BYTES
from crypto.tokens import TOKEN_BYTES
from server.api.wire import Moment, Wire
from server.api.wire.directory import at_most, exactly

# No authenticator answers with more, even one that signs with long RSA keys.
MOST_BYTES = 4096
Challenged = Annotated[bytes, exactly(TOKEN_BYTES)]
Handle = Annotated[bytes, exactly(TOKEN_BYTES)]
Credential = Annotated[bytes, at_most(CREDENTIAL_BYTES.stop - 1)]
Part = Annotated[bytes, at_most(MOST_BYTES)]
Host = Annotated[str, msgspec.Meta(examples=["streha.example"])]
Number = Annotated[str, msgspec.Meta(examples=["4821"])]


class PasskeyChallengeAnswer(Wire, frozen=True, kw_only=True):
    """What a passkey is to sign, for which host."""

    challenge: Challenged
    host: Host

    @classmethod
    def of(cls, challenge: Challenge) -> Self:
        """Return a challenge as it is sent."""
        return cls(challenge=challenge.challenge, host=challenge.host)


class PasskeySignInRequest(Wire, frozen=True, kw_only=True):
    """An authenticator's answer to a challenge."""

    credential: Credential
    client_data: Part
    authenticator_data: Part
    signature: Part
    handle: Credential

    def shown(self) -> Shown:
        """Return the answer for the service."""
        return Shown(
            credential=self.credential,
            client_data=self.client_data,
            authenticator_data=self.authenticator_data,
            signature=self.signature,
            handle=self.handle,
        )


class PasskeySessionAnswer(Wire, frozen=True, kw_only=True):
    """A browser's session, as one that a link began, and with which passkey it began."""

    expires_at: Moment
    raises_until: Moment
    passkey: UUID

    @classmethod
    def of(cls, session: Session, passkey: UUID) -> Self:
        """Return a session as it is sent, without its token: no script is to see that."""
        return cls(
            expires_at=session.expires_at, raises_until=session.raises_until or session.expires_at, passkey=passkey
        )


class NewPasskeyAnswer(Wire, frozen=True, kw_only=True):
    """What to ask an authenticator for: `handle` stands for the person, `number` is what the passkey is called by."""

    challenge: Challenged
    host: Host
    handle: Handle
    number: Number
    known: list[Credential]
    algorithms: Annotated[list[int], msgspec.Meta(examples=[[-8, -7, -257]])]

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """Return what is asked as it is sent."""
        return cls(
            challenge=asked.challenge,
            host=asked.host,
            handle=asked.handle,
            number=asked.number,
            known=list(asked.known),
            algorithms=[int(each) for each in ALGORITHMS],
        )


class AddPasskey(Wire, frozen=True, kw_only=True):
    """A passkey that an authenticator made."""

    client_data: Part
    attestation: Part


class PasskeyAnswer(Wire, frozen=True, kw_only=True):
    """One of the asker's passkeys. `synced`: their other devices may have it too. `used_at` is to the minute."""

    id: UUID
    number: Number
    credential: Credential
    synced: bool
    added_at: Moment
    used_at: Moment | None

    @classmethod
    def of(cls, passkey: Passkey) -> Self:
        """Return a passkey as it is sent."""
        return cls(
            id=passkey.id,
            number=passkey.number,
            credential=passkey.credential,
            synced=passkey.synced,
            added_at=passkey.added_at,
            used_at=passkey.used_at,
        )


class PasskeysAnswer(Wire, frozen=True, kw_only=True):
    """The asker's passkeys, the oldest first, and with which of them the session began."""

    passkeys: list[PasskeyAnswer]
    signed_in_with: UUID | None

    @classmethod
    def of(cls, own: Own) -> Self:
        """Return passkeys as they are sent."""
        return cls(passkeys=[PasskeyAnswer.of(each) for each in own.passkeys], signed_in_with=own.signed_in_with)
