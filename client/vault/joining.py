"""Coming into a network with an invitation: what is held against the paper, and when anything is believed.

First trust is the paper's: which genesis, one head of the directory, and the role that the newcomer signs. Before
anybody has attested a newcomer the server tells nothing of the directory, and nothing of what it says is believed;
another network than the paper's is refused at once, so that an honest mistake is not found out only in the end. Once
attested, the newcomer fetches the directory whole: it must begin with that genesis, hold that head, and name just these
keys for just this person. Only then are the keys locked for the network.
"""

from __future__ import annotations

from agencies.model import Role
from agencies.trust import offers
from agencies.trust.network import Network
from agencies.trust.offers import Offer
from client.key_file import Joining, LockedKeyFile
from client.vault import trusting
from client.vault.invitations_api import OpenedInvitation
from client.vault.keys_api import KeysApi
from client.vault.memory import Memory
from client.vault.person import Unlocked
from client.vault.trusting import OTHER_NETWORK
from core.errors import InvalidInput
from core.texts import mark
from crypto.vault import invitation
from crypto.vault.failures import NotWhole, Refused, RowWrong, UnknownVersion
from crypto.vault.invitation import Invitation

OTHER_PAST = mark(
    "DANGER: the server's directory does not hold the entry that your paper names: it holds back entries, or shows "
    "another past. Nothing was believed. Ring whoever gave you the paper, by a number you know."
)
OTHER_PERSON = mark("The directory does not know you as you offered yourself. Ring your administrator.")
NOT_WHOLE = mark("This is not a whole invitation: nine rows of four groups, and the address below them. Type it again.")
LATER = mark(
    "Another version of Streha has made this invitation. Update this program; if that does not help, have another "
    "paper made."
)
ROW_WRONG = mark("Row {row} is not right. Look at it again, letter by letter.")
NOT_TOGETHER = mark(
    "Each row is right, but they do not belong together, or the address is another one. Look at the address, sign by "
    "sign."
)


def read_invitation(typed: str) -> Invitation:
    """Return the invitation of a text from a camera or paper; raise InvalidInput."""
    try:
        return invitation.read(typed)
    except RowWrong as wrong:
        raise InvalidInput(ROW_WRONG, row=wrong.row) from wrong
    except NotWhole as wrong:
        raise InvalidInput(NOT_WHOLE) from wrong
    except UnknownVersion as wrong:
        raise InvalidInput(LATER) from wrong
    except Refused as wrong:
        raise InvalidInput(NOT_TOGETHER) from wrong


def require_as_on_paper(paper: Invitation, opened: OpenedInvitation) -> None:
    """Refuse what the server says of itself where it is not what the paper says."""
    if opened.network != paper.genesis:
        raise InvalidInput(OTHER_NETWORK)


def made_offer(
    paper: Invitation, opened: OpenedInvitation, person: Unlocked, *, name: str, matrix_user: str, at: int
) -> Joining:
    """Return a newcomer's signed offer, with what it is brought by.

    The role is the paper's. The agency is the server's word: of another than their own no administrator attests it.
    """
    offer = Offer(
        person=person.person, agency=opened.agency.bytes, name=name, role=Role(paper.role), matrix_user=matrix_user,
        box_key=person.box_key, at=at,
    )  # fmt: skip
    return Joining(invitation=invitation.text(paper), offer=offers.make(person.keys.seed, paper.genesis, offer))


def code(joining: Joining) -> str:
    """Return the code of what was offered, which is read aloud."""
    return offers.read(joining.offer, read_invitation(joining.invitation).genesis).code


async def verified(api: KeysApi, memory: Memory, locked: LockedKeyFile, joining: Joining) -> Network:
    """Return the network of the paper, whole and verified, in which one is named as one has offered oneself."""
    paper = read_invitation(joining.invitation)
    said = offers.read(joining.offer, paper.genesis).offer

    def require_as_offered(network: Network) -> None:
        if paper.head not in network.chain.hashes:
            raise InvalidInput(OTHER_PAST)
        trusting.require_named(
            network, person=locked.person_id.bytes, signing_key=locked.signing_key, box_key=locked.box_key
        )
        member = network.now.people.get(said.person)
        if member is None or (member.agency, member.matrix_user) != (said.agency, said.matrix_user):
            raise InvalidInput(OTHER_PERSON)

    return await trusting.fetched(api, memory, paper.genesis, require=require_as_offered)
