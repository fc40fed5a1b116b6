"""Risk assessments as sealed records: each held against the last that counts, by whoever writes it and whoever reads.

A compartment has one record for each subject (and each member of staff); every assessment is a version of it. A lower
level counts once a second person has looked: they write the next version, with the same words and their own name in it.
The server is told the level with the version, and cannot see what it rests on: every reader checks it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from agencies.model import PersonId
from client.vault import records
from client.vault.reading import View
from client.vault.records import Opened, Put, Records
from client.vault.telling import Tells
from core.errors import Conflict, NotFound, StrehaError
from core.texts import mark
from safety_plans.assessments import form as forms
from safety_plans.assessments import words
from safety_plans.assessments.form import AssessmentForm, Checked
from safety_plans.assessments.judging import Judgement, Lack, judged, lacking, rank
from safety_plans.assessments.model import Assessment
from safety_plans.instruments.model import Instrument, Subject
from safety_plans.model import Level
from safety_plans.problems import Problem, problem

KIND = "assessment"
# Of these the case's level is made: the highest of those that count. An organisation's is not the case's.
OF_THE_CASE = frozenset({Subject.VICTIM, Subject.CASE, Subject.STAFF})
NOT_BY_AUTHOR = mark("Somebody else sealed this than whoever is said to have assessed, or to have looked besides.")
NONE_YET = mark("There is no such assessment here. See: streha record list")
SEVERAL = mark("Two people wrote at once. Read both: streha record get. Then put one that brings them together.")
NOTHING_WAITS = mark("No assessment here waits for a second person.")
OWN = mark("You made this assessment. Somebody else of the compartment has to look at it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One version as the rules read it: what is wrong or lacking, what it suggests, and the last that counted before.

    `past` is false where something before it cannot be opened here: then what it lowers cannot be seen either.
    """

    opened: Opened
    form: AssessmentForm
    instrument: Instrument | None
    assessment: Assessment
    problems: Sequence[Problem]
    judgement: Judgement | None
    before: Assessment | None
    past: bool

    @property
    def subject(self) -> tuple[Subject | None, str | None]:
        """About whom it is."""
        return (None if self.instrument is None else self.instrument.subject, self.form.about)


class Assessments:
    """The assessments of compartments, for one person, who knows these instruments."""

    def __init__(self, sealed: Records, instruments: Collection[Instrument]) -> None:
        self._records = sealed
        self._instruments = instruments

    async def current(self, view: View) -> list[Read]:
        """Return every current assessment, read by the rules."""
        found = []
        for record in view.compartment.records.current:
            if any(each.write.kind == KIND for each in records.current(view, record)):
                found += await self.of_record(view, record)
        return found

    async def record(self, view: View, subject: Subject, about: str | None) -> bytes | None:
        """Return the record of the assessments about somebody or something; none while there is none."""
        return record_of(await self.current(view), subject, about)

    async def of_record(self, view: View, record: bytes) -> list[Read]:
        """Return the current versions of a record, each held against what came before it."""
        last: Assessment | None = None
        past, found = True, []
        now = view.compartment.records.current.get(record, frozenset())
        for version in records.history(view, record):
            if version.quarantined:
                continue
            try:
                opened = await self._records.open_version(view, version)
            except StrehaError:
                if version.hash in now:
                    raise
                past = False
                continue
            read = self._read(opened, last, past=past)
            if read is None:
                continue
            if version.hash in now:
                found.append(read)
            if not read.problems:
                last = read.assessment
        return found

    @staticmethod
    def check(checked: Checked, me: bytes, last: Assessment | None) -> list[Problem]:
        """Return what a file lacks before it may be sealed by somebody; that a second person looks comes after."""
        if checked.form is None or checked.instrument is None:
            return list(checked.problems)
        made = forms.assessment(forms.sealed(checked.form, assessor=_person(me)), _person(me))
        missing = lacking(made, checked.instrument, last)
        return words.problems(each for each in missing if each.lack is not Lack.NO_SECOND_PERSON)

    async def put(self, view: View, form: AssessmentForm, subject: Subject, record: bytes | None) -> Put:
        """Seal an assessment that was checked, and tell the level that follows for the case."""
        said = forms.sealed(form, assessor=_person(view.person.person))
        return await self._put(view, said, subject, record)

    async def countersign(self, view: View, read: Read) -> Put:
        """Seal what somebody else has assessed, as the second person who has looked at it."""
        me = _person(view.person.person)
        if read.assessment.assessor == me:
            raise Conflict(OWN)
        if not waits(read):
            raise Conflict(NOTHING_WAITS)
        said = forms.sealed(read.form, assessor=read.assessment.assessor, countersigner=me)
        assert read.instrument is not None  # noqa: S101 (what waits was judged by it)
        before = None if read.before is None else read.before.level
        return await self._put(view, said, read.instrument.subject, read.opened.version.write.record, before)

    async def _put(
        self, view: View, said: AssessmentForm, subject: Subject, record: bytes | None,
        lowered_from: Level | None = None,
    ) -> Put:  # fmt: skip
        level = None
        if subject in OF_THE_CASE and said.level is not None:
            others = [each for each in await self.current(view) if each.opened.version.write.record != record]
            me = _person(view.person.person)
            beside = [_beside(each, me) for each in others if _of_case(each)]
            level = highest([Level(said.level), *beside])
            if lowered_from is not None and any(rank(each) >= rank(lowered_from) for each in beside):
                # Another subject keeps the case where it is: nothing is lowered there, and nothing told.
                level = None
        return await self._records.put(
            view.compartment.id, forms.written(said), kind=KIND, record=record,
            tells=None if level is None else Tells(level=level),
        )  # fmt: skip

    def _read(self, opened: Opened, last: Assessment | None, *, past: bool) -> Read | None:
        checked = forms.read(opened.text, self._instruments)
        form, instrument = checked.form, checked.instrument
        if form is None:
            return None
        author = _person(opened.version.by)
        made = forms.assessment(form, author)
        found = list(checked.problems)
        if author != (made.assessor if made.countersigner is None else made.countersigner):
            found.append(problem("assessor", NOT_BY_AUTHOR))
        if instrument is not None:
            found += words.problems(lacking(made, instrument, last))
        return Read(
            opened=opened, form=form, instrument=instrument, assessment=made, problems=found,
            judgement=None if instrument is None else judged(made, instrument), before=last, past=past,
        )  # fmt: skip


