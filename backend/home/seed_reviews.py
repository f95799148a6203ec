"""How the examples pass the office: screening, reviews, decisions, letters, by the real actions.

Some stop on the way, so that an officer who signs in finds a desk with overdue, due and later work:
a case for each step, one with two versions, one with a gap between the reviewers.
"""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from backend.accounts.demo import DemoPeople
from backend.accounts.models import CityOffice, User
from backend.accounts.queries import office_once_called
from backend.core.clock import app_now
from backend.projects import actions as projects
from backend.projects import draft_actions
from backend.projects.models import Project
from backend.reviews import actions as reviews
from backend.reviews import case_actions, decision_actions, request_actions, rubric
from backend.reviews.built_in import built_in
from backend.reviews.models import Decision
from backend.reviews.queries import open_requests_of
from backend.reviews.request_actions import Ask
from backend.reviews.workdays import WorkCalendar

DaysAgo = Callable[[float], None]
# Days ago of a step that lies so many days after the submission.
After = Callable[[float], float]
SCREENED, OPENED, FIRST_SCORES, SECOND_SCORES, DECIDED, SIGNED = 4, 5, 14, 18, 24, 26
ELEVEN_MINUTES = timedelta(minutes=11) / timedelta(days=1)
# Working days since submission of the examples that still stand at the office, by their state.
SUBMITTED_AGES = (7, 5, 4, 1)
# What is left to do of those in review, and their age in working days.
IN_REVIEW = (
    ("second", 21), ("decision", 27), ("letter", 28), ("two_versions", 19), ("gap", 12),
)  # fmt: skip
SECOND_OFFICE = {
    "name_vi": "Sở Khoa học và Công nghệ, bộ phận thẩm định",
    "name_en": "Department of Science and Technology, review desk",
}


