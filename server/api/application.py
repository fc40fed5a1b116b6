"""The HTTP application: the route table behind the adapter, what stands beside it, middlewares around all."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import hdrs, web

from cases import hold
from core.heartbeat import check_write
from server.api import console_files, health, watched
from server.api.adapter import Adapter
from server.api.health import Check
from server.api.middlewares import language_of, measure, observe, protect
from server.api.openapi import pages
from server.api.routes import ROUTES
from server.api.services import Services


def application(services: Services, checks: Mapping[str, Check] | None = None) -> web.Application:
    """Return the application. `checks` are what readiness demands besides a database that can write."""
    settings = services.settings
    app = web.Application(client_max_size=settings.body_limit, middlewares=[observe(settings)])
    app.on_response_prepare.append(protect(settings))
    adapter = Adapter(services)
    for route in ROUTES:
        if route.by_gateway and services.inward_key is None:
            continue
        app.router.add_route(route.method, route.path, adapter.handler(route))

    async def database_writes() -> None:
        await check_write(services.database, services.clock)

    async def held() -> bool:
        async with services.database.reading(urgent=True) as look:
            return await hold.current(look) is not None

    demanded = {"database": database_writes, **(checks or {})}
    app.router.add_route(hdrs.METH_GET, "/healthz", health.alive)
    app.router.add_route(
        hdrs.METH_GET, "/readyz", health.readiness(demanded, lambda request: language_of(request, settings), held)
    )

    async def end_streams(_app: web.Application) -> None:
        services.feed.close()

    app.on_shutdown.append(end_streams)
    watched.add_to(app, services)
    measure(app)
    pages.add_to(app)
    console_files.add_to(app)
    return app
