"""People, records and versions by the words that are typed: decided by what was verified, never by a server's list.

A name means somebody of the signed directory. What the server calls somebody is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from agencies.model import AgencyKind, Role
from agencies.service import NO_PERSON
from client.vault import records as vault_records
from client.vault.reading import View
from core.errors import InvalidInput, NotFound
from core.texts import mark
from streha import terminal
from streha.personal import as_id
from streha.terminal import say

AMBIGUOUS_RECORD = mark("More than one record begins so. Write more of it.")
WHICH_PERSON = mark("More than one person has this name. Say which, by Matrix user or id: {who}")
ROLES = {
    Role.PRACTITIONER: mark("practitioner"),
    Role.SECURITY_OFFICER: mark("security officer"),
    Role.ADMINISTRATOR: mark("administrator"),
}
KINDS = {
    AgencyKind.POLICE: mark("police"),
    AgencyKind.PROSECUTION: mark("prosecution"),
    AgencyKind.COURT_SUPPORT: mark("support at court"),
    AgencyKind.SOCIAL_WELFARE: mark("social welfare"),
    AgencyKind.VICTIMS_CENTRE: mark("centre for victims"),
    AgencyKind.SHELTER: mark("shelter"),
    AgencyKind.NGO: mark("organisation"),
    AgencyKind.HEALTH: mark("health care"),
    AgencyKind.SCHOOL: mark("school"),
}
# So much of an id is shown, and enough to name a record by.
SHORT = 8


def person_named(view: View, words: str, among: Iterable[bytes] | None = None) -> bytes:
    """Return the id of somebody of the signed directory, by name, Matrix user or id; ask which, of several."""
    people = view.directory.people
    wanted = as_id(words)
    if wanted is not None:
        return wanted.bytes
    chosen = people if among is None else {each: people[each] for each in among if each in people}
    found = [each for each, member in chosen.items() if member.matrix_user and member.matrix_user == words] or [
        each for each, member in chosen.items() if member.name.casefold() == words.strip().casefold()
    ]
    if len(found) > 1:
        who = sorted(f"{described(view, each)} {people[each].matrix_user} {UUID(bytes=each)}" for each in found)
        raise InvalidInput(WHICH_PERSON, who="; ".join(who))
    if not found:
        raise NotFound(NO_PERSON)
    return found[0]


def record_named(view: View, words: str) -> bytes:
    """Return the record of an id, or of the beginning of one."""
    known = {each.write.record for each in view.compartment.records.versions.values()}
    return _beginning(known, words, vault_records.NO_RECORD)


def version_named(view: View, words: str) -> bytes:
    """Return the version of an id, or of the beginning of one."""
    known = {each.write.version for each in view.compartment.records.versions.values()}
    return _beginning(known, words, vault_records.NO_VERSION)


def name_of(view: View, person: bytes) -> str:
    """Return somebody's name as the directory attests it; an id stands for whoever is in it no more."""
    member = view.directory.people.get(person)
    return str(UUID(bytes=person))[:SHORT] if member is None else member.name


def described(view: View, person: bytes) -> str:
    """Return who somebody is as the directory attests them: name, role and agency."""
    member = view.directory.people.get(person)
    if member is None:
        return name_of(view, person)
    return f"{member.name} ({say(ROLES[member.role])}, {view.directory.agencies[member.agency].name})"


def all_described(view: View, people: Iterable[bytes]) -> str:
    """Return who several people are, in one line."""
    return "; ".join(sorted(described(view, each) for each in people))


def short(each: bytes) -> str:
    """Return so much of an id as people need to name it."""
    return str(UUID(bytes=each))[:SHORT]


def moment_text(seconds: int) -> str:
    """Return a moment of a log as people read it; its author may have written any number."""
    try:
        return terminal.moment(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return say(mark("a time that is no date"))


def _beginning(known: Iterable[bytes], words: str, absent: str) -> bytes:
    typed = words.strip().casefold()
    found = [each for each in known if typed and str(UUID(bytes=each)).startswith(typed)]
    if len(found) > 1:
        raise InvalidInput(AMBIGUOUS_RECORD)
    if not found:
        raise NotFound(absent)
    return found[0]
