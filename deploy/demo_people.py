"""The invented agencies, people and cases of the demo. Any likeness to real ones is chance."""

from __future__ import annotations

from dataclasses import dataclass

from agencies.model import AgencyKind, Role
from cases.model import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """A person of the demo; `account` is the local part of the Matrix user and the key file's name."""

    account: str
    name: str
    role: Role = Role.PRACTITIONER
    on_duty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAgency:
    """An agency of the demo with its people."""

    name: str
    kind: AgencyKind
    language: str
    people: tuple[DemoPerson, ...]
    always_staffed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCase:
    """A case of the demo: the coordinator's and the others' accounts, and the agencies' parts by kind."""

    coordinator: str
    deputy: str
    members: tuple[str, ...]
    parts: dict[AgencyKind, Part]
    language: str


AGENCIES = (
    DemoAgency(
        name="Police Directorate Lipovac",
        kind=AgencyKind.POLICE,
        language="en",
        always_staffed=True,
        people=(
            DemoPerson(account="mila", name="Mila Javor"),
            DemoPerson(account="petar", name="Petar Kolar", on_duty=True),
            DemoPerson(account="dragan", name="Dragan Hrast", role=Role.SECURITY_OFFICER),
            DemoPerson(account="olga", name="Olga Cer", role=Role.ADMINISTRATOR),
        ),
    ),
    DemoAgency(
        name="Prosecutor's Office Lipovac",
        kind=AgencyKind.PROSECUTION,
        language="sr-Cyrl",
        people=(
            DemoPerson(account="jelena", name="Jelena Vrba", on_duty=True),
            DemoPerson(account="marko", name="Marko Jela", role=Role.ADMINISTRATOR),
        ),
    ),
    DemoAgency(
        name="Social Welfare Centre Brezik",
        kind=AgencyKind.SOCIAL_WELFARE,
        language="sr-Latn",
        people=(
            DemoPerson(account="ana", name="Ana Breza"),
            DemoPerson(account="ivan", name="Ivan Sever", role=Role.SECURITY_OFFICER, on_duty=True),
            DemoPerson(account="vera", name="Vera Bukva", role=Role.ADMINISTRATOR),
        ),
    ),
    DemoAgency(
        name="Shelter Kesten",
        kind=AgencyKind.SHELTER,
        language="en",
        people=(
            DemoPerson(account="sara", name="Sara Kesten"),
            DemoPerson(account="luka", name="Luka Dren", on_duty=True),
            DemoPerson(account="vesna", name="Vesna Topola", role=Role.SECURITY_OFFICER),
            DemoPerson(account="stana", name="Stana Grab", role=Role.ADMINISTRATOR),
        ),
    ),
    DemoAgency(
        name="NGO Svitac",
        kind=AgencyKind.NGO,
        language="sr-Latn",
        people=(
            DemoPerson(account="nina", name="Nina Gaj", on_duty=True),
            DemoPerson(account="teo", name="Teo Jasen", role=Role.ADMINISTRATOR),
        ),
    ),
)

_ALL_RESPOND = {
    AgencyKind.POLICE: Part.RESPONDER,
    AgencyKind.SOCIAL_WELFARE: Part.RESPONDER,
    AgencyKind.SHELTER: Part.RESPONDER,
    AgencyKind.PROSECUTION: Part.INFORMED,
    AgencyKind.NGO: Part.INFORMED,
}

CASES = (
    DemoCase(
        coordinator="ana",
        deputy="nina",
        members=("mila", "sara", "jelena"),
        parts=_ALL_RESPOND,
        language="en",
    ),
    DemoCase(
        coordinator="nina",
        deputy="teo",
        members=("mila",),
        parts={AgencyKind.NGO: Part.RESPONDER, AgencyKind.POLICE: Part.RESPONDER},
        language="sr-Latn",
    ),
    DemoCase(
        coordinator="sara",
        deputy="luka",
        members=("ana", "jelena"),
        parts={
            AgencyKind.SHELTER: Part.RESPONDER,
            AgencyKind.SOCIAL_WELFARE: Part.RESPONDER,
            AgencyKind.PROSECUTION: Part.INFORMED,
        },
        language="sr-Cyrl",
    ),
)
