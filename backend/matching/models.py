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
    # The rule that moved this place (exploration), empty when the points alone put it here.
    moved_by = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["match_list", "position"], name="place_once"),
            models.CheckConstraint(condition=Q(score__range=(0, 100)), name="match_score"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.project_id}"
