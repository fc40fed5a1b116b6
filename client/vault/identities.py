"""Which Matrix identity an administrator attests: followed on their own machine, link by link, and never believed.

The directory gives the person's signing key and Matrix user; with that key the person has signed which device is
theirs; the device leads to the master key by published signatures (`crypto.identity_proof`). The server only carries
what is checked here. It could hold a newer word back and show an older one: another identity than the one that is
attested already takes the code of the device, as the person reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from agencies.attestation import code_of, fits
from agencies.trust.deeds import Attest
from agencies.trust.directory import Directory, Member
from client.matrix_answers import ProvenLink
from client.vault.attesting import AGREED_WITHIN_SECONDS
from core.errors import Conflict, InvalidInput, NotFound, StrehaError
from core.texts import mark
from crypto import device_claim, identity_proof, signing

NOT_PROVEN = mark(
    "What Streha shows of the device of {name} does not hold: it was not signed with the keys that the directory "
    "gives, or leads to no identity. NOTHING was attested. If they have other keys since they linked the device, have "
    "them link it again; otherwise tell the operator."
)
CODE_NEEDED = mark(
    "{name} has another identity attested already. Ring them by a number you know, have them read you the first 16 "
    "characters of their session key, and add: --code"
)
NOT_LINKED = mark(
    "Nobody of your agency, or more than one, is linked under this name with a device that leads to an identity. Look: "
    "streha matrix list"
)
OTHER_CODE = mark(
    "NOT the same: the session key of this device begins otherwise. NOTHING was attested. Ring {name} again, by a "
    "number you know. If they read otherwise still, tell the operator."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Somebody of the directory, and the identity to which the device leads that they have signed for."""

    member: Member
    device: str
    device_key: bytes
    master_key: bytes

    @property
    def code(self) -> str:
        """What the person reads of their session key."""
        return code_of(self.device_key)

    @property
    def attested(self) -> bool:
        """Whether the directory says so already."""
        return self.member.matrix_master == self.master_key

    def deed(self, at: int) -> Attest:
        """Return the attestation: the person as they are, with this identity."""
        said = self.member
        return Attest(
            person=said.id, agency=said.agency, name=said.name, role=said.role, signing_key=said.signing_key,
            box_key=said.box_key, matrix_user=said.matrix_user, matrix_master=self.master_key,
            until=at + AGREED_WITHIN_SECONDS,
        )  # fmt: skip


def unattested(directory: Directory, agency: bytes, links: Iterable[ProvenLink]) -> list[ProvenLink]:
    """Return the links of an agency's people of whom no identity is attested yet, each person's once."""
    found: dict[UUID, ProvenLink] = {}
    for each in links:
        member = directory.people.get(each.person.bytes)
        if member is not None and member.agency == agency and not member.matrix_master:
            found.setdefault(each.person, each)
    return list(found.values())


def proven(directory: Directory, network: str, link: ProvenLink) -> Proven:
    """Return what a link comes to; raise Conflict where anything on the way does not hold.

    `network` is the server's name, which stands in what people sign for their devices.
    """
    member = directory.people.get(link.person.bytes)
    name = "?" if member is None else member.name
    try:
        if member is None or link.signed_at.microsecond:
            raise identity_proof.ProofBroken
        device_claim.check(
            member.signing_key, link.signature, network=network, person=member.id, matrix_user=member.matrix_user,
            device=link.device, key=link.key, at=int(link.signed_at.timestamp()),
        )  # fmt: skip
        master = identity_proof.master_key_of(
            link.proof, user_id=member.matrix_user, device_id=link.device, device_key=link.key
        )
    except (identity_proof.ProofBroken, signing.SignatureInvalid) as error:
        raise Conflict(NOT_PROVEN, name=name) from error
    return Proven(member=member, device=link.device, device_key=link.key, master_key=master)


def collected(
    directory: Directory, network: str, links: Sequence[ProvenLink], code: str
) -> tuple[list[Proven], list[StrehaError]]:
    """Return what these links come to, without what is attested already, and why others come to nothing."""
    found: list[Proven] = []
    refused: list[StrehaError] = []
    for each in links:
        try:
            link = proven(directory, network, each)
            require_code(link, code)
        except StrehaError as error:
            # One person's broken link keeps nobody else from being attested.
            refused.append(error)
        else:
            found += [] if link.attested else [link]
    return found, refused


def named(directory: Directory, agency: bytes, links: Iterable[ProvenLink], words: str) -> list[ProvenLink]:
    """Return the link of somebody of an agency, by the name or Matrix user of the directory; raise NotFound."""
    wanted = words.strip().casefold()
    people = {
        each.id
        for each in directory.people.values()
        if each.agency == agency and wanted in {each.name.casefold(), each.matrix_user.casefold()}
    }
    found = [each for each in links if each.person.bytes in people]
    if len(found) != 1:
        raise NotFound(NOT_LINKED)
    return found


def require_code(found: Proven, code: str) -> None:
    """Hold a code against the device; one is needed where another identity is attested."""
    name = found.member.name
    if not code:
        if found.member.matrix_master and not found.attested:
            raise InvalidInput(CODE_NEEDED, name=name)
        return
    if not fits(code, found.device_key):
        raise InvalidInput(OTHER_CODE, name=name)
