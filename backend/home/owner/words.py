"""What the owner's pages call things: sections, fields, statuses, guidance."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Word = str | Promise

IN_LANGUAGE: dict[str, Word] = {
    "vi": _("%(what)s, in Vietnamese"),
    "en": _("%(what)s, in English"),
}


@dataclass(frozen=True)
class SectionWords:
    """A section's name as a task, what it is for, and what reviewers look at in it."""

    title: Word
    about: Word
    weight: Word = ""
    strong: Word = ""
    weak: Word = ""


SECTION_WORDS = {
    "problem": SectionWords(
        _("Describe the problem and the outcome"),
        _("Who has the problem, how large it is, and what will be different afterwards."),
        _("What reviewers look at here (public benefit, 20% of the points)"),
        _("“1,240 farms lost an average of 38 million ₫ in the dry season of 2025. Afterwards each "
          "gets a warning 36 hours ahead.”"),
        _("“Climate change is a major challenge for the whole region.”"),
    ),
    "technology": SectionWords(
        _("Show the technology"),
        _("How it works, what has been tried, and how mature it is."),
        _("What reviewers look at here (technical merit, 25% of the points)"),
        _("“Four stations ran for 60 days on the farm; 96% of the readings were within 0.5 g/l of "
          "the laboratory.”"),
        _("“We use modern technology of the fourth industrial revolution.”"),
    ),
    "field": SectionWords(
        _("Choose the field and the pillars"),
        _("They decide in which lists your project appears and whom it fits."),
    ),
    "place": SectionWords(
        _("Say where it happens"),
        _("One of the 168 wards, communes and the special zone of the city."),
    ),
    "team": SectionWords(
        _("Name the team"),
        _("Roles and what each person did before. Names of people are not needed."),
        _("What reviewers look at here (team, 20% of the points)"),
        _("“Chief engineer: ten years of water sensors, 40 stations in two provinces.”"),
        _("“A young, passionate team.”"),
    ),
    "market": SectionWords(
        _("Say who needs it"),
        _("Who will use and pay for it, how many there are, and what they use today."),
    ),
    "budget": SectionWords(
        _("Set the budget"),
        _("What the money is spent on. The lines add up to the goal."),
        _("What reviewers look at here (financial plan, 20% of the points)"),
        _("“Forty posts at 17.5 million ₫ each, by the offer of 3 October.”"),
        _("“Equipment and other costs.”"),
    ),
    "milestones": SectionWords(
        _("Set milestones and evidence"),
        _("Money moves one milestone at a time, when the city has verified the evidence."),
        _("What reviewers look at here (financial plan, 20% of the points)"),
        _("“Test record of 200 welds by a centre outside the team, with dates and serial "
          "numbers.”"),
        _("“The system runs stably and customers value it.”"),
    ),
    "risks": SectionWords(
        _("List the risks"),
        _("What could go wrong, and what you do about it. Every project has risks."),
        _("What reviewers look at here (risk handling, 15% of the points)"),
        _("“Salt kills one sensor in five a year: eight spares are in the budget.”"),
        _("“We will do our best.”"),
    ),
    "terms": SectionWords(
        _("Choose the form and the terms"),
        _("Terms of a loan, convertible, equity or fund unit are shown only after sign-in and a "
          "check for the country of residence."),
    ),
    "documents": SectionWords(
        _("Add documents"),
        _("Offers, test records, permits. Each file is checked and kept with its fingerprint."),
    ),
    "readiness": SectionWords(
        _("Answer the self-check"),
        _("Where your production stands on six principles and five levels, and what is missing for "
          "the next one."),
    ),
    "high_value": SectionWords(
        _("Claim high added value"),
        _("Only if it is part of your case. The city checks the figures against your documents. "
          "No rule says from which figure it is high, so none is given here."),
    ),
    "declarations": SectionWords(
        _("Confirm the declarations"),
        _("The person who submits stands by these four sentences."),
    ),
}  # fmt: skip

PROGRESS_WORDS = {
    "not_started": (_("Not started"), ""),
    "in_progress": (_("In progress"), "info"),
    "completed": (_("Completed"), "ok"),
    "needs_changes": (_("Needs changes"), "warn"),
    "optional": (_("Optional"), ""),
}