class Walker:
    """Counts the examples that stop at the office, so that each stands at another step."""

    def __init__(self, people: DemoPeople, comments: dict[str, Any], days_ago: DaysAgo) -> None:
        self.people, self.comments, self.days_ago = people, comments, days_ago
        self.submitted = 0
        self.in_review = 0
        self.today: date = case_actions.city_day(app_now())

    def age_of(self, state: str, otherwise: float) -> float:
        """Days ago that an example of this state was submitted."""
        if state == "submitted" and self.submitted < len(SUBMITTED_AGES):
            self.submitted += 1
            return self._days(SUBMITTED_AGES[self.submitted - 1])
        if state == "in_review" and self.in_review < len(IN_REVIEW):
            self.in_review += 1
            return self._days(IN_REVIEW[self.in_review - 1][1])
        if state == "returned":
            return otherwise / 6 + 12
        return otherwise

    def _days(self, working_days: int) -> float:
        return float((self.today - WorkCalendar().add(self.today, -working_days)).days)

    @transaction.atomic
    def walk(self, project: Project, target: str, owner: User, age: float) -> None:
        """From `submitted` to `target`; each step some days after the submission."""
        first, second = self.people.case_officers
        if target in {"submitted", "withdrawn"}:
            case_actions.take_in(project)
            if target == "submitted" and self.submitted % 2:
                case_actions.assign_case(project, by=first, officer=first)
            return

        def after(days: float) -> float:
            return age - days * min(age / (SIGNED + 1), 1)

        self.days_ago(after(SCREENED))
        self._declare(project, first, second)
        reviews.start_screening(project, by=first)
        if target == "returned":
            self._return(project, first)
            return
        self.days_ago(after(OPENED))
        self._open(project, first)
        stop = IN_REVIEW[self.in_review - 1][0] if target == "in_review" else ""
        if stop == "two_versions":
            self._second_version(project, owner, after)
            return
        low = target == "declined"
        self.days_ago(after(FIRST_SCORES))
        self._confirm_sheet(project, target, first)
        self._review(project, first, low=low, finance=4 if stop == "gap" else None)
        if stop == "second":
            case_actions.assign_case(project, by=second, officer=second, seat="second")
            return
        self.days_ago(after(SECOND_SCORES))
        self._review(project, second, low=low, finance=1 if stop == "gap" else None)
        if stop in {"decision", "gap"}:
            return
        self._decide(project, target, after, stop)

    def _declare(self, project: Project, *officers: User) -> None:
        for officer in officers:
            reviews.declare_conflict(project, by=officer, has_conflict=False)

    def _open(self, project: Project, officer: User) -> None:
        marks = {row["key"]: "yes" for row in built_in("checklist")["rows"]}
        reviews.mark_checks(project, by=officer, marks=marks)
        reviews.open_review(project, by=officer)

    def _confirm_sheet(self, project: Project, target: str, officer: User) -> None:
        """Those in review keep theirs as a claim, for a newcomer to check."""
        version = project.current_version
        assert version is not None
        if version.content.get("high_value") and target != "in_review":
            reviews.check_high_value(project, by=officer, is_confirmed=True)

    def _return(self, project: Project, officer: User) -> None:
        asks = [Ask(row["section"], row["vi"], row["en"]) for row in self.comments["requests"]]
        words = self.comments["returned"]["vi"]
        reviews.return_from_screening(project, by=officer, asks=asks, reason=words)

    def _second_version(self, project: Project, owner: User, after: After) -> None:
        """Two reviews, a letter with requests, answers, and a second version that changed."""
        first, second = self.people.case_officers
        for officer in (first, second):
            self._review(project, officer)
        asks = [Ask(row["section"], row["vi"], row["en"]) for row in self.comments["requests"]]
        words = self.comments["returned"]
        self._letter(project, "return", words, after(8), after(9), asks=asks)
        project.refresh_from_db()
        for request, row in zip(
            open_requests_of(project), self.comments["requests"][:-1], strict=False
        ):
            request_actions.answer_request(request, by=owner, answer=row["answer_vi"])
        assert project.current_version is not None
        content = dict(project.current_version.content)
        content |= self.comments["second_version"]
        content["horizon_months"] = (content.get("horizon_months") or 18) + 6
        first_line, *rest = content["budget"]
        quoted = {
            "item_vi": f"{first_line['item_vi']}, theo báo giá thấp hơn trong hai báo giá",
            "item_en": f"{first_line['item_en']}, by the lower of two quotations",
        }
        content["budget"] = [first_line | quoted, *rest]
        draft_actions.save_draft(
            project, content, by=owner, expected_version=project.content_version
        )
        self.days_ago(after(16))
        projects.submit_project(project, by=owner)
        reviews.start_screening(project, by=first)
        self._open(project, first)

    def _decide(self, project: Project, target: str, after: After, stop: str) -> None:
        low = target == "declined"
        words = self.comments["declined" if low else "listed"]
        outcome = "decline" if low else "list"
        codes = ("KT-11",) if low else ()
        self._letter(
            project, outcome, words, after(DECIDED), after(SIGNED), codes=codes,
            send=stop != "letter",
        )  # fmt: skip

    def _letter(
        self,
        project: Project,
        outcome: str,
        words: dict[str, str],
        decided: float,
        signed: float,
        *,
        asks: list[Ask] | None = None,
        codes: tuple[str, ...] = (),
        send: bool = True,
    ) -> None:
        self.days_ago(decided)
        self._declare(project, self.people.lead)
        decision: Decision = decision_actions.decide_project(
            project, by=self.people.lead, outcome=outcome, reason_codes=codes,
            words_vi=words["vi"], words_en=words["en"], asks=asks or (),
        )  # fmt: skip
        if not send:
            return
        self.days_ago(signed + ELEVEN_MINUTES)
        self._declare(project, self.people.signer)
        decision_actions.sign_letter(decision.letter, by=self.people.signer)
        self.days_ago(signed)
        decision_actions.send_letter(decision.letter, tell=False)

    def _review(
        self, project: Project, officer: User, *, low: bool = False, finance: int | None = None
    ) -> None:
        """Scores that look like a person's: fixed by project and officer, never far apart unless
        `finance` says so."""
        scores, reasons = {}, {}
        for criterion in rubric.CRITERIA:
            base = _number(f"{project.slug} {criterion.key}")
            number = _number(f"{project.slug} {officer.email} {criterion.key}")
            score = 2 + number % 2 if low else 3 + (base > 90) + number % 2 * (base > 60)
            if finance is not None and criterion.key == "financial_plan":
                score = finance
            scores[criterion.key] = score
            bank = self.comments["criteria"][criterion.key]
            level = "low" if score < rubric.REASON_NEEDED_BELOW else "fair"
            if score <= rubric.REASON_NEEDED_BELOW:
                # Two people do not write the same sentence.
                at = base + (officer == self.people.case_officers[1])
                reasons[criterion.key] = bank[level][at % len(bank[level])]
        reviews.submit_review(project, by=officer, scores=scores, reasons=reasons)


def _number(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0]


def second_office() -> None:
    """Somewhere to transfer a case to."""
    if office_once_called(SECOND_OFFICE["name_en"]) is None:
        CityOffice.objects.create(
            name_en=SECOND_OFFICE["name_en"], name_vi=SECOND_OFFICE["name_vi"]
        )
