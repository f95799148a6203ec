"""Storing a person's list as it was shown, with every input; noting that it was seen; making a
stored one again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.actions import save_profile
from backend.accounts.answers import Vocabulary, answers_of, values_of
from backend.accounts.models import InvestorProfile, User
from backend.accounts.permissions import check_is_self
from backend.core import audit
from backend.core.errors import Conflict, Invalid
from backend.matching.catalogue import Catalogue, packed, restored
from backend.matching.engine.score import Model
from backend.matching.exposure import floor_of
from backend.matching.models import (
    CatalogueSnapshot,
    ListSettings,
    Match,
    MatchList,
    Variety,
)
from backend.matching.order import Order, Wish, order_of
from backend.matching.own import as_stored, from_stored, own_choices
from backend.matching.queries import (
    ListRules,
    Moment,
    answers_from,
    engine_answers,
    hidden_of,
    rules_of,
    this_moment,
)
from backend.matching.runs import model_of

STORED_PLACES = 200


@transaction.atomic
def list_for(
    user: User,
    *,
    by: User,
    weights: Mapping[str, str] | None = None,
    rules: ListRules | None = None,
    hidden: frozenset[str] | None = None,
    at: Moment | None = None,
) -> MatchList:
    """The person's list of today: the stored one, or a new one when answers, steering, rules,
    dismissals, choices, run, catalogue, day or measured views changed since.

    What is not given is what the person keeps. The caller shows exactly this list, of the same
    moment.
    """
    profile = user.profile
    rules = rules_of(user) if rules is None else rules
    hidden = hidden_of(user) if hidden is None else hidden
    weights = profile.weights if weights is None else dict(weights)
    at = at or this_moment()
    catalogue, serving, day = at.catalogue, at.serving, at.day
    reading = at.reading if rules.with_floor else None
    inputs: dict[str, Any] = {
        "run_id": serving.run_id,
        "day": day,
        "profile_version": profile.version,
        "weights": weights,
        "explore": rules.explore,
        "with_calls": rules.with_calls,
        "variety": rules.variety,
        "hidden": sorted(hidden),
        "choices": as_stored(own_choices(user, day)),
        "reading_id": reading.pk if reading else None,
        "catalogue_sha256": catalogue.sha256,
    }
    newest = MatchList.objects.filter(user=user).order_by("-created_at", "-id").first()
    if newest and all(getattr(newest, name) == value for name, value in inputs.items()):
        return newest
    answers = answers_of(profile)
    keep_snapshot(catalogue)
    stored = MatchList.objects.create(
        user=user,
        # The budget in đồng is stored too: a later rate must not change a past order.
        answers={**values_of(answers), "budget_vnd": engine_answers(answers).budget},
        **inputs,
    )
    _store_places(stored, catalogue, serving.model)
    return stored


def keep_snapshot(catalogue: Catalogue) -> None:
    """The facts of the listings as they stand, once for each state of them."""
    if not CatalogueSnapshot.objects.filter(sha256=catalogue.sha256).exists():
        content = packed(catalogue)
        CatalogueSnapshot.objects.bulk_create(
            [CatalogueSnapshot(sha256=catalogue.sha256, content=content)], ignore_conflicts=True
        )


def _store_places(stored: MatchList, catalogue: Catalogue, model: Model) -> None:
    Match.objects.bulk_create(
        Match(
            match_list=stored,
            position=i,
            project_id=catalogue.project_ids[spot.row],
            score=spot.score,
            points={part.factor: part.points for part in spot.parts},
            moved_by=spot.moved_by,
        )
        for i, spot in enumerate(_order(stored, catalogue, model).spots, start=1)
    )


def _order(stored: MatchList, catalogue: Catalogue, model: Model) -> Order:
    answers = answers_from(stored.answers)
    wish = Wish(
        # The budget in đồng as it was stored: a later rate must not change a past order.
        replace(
            engine_answers(answers),
            budget=stored.answers.get("budget_vnd"),
            chosen=from_stored(stored.choices),
        ),
        stored.weights,
        stored.day.isoformat(),
        explore=stored.explore,
        with_calls=stored.with_calls,
        variety=stored.variety,
        hidden=frozenset(stored.hidden),
        floor=floor_of(stored.reading, stored.user.public_id),
    )
    return order_of(wish, catalogue, model, limit=STORED_PLACES, offset=0)


def replay(stored: MatchList) -> list[tuple[str, int, str]]:
    """Make a stored list again from its stored inputs: (project id, score, rule that moved it).

    Raises ArtifactError when the model of that day can no longer be read: an order that cannot be
    made again is not made up.
    """
    snapshot = CatalogueSnapshot.objects.get(sha256=stored.catalogue_sha256)
    past = restored(bytes(snapshot.content), stored.catalogue_sha256)
    order = _order(stored, past, model_of(stored.run))
    return [(past.arrays.ids[spot.row], spot.score, spot.moved_by) for spot in order.spots]


_NOTE = """
INSERT INTO matching_listview (user_id, match_list_id, page, times, first_at, last_at)
VALUES (%s, %s, %s, 1, app_now(), app_now())
ON CONFLICT (match_list_id, page)
    DO UPDATE SET times = matching_listview.times + 1, last_at = excluded.last_at
"""


def note_view(stored: MatchList, page: int) -> None:
    """That the person was shown this page of their list: one statement; training reads at which
    place they met what they chose."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [stored.user_id, stored.pk, page])


@transaction.atomic
def keep_steering(
    user: User,
    weights: Mapping[str, str],
    rules: ListRules,
    *,
    by: User,
    vocabulary: Vocabulary,
) -> ListSettings:
    """Keep how the person adjusted the order: weights in the profile, the rest beside it."""
    user = User.objects.select_for_update().get(pk=user.pk)
    check_is_self(by, user)
    if rules.variety not in Variety.values:
        raise Invalid(_("Choose from the list."), field="variety")
    profile = InvestorProfile.objects.filter(user=user).first()
    if profile is None:
        raise Conflict(_("Answer some questions first: there is no order to adjust."))
    save_profile(
        user, answers_of(profile), weights, by=by, expected_version=None, vocabulary=vocabulary
    )
    before = rules_of(user)
    kept, _created = ListSettings.objects.update_or_create(
        user=user,
        defaults={
            "variety": rules.variety,
            "explore": rules.explore,
            "with_calls": rules.with_calls,
            "with_floor": rules.with_floor,
        },
    )
    if before != rules:
        audit.record("list_settings.changed", by=by, subject=user, data={"variety": rules.variety})
    return kept
