"""Any order of steps, compared with a model: what is refused, what happens, where it ends."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.core.clock import set_demo_offset
from backend.core.errors import DomainError
from backend.projects import actions as projects
from backend.projects.models import Project
from backend.reviews import actions, decision_actions
from backend.reviews.models import Decision, Letter, Review
from backend.reviews.request_actions import Ask
from tests import factories

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Model:
    status: str = "submitted"
    reviews: frozenset[int] = frozenset()
    outcome: str = ""
    letter: str = ""
    is_frozen: bool = False

    def step(self, name: str) -> "Model | None":
        """The next state; None when the step is refused."""
        if name == "freeze":
            return replace(self, is_frozen=True)
        if name == "unfreeze":
            return replace(self, is_frozen=False)
        if name == "undo":
            return (
                replace(self, outcome="", letter="")
                if self.letter in {"prepared", "signed"}
                else None
            )
        if name == "send":
            return self._sent()
        return None if self.is_frozen else self._free(name)

    def _sent(self) -> "Model":
        if self.letter != "signed" or self.is_frozen:
            return self
        if self.status != "in_review":
            return replace(self, outcome="", letter="")
        status = {"list": "listed", "return": "returned", "decline": "declined"}[self.outcome]
        return replace(self, status=status, letter="sent")

    def _free(self, name: str) -> "Model | None":
        match name, self.status:
            case "screen", "submitted":
                return replace(self, status="screening")
            case "open", "screening":
                return replace(self, status="in_review")
            case "send_back", "screening":
                return replace(self, status="returned")
            case "again", "returned":
                return replace(self, status="submitted", reviews=frozenset(), outcome="", letter="")
            case "withdraw", "submitted" | "screening" | "in_review" | "returned" | "listed":
                return replace(self, status="withdrawn")
            case "review_0" | "review_1", "in_review":
                who = int(name[-1])
                return None if who in self.reviews else replace(self, reviews=self.reviews | {who})
            case "list" | "return" | "decline", "in_review":
                ready = len(self.reviews) == 2 and not self.letter
                return replace(self, outcome=name, letter="prepared") if ready else None
            case "sign", "in_review":
                return replace(self, letter="signed") if self.letter == "prepared" else None
            case "suspend", "listed":
                return replace(self, status="suspended")
            case "resume", "suspended":
                return replace(self, status="listed")
        return None


STEPS = (
    "screen", "open", "send_back", "again", "withdraw", "review_0", "review_1", "list", "return",
    "decline", "sign", "send", "undo", "freeze", "unfreeze", "suspend", "resume",
)  # fmt: skip
# Mostly forward, so that runs get far; any step at any place.
ROAD = ["screen", "open", "review_0", "review_1", "list", "sign", "send"]


class World:
    """The real thing, with one person for each part."""

    def __init__(self) -> None:
        self.project: Project = factories.a_project_at("submitted")
        self.owner = self.project.owner.memberships.get().user
        self.officers = [factories.an_officer(), factories.an_officer()]
        self.lead, self.signer = factories.an_officer("lead"), factories.an_officer("signer")
        factories.declared(self.project, *self.officers, self.lead, self.signer)

    @property
    def letter(self) -> Letter | None:
        rows = Letter.objects.filter(decision__version=self.project.current_version)
        return rows.exclude(status="undone").first()

    def step(self, name: str) -> None:
        project, officer, lead = self.project, self.officers[0], self.lead
        project.refresh_from_db()
        match name:
            case "screen":
                actions.start_screening(project, by=officer)
            case "open":
                actions.mark_checks(project, by=officer, marks=factories.every_check_met())
                actions.open_review(project, by=officer)
            case "send_back":
                actions.return_from_screening(project, by=officer, asks=[Ask("team", "Thêm người")])
            case "again":
                projects.submit_project(project, by=self.owner)
            case "withdraw":
                projects.withdraw_project(project, by=self.owner)
            case "review_0" | "review_1":
                actions.submit_review(
                    project, by=self.officers[int(name[-1])], scores=factories.scores(), reasons={}
                )
            case "list" | "return" | "decline":
                factories.a_decision_on(project, name, by=lead)
            case "sign":
                decision_actions.sign_letter(self._letter(), by=self.signer)
            case "send":
                if self.letter:
                    set_demo_offset(timedelta(minutes=11))
                    decision_actions.send_letter(self.letter)
                    set_demo_offset(timedelta(0))
            case "undo":
                decision_actions.undo_letter(self._letter(), by=lead, reason="Sai")
            case "freeze":
                projects.freeze_project(project, by=lead, reason="Kiểm tra")
            case "unfreeze":
                projects.unfreeze_project(project, by=lead, reason="Xong")
            case "suspend":
                projects.suspend_project(project, by=lead, reason="Kiểm tra")
            case "resume":
                projects.resume_project(project, by=lead, reason="Xong")

    def _letter(self) -> Letter:
        if self.letter is None:
            raise DomainError()
        return self.letter

    def seen(self) -> Model:
        self.project.refresh_from_db()
        version = self.project.current_version
        done = Review.objects.filter(version=version, submitted_at__isnull=False)
        decision = Decision.objects.filter(version=version, undone_at=None).first()
        letter = self.letter
        return Model(
            self.project.status,
            frozenset(self.officers.index(r.reviewer) for r in done),
            decision.outcome if decision else "",
            letter.status if letter else "",
            self.project.frozen_at is not None,
        )


def walk(world: World, steps: list[str]) -> None:
    model = Model()
    for name in steps:
        expected = model.step(name)
        try:
            with transaction.atomic():
                world.step(name)
            was_refused = False
        except DomainError:
            was_refused = True
        assert was_refused == (expected is None), (steps, name, model)
        model = expected or model
        assert world.seen() == model, (steps, name)


some_steps = st.lists(st.one_of(st.sampled_from(ROAD), st.sampled_from(STEPS)), max_size=14)


@pytest.fixture
def world() -> World:
    """Made once: each walk is undone, so the next one begins where this begins."""
    return World()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(ROAD)), some_steps)
def test_the_machine_does_what_the_model_says(world: World, far: int, steps: list[str]) -> None:
    with transaction.atomic():
        walk(world, ROAD[:far] + steps)
        transaction.set_rollback(True)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(ROAD)), some_steps)
def test_the_machine_does_what_the_model_says_at_length(
    world: World, far: int, steps: list[str]
) -> None:
    with transaction.atomic():
        walk(world, ROAD[:far] + steps)
        transaction.set_rollback(True)
