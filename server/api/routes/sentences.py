"""A person's own sentences, which the bot alone can open: whether there are any, setting and clearing them."""

from __future__ import annotations

from typing import Any

from core.errors import Conflict, NotFound
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.sentences import OwnSentencesAnswer, SealedSentences


async def show_sentences(call: Call[Nothing]) -> OwnSentencesAnswer:
    """Return whether the actor has sentences, and since when; and the key to seal new ones to."""
    return OwnSentencesAnswer.of(await call.services.sentences.see(call.actor))


async def set_sentences(call: Call[SealedSentences]) -> OwnSentencesAnswer:
    """Leave the actor's sentences for the bot. What was set before counts until it has taken these up."""
    asked = call.asked
    return OwnSentencesAnswer.of(await call.services.sentences.set(call.actor, asked.public_key, asked.sealed))


async def clear_sentences(call: Call[Nothing]) -> Nothing:
    """Forget the actor's sentences."""
    await call.services.sentences.clear(call.actor)
    return Nothing()


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/me/sentences",
        summary="Whether one has sentences of one's own",
        call=show_sentences,
        access=Access.STAFF,
        takes=Nothing,
        gives=OwnSentencesAnswer,
    ),
    Route(
        method="PUT",
        path="/api/me/sentences",
        summary="Set one's own sentences, sealed",
        call=set_sentences,
        access=Access.STAFF,
        takes=SealedSentences,
        gives=OwnSentencesAnswer,
        refuses=(Conflict,),
    ),
    Route(
        method="DELETE",
        path="/api/me/sentences",
        summary="Clear one's own sentences",
        call=clear_sentences,
        access=Access.STAFF,
        takes=Nothing,
        status=204,
        refuses=(NotFound,),
    ),
)
