"""Whether a request is the gateway's: Standard Webhooks 1.0, with the key for what comes in.

The signature is over id, moment and the bytes as they came. A moment more than five minutes off is refused; what comes
again within them, or is sent again under the same id, has one effect (`alerts.telephone`).
"""

from __future__ import annotations

import re
from uuid import UUID

from aiohttp import web

from core.errors import InvalidInput, NotAuthenticated
from core.ids import derived_id
from core.texts import mark
from crypto import webhook_signature
from server.api import decoding
from server.api.services import Services

ID, MOMENT, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
HEADERS = (
    (ID, "Names what is handed on. Whatever is sent again has the same one.", "msg_2b7cS1"),
    (MOMENT, "When it is sent, this time, in seconds since 1970.", "1936603800"),
    (SIGNATURE, "`v1,` and the signature; several, separated by blanks, while a key is changed.", "v1,bm9uZQ=="),
)
ABOUT = (
    "HMAC-SHA256 with `STREHA_GATEWAY_INWARD_KEY` over `webhook-id`, a dot, `webhook-timestamp`, a dot and the body as "
    "it is sent, in base64 behind `v1,`, as Standard Webhooks 1.0 describes it. Five minutes of tolerance."
)
# Several times the longest text message in the longest spelling.
LARGEST = 64 * 1024
NOT_SIGNED = mark(
    "The signature is not right, or the moment is more than five minutes off. Check the key and the clock: nothing was "
    "done."
)
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOMENT = re.compile(r"[0-9]{1,11}")


async def require(request: web.Request, services: Services) -> UUID:
    """Return what names the letter; refuse whatever the gateway did not sign just now."""
    if (request.content_length or 0) > LARGEST:
        raise web.HTTPRequestEntityTooLarge(LARGEST, request.content_length or 0)
    body = await decoding.received(request)
    named, moment, signatures = (_only(request, name) for name in (ID, MOMENT, SIGNATURE))
    now = int(services.clock.now().timestamp())
    if services.inward_key is None or not _MOMENT.fullmatch(moment):
        raise NotAuthenticated(NOT_SIGNED)
    if not webhook_signature.is_signed(services.inward_key, named, int(moment), body, signatures, now):
        raise NotAuthenticated(NOT_SIGNED)
    if len(body) > LARGEST:
        raise web.HTTPRequestEntityTooLarge(LARGEST, len(body))
    if not _ID.fullmatch(named):
        raise InvalidInput(mark("The webhook-id has 1 to 128 letters, digits, dashes and underscores."))
    return derived_id("webhook", named)


def _only(request: web.Request, name: str) -> str:
    """Return a header that stands once; else nothing that could be signed."""
    given = request.headers.getall(name, [])
    return given[0] if len(given) == 1 else ""
