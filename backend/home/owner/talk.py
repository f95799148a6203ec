"""What a public project page shows of news, documents and questions."""

from dataclasses import dataclass

from backend.projects.document_actions import public_documents_of
from backend.projects.models import Project
from backend.projects.models_owner import Document, ProjectUpdate, Question
from backend.projects.talk_actions import questions_of, updates_of
from backend.projects.workflow import PUBLIC

MOST = 20


@dataclass(frozen=True)
class Talk:
    """The newest twenty of each."""

    updates: tuple[ProjectUpdate, ...]
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]


def talk_of(project: Project) -> Talk | None:
    """Three queries; None for calls and for what is not public."""
    if project.is_call or project.status not in PUBLIC:
        return None
    return Talk(
        tuple(updates_of(project)[:MOST]),
        tuple(public_documents_of(project)),
        tuple(questions_of(project)[:MOST]),
    )
