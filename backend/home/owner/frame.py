"""What every page of a proposal shows around its own part: the list of tasks with their state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.clock import app_now, city_day
from backend.home.owner.answers import place_of, sentence_of
from backend.home.owner.words import SECTION_ALIASES, SECTION_WORDS, words_of_progress
from backend.projects.actions import SENTENCES
from backend.projects.models import Project
from backend.projects.models_owner import SectionState
from backend.projects.owner_queries import TakenBy, states_of, taken_by_others
from backend.projects.sections import Progress, SectionProgress, progress_of
from backend.projects.workflow import OWNER_MAY_EDIT
from backend.reviews.models import Request
from backend.reviews.queries import requests_of


@dataclass(frozen=True)
class Missing:
    """One thing that stands between the proposal and its submission."""

    section: str
    place: str
    sentence: str
    path: str
    code: str

    @property
    def is_empty(self) -> bool:
        """Nothing stands there yet, as against something that must be mended."""
        return self.code in {"missing", "row_missing"}


@dataclass(frozen=True)
class Task:
    """One section in the list of tasks."""

    key: str
    number: int
    title: str
    progress: str
    status: str
    tone: str
    lacking: str
    taken_by: TakenBy | None
    missing: tuple[Missing, ...]
    requests: int


@dataclass(frozen=True)
class Frame:
    """The proposal as its people see it on every page."""

    project: Project
    content: Mapping[str, Any]
    tasks: tuple[Task, ...]
    states: Mapping[str, SectionState]
    requests: tuple[Request, ...]
    may_edit: bool
    version: int

    @property
    def done(self) -> int:
        return sum(task.progress == Progress.COMPLETED for task in self.tasks)

    @property
    def needed(self) -> int:
        """How many tasks count: optional ones do once they are begun."""
        return sum(task.progress != Progress.OPTIONAL for task in self.tasks)

    @property
    def lacking(self) -> dict[str, int]:
        """In how many sections a text is missing, by language."""
        found = {"vi": 0, "en": 0}
        for task in self.tasks:
            if task.lacking:
                found[task.lacking] += 1
        return found

    @property
    def missing(self) -> list[Missing]:
        return [missing for task in self.tasks for missing in task.missing]

    @property
    def open_requests(self) -> list[Request]:
        return [r for r in self.requests if r.state == Request.State.OPEN]

    @property
    def is_complete(self) -> bool:
        return not self.missing and not self.open_requests

    def task(self, key: str) -> Task:
        return next(task for task in self.tasks if task.key == key)

    def after(self, key: str) -> Task | None:
        """The next section in the list."""
        number = self.task(key).number
        return self.tasks[number] if number < len(self.tasks) else None


def frame_of(project: Project, user: Any) -> Frame:
    """At most four queries beside the project itself."""
    version = project.current_version
    content = version.content if version else {}
    now = app_now()
    states = states_of(project)
    requests = tuple(requests_of(project))
    pending = {key for key, state in states.items() if state.pending}
    asked: dict[str, int] = {}
    for request in requests:
        if request.state == Request.State.OPEN:
            key = SECTION_ALIASES.get(request.section, request.section)
            asked[key] = asked.get(key, 0) + 1
    taken = taken_by_others(states, user, at=now)
    progress = progress_of(content, on=city_day(now), unsettled=pending | set(asked))
    tasks = tuple(
        _task(number, one, content, taken.get(one.section.key), pending, asked)
        for number, one in enumerate(progress, start=1)
    )
    return Frame(
        project=project,
        content=content,
        tasks=tasks,
        states=states,
        requests=requests,
        may_edit=project.status in OWNER_MAY_EDIT,
        version=version.number if version else 0,
    )


def _task(
    number: int,
    one: SectionProgress,
    content: Mapping[str, Any],
    taken: TakenBy | None,
    pending: set[str],
    asked: Mapping[str, int],
) -> Task:
    key = one.section.key
    words = words_of_progress(one.progress)
    missing = [
        Missing(key, place_of(p.path), sentence_of(p, content, SENTENCES), p.path, p.code)
        for p in one.problems
    ]
    if key in pending:
        title = str(SECTION_WORDS[key].title)
        missing.append(Missing(key, title, str(SENTENCES["pending"]), key, "pending"))
    lacking = max(one.lacking, key=lambda language: one.lacking[language])
    return Task(
        key=key,
        number=number,
        title=str(SECTION_WORDS[key].title),
        progress=one.progress,
        status=str(words["text"]),
        tone=words["tone"],
        lacking=lacking if one.lacking[lacking] else "",
        taken_by=taken,
        missing=tuple(missing),
        requests=asked.get(key, 0),
    )
