"""The part of a homeserver that rooms are, small and in the test's hands: whoever runs it may do what they like.

It keeps people's keys as well (`tests.key_server`). What it answers is what Synapse does, in as much as the bot asks.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from bots.wire.room_settings import CREATE, MEMBER, NAME, POWER_LEVELS
from tests.key_server import KeyServer

BOT = "@bot:streha.example"
_ROOM = "/_matrix/client/v3/rooms/{room}"
_LIST = "/_matrix/client/v3/directory/list/room/{room}"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class ServedRoom:
    """One room: its settings with who made them, and what was said there."""

    settings: dict[tuple[str, str], tuple[dict[str, Any], str]] = field(default_factory=dict)
    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: bool = False
    aliases: list[str] = field(default_factory=list)

    def put(self, kind: str, content: Mapping[str, Any], key: str = "", *, by: str = "@admin:streha.example") -> None:
        """Write a setting, whoever may."""
        self.settings[kind, key] = (dict(content), by)

    def move(self, user: str, membership: str) -> None:
        """Let somebody be in the room, or not, whoever may."""
        self.put(MEMBER, {"membership": membership}, user, by=user)

    def content(self, kind: str, key: str = "") -> dict[str, Any] | None:
        """Return a setting."""
        found = self.settings.get((kind, key))
        return None if found is None else found[0]

    def membership(self, user: str) -> str | None:
        """Return how somebody is in the room."""
        found = self.content(MEMBER, user)
        return None if found is None else str(found["membership"])

    def users(self, membership: str) -> set[str]:
        """Return everybody who is in the room in a way."""
        return {key for kind, key in self.settings if kind == MEMBER and self.membership(key) == membership}


@dataclass(slots=True, kw_only=True)
class Held:
    """An answer that is ready and not given yet."""

    made: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    # Whether it never arrives.
    lost: bool = False


class RoomServer(KeyServer):
    """Answers what the bot asks about rooms."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, ServedRoom] = {}
        self.forgotten: set[str] = set()
        # Who cannot be removed, and who cannot be invited.
        self.unmovable: set[str] = set()
        self.unknown: set[str] = set()
        # Whether it says that the bot is nowhere.
        self.takes_away = False
        # How often somebody was invited.
        self.invitations: Counter[tuple[str, str]] = Counter()
        # What is answered instead, once each, by the handler's name.
        self.instead: dict[str, list[web.Response]] = defaultdict(list)
        # What is held back, once each, by the handler's name.
        self.held: dict[str, Held] = {}
        self._numbers = count(1)

    def hold(self, *names: str) -> Held:
        """Hold the next answer of handlers back."""
        held = Held()
        self.held.update(dict.fromkeys(names, held))
        return held

    def room(self, *, creator: str = BOT, **creation: Any) -> str:
        """Make a room as a client would; return its id."""
        room_id = f"!room-{next(self._numbers)}:streha.example"
        made = self.made[room_id] = ServedRoom()
        made.put(CREATE, {"room_version": "11", **creation}, by=creator)
        made.move(creator, "join")
        return room_id

    # What is asked ----------------------------------------------------------------------------------

    async def create_room(self, request: web.Request) -> web.Response:
        """Answer `/createRoom`."""
        wanted = await request.json()
        room_id = self.room(**wanted["creation_content"])
        made = self.made[room_id]
        made.put(NAME, {"name": wanted["name"]}, by=BOT)
        made.put(POWER_LEVELS, {**wanted["power_level_content_override"], "historical": 100}, by=BOT)
        made.put("m.room.join_rules", {"join_rule": "invite"}, by=BOT)
        for each in wanted["initial_state"]:
            made.put(each["type"], each["content"], by=BOT)
        return web.json_response({"room_id": room_id})

    async def joined_rooms(self, _request: web.Request) -> web.Response:
        """Answer `/joined_rooms`."""
        inside = [room_id for room_id, made in self.made.items() if made.membership(BOT) == "join"]
        return web.json_response({"joined_rooms": inside})

    async def members_of(self, request: web.Request) -> web.Response:
        """Answer `/members`, to whoever was there once too."""
        made = self.made[request.match_info["room"]]
        if self.takes_away or made.membership(BOT) is None:
            return _refused()
        events = [
            {"type": MEMBER, "state_key": user, "content": content}
            for (kind, user), (content, _by) in made.settings.items()
            if kind == MEMBER
        ]
        return web.json_response({"chunk": events})

    async def inside(self, request: web.Request) -> web.Response:
        """Answer `/joined_members`, to whoever is there."""
        made = self.made[request.match_info["room"]]
        if self.takes_away or made.membership(BOT) != "join":
            return _refused()
        return web.json_response({"joined": {user: {} for user in made.users("join")}})

    async def state(self, request: web.Request) -> web.Response:
        """Answer `/state`."""
        made = self.made[request.match_info["room"]]
        return web.json_response(
            [
                {"type": kind, "state_key": key, "content": content, "sender": by}
                for (kind, key), (content, by) in made.settings.items()
            ]
        )

    async def created(self, request: web.Request) -> web.Response:
        """Answer with a room's first event."""
        return web.json_response(self.made[request.match_info["room"]].content(CREATE))

    async def put_state(self, request: web.Request) -> web.Response:
        """Answer a setting's change, as far as the bot's power reaches."""
        made = self.made[request.match_info["room"]]
        if not self._rules(made):
            return _refused()
        made.put(request.match_info["kind"], await request.json(), request.match_info["key"], by=BOT)
        return web.json_response({"event_id": "$set"})

    async def invite(self, request: web.Request) -> web.Response:
        """Answer `/invite`."""
        room_id, user = request.match_info["room"], (await request.json())["user_id"]
        if user in self.unknown or self.made[room_id].membership(user) in {"join", "invite", "ban"}:
            return _refused()
        self.invitations[room_id, user] += 1
        self.made[room_id].put(MEMBER, {"membership": "invite"}, user, by=BOT)
        return web.json_response({})

    async def kick(self, request: web.Request) -> web.Response:
        """Answer `/kick`."""
        made, user = self.made[request.match_info["room"]], (await request.json())["user_id"]
        if user in self.unmovable or made.membership(user) not in {"join", "invite"}:
            return _refused()
        made.put(MEMBER, {"membership": "leave"}, user, by=BOT)
        return web.json_response({})

    async def leave(self, request: web.Request) -> web.Response:
        """Answer `/leave`."""
        made = self.made[request.match_info["room"]]
        if made.membership(BOT) != "join":
            return _refused()
        made.move(BOT, "leave")
        return web.json_response({})

    async def forget(self, request: web.Request) -> web.Response:
        """Answer `/forget`."""
        self.forgotten.add(request.match_info["room"])
        return web.json_response({})

    async def say(self, request: web.Request) -> web.Response:
        """Answer a message: one event for each transaction id."""
        said = self.made[request.match_info["room"]].said
        said.setdefault(request.match_info["transaction"], await request.json())
        return web.json_response({"event_id": f"$said-{request.match_info['transaction']}"})

    async def aliases(self, request: web.Request) -> web.Response:
        """Answer a room's addresses."""
        return web.json_response({"aliases": self.made[request.match_info["room"]].aliases})

    async def remove_alias(self, request: web.Request) -> web.Response:
        """Take an address away."""
        for made in self.made.values():
            if request.match_info["alias"] in made.aliases:
                made.aliases.remove(request.match_info["alias"])
        return web.json_response({})

    async def listed(self, request: web.Request) -> web.Response:
        """Answer whether a room stands in the public list."""
        published = self.made[request.match_info["room"]].published
        return web.json_response({"visibility": "public" if published else "private"})

    async def publish(self, request: web.Request) -> web.Response:
        """Put a room into the public list or take it out."""
        published = (await request.json())["visibility"] == "public"
        self.made[request.match_info["room"]].published = published
        return web.json_response({})

    def _rules(self, made: ServedRoom) -> bool:
        levels = made.content(POWER_LEVELS) or {}
        return bool(levels.get("users", {}).get(BOT, 0) >= levels.get("state_default", 50))

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return every request that is answered."""
        client = "/_matrix/client/v3"
        return [
            ("POST", f"{client}/createRoom", self.create_room),
            ("GET", f"{client}/joined_rooms", self.joined_rooms),
            ("GET", f"{_ROOM}/members", self.members_of),
            ("GET", f"{_ROOM}/joined_members", self.inside),
            ("GET", f"{_ROOM}/state", self.state),
            ("GET", f"{_ROOM}/state/{CREATE}/", self.created),
            ("PUT", f"{_ROOM}/state/{{kind}}/{{key:.*}}", self.put_state),
            ("POST", f"{_ROOM}/invite", self.invite),
            ("POST", f"{_ROOM}/kick", self.kick),
            ("POST", f"{_ROOM}/leave", self.leave),
            ("POST", f"{_ROOM}/forget", self.forget),
            ("PUT", f"{_ROOM}/send/{{kind}}/{{transaction}}", self.say),
            ("GET", f"{_ROOM}/aliases", self.aliases),
            ("DELETE", f"{client}/directory/room/{{alias}}", self.remove_alias),
            ("GET", _LIST, self.listed),
            ("PUT", _LIST, self.publish),
            ("POST", f"{client}/keys/query", self.query),
            ("POST", f"{client}/keys/claim", self.claim),
            ("PUT", f"{client}/sendToDevice/{{kind}}/{{transaction}}", self.send),
        ]


@asynccontextmanager
async def room_server() -> AsyncIterator[RoomServer]:
    """Run one."""
    server = RoomServer()

    @web.middleware
    async def as_told(request: web.Request, handler: Any) -> web.StreamResponse:
        name = handler.__name__
        server.asked[name] += 1
        if name in server.failing:
            return web.json_response({"errcode": "M_UNKNOWN"}, status=503)
        if server.instead[name]:
            return server.instead[name].pop(0)
        answer: web.StreamResponse = await handler(request)
        if held := server.held.pop(name, None):
            held.made.set()
            await held.go_on.wait()
            if held.lost:
                return web.json_response({"errcode": "M_UNKNOWN"}, status=504)
        return answer

    app = web.Application(middlewares=[as_told])
    for method, path, handler in server.routes():
        app.router.add_route(method, path, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}"
        yield server
    finally:
        await runner.cleanup()


def _refused() -> web.Response:
    return web.json_response({"errcode": "M_FORBIDDEN", "error": "no"}, status=403)
