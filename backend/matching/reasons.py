"""A factor's facts in words: what you said, what the project says. From stored codes and numbers,
never free text."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from backend.accounts.answers import Answers
from backend.core.formats import format_money
from backend.core.money import Money
from backend.matching.engine.explain import Part
from backend.matching.engine.schema import Chosen
from backend.projects import taxonomy
from backend.projects.models import Project
from backend.projects.workflow import GATED_INSTRUMENTS


@dataclass(frozen=True)
class Reason:
    """One factor of one project for one person, ready to be shown or sent."""

    factor: str
    label: str
    points: int
    max_points: int
    you: str
    project: str
    is_known: bool
    is_mismatch: bool


@dataclass(frozen=True)
class Person:
    """What one person said, and what they chose. `average`: the share of its points that
    `people_like_you` gives to what such people choose neither more nor less than average."""

    answers: Answers
    chosen: Chosen | None = None
    average: float = 0.0


def reason_of(part: Part, person: Person, project: Project, language: str) -> Reason:
    with override(language):
        return Reason(
            factor=part.factor,
            label=taxonomy.label("factor", part.factor, language),
            points=part.points,
            max_points=part.max_points,
            you=_you(part.factor, person, project, language),
            project=_like_you(part, person)
            if part.factor == "people_like_you"
            else _project(part.factor, project, language),
            is_known=part.is_known,
            is_mismatch=part.is_mismatch,
        )


def _names(kind: str, keys: "tuple[str, ...] | list[str]", language: str) -> str:
    return ", ".join(taxonomy.label(kind, key, language) for key in keys)


def _you(factor: str, person: Person, project: Project, language: str) -> str:
    answers = person.answers
    match factor:
        case "your_choices":
            return _chosen(person.chosen or Chosen(), project, language)
        case "field":
            return _names("field", answers.fields, language)
        case "technology":
            return _names("technology", answers.technologies, language)
        case "place":
            return taxonomy.label("place", answers.home_place, language)
        case "instrument":
            return _names("instrument", answers.instruments, language)
        case "ticket":
            budget = Money(answers.budget_minor or 0, answers.budget_currency or "VND")
            return _("up to %(sum)s") % {"sum": format_money(budget, language)}
        case "stage":
            return "TRL " + ", ".join(str(stage) for stage in answers.stages)
        case "horizon":
            return _("within %(n)s months") % {"n": answers.horizon_months}
        case "language":
            return _names("language", answers.languages, language)
        case "skills":
            return _names("skill", answers.skills, language)
        case _:
            return _("your field, form, country and skills")


# How many facts that a person chose before are named in a reason.
NAMED = 3


def _facts(project: Project) -> list[tuple[str, str]]:
    """The facts of a project that choices are compared by, as the taxonomy names them."""
    found = [("field", project.field)] if project.field else []
    found += [("technology", key) for key in project.technologies]
    return [*found, ("instrument", project.instrument)] if project.instrument else found


def _chosen(chosen: Chosen, project: Project, language: str) -> str:
    """How many of the person's choices have the facts of this project."""
    facts = _facts(project)
    counted = [(chosen.times.get(f"{kind}:{key}", 0), kind, key) for kind, key in facts]
    shared = sorted((one for one in counted if one[0]), key=lambda one: -one[0])[:NAMED]
    if shared:
        words = ", ".join(f"{n} {taxonomy.label(kind, key, language)}" for n, kind, key in shared)
        found = ngettext(
            "of %(n)s project that you chose: %(facts)s",
            "of %(n)s projects that you chose: %(facts)s",
            chosen.number,
        ) % {"n": chosen.number, "facts": words}
    elif chosen.number:
        found = ngettext(
            "the %(n)s project that you chose shares no field, technology or form with it",
            "none of the %(n)s projects that you chose shares its field, technology or form",
            chosen.number,
        ) % {"n": chosen.number}
    else:
        found = ""
    if any(f"{kind}:{key}" in chosen.refused for kind, key in facts):
        left = _("you left out such projects")
        found = f"{found}; {left}" if found else left
    return found or _("you left out other projects")


def unsaid_words(*, is_call: bool) -> str:
    """A call is known from what others published, a proposal from its owner."""
    return _("not stated") if is_call else _("not stated by the owner")


def _project(factor: str, project: Project, language: str) -> str:
    unsaid = unsaid_words(is_call=project.is_call)
    match factor:
        case "field":
            return taxonomy.label("field", project.field, language) if project.field else unsaid
        case "technology":
            return _names("technology", project.technologies, language) or unsaid
        case "place":
            code = project.place_code
            return taxonomy.label("place", code, language) if code else unsaid
        case "instrument":
            key = project.instrument
            return taxonomy.label("instrument", key, language) if key else unsaid
        case "ticket":
            return _ticket(project, language)
        case "stage":
            return f"TRL {project.trl}" if project.trl else unsaid
        case "horizon":
            months = project.horizon_months
            return _("%(n)s months") % {"n": months} if months else unsaid
        case "language":
            return _names("language", project.languages, language) or unsaid
        case "skills":
            return _names("skill", project.skills, language) or unsaid
        case "your_choices":
            facts = _facts(project)
            return ", ".join(taxonomy.label(kind, key, language) for kind, key in facts) or unsaid
        case _:
            return unsaid


def _like_you(part: Part, person: Person) -> str:
    """In words only: how many people chose what is never told."""
    average = person.average * part.max_points
    if part.points > average + 0.5:
        return _("people with similar answers choose it, and projects like it, more than average")
    if part.points < average - 0.5:
        return _("people with similar answers choose it, and projects like it, less than average")
    return _("people with similar answers choose it, and projects like it, about as on average")


def _ticket(project: Project, language: str) -> str:
    if project.instrument in GATED_INSTRUMENTS:
        return _("terms after sign-in")
    if not project.min_ticket_minor:
        return unsaid_words(is_call=project.is_call)
    smallest = Money(project.min_ticket_minor, project.currency)
    return _("from %(sum)s") % {"sum": format_money(smallest, language)}