def waits(read: Read) -> bool:
    """Whether all that an assessment lacks is a second person."""
    if read.instrument is None or read.assessment.countersigner is not None:
        return False
    looked_at = replace(read.assessment, countersigner=PersonId(UUID(int=0)))
    lacks_one = bool(lacking(read.assessment, read.instrument, read.before))
    return lacks_one and not lacking(looked_at, read.instrument, read.before)


def record_of(found: Iterable[Read], subject: Subject, about: str | None) -> bytes | None:
    """Return which record is about somebody or something; none while there is none."""
    records_ = {each.opened.version.write.record for each in found if each.subject == (subject, about)}
    if len(records_) > 1:
        raise Conflict(SEVERAL)
    return next(iter(records_), None)


def level_of(found: Iterable[Read]) -> Level | None:
    """Return the level at which what counts here keeps the case; none while nothing counts."""
    counted = [last_counted([each]) for each in found if _of_case(each)]
    levels = [each.level for each in counted if each is not None]
    return highest(levels) if levels else None


def highest(levels: Iterable[Level]) -> Level:
    """Return the highest of levels."""
    return max(levels, key=rank)


def find(found: Sequence[Read]) -> Read:
    """Return the one current version; refuse none, and several that nobody has brought together."""
    if not found:
        raise NotFound(NONE_YET)
    if len(found) > 1:
        raise Conflict(SEVERAL)
    return found[0]


def _beside(read: Read, me: PersonId) -> Level:
    """Return the level at which another assessment keeps a case, for what I tell now.

    While it does not count, that is the higher of it and the last that did: who tells a level confirms with it nothing
    that waits elsewhere. What I told myself I may tell again: it still waits for somebody else.
    """
    mine = read.assessment.assessor == me and waits(read)
    before = [] if read.before is None or not read.problems or mine else [read.before.level]
    return highest([read.assessment.level, *before])


def _of_case(read: Read) -> bool:
    return read.instrument is not None and read.instrument.subject in OF_THE_CASE and read.form.level is not None


def _person(each: bytes) -> PersonId:
    return PersonId(UUID(bytes=each))


def last_counted(found: Sequence[Read]) -> Assessment | None:
    """Return what the next assessment is held against: the current one where it counts, else the last before it."""
    if not found:
        return None
    newest = found[-1]
    return newest.assessment if not newest.problems else newest.before
