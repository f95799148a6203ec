"""Saving a card on Stripe's page. No card number ever reaches us.

Two durable steps: our row first, then Stripe's page under a key made from the row's id. What came
of the visit is asked of Stripe, from the page that the person returns to and from events alike.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit, jobs, states, throttle
from backend.core.clock import AppNow, app_now
from backend.core.errors import Conflict, TooMany
from backend.core.language import language_of_page
from backend.funding import permissions
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import pledges
from backend.funding.models import CardSetup, ChargeObligation, Pledge, Route, StripeCustomer
from backend.funding.payment_workflow import (
    CARD_SETUP,
    UNFINISHED,
    CardSetupStatus,
    ObligationStatus,
)
from backend.funding.workflow import PledgeStatus

MAY_SAVE = frozenset(
    {
        PledgeStatus.CARD_PENDING, PledgeStatus.ACTIVE, PledgeStatus.DUE,
        PledgeStatus.ACTION_REQUIRED, PledgeStatus.RETRY_WAIT,
    }
)  # fmt: skip
# How many cards one person may begin, and in how many seconds. Who tries stolen numbers needs many;
# who saves a card needs few.
SETUP_LIMITS = ((6, 3600), (15, 86_400))
# How long a saved card outlives a round that did not come about: until the month after.
CARD_KEPT = timedelta(days=35)


class CardsNotReady(Conflict):
    code = "cards_not_ready"
    message = _("Cards cannot be taken at the moment. Nothing was charged. Try again later.")


def start_card_setup(pledge: Pledge, *, by: User, return_url: str, cancel_url: str = "") -> str:
    """The address of Stripe's page where this person saves a card for this pledge.

    `return_url` is absolute; `{setup}` in it becomes the id to confirm with. Raises TooMany after
    many tries, CardsNotReady when Stripe cannot be reached.
    """
    setup = _begin(pledge, by)
    try:
        customer_id = _customer_of(by)
        session = gateway.create_session(
            customer_id=customer_id,
            currency=pledge.currency,
            setup_id=setup.public_id,
            success_url=return_url.replace("{setup}", setup.public_id),
            cancel_url=cancel_url or return_url.replace("{setup}", setup.public_id),
            language=language_of_page(),
            note=gettext(
                "Nothing is charged now. Your card is charged once, only if the round reaches its "
                "goal and your time to withdraw is over."
            ),
            key=f"{settings.STRIPE_ENV_NAME}:set:{setup.public_id}",
        )
    except gateway.Refused as error:
        if error.code == "resource_missing":
            # The customer was deleted at Stripe: the next try makes a new one.
            StripeCustomer.objects.filter(investor=by).delete()
        raise CardsNotReady() from error
    except gateway.GatewayError as error:
        raise CardsNotReady() from error
    CardSetup.objects.filter(pk=setup.pk).update(stripe_session_id=session.id, url=session.url)
    return session.url


@transaction.atomic
def _begin(pledge: Pledge, by: User) -> CardSetup:
    pledge = Pledge.objects.select_for_update().get(pk=pledge.pk)
    permissions.check_is_pledger(by, pledge)
    if pledge.status not in MAY_SAVE or pledge.route != Route.CARD:
        raise Conflict(_("No card can be saved for this pledge now."), code="wrong_state")
    for limit, window_s in SETUP_LIMITS:
        taken = throttle.take(
            f"card_setup_{window_s}", by.public_id, limit=limit, window_s=window_s
        )
        if not taken.is_allowed:
            raise TooMany(clock=_clock(taken.retry_after_s))
    setup = CardSetup.objects.create(pledge=pledge)
    audit.record("card.setup_started", by=by, subject=setup, data={"pledge": pledge.public_id})
    return setup


def _clock(seconds: int) -> str:
    return f"{-(-seconds // 60)} min"


def _customer_of(user: User) -> str:
    """The id of this person at Stripe, made once (the key gives the same one to two at once)."""
    known = StripeCustomer.objects.filter(investor=user).first()
    if known is not None:
        return known.stripe_id
    found = gateway.create_customer(
        email=user.email or "",
        investor_id=user.public_id,
        key=f"{settings.STRIPE_ENV_NAME}:cus:{user.public_id}",
    )
    row, _created = StripeCustomer.objects.get_or_create(
        investor=user, defaults={"stripe_id": found}
    )
    return row.stripe_id


def confirm_card_setup(setup_id: str) -> CardSetup:
    """Ask Stripe what came of a visit (our id or Stripe's session id) and act on it.

    Safe to run twice and by several at once. Raises GatewayError when Stripe does not answer.
    """
    setup = _setup_of(setup_id)
    if setup.status != CardSetupStatus.OPEN or not setup.stripe_session_id:
        return setup
    session = gateway.session(setup.stripe_session_id)
    if session.card is not None:
        return _save(setup, session.card)
    if session.status == "expired":
        return _expire(setup)
    return setup


def _setup_of(id_: str) -> CardSetup:
    by = {"stripe_session_id": id_} if id_.startswith("cs_") else {"public_id": id_}
    return CardSetup.objects.select_related("pledge").get(**by)


@transaction.atomic
def _save(setup: CardSetup, card: gateway.SavedCard) -> CardSetup:
    stands = pledges.card_saved(setup.pledge)
    setup = CardSetup.objects.select_for_update().select_related("pledge").get(pk=setup.pk)
    if setup.status != CardSetupStatus.OPEN:
        return setup
    setup.payment_method, setup.brand, setup.last4 = card.payment_method, card.brand, card.last4
    setup.exp_month, setup.exp_year, setup.country = card.exp_month, card.exp_year, card.country
    setup.saved_at = app_now()
    setup.save()
    states.move(setup, CardSetupStatus.SAVED, by=None, role="system", workflow=CARD_SETUP,
                data={"pledge": setup.pledge.public_id})  # fmt: skip
    if not stands and setup.pledge.status not in MAY_SAVE:
        # The place was given back meanwhile: what was saved is forgotten.
        jobs.enqueue("funding.forget_cards", setup.public_id, pledge_id=setup.pledge.public_id)
    _try_again_with(setup.pledge)
    return setup


def _try_again_with(pledge: Pledge) -> None:
    """A new card for a charge that failed: the machine takes it up at once."""
    waiting = [
        ObligationStatus.HARD_FAILED, ObligationStatus.SOFT_FAILED, ObligationStatus.NEEDS_ACTION,
    ]  # fmt: skip
    ChargeObligation.objects.filter(pledge=pledge, status__in=waiting).update(
        next_at=AppNow(), has_new_card=True
    )


@transaction.atomic
def _expire(setup: CardSetup) -> CardSetup:
    setup = CardSetup.objects.select_for_update().get(pk=setup.pk)
    if setup.status == CardSetupStatus.OPEN:
        states.move(setup, CardSetupStatus.EXPIRED, by=None, role="system", workflow=CARD_SETUP)
    return setup


def card_of(pledge: Pledge) -> CardSetup | None:
    """The card that a pledge would be charged on: the one saved last."""
    saved = CardSetup.objects.filter(pledge=pledge, status=CardSetupStatus.SAVED)
    return saved.order_by(F("saved_at").desc(nulls_last=True), "-id").first()


@transaction.atomic
def reuse_card(pledge: Pledge, *, by: User) -> CardSetup | None:
    """Put the card that this person saved last behind another of their own pledges.

    For standing orders, whose words say that a saved card is used. None when no saved card is
    still good; then the pledge waits for one like any other.
    """
    permissions.check_is_pledger(by, pledge)
    now = app_now()
    good = Q(exp_year__gt=now.year) | Q(exp_year=now.year, exp_month__gte=now.month)
    saved = CardSetup.objects.filter(good, pledge__investor=by, status=CardSetupStatus.SAVED)
    known = saved.order_by(F("saved_at").desc(nulls_last=True), "-id").first()
    if known is None or pledge.status not in MAY_SAVE or pledge.route != Route.CARD:
        return None
    setup = CardSetup.objects.create(pledge=pledge)
    audit.record("card.reused", by=by, subject=setup, data={"pledge": pledge.public_id})
    card = gateway.SavedCard(
        payment_method=known.payment_method, brand=known.brand, last4=known.last4,
        exp_month=known.exp_month or 0, exp_year=known.exp_year or 0, country=known.country,
    )  # fmt: skip
    return _save(setup, card)


def forget_cards(pledge: Pledge) -> None:
    """Detach every card of a pledge that ended without a charge (job `funding.forget_cards`).

    A card that stands behind another pledge too stays with Stripe; here it is forgotten. While a
    charge is on its way nothing is touched: the sweep comes again.
    """
    if ChargeObligation.objects.filter(pledge=pledge, status__in=sorted(UNFINISHED)).exists():
        return
    for setup in CardSetup.objects.filter(pledge=pledge, status=CardSetupStatus.SAVED):
        others = CardSetup.objects.filter(
            payment_method=setup.payment_method, status=CardSetupStatus.SAVED
        )
        if not others.exclude(pledge=pledge).exists():
            gateway.forget_card(
                setup.payment_method, key=f"{settings.STRIPE_ENV_NAME}:forget:{setup.public_id}"
            )
        _remove(setup)


def pledges_with_a_card_too_many() -> QuerySet[Pledge]:
    """Pledges that ended without a charge and still have a saved card: at once when the person
    took it back, after a while when the round did not come about (a standing order may use it)."""
    is_over = Q(status=PledgeStatus.WITHDRAWN) | Q(
        status__in=[PledgeStatus.LAPSED, PledgeStatus.DROPPED], ended_at__lt=app_now() - CARD_KEPT
    )
    saved = CardSetup.objects.filter(status=CardSetupStatus.SAVED)
    return Pledge.objects.filter(is_over, pk__in=saved.values("pledge"))


@transaction.atomic
def _remove(setup: CardSetup) -> None:
    setup = CardSetup.objects.select_for_update().get(pk=setup.pk)
    if setup.status == CardSetupStatus.SAVED:
        states.move(setup, CardSetupStatus.REMOVED, by=None, role="system", workflow=CARD_SETUP)


def reread_card(payment_method: str) -> None:
    """The bank changed a card (a new date), or it was taken away at Stripe: ask, then note it."""
    found, is_attached = gateway.card(payment_method)
    for setup in CardSetup.objects.filter(
        payment_method=payment_method, status=CardSetupStatus.SAVED
    ):
        if not is_attached:
            _remove(setup)
            continue
        CardSetup.objects.filter(pk=setup.pk).update(
            exp_month=found.exp_month, exp_year=found.exp_year, last4=found.last4
        )
