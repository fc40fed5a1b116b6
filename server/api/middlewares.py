"""What every request passes: errors become problems, one log line each, and headers that close every door."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from core import logs, metrics
from core.errors import StrehaError
from core.settings import Settings
from core.texts import choose
from server.api import problems

log = logs.get(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

UNMATCHED = "unmatched"
QUIET = frozenset({"/healthz", "/readyz"})
HEADERS = {
    hdrs.SERVER: "Streha",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    hdrs.CACHE_CONTROL: "no-store",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STRICT_TRANSPORT = "max-age=63072000"


def observe(settings: Settings) -> Middleware:
    """Return the outermost middleware: it answers every error and writes the access log, without content."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.monotonic()
        try:
            response = await handler(request)
        except Exception as error:  # noqa: BLE001 (whatever it is, the answer is a problem and never a trace)
            response = problems.of_error(error, language_of(request, settings))
            if not isinstance(error, StrehaError | web.HTTPException):
                log.failure("request_failed", error, incident_id=response[problems.INCIDENT], route=template(request))
        seconds, route = time.monotonic() - started, template(request)
        metrics.REQUESTS.count(request.method, route, str(response.status))
        metrics.REQUEST_DURATION.observe(seconds, request.method, route)
        write = log.debug if route in QUIET else log.info
        write(
            "request",
            method=request.method if request.method in hdrs.METH_ALL else "other",
            route=route,
            status=response.status,
            duration_ms=round(seconds * 1000, 1),
            **({"incident_id": response[problems.INCIDENT]} if problems.INCIDENT in response else {}),
        )
        return response

    return middleware


def measure(app: web.Application) -> None:
    """Let the metrics tell the routes that the application has by now; what comes later counts as `other`."""
    metrics.ROUTE.allow({*(each.canonical for each in app.router.resources()), UNMATCHED})


def protect(settings: Settings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return the signal that sets the security headers where a route has not set its own."""
    headers = dict(HEADERS)
    if settings.public_origin.startswith("https://"):
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT

    async def prepare(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers[hdrs.SERVER] = headers[hdrs.SERVER]
        for name, value in headers.items():
            response.headers.setdefault(name, value)

    return prepare


def language_of(request: web.BaseRequest, settings: Settings) -> str:
    """Return the language the asker prefers, or the network's own."""
    accepted = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")
    return choose(accepted) if accepted else settings.default_language


def template(request: web.Request) -> str:
    """Return the route's template, never the path that was asked for."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else UNMATCHED
