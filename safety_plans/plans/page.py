"""A plan on paper, made on its reader's own machine: the page for under stress, and the whole.

Nothing on it says what it is: no title, no name of a program or agency, no heading that a stranger would know it by. It
asks for nothing from anywhere (a policy in the page forbids it), so that a browser opens it without a connection. Names
of those who must hear nothing, and the code word, stand on the whole page alone.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator

from core.texts import mark, render
from safety_plans.plans.model import OrganisationPlan, Plan, StaffPlan, VictimPlan
from safety_plans.plans.parts import Contingency, Measure

Say = Callable[[str], str]
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
@page { size: A4; margin: 14mm; }
body { font: 15px/1.4 sans-serif; margin: 0 auto; padding: 1em; max-width: 46em; color: #000; background: #fff; }
h2 { font-size: 1.15em; margin: 1em 0 .2em; } section { break-inside: avoid; } ol, ul { margin: .2em 0; }
p { margin: .2em 0; } table { border-collapse: collapse; width: 100%; }
td, th { border: 1px solid #777; padding: .2em .4em; text-align: left; vertical-align: top; }
.short { font-size: 1.1em; } .sign { font-style: italic; }
"""


def short(plan: Plan, language: str) -> str:
    """Return the page for under stress (HTML): what to look for, what to do at once, who is called."""
    say = _in(language)
    parts = [_contingency(each, say) for each in plan.contingencies]
    if isinstance(plan, VictimPlan):
        parts.append(_list(say(mark("Look out for")), plan.warning_signs))
    return framed(parts, language, short=True)


def whole(plan: Plan, language: str) -> str:
    """Return all that helps whoever works with the plan (HTML)."""
    say = _in(language)
    parts = [_contingency(each, say) for each in plan.contingencies]
    match plan:
        case VictimPlan():
            parts += _person(plan, say)
        case OrganisationPlan():
            parts += _organisation(plan, say)
        case StaffPlan():
            parts += _staff(plan, say)
    parts.append(_measures(plan.measures, say))
    signed = [f"{each.name}, {each.role}, {each.on.isoformat()}" for each in plan.signatories]
    parts.append(_list(say(mark("Signed by")), signed))
    return framed(parts, language)


def _in(language: str) -> Say:
    return lambda words: render(words, language)


def framed(parts: Iterable[str], language: str, *, short: bool = False) -> str:
    """Return parts of HTML as a page that has no label and asks for nothing."""
    kind = ' class="short"' if short else ""
    body = "\n".join(each for each in parts if each)
    return (
        f'<!doctype html>\n<html lang="{html.escape(language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><meta name="referrer" content="no-referrer">'
        f"<title>&#160;</title><style>{_STYLE}</style></head>\n<body{kind}>\n{body}\n</body></html>\n"
    )


def _contingency(found: Contingency, say: Say) -> str:
    steps = "".join(f"<li>{_plain(each)}</li>" for each in found.first_minute)
    told = [
        f'<section><h2>{_plain(found.scenario)}</h2><p class="sign">{_plain(found.sign)}</p><ol>{steps}</ol>',
        _said(say(mark("Call")), ", ".join(found.call)),
        _said(say(mark("Go to")), found.safe_place),
        _said(say(mark("Stop when")), found.stop),
        "</section>",
    ]
    return "".join(told)


def _person(plan: VictimPlan, say: Say) -> Iterator[str]:
    contact = plan.safe_contact
    if contact is not None:
        yield _section(
            say(mark("How to reach")),
            _said("", f"{contact.channel}; {contact.hours}"),
            _said(say(mark("May answer")), ", ".join(contact.who_may_answer)),
            _said(say(mark("Never say")), "; ".join(contact.never_say)),
            _said(say(mark("Word")), contact.code_word),
        )
    yield _list(say(mark("Look out for")), plan.warning_signs)
    yield _list(say(mark("May be asked")), (f"{each.name} ({each.relation}) {each.reach}" for each in plan.trusted))
    yield _list(say(mark("Must hear nothing")), (f"{each.name}: {each.why}" for each in plan.must_not_contact))
    yield _list(say(mark("With them")), (f"{each.who} {each.needs}" for each in plan.household))
    held = (*plan.medication, *plan.documents)
    yield _list(say(mark("Who has what")), (f"{each.what}: {each.held_by}" for each in held))
    when = plan.court.next_date
    if when is not None:
        yield _section(
            when.isoformat(),
            _said(say(mark("The way home")), plan.court.way_home),
            _said(say(mark("The month after")), plan.court.month_after),
        )


def _organisation(plan: OrganisationPlan, say: Say) -> Iterator[str]:
    yield _list(say(mark("Who comes together")), plan.crisis_team)
    yield _list(say(mark("Who tells whom")), plan.communications_tree)
    for each in plan.evacuation:
        yield _list(each.sign, each.steps)
    for heading, words in (
        (mark("Police"), plan.police_liaison),
        (mark("House and visitors"), plan.premises),
        (mark("On the way"), plan.travel),
        (mark("Telephones and computers"), plan.devices),
        (mark("Who may stop the work, and when"), plan.stop_work),
        (mark("Newspapers and television"), plan.media),
        (mark("Complaints and lawsuits"), plan.legal_harassment),
        (mark("Looking after each other"), plan.staff_care),
    ):
        yield _section(say(heading), _said("", words)) if words.strip() else ""


def _staff(plan: StaffPlan, say: Say) -> Iterator[str]:
    for number, each in enumerate(plan.staff, 1):
        yield _section(
            f"{number}",
            _said(say(mark("How")), each.how),
            _said(say(mark("Known to")), each.recognised_by),
            _said(say(mark("The way home")), each.route_home),
            _said(say(mark("Alone")), say(mark("yes") if each.lone_work else mark("no"))),
        )


def _measures(measures: Iterable[Measure], say: Say) -> str:
    rows = "".join(
        f"<tr><td>{each.id}</td><td>{_plain(each.what)}</td><td>{each.deadline or ''}</td></tr>"
        for each in measures
        if each.open
    )
    if not rows:
        return ""
    what, day = _plain(say(mark("What is done"))), _plain(say(mark("By which day")))
    return f"<table><tr><th></th><th>{what}</th><th>{day}</th></tr>{rows}</table>"


def _section(heading: str, *told: str) -> str:
    return f"<section><h2>{_plain(heading)}</h2>{''.join(told)}</section>"


def _said(heading: str, words: str) -> str:
    if not words.strip():
        return ""
    return f"<p><b>{_plain(heading)}:</b> {_plain(words)}</p>" if heading else f"<p>{_plain(words)}</p>"


def _list(heading: str, rows: Iterable[str]) -> str:
    told = "".join(f"<li>{_plain(each)}</li>" for each in rows)
    return _section(heading, f"<ul>{told}</ul>") if told else ""


def _plain(words: str) -> str:
    return html.escape(words).replace("\n", "<br>")
