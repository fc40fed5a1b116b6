"""From a row of the route table to an aiohttp handler: sign-in, limits, decoding, the call, encoding."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
from aiohttp import hdrs, web

from agencies.devices import SHOW_TOKEN
from agencies.model import Person, RaisingDevice
from agencies.sign_in import SIGN_IN_FIRST
from core.errors import NotAuthenticated, NotFound, Unavailable
from core.texts import mark
from crypto.tokens import TOKEN_BYTES
from server.api import credentials, decoding, event_stream, gateway_signature
from server.api.hold import Hold
from server.api.limits import Buckets, network_of
from server.api.middlewares import language_of
from server.api.route import Asked, Call, Limit, Route, WithCookie
from server.api.services import Services
from server.api.wire import Nothing, Wire
from server.live.subscription import Subscription

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HANDLER_SECONDS = 15.0
CHALLENGE_SHARE = 5
TOO_SLOW = mark("This took too long and was given up. Look whether it happened before you repeat it.")


class Adapter:
    """Makes handlers that share the services and the limits of one application."""

    def __init__(self, services: Services, *, hold: Hold | None = None) -> None:
        per_minute = services.settings.requests_per_minute
        self._services = services
        self._hold = hold or Hold()
        self._people = Buckets(per_minute)
        self._addresses = Buckets(per_minute)
        self._challenges = Buckets(per_minute // CHALLENGE_SHARE)

    def handler(self, route: Route[Asked]) -> Handler:
        """Return the handler of one route."""

        async def handle(request: web.Request) -> web.StreamResponse:
            with route.guard(self._services):
                try:
                    async with asyncio.timeout(HANDLER_SECONDS):
                        call = await self._read(route, request)
                        async with self._hold.of_absence():
                            answer = await self._called(route, call)
                except TimeoutError as error:
                    raise Unavailable(TOO_SLOW) from error
            if isinstance(answer, Subscription):
                return await event_stream.send(request, answer)
            return self._encode(route, answer)

        return handle

    async def _called(self, route: Route[Asked], call: Call[Asked]) -> Wire | WithCookie | Subscription:
        try:
            return await route.call(call)
        except NotFound:
            if call.person is not None:
                await self._services.asking.note(call.person, _named(call))
            raise

    async def _read(self, route: Route[Asked], request: web.Request) -> Call[Asked]:
        asker, token = await self._admit(route, request)
        webhook = await self._signed(request) if route.by_gateway else None
        return Call(
            services=self._services,
            person=asker if isinstance(asker, Person) else None,
            device=asker if isinstance(asker, RaisingDevice) else None,
            token=token,
            ids=decoding.ids(request.match_info.items()),
            asked=await _asked(route, request),
            webhook=webhook,
            language=language_of(request, self._services.settings),
        )

    async def _signed(self, request: web.Request) -> UUID:
        """Return what the gateway calls its letter. What it signed is never limited; what others try is, by address."""
        try:
            return await gateway_signature.require(request, self._services)
        except NotAuthenticated:
            self._addresses.take(network_of(self._address(request)))
            raise

    def _address(self, request: web.Request) -> str | None:
        """Return where a request comes from: what the one trusted proxy says, if it is the one that asks."""
        proxy = self._services.settings.trusted_proxy
        if not proxy or request.remote != proxy:
            return request.remote
        forwarded = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, []))
        return forwarded.rpartition(",")[2].strip()

    async def _admit(
        self, route: Route[Asked], request: web.Request
    ) -> tuple[Person | RaisingDevice | None, bytes]:  # fmt: skip
        """Find out who asks and whether that is too often: by address until somebody is known, then by whom."""
        network, origin = network_of(self._address(request)), self._services.settings.public_origin
        # Before anything is counted: another site's page must not use up what its visitor's whole office needs.
        credentials.refuse_foreign_page(request, origin)
        if route.by_gateway:
            return None, b""
        if not route.signed_in:
            if route.sets_cookie:
                credentials.require_own_page(request, origin)
            (self._challenges if route.limit is Limit.CHALLENGE else self._addresses).take(network)
            return None, credentials.kept_token_of(request) if route.sets_cookie else b""
        first = SHOW_TOKEN if route.by_device else SIGN_IN_FIRST
        token = credentials.device_token_of(request) if route.by_device else credentials.token_of(request, origin)
        if not token:
            # It costs nothing to refuse, so it counts for nothing.
            raise NotAuthenticated(first)
        limited = route.limit is not Limit.NEVER
        if limited:
            self._addresses.require(network)
        # An address that showed many false tokens must not occupy the connections that alerts need.
        urgent = not limited and not self._addresses.empty(network)
        try:
            if len(token) != TOKEN_BYTES:
                raise NotAuthenticated(first)
            asker = await self._known(route, token, urgent=urgent)
        except NotAuthenticated:
            self._addresses.spend(network)
            raise
        if limited:
            self._people.take(asker.id)
        return asker, token

    async def _known(self, route: Route[Asked], token: bytes, *, urgent: bool) -> Person | RaisingDevice:
        if route.by_device:
            return await self._services.devices.of_token(token, urgent=urgent)
        return await self._services.sign_in.person(token, urgent=urgent, lapsed=route.lapsed)

    def _encode(self, route: Route[Asked], answer: Wire | WithCookie) -> web.Response:
        if not isinstance(answer, WithCookie):
            return _response(route, answer)
        response = _response(route, answer.answer)
        if answer.session is None:
            credentials.forget(response)
        else:
            kept_until = answer.session.raises_until or answer.session.expires_at
            credentials.keep(response, answer.session.token, kept_until - self._services.clock.now())
        return response


async def _asked(route: Route[Asked], request: web.Request) -> Asked:
    if route.method == hdrs.METH_GET:
        return decoding.query(request, route.takes, event_stream.resumed(request) if route.live else None)
    decoding.query(request, Nothing)
    if route.longest_body is not None:
        request = request.clone(client_max_size=route.longest_body)
    return await decoding.body(request, route.takes)


def _named(call: Call[Asked]) -> list[UUID]:
    """Return every id that was asked about, in the address or beside it."""
    beside = msgspec.structs.asdict(call.asked).values() if isinstance(call.asked, msgspec.Struct) else ()
    return [each for each in (*call.ids.values(), *beside) if isinstance(each, UUID)]


def _response(route: Route[Asked], answer: Wire) -> web.Response:
    if route.status == web.HTTPNoContent.status_code:
        return web.Response(status=route.status)
    return web.Response(body=msgspec.json.encode(answer), status=route.status, content_type="application/json")
