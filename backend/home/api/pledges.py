"""`rounds/{id}/pledges/` and `me/pledges/`: beginning a pledge, and reading one's own.

A program may begin a pledge; what is agreed to is read and confirmed by the person on the page that
`check_url` names, never by a program.
"""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.core.clock import app_now
from backend.core.errors import Invalid, NotFound
from backend.core.money import CURRENCIES, Money, MoneyError, from_major
from backend.funding.actions import pledges
from backend.funding.models import Pledge, Round, TrancheShare
from backend.funding.queries import pledges_of
from backend.funding.standing import may_see_terms, standing_of
from backend.home.api import schema
from backend.home.api.base import MyView
from backend.home.api.cards import money
from backend.home.api.mine import _person
from backend.home.api.serializers import PledgeSerializer
from backend.home.portfolio import sums_of
from backend.projects.queries import projects_visible_to

MOST = 200


class MyPledges(MyView):
    @extend_schema(**schema.PLEDGES_LIST)
    def get(self, request: Request) -> Response:
        rows = list(pledges_of(_person(request))[:MOST])
        shares: dict[int, list[TrancheShare]] = {row.pk: [] for row in rows}
        found = TrancheShare.objects.filter(pledge__in=list(shares)).select_related("tranche")
        for share in found.order_by("tranche__number"):
            shares[share.pledge_id].append(share)
        return Response({"results": [_shape(row, shares[row.pk]) for row in rows]})


class RoundPledges(MyView):
    @extend_schema(**schema.PLEDGE_START)
    def post(self, request: Request, round_id: str) -> Response:
        return self.once(request, lambda: self._start(request, round_id))

    def _start(self, request: Request, round_id: str) -> Response:
        person = _person(request)
        row = Round.objects.select_related("project").filter(public_id=round_id).first()
        visible = projects_visible_to(person)
        if row is None or not visible.filter(pk=row.project_id).exists():
            raise NotFound()
        if not may_see_terms(person, row.project):
            raise NotFound()
        serializer = PledgeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sum_ = _money(serializer.validated_data)
        key = request.headers.get("Idempotency-Key") or serializer.validated_data["token"]
        pledge = pledges.start_pledge(row, by=person, money=sum_, client_token=f"api:{key}"[:64])
        stands = standing_of(person, row, sum_, app_now(), pledge)
        return Response(
            _shape(pledge, []) | {"todo": list(stands.todo), "check_url": _check_url(pledge)},
            status.HTTP_201_CREATED,
        )


def _money(data: dict[str, Any]) -> Money:
    if data["currency"] not in CURRENCIES:
        raise Invalid(field="currency", code="unknown_key")
    try:
        return from_major(Decimal(data["amount"]), data["currency"])
    except MoneyError as error:
        raise Invalid(field="amount", code=error.code) from None


def _check_url(pledge: Pledge) -> str:
    return f"{settings.SITE_URL}{reverse('home:pledge_check', args=[pledge.public_id])}"


def _shape(pledge: Pledge, shares: list[TrancheShare]) -> dict[str, Any]:
    sums = sums_of(pledge, shares)
    code = pledge.currency
    return {
        "id": pledge.public_id,
        "reference": pledge.reference,
        "round": pledge.round.public_id,
        "project": pledge.round.project.public_id,
        "status": pledge.status,
        "route": pledge.route,
        "amount": money(pledge.amount_minor, code),
        "counts_as": money(pledge.target_minor, pledge.round.currency),
        "charged": money(sums.charged, code),
        "held": money(sums.held, code),
        "released": money(sums.released, code),
        "returned": money(sums.returned, code),
        "confirmed_at": pledge.confirmed_at,
        "withdraw_before": pledges.withdrawal_ends_at(pledge),
    }
