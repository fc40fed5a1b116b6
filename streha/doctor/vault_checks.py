"""Whether the vault's network is founded, and how it stands."""

from __future__ import annotations

from agencies import attestations
from agencies.attestation import LinkState
from agencies.trust.identities import Identity, identities
from agencies.vault.keeping import KeptNetwork
from agencies.vault.logs import is_founded
from bots.keys.vouched import read_fingerprint
from core.database import Database
from core.settings import Settings
from core.texts import mark
from crypto.vault.failures import Refused
from streha.doctor.findings import Note, Todo

FEWEST_ADMINISTRATORS = 2


async def network(database: Database) -> None:
    """Read the directory whole, as everybody's program does; say which agencies have one administrator only."""
    async with database.reading() as look:
        if not await is_founded(look):
            raise Note(mark("no: there are no sealed records. To found it: streha network --help"))
        try:
            now = (await KeptNetwork().now(look)).now
        except Refused as refused:
            raise Todo(
                mark("The directory's log was altered ({word}): no program of anybody will read it. Restore it."),
                word=refused.outcome,
            ) from None
    alone = [each for each in now.standing() if len(now.administrators(each)) < FEWEST_ADMINISTRATORS]
    if alone:
        raise Note(
            mark(
                "yes, of {agencies} agencies with {people} people. {count} agencies have one administrator: who loses "
                "their keys there waits for two other agencies."
            ),
            agencies=len(now.standing()),
            people=len(now.people),
            count=len(alone),
        )


async def sender_binding(database: Database, settings: Settings) -> None:
    """Tell whether the bot goes by the directory, and of how many linked people it attests no identity."""
    vouched = read_fingerprint(settings.vault_network)
    async with database.reading() as look:
        if not await is_founded(look):
            return
        linked = await attestations.standing(look)
        try:
            network = await KeptNetwork().now(look)
        except Refused:
            # Told by `network`.
            return
    if vouched and network.id != vouched:
        raise Todo(mark("no: STREHA_VAULT_NETWORK names another network than the one that is founded here."))
    attested = identities(network.now)
    lacking = [
        each
        for each in linked.values()
        if each.state is LinkState.LINKED
        and attested.get(each.matrix_user) != Identity(person=each.person_id.bytes, master_key=each.master_key or b"")
    ]
    if vouched and lacking:
        raise Todo(
            mark(
                "yes, and {count} linked people are heard by nobody: no administrator has attested their identity. In "
                "each agency: streha attest identity"
            ),
            count=len(lacking),
        )
    if not vouched:
        raise Note(
            mark(
                "no: it believes what the database says. Have every agency run streha attest identity ({count} people "
                "lack it), then set STREHA_VAULT_NETWORK."
            ),
            count=len(lacking),
        )
