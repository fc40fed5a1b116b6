"""Signing a browser in, over the wire."""

from __future__ import annotations

from typing import Annotated, Self

import msgspec

from agencies.browser_sign_in import Link
from agencies.sign_in import Session
from server.api.wire import Moment, Wire
from server.api.wire.directory import token_text

# Longer than any code; what is none is refused as one that was used.
CODE_LENGTH = 100
Code = Annotated[str, msgspec.Meta(max_length=CODE_LENGTH, examples=["A4wRTTf2Zcq0iIHbmT6pPlQnJ5tC3dxvKoYEgV7uWkM"])]


class LinkAnswer(Wire, frozen=True, kw_only=True):
    """What signs one browser in, once: it stands behind the `#` of the console's address."""

    code: Code
    expires_at: Moment

    @classmethod
    def of(cls, link: Link) -> Self:
        """Return a link as it is sent."""
        return cls(code=token_text(link.code), expires_at=link.expires_at)


class BrowserSessionRequest(Wire, frozen=True, kw_only=True):
    """The code of a link."""

    code: Code


class BrowserSessionAnswer(Wire, frozen=True, kw_only=True):
    """A browser's session. The browser keeps it; after its end it may raise an alert until `raises_until`."""

    expires_at: Moment
    raises_until: Moment

    @classmethod
    def of(cls, session: Session) -> Self:
        """Return a session as it is sent, without its token: no script is to see that."""
        return cls(expires_at=session.expires_at, raises_until=session.raises_until or session.expires_at)
