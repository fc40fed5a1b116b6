"""What a request shows so that we know who asks: a bearer's token or else a browser's cookie; or a device's token.

A browser sends its cookie whoever made it ask. A request that comes with one must therefore come from our own pages:
browsers say so in `Origin` and `Sec-Fetch-Site`, which no page can forge. The cookie itself is kept from scripts, from
other sites' requests, from other paths' and hosts' setting it (`__Host-`), and from plain HTTP; browsers count this
machine's own addresses as safe for that.

The token of a device that can only raise (`agencies.devices`) begins with words of its own. No session's can begin so,
and where a session is asked for it is none: whoever shows it there is not signed in.
"""

from __future__ import annotations

from datetime import timedelta

from aiohttp import hdrs, web

from core.errors import NotAuthenticated
from core.texts import mark
from server.api.wire.directory import token_bytes, token_text

COOKIE = "__Host-streha"
NOT_OUR_PAGE = mark(
    "This request did not come from Streha's own page, so nothing was done. Open the console at its usual address."
)
# The dot stands in no session's token.
DEVICE_PREFIX = "streha-device."
_BEARER = "Bearer "
_SITE = "Sec-Fetch-Site"
_NOT_FOREIGN = frozenset({"same-origin", "none"})
_READS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})


def token_of(request: web.Request, origin: str) -> bytes:
    """Return the token that a request shows; empty where there is none that could be one."""
    header = request.headers.get(hdrs.AUTHORIZATION, "")
    if header.startswith(_BEARER):
        return token_bytes(header.removeprefix(_BEARER))
    if COOKIE not in request.cookies:
        return b""
    require_own_page(request, origin)
    return kept_token_of(request)


def kept_token_of(request: web.Request) -> bytes:
    """Return the token that a browser keeps, whatever page asks; empty where there is none that could be one."""
    return token_bytes(request.cookies.get(COOKIE, ""))


def device_token_of(request: web.Request) -> bytes:
    """Return the token of a device that a request shows; empty where there is none that could be one."""
    header = request.headers.get(hdrs.AUTHORIZATION, "")
    shown = header.removeprefix(_BEARER + DEVICE_PREFIX)
    return b"" if shown == header else token_bytes(shown)


def refuse_foreign_page(request: web.Request, origin: str) -> None:
    """Refuse what a browser says that another site's page asks for; a token of its own speaks for itself."""
    if hdrs.AUTHORIZATION in request.headers:
        return
    own = request.headers.getall(hdrs.ORIGIN, []) in ([], [origin])
    if not own or request.headers.get(_SITE, "none") not in _NOT_FOREIGN:
        raise NotAuthenticated(NOT_OUR_PAGE)


def require_own_page(request: web.Request, origin: str) -> None:
    """Refuse a request that another site's page made, or that does not say which page made it.

    Browsers leave `Origin` out where a page of the same site only reads, and `Sec-Fetch-Site` out where they are old.
    """
    origins = request.headers.getall(hdrs.ORIGIN, [])
    sites = request.headers.getall(_SITE, [])
    without_origin = not origins and request.method in _READS
    if (origins != [origin] and not without_origin) or sites not in ([], ["same-origin"]):
        raise NotAuthenticated(NOT_OUR_PAGE)


def keep(response: web.StreamResponse, token: bytes, lifetime: timedelta) -> None:
    """Let the browser keep a session."""
    _set(response, token_text(token), int(lifetime.total_seconds()))


def forget(response: web.StreamResponse) -> None:
    """Let the browser forget its session."""
    _set(response, "", 0)


def _set(response: web.StreamResponse, value: str, seconds: int) -> None:
    response.set_cookie(COOKIE, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="Strict")
