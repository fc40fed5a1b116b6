"""Serving the document and its page: made once in a process, and given from memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec
from aiohttp import web

from server.api.console_files import File, giving
from server.api.middlewares import HEADERS
from server.api.openapi import reference
from server.api.openapi.document import DOCUMENT_PATH, REFERENCE_PATH, STYLE_PATH, document
from server.api.routes import ROUTES


def add_to(app: web.Application) -> None:
    """Attach the document and its page."""
    for path, file in _files().items():
        policy = reference.POLICY if path == REFERENCE_PATH else HEADERS["Content-Security-Policy"]
        app.router.add_get(path, giving(file, policy))


@cache
def _files() -> Mapping[str, File]:
    described = document(ROUTES)
    return {
        DOCUMENT_PATH: File.of("openapi.json", msgspec.json.encode(described)),
        REFERENCE_PATH: File.of("reference.html", reference.page(described).encode()),
        STYLE_PATH: File.of("reference.css", reference.STYLE.read_bytes()),
    }
