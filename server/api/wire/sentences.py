"""A person's own sentences over the wire: whether there are any, and the sealed ones. Never what they say."""

from __future__ import annotations

from typing import Annotated, Self

import msgspec

from alerts.duress.own import OwnSentences, Standing
from crypto.sentence_seal import KEY_BYTES, SEALED_BYTES
from server.api.wire import Moment, Wire
from server.api.wire.directory import exactly


class SealedSentences(Wire, frozen=True, kw_only=True):
    """Two sentences, sealed to the bot's key by the asker's own machine."""

    public_key: Annotated[bytes, exactly(KEY_BYTES)]
    sealed: Annotated[bytes, exactly(SEALED_BYTES)]


class OwnSentencesAnswer(Wire, frozen=True, kw_only=True):
    """How the asker's own sentences stand, since when, and the key to seal new ones to; none where no bot ever ran."""

    standing: Annotated[Standing, msgspec.Meta(examples=["set"])]
    since: Annotated[Moment | None, msgspec.Meta(examples=["2031-05-14T09:30:00Z"])]
    public_key: Annotated[bytes, exactly(KEY_BYTES)] | None

    @classmethod
    def of(cls, own: OwnSentences) -> Self:
        """Return it as it is sent."""
        return cls(standing=own.standing, since=own.since, public_key=own.public_key)
