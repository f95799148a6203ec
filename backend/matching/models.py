from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from backend.accounts.models import InvestorAnswers
from backend.core.ids import new_id


def _run_id() -> str:
    return new_id("run")


def _list_id() -> str:
    return new_id("lst")


def _simulated_id() -> str:
    return new_id("sim")


def _reading_id() -> str:
    return new_id("xrd")


def _search_id() -> str:
    return new_id("srch")


def _batch_id() -> str:
    return new_id("bat")


def _whole_numbers() -> "ArrayField[Any, Any]":
    return ArrayField(models.BigIntegerField(), default=list)


class MatchRun(models.Model):
    """One training of the matcher: what it learnt, how good it was, whether it may serve."""

    class State(models.TextChoices):
        PUBLISHED = "published"
        REFUSED = "refused"

    public_id = models.CharField(max_length=40, unique=True, default=_run_id, editable=False)
    state = models.CharField(max_length=10, choices=State.choices)
    artifact = models.BinaryField()
    # The model that was measured: it never saw the newest choices, so a later run may be compared
    # with it on them. The artifact that serves has learnt from everything.
    trial = models.BinaryField(default=b"")
    artifact_sha256 = models.CharField(max_length=64)
    schema_version = models.PositiveSmallIntegerField()
    feature_version = models.CharField(max_length=20)
    # Metrics of this run, of the one before and of the rules, on the same held-out choices.
    metrics = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    gate = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    window_from = models.DateTimeField(null=True)
    window_until = models.DateTimeField(null=True)
    trained_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(
                fields=["-trained_at"], condition=Q(state="published"), name="run_published"
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class SimulatedInvestor(InvestorAnswers):
    """An invented person of the sample data, labelled as such everywhere."""

    public_id = models.CharField(max_length=40, unique=True, default=_simulated_id, editable=False)

    def __str__(self) -> str:
        return self.public_id


class Choice(models.Model):
    """That somebody chose a project: what the matcher learns from."""

    class Kind(models.TextChoices):
        PLEDGE = "pledge"
        SAVE = "save"
        DISMISS = "dismiss"

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, null=True, related_name="choices"
    )
    simulated = models.ForeignKey(
        SimulatedInvestor, on_delete=models.CASCADE, null=True, related_name="choices"
    )
    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="choices"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    chosen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(simulated__isnull=True), name="choice_of_one"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["pledge", "save", "dismiss"]), name="choice_kind"
            ),
            models.UniqueConstraint(
                fields=["simulated", "project", "kind"], name="simulated_choice_once"
            ),
            models.UniqueConstraint(fields=["user", "project", "kind"], name="choice_once"),
        ]
        indexes = [models.Index(fields=["chosen_at"], name="choice_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.project_id}"


class Reason(models.TextChoices):
    """Why somebody does not want to see a project. Never shown with a name."""

    FIELD = "field"
    PLACE = "place"
    TICKET = "ticket"
    INSTRUMENT = "instrument"
    OWNER = "owner"
    SEEN = "seen"
    OTHER = "other"


class Dismissal(models.Model):
    """ "Not this one, because …": the project stays out of this person's list until undone."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="dismissals")
    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="dismissals"
    )
    reason = models.CharField(max_length=12, choices=Reason.choices)
    dismissed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "project"], name="dismissed_once"),
            models.CheckConstraint(condition=Q(reason__in=Reason.values), name="dismissal_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} not {self.project_id}"


class Variety(models.TextChoices):
    """How different neighbours of a list should be; `low` is the order by points alone."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ListSettings(models.Model):
    """How a person's list is put together beside the weights, which stand in the profile."""

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, related_name="list_settings"
    )
    variety = models.CharField(max_length=8, choices=Variety.choices, default=Variety.LOW)
    explore = models.BooleanField(default=True)
    with_calls = models.BooleanField(default=True)
    with_floor = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(variety__in=Variety.values), name="settings_variety"
            ),
        ]

    def __str__(self) -> str:
        return f"list settings of {self.user_id}"


class ExposurePolicy(models.Model):
    """What the city owes each listed project: dated data, the newest one in force holds.

    `floor_percent` is of an even share: with 40 and 200 listed projects each is owed 0.4 × 1/200 of
    all first-page views. `places` of a first page may be given to those that are below it.
    """

    floor_percent = models.PositiveSmallIntegerField()
    places = models.PositiveSmallIntegerField()
    window_days = models.PositiveSmallIntegerField()
    # The decision that set it, in the city's words.
    source_vi = models.CharField(max_length=300)
    source_en = models.CharField(max_length=300)
    in_force_from = models.DateTimeField(unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(floor_percent__lte=90, places__lte=4, window_days__range=(1, 365)),
                name="exposure_policy_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.floor_percent} % from {self.in_force_from:%Y-%m-%d}"


class ExposureCount(models.Model):
    """How often a project was shown at a place on a day. Counts only: nobody can be read in it."""

    day = models.DateField()
    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="exposures"
    )
    # member: by a kept profile; guest: by answers in the address.
    surface = models.CharField(max_length=8)
    place = models.PositiveSmallIntegerField()
    moved_by = models.CharField(max_length=20, blank=True)
    views = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "project", "surface", "place", "moved_by"], name="exposure_once"
            ),
            models.CheckConstraint(
                condition=Q(surface__in=["member", "guest"]), name="exposure_surface"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.project_id} @{self.place}: {self.views}"