# Field -> label and help.
FIELD_WORDS: dict[str, tuple[Word, Word]] = {
    "original_language": (
        _("Language in which you write first"),
        _("The original counts. The other language follows and may come later."),
    ),
    "title": (_("Title"), _("The outcome in one line, at most 200 characters.")),
    "summary": (_("Summary"), _("One or two sentences for the list, at most 400 characters.")),
    "problem": (_("Problem"), ""),
    "solution": (_("Solution"), ""),
    "technologies": (_("Groups of technology"), ""),
    "trl": (
        _("Technology readiness level (TRL)"),
        _("Choose the highest level for which you have proof."),
    ),
    "field": (_("Field"), ""),
    "pillars": (_("Pillars"), ""),
    "values": (_("Values"), ""),
    "place_code": (_("Ward, commune or special zone"), ""),
    "place_note": (_("Where exactly"), _("A park, a street, a canal. You may leave it empty.")),
    "languages": (_("Languages in which you answer"), ""),
    "skills": (_("Skills that you look for"), _("Supporters may lend skills, too.")),
    "jobs_skilled": (
        _("Skilled jobs"),
        _("How many there will be because of the project. It is shown as claimed."),
    ),
    "market": (_("Who needs it"), ""),
    "currency": (_("Currency of all sums"), ""),
    "goal_minor": (_("Goal"), _("“480 million” works, too.")),
    "own_funds_minor": (
        _("Your own funds"),
        _("What your organisation puts in beside the goal. It is shown as claimed."),
    ),
    "amount_minor": (_("Amount"), _("“480 million” works, too.")),
    "months_after_close": (_("Due, in months after the round closes"), ""),
    "baseline": (_("Today"), ""),
    "target": (_("Aim"), ""),
    "unit": (_("Unit"), ""),
    "instrument": (_("Form"), ""),
    "min_ticket_minor": (_("Smallest pledge"), ""),
    "horizon_months": (_("Length in months"), _("Until the last milestone is verified.")),
    "planned_close_on": (
        _("Day on which the round may close"),
        _("A plan: the city sets the day when it opens the round. You may leave it empty."),
    ),
    "what": (_("What people get"), ""),
    "delivered_months": (_("Delivered, in months after the round closes"), ""),
    "rate_bps_per_year": (_("Interest a year, in per cent"), ""),
    "months": (_("Length of the loan, in months"), ""),
    "discount_bps": (_("Discount, in per cent"), ""),
    "maturity_months": (_("Maturity, in months"), ""),
    "share_bps": (_("Share, in per cent"), ""),
    "declarations": (_("I confirm that"), ""),
    "list_item": (
        _("Line of the list of strategic technologies"),
        _("The list that is in force today. An officer checks that the line fits."),
    ),
    "figures_year": (
        _("Year of the sums"),
        _("The last full year, or the first full year that you plan for."),
    ),
    "revenue_minor": (
        _("Revenue of the year"),
        _("What the product of this project brings in, in the currency of the budget."),
    ),
    "inputs_minor": (
        _("Bought in"),
        _("Materials, energy and services from others. The rest of the revenue is added value."),
    ),
    "rnd_minor": (
        _("Spent on research and development"),
        _("In the same year. You may leave it empty."),
    ),
    "readiness_before": (_("TRL today"), _("1 to 9.")),
    "readiness_after": (_("TRL at the end of the project"), _("1 to 9.")),
    "jobs_graduate": (_("New jobs for graduates"), _("Engineers, researchers, managers.")),
    "jobs_technician": (_("New jobs for technicians"), _("With a vocational qualification.")),
    "jobs_worker": (_("Other new jobs"), ""),
    "co2_before": (_("CO₂e for one unit, today"), _("For example 8.7")),
    "co2_after": (_("CO₂e for one unit, afterwards"), _("Measured in the same way.")),
    "co2_unit": (_("What it is measured in"), _("For example “kg CO₂e per tonne of product”.")),
}

ROW_WORDS: dict[str, tuple[Word, Word]] = {
    "team.role": (_("Role"), ""),
    "team.background": (_("What the person did before"), ""),
    "budget.item": (_("Item"), ""),
    "milestones.title": (_("What will be done"), ""),
    "milestones.evidence": (
        _("Evidence"),
        _("Somebody outside your team must be able to check it."),
    ),
    "risks.risk": (_("What could go wrong"), ""),
    "risks.answer": (_("What you do about it"), ""),
    "impact.kpi": (_("Measure"), _("What you will count, for example “hours of warning”.")),
}
# Texts that get a box of so many lines instead of one.
PAIR_ROWS = {
    "title": 2, "summary": 3, "problem": 8, "solution": 8, "market": 6, "place_note": 2,
    "team.background": 3, "milestones.title": 3, "milestones.evidence": 3, "risks.risk": 3,
    "risks.answer": 3, "budget.item": 2, "impact.kpi": 2,
}  # fmt: skip

# List -> name of one row with its number, button, what stands where there is none.
LIST_WORDS: dict[str, tuple[Word, Word, Word]] = {
    "team": (_("Person %(n)s"), _("Add a person"), _("Team")),
    "budget": (_("Line %(n)s"), _("Add a line"), _("Lines of the budget")),
    "milestones": (_("Milestone %(n)s"), _("Add a milestone"), _("Milestones")),
    "risks": (_("Risk %(n)s"), _("Add a risk"), _("Risks")),
    "impact": (_("Measure %(n)s"), _("Add a measure"), _("What should change")),
}

DECLARATION_WORDS: dict[str, Word] = {
    "facts_are_true": _("the facts and figures are true as far as I know and can be proven"),
    "may_speak_for_it": _("I may speak for the organisation in this proposal"),
    "not_paid_twice": _("no other programme pays for the same milestones"),
    "may_be_published": _("the proposal, its review and its documents marked as public may be "
                          "published once it is listed"),
}  # fmt: skip


def section_title(key: str) -> Word:
    """The name of a section as a task; office's older keys lead to the section that holds them."""
    return SECTION_WORDS[SECTION_ALIASES.get(key, key)].title


# Keys under which officers ask for changes, where they differ from the owner's sections.
SECTION_ALIASES: dict[str, str] = {"summary": "problem", "high_value": "technology"}


def words_of_progress(progress: str) -> dict[str, Any]:
    text, tone = PROGRESS_WORDS[progress]
    return {"text": text, "tone": tone}
