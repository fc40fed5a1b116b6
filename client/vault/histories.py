"""Versions that are past, for members who came later: granted by whoever can open them, in a signed list.

New members get what is current. The rest only a member's decision gives, which all members and the server can read as
what it is: whom, of which versions, by whom.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from uuid import UUID

from agencies.trust.directory import NotEmpowered
from cases.trust import grants
from cases.trust.grants import HistoryGrant
from cases.trust.records import Version
from client.vault import refusals
from client.vault.reading import Reader, View
from core.errors import Conflict, InvalidInput, StrehaError
from core.texts import mark
from crypto.vault import content, history
from crypto.vault.content import Place
from crypto.vault.failures import KeyNotPromised, OfAnotherPlace, Refused, SealBroken

NO_MEMBER = mark("Only members of the compartment can be given its past. Nothing was done.")
TOO_MANY = mark("At most {most} versions can be given at once. Nothing was done.")


async def give(reader: Reader, view: View, member: bytes, keys: Mapping[bytes, bytes]) -> None:
    """Give a member the keys of some versions (by version)."""
    person, compartment = view.person, view.compartment.id
    if member not in view.circle.standing(view.directory, reader.now()):
        raise Conflict(NO_MEMBER)
    if not 0 < len(keys) <= history.MOST_VERSIONS:
        raise InvalidInput(TOO_MANY, most=history.MOST_VERSIONS)
    try:
        sealed = history.grant(
            keys, network=person.network, compartment=compartment, member=member,
            member_key=view.directory.people[member].box_key,
        )  # fmt: skip
    except Refused as refused:
        raise refusals.of_given(refused) from refused
    grant = HistoryGrant(
        log=compartment, member=member, by=person.person, at=reader.now(), versions=sorted(keys), grant=sealed
    )
    statement = grants.write_history_grant(person.keys.seed, person.network, grant)
    await reader.api.give_history(view.id, UUID(bytes=member), statement)


async def granted(reader: Reader, view: View, version: Version) -> bytes | None:
    """Return the key of a version that one was given, the one that was promised; nothing where nobody gave it.

    A grant that was altered hides no other. Where none holds the version and one was altered, that is said.
    """
    failed: StrehaError | None = None
    for each in await reader.api.histories(view.id, UUID(bytes=version.write.version)):
        try:
            keys = _accepted(view, each)
        except Refused as refused:
            # What was sealed to former keys was not given to these.
            if not (isinstance(refused, SealBroken) and _had_other_keys(view)):
                failed = failed or refusals.of_given(refused)
            continue
        if version.write.version in keys:
            return keys[version.write.version]
    if failed is not None:
        raise failed
    return None


def _accepted(view: View, data: bytes) -> dict[bytes, bytes]:
    person, compartment = view.person, view.compartment.id
    grant, key = grants.read_history_grant(data, person.network, compartment=compartment)
    # Whose key it is, or was: whoever gave it may have left since, and the promises say whether it is the right one.
    if view.directory.keys.get(key) != grant.by or grant.member != person.person:
        raise NotEmpowered
    keys = history.accept(
        person.keys.secret, grant.grant, network=person.network, compartment=compartment, member=person.person
    )
    if sorted(keys) != grant.versions:
        raise OfAnotherPlace
    versions = {each.write.version: each for each in view.compartment.records.versions.values()}
    for version, content_key in keys.items():
        if version not in versions:
            raise OfAnotherPlace
        _require_promised(view, versions[version], content_key)
    return keys


def _had_other_keys(view: View) -> bool:
    """Whether the directory knows of keys of one's own that these are not."""
    own = {view.person.signing_key, view.person.box_key}
    return any(whose == view.person.person and key not in own for key, whose in view.directory.keys.items())


def _require_promised(view: View, version: Version, key: bytes) -> None:
    place = Place(
        network=view.person.network, compartment=view.compartment.id, record=version.write.record,
        version=version.write.version,
    )  # fmt: skip
    if not hmac.compare_digest(content.promise(key, place), version.write.promise):
        raise KeyNotPromised