class ExposureReading(models.Model):
    """Who is owed views, measured from what was shown; lists name the reading that they used."""

    public_id = models.CharField(max_length=40, unique=True, default=_reading_id, editable=False)
    policy = models.ForeignKey(ExposurePolicy, on_delete=models.PROTECT, related_name="readings")
    since = models.DateField()
    until = models.DateField()
    views = models.PositiveBigIntegerField()
    listed = models.PositiveIntegerField()
    reached = models.PositiveIntegerField()
    # [[project's public id, share of an even share that is missing, 0 to 1], …]
    owed = models.JSONField(default=list)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["-made_at"], name="reading_latest")]

    def __str__(self) -> str:
        return self.public_id


class MatchList(models.Model):
    """A ranked list as it was shown to a person: every input of it, so that it can be replayed."""

    public_id = models.CharField(max_length=40, unique=True, default=_list_id, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="match_lists")
    # Null: ranked by rules.
    run = models.ForeignKey(MatchRun, on_delete=models.PROTECT, null=True, related_name="lists")
    day = models.DateField()
    profile_version = models.PositiveIntegerField()
    answers = models.JSONField(encoder=DjangoJSONEncoder)
    weights = models.JSONField(default=dict)
    # Whether one place in ten was given to projects outside the chosen fields.
    explore = models.BooleanField(default=False)
    # Whether calls of others stood among the projects.
    with_calls = models.BooleanField(default=True)
    variety = models.CharField(max_length=8, choices=Variety.choices, default=Variety.LOW)
    # What the person had chosen, counted by facts (engine.schema.Chosen); null: nothing.
    choices = models.JSONField(null=True)
    # Public ids of the projects that the person had dismissed.
    hidden = models.JSONField(default=list)
    # Null: no place was kept for projects that are owed views.
    reading = models.ForeignKey(
        ExposureReading, on_delete=models.PROTECT, null=True, related_name="lists"
    )
    # The listings' facts as they stood, so that a later edit cannot change the past.
    catalogue_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at"], name="list_latest")]

    def __str__(self) -> str:
        return self.public_id


class CatalogueSnapshot(models.Model):
    """The facts of all listings at one moment, as the order read them; shared by many lists."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    # Facts and the keys that they use, compressed JSON (catalogue.packed).
    content = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.sha256


class Match(models.Model):
    """One place of a stored list."""

    match_list = models.ForeignKey(MatchList, on_delete=models.CASCADE, related_name="matches")
    position = models.PositiveIntegerField()
    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="matches"
    )
    score = models.PositiveSmallIntegerField()
    points = models.JSONField()
    # The rule that moved this place (exploration, floor, variety, closed); empty: the points
    # alone did.
    moved_by = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["match_list", "position"], name="place_once"),
            models.CheckConstraint(condition=Q(score__range=(0, 100)), name="match_score"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.project_id}"


class ListView(models.Model):
    """That a person was shown a page of a stored list: with `Match` it says what stood where."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="list_views")
    match_list = models.ForeignKey(MatchList, on_delete=models.CASCADE, related_name="views")
    page = models.PositiveSmallIntegerField()
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["match_list", "page"], name="list_page_once")
        ]

    def __str__(self) -> str:
        return f"{self.match_list_id} page {self.page}"


class SavedSearch(models.Model):
    """Filters that a person kept, and whether a mail tells what is new in them."""

    public_id = models.CharField(max_length=40, unique=True, default=_search_id, editable=False)
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="saved_searches"
    )
    name = models.CharField(max_length=80)
    # The filters as the address of the list writes them, in one fixed order.
    query = models.CharField(max_length=2000)
    alert = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    # Projects listed until here were told of, or stood there when the search was kept.
    told_until = models.DateTimeField()
    # The person's own date of the last look.
    looked_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "query"], name="search_kept_once"),
        ]
        indexes = [models.Index(fields=["user", "id"], name="searches_to_tell")]

    def __str__(self) -> str:
        return self.public_id


class RankBatch(models.Model):
    """The nightly order of all investors: fixed blocks of people, each the work of one job."""

    public_id = models.CharField(max_length=40, unique=True, default=_batch_id, editable=False)
    day = models.DateField()
    run = models.ForeignKey(MatchRun, on_delete=models.PROTECT, null=True, related_name="batches")
    reading = models.ForeignKey(
        ExposureReading, on_delete=models.PROTECT, null=True, related_name="batches"
    )
    catalogue = models.ForeignKey(
        CatalogueSnapshot, on_delete=models.PROTECT, related_name="batches"
    )
    block_size = models.PositiveIntegerField()
    # [[kind, first row id, last row id], …]: fixed when the batch began, whoever joins meanwhile.
    blocks = models.JSONField()
    done_blocks = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.public_id


class RankedPerson(models.Model):
    """The first places of one person's order in a batch."""

    batch = models.ForeignKey(RankBatch, on_delete=models.CASCADE, related_name="rows")
    block = models.PositiveIntegerField()
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, null=True, related_name="nightly_ranks"
    )
    simulated = models.ForeignKey(
        SimulatedInvestor, on_delete=models.CASCADE, null=True, related_name="nightly_ranks"
    )
    # Row ids of projects in order, and their scores.
    projects = _whole_numbers()
    scores = _whole_numbers()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(simulated__isnull=True), name="ranked_one"
            ),
            models.UniqueConstraint(fields=["batch", "user"], name="ranked_user_once"),
            models.UniqueConstraint(fields=["batch", "simulated"], name="ranked_simulated_once"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.user_id or self.simulated_id}"


class DemandReport(models.Model):
    """Which investors could fit a project, in bands; nobody can be read in it."""

    project = models.OneToOneField(
        "projects.Project", on_delete=models.CASCADE, related_name="demand"
    )
    # What it was made from: the project's facts, the run, the people.
    made_from = models.CharField(max_length=64)
    content = models.JSONField(default=dict)
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"demand of {self.project_id}"
