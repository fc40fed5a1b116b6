"""People with sentences of their own, the bot that knows them, and what reaches somebody of all that is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

from agencies.model import Person
from alerts.duress.own import OwnSentences as Known
from alerts.duress.own import Sentences
from bots.talk.own_sentences import OwnSentences
from core.database import Database, Row
from crypto import sentence_seal
from tests.clock import MovableClock

_HEARD = ("template", "parameters", "mentions", "target_kind", "target_id", "lane", "urgency", "thread", "late_since")
CLEAR, DURESS = "Stigla sam, popila sam čaj", "Javiću se posle ručka, đak čeka"
SECRET = b"an invented secret of the bot, long enough"


def knowing(database: Database, clock: MovableClock, directory: Path, secret: bytes = SECRET) -> OwnSentences:
    """Return the bot's part, with its key in a directory."""
    return OwnSentences(database, clock, directory / "identity", secret)


async def sealed(database: Database, clock: MovableClock, person: Person, clear: str, duress: str) -> Known:
    """Let somebody seal two sentences to the bot."""
    sentences = Sentences(database, clock)
    public = (await sentences.see(person)).public_key
    assert public is not None
    return await sentences.set(person, public, sentence_seal.seal(public, person.id.bytes, clear, duress))


async def settle(
    own: OwnSentences, database: Database, clock: MovableClock, people: Iterable[Person], clear: str = CLEAR,
    duress: str = DURESS,
) -> None:  # fmt: skip
    """Let people set their sentences, and the bot take them up."""
    await own.sweep()
    for each in people:
        await sealed(database, clock, each, clear, duress)
    await own.sweep()


async def of_duress(database: Database) -> list[Row]:
    """Return everything that was left to be said of alerts for duress, in rooms and beside them."""
    async with database.reading() as look:
        return list(
            await look.rows(
                "SELECT outbox.* FROM outbox LEFT JOIN alerts ON alerts.id = outbox.alert_id "
                "WHERE alerts.duress_of IS NOT NULL OR starts_with(template, 'duress_') ORDER BY sequence"
            )
        )


async def duress_alerts(database: Database, of: Person | None = None) -> list[UUID]:
    """Return the alerts for duress, of one person or of all, oldest first."""
    async with database.reading() as look:
        rows = await look.rows(
            "SELECT id FROM alerts WHERE duress_of = coalesce($1, duress_of) ORDER BY sent, id", of and of.id
        )
    return [row["id"] for row in rows]


async def reaching(database: Database, person: Person) -> Sequence[tuple[object, ...]]:
    """Return all that was said where a person can hear it: their rooms, their telephones and mail, shared ones too."""
    async with database.reading() as look:
        rows = await look.rows(
            """
            SELECT template, parameters, mentions, target_kind, target_id, lane, urgency, thread, late_since
            FROM outbox
            WHERE EXISTS (SELECT FROM room_members AS member
                          WHERE member.target_kind = outbox.target_kind AND member.target_id = outbox.target_id
                            AND member.person_id = $1)
               OR target_id IN (
                   SELECT other.id FROM contacts AS own JOIN contacts AS other ON other.address = own.address
                   WHERE own.person_id = $1
                      OR own.desk_id IN (SELECT desk_id FROM duty_officers WHERE person_id = $1))
            ORDER BY sequence
            """,
            person.id,
        )
    return [tuple(row[name] for name in _HEARD) for row in rows]


async def require_kept(database: Database, *forced: Person) -> None:
    """Nothing of duress is said in a room of several, nor to whoever it is kept from, nor where they could hear it."""
    rows = await of_duress(database)
    assert rows
    assert {row["target_kind"] for row in rows} <= {"person", "contact"}
    for person in forced:
        assert not [row for row in rows if row["target_id"] == person.id or person.id in row["mentions"]]
