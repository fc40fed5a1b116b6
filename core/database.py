"""PostgreSQL: connections, transactions, and its errors in our own words.

Two pools: what saves lives (raise, acknowledge, sweep) has connections of its own, so that a crowd of
readers can never stand in its way, and commits synchronously, standby included. Statements come from
`queries.sql` files and take every moment as a parameter; the database's own clock decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, Protocol, cast

import asyncpg
import msgspec

from core import logs, metrics
from core.errors import Conflict, InvalidInput, Unavailable
from core.pool import ACQUIRE_SECONDS, Pool
from core.settings import Settings
from core.texts import mark

log = logs.get(__name__)


class Row(Protocol):
    """One row of an answer; columns by name."""

    def __getitem__(self, column: str) -> Any:
        """Return the value of a column."""
        ...


ORDINARY, URGENT = "ordinary", "urgent"
STATEMENT_SECONDS = 10.0
# How long the database lets one wait for another's lock, and lets a process that has stopped hold its own.
_PATIENCE = {"lock_timeout": "3s", "idle_in_transaction_session_timeout": "20s"}
UNAVAILABLE = mark("The database does not answer. Try again in a moment.")
MOVED_ON = mark("This has changed in the meantime. Look again.")


class Reading:
    """A connection to look with. Each statement sees what is committed when it begins; see `Database.reading`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, query: str, *values: object) -> Sequence[Row]:
        """Return every row."""
        return cast("Sequence[Row]", await self._connection.fetch(query, *values))

    async def row(self, query: str, *values: object) -> Row | None:
        """Return the first row, or None."""
        return cast("Row | None", await self._connection.fetchrow(query, *values))

    async def value(self, query: str, *values: object) -> Any:
        """Return the first column of the first row, or None."""
        return await self._connection.fetchval(query, *values)


class Transaction(Reading):
    """One open transaction. Leaving its block commits; an error or a timeout rolls everything back."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._afterwards: list[Callable[[], None]] = []

    async def run(self, query: str, *values: object) -> int:
        """Run a statement; return how many rows it touched."""
        status: str = await self._connection.execute(query, *values)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def run_many(self, query: str, values: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each sequence of values."""
        await self._connection.executemany(query, values)

    async def script(self, statements: str) -> None:
        """Run several statements without parameters; migrations only."""
        await self._connection.execute(statements)

    async def wake(self, channel: str) -> None:
        """Wake the listeners of a channel when this transaction commits."""
        await self._connection.execute("SELECT pg_notify($1, '')", channel)

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do this when the transaction has committed, and not at all if it does not: counting, for example."""
        self._afterwards.append(act)

    def committed(self) -> None:
        """Do what was left for afterwards; for the database alone. What is stored stays stored, whatever fails here."""
        for act in self._afterwards:
            try:
                act()
            except Exception as error:  # noqa: BLE001 (nobody may be told that nothing was stored)
                log.failure("afterwards_failed", error)


class Database:
    """The pools of one process."""

    def __init__(self, url: str, pool: Pool, urgent: Pool) -> None:
        self._url = url
        self._pool = pool
        self._urgent = urgent

    @asynccontextmanager
    async def transaction(self, *, urgent: bool = False) -> AsyncIterator[Transaction]:
        """Open a transaction; `urgent` takes a connection that only raise, acknowledge and sweep use."""
        with _our_errors():
            async with (self._urgent if urgent else self._pool).lent() as connection:
                tx = Transaction(connection)
                async with connection.transaction():
                    yield tx
                tx.committed()

    @asynccontextmanager
    async def reading(self, *, urgent: bool = False) -> AsyncIterator[Reading]:
        """Give a connection for looking only, without a transaction around it: two round trips less.

        A transaction would not make several statements see the same either (it would be READ COMMITTED).
        """
        with _our_errors():
            async with (self._urgent if urgent else self._pool).lent() as connection:
                yield Reading(connection)

    async def seconds_ahead(self, now: float) -> float:
        """Return how far a machine time (seconds since 1970) is ahead of the database's clock."""
        async with self.transaction(urgent=True) as tx:
            theirs = await tx.value("SELECT extract(epoch FROM clock_timestamp())::float8")
        return now - float(theirs)

    async def listen(self, channels: Sequence[str], heard: Callable[[], None]) -> None:
        """Call `heard` whenever one of the channels is woken; reconnects for ever."""
        await self.listen_to(dict.fromkeys(channels, heard))

    async def listen_to(
        self, heard: Mapping[str, Callable[[], None]], told: Mapping[str, Callable[[str], None]] | None = None
    ) -> None:
        """Call what stands for a channel whenever it is woken, and once at each connection; reconnects for ever.

        What is `told` hears also what was said there, mostly and at each connection nothing.

        What was said while nobody listened is not lost so. A wake is a convenience: whoever listens also looks by
        itself every few seconds.
        """
        wakes = {channel: _listener(wake) for channel, wake in heard.items()}
        wakes |= {channel: _told(tell) for channel, tell in (told or {}).items()}
        while True:
            connection = None
            try:
                async with asyncio.timeout(ACQUIRE_SECONDS):
                    connection = await asyncpg.connect(self._url)
                    for channel, wake in wakes.items():
                        await connection.add_listener(channel, wake)
                for wake in wakes.values():
                    wake("")
                await _closed(connection)
            except (
                asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError,
            ) as error:  # fmt: skip
                log.warning("listening_interrupted", error=type(error).__name__)
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(1)

    def pool_use(self) -> dict[str, int]:
        """Return how many connections are open and idle."""
        return {
            "open": self._pool.open(), "idle": self._pool.idle(),
            "urgent_open": self._urgent.open(), "urgent_idle": self._urgent.idle(),
        }  # fmt: skip

    def tell_pool_use(self) -> None:
        """Say in the metrics how many connections are idle, in use and allowed."""
        for name, pool in ((ORDINARY, self._pool), (URGENT, self._urgent)):
            idle = pool.idle()
            metrics.POOL_CONNECTIONS.set(idle, name, "idle")
            metrics.POOL_CONNECTIONS.set(pool.open() - idle, name, "in_use")
            metrics.POOL_LIMIT.set(pool.allowed(), name)


