"""Jobs of this slice (core.jobs resolves `reviews.<name>` to a function here) and its sweep."""

from celery import shared_task

from backend.core.clock import app_now
from backend.projects.models import Project
from backend.reviews import case_actions, decision_actions
from backend.reviews.models import Letter
from backend.reviews.workflow import LetterStatus


def take_in(project: str) -> None:
    """Put on the desk what an owner handed in or withdrew."""
    row = Project.objects.filter(public_id=project).first()
    if row is not None:
        case_actions.take_in(row)


def send_letter(letter: str) -> None:
    """Send one letter whose undo time is over."""
    row = Letter.objects.filter(public_id=letter).first()
    if row is not None:
        decision_actions.send_letter(row)


@shared_task
def send_due_letters() -> None:
    """Every minute: letters whose time came otherwise (the demo clock, the end of a freeze)."""
    due = Letter.objects.filter(status=LetterStatus.SIGNED, goes_out_at__lte=app_now())
    for row in due.order_by("goes_out_at")[:100]:
        decision_actions.send_letter(row)