class _our_errors:  # noqa: N801 (reads as a phrase at its use)
    """Turn the driver's errors into ours; their texts quote rows and stay inside."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        match error:
            case (
                asyncpg.UniqueViolationError() | asyncpg.ForeignKeyViolationError() | asyncpg.ExclusionViolationError()
            ):
                raise Conflict(MOVED_ON) from error
            case asyncpg.DataError() | asyncpg.CheckViolationError():
                raise InvalidInput(mark("A value is not allowed here.")) from error
            case asyncpg.SyntaxOrAccessError():
                # A fault of the program or of its rights: nothing that waiting mends.
                return
            case (
                asyncpg.PostgresError()
                | asyncpg.InterfaceError()
                | asyncpg.InternalClientError()
                | OSError()
                | TimeoutError()
            ):
                metrics.DATABASE_FAILURES.count()
                log.warning("database_unavailable", **{k: v for k, v in logs.describe(error).items() if k != "frames"})
                raise Unavailable(UNAVAILABLE) from error


def _listener(wake: Callable[[], None]) -> Callable[..., None]:
    return lambda *_: wake()


def _told(tell: Callable[[str], None]) -> Callable[..., None]:
    return lambda *said: tell(str(said[-1]))


async def _closed(connection: Any) -> None:
    """Wait until the connection ends."""
    closed = asyncio.Event()
    connection.add_termination_listener(lambda _: closed.set())
    await closed.wait()


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda data: msgspec.json.decode(data[1:]),
        format="binary",
    )


async def _keep(_connection: Any) -> None:
    """Give a connection back as it is: nothing here changes a session, so there is nothing to reset by a round trip.

    A transaction that was left open is ended before, by the driver.
    """


def _is_open(connection: Any) -> bool:
    """Tell whether a lent connection still is one; the driver has taken back whatever was lost, and says so."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False


@asynccontextmanager
async def connect(url: str, *, connections: int = 10, urgent_connections: int = 6) -> AsyncIterator[Database]:
    """Open the pools; one connection of each is made now, so that a wrong address is told at once."""

    def pool(size: int, name: str, **settings: str) -> Any:
        return asyncpg.create_pool(
            url, min_size=1, max_size=size, timeout=ACQUIRE_SECONDS, command_timeout=STATEMENT_SECONDS,
            init=_prepare, reset=_keep,
            server_settings={"application_name": name, "timezone": "UTC", **_PATIENCE, **settings},
        )  # fmt: skip

    with _our_errors():
        ordinary = Pool(await pool(connections, _name()), ORDINARY, _is_open)
    try:
        with _our_errors():
            urgent = Pool(
                await pool(urgent_connections, f"{_name()} urgent", synchronous_commit="on"), URGENT, _is_open
            )
    except BaseException:
        ordinary.terminate()
        raise
    try:
        yield Database(url, ordinary, urgent)
    finally:
        for each in (ordinary, urgent):
            try:
                async with asyncio.timeout(ACQUIRE_SECONDS):
                    await each.close()
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                each.terminate()


def _name() -> str:
    """Return what the database calls these connections: the program with its version, for `core.processes`."""
    files = (resources.files("core") / "migrations").iterdir()
    return f"streha {max(int(each.name[:4]) for each in files if each.name.endswith('.sql'))}"


@asynccontextmanager
async def connect_as_set(settings: Settings) -> AsyncIterator[Database]:
    """Open the pools that the settings describe."""
    async with connect(
        settings.database_url.reveal(),
        connections=settings.database_connections,
        urgent_connections=settings.urgent_connections,
    ) as database:
        yield database
