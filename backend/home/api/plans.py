"""`me/plans/`: a person's own redirect plans, by the same actions as the pages."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.models import User
from backend.core.errors import Invalid
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.home.api.base import MyView
from backend.home.api.cards import money
from backend.home.api.schema import refusals
from backend.home.api.serializers import AmountSerializer, StrictWhole, keys
from backend.projects.workflow import OPEN_INSTRUMENTS
from backend.remittances import actions, queries
from backend.remittances.actions import Wishes
from backend.remittances.corridors import corridors, zones
from backend.remittances.models import OnSilence, RemittancePlan
from backend.remittances.plan import WhenNothing
from backend.remittances.plan_forms import STANDING_ORDER

MAX_LISTED = 20
CORRIDOR_COUNTRIES = tuple(corridors())
SUMS = ("fixed", "project_cap", "year_cap", "field_cap", "project_total_cap", "carry_cap")


class PlanSerializer(serializers.Serializer[Any]):
    """A standing order. Sums are all in the currency of `sent`; `agree` must be true."""

    country = serializers.ChoiceField(choices=CORRIDOR_COUNTRIES)
    zone = serializers.ChoiceField(choices=list(zones()))
    day = StrictWhole(min_value=1, max_value=31)
    veto_days = StrictWhole(min_value=3, max_value=14)
    sent = AmountSerializer()
    share_bps = StrictWhole(min_value=100, max_value=9900, required=False, allow_null=True)
    fixed = AmountSerializer(required=False, allow_null=True)
    project_cap = AmountSerializer()
    year_cap = AmountSerializer()
    field_cap = AmountSerializer(required=False, allow_null=True)
    project_total_cap = AmountSerializer(required=False, allow_null=True)
    fields_ = keys("field")
    instruments = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(OPEN_INSTRUMENTS)), required=False,
        max_length=len(OPEN_INSTRUMENTS),
    )  # fmt: skip
    min_fit = StrictWhole(min_value=0, max_value=100, required=False)
    when_nothing = serializers.ChoiceField(choices=[str(w) for w in WhenNothing])
    carry_cap = AmountSerializer(required=False, allow_null=True)
    on_silence = serializers.ChoiceField(choices=OnSilence.values)
    agree = serializers.BooleanField(help_text="That the standing order is agreed to.")

    def get_fields(self) -> dict[str, Any]:
        """`fields` is a name that serializers keep for themselves."""
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found


def _wishes(data: dict[str, Any]) -> Wishes:
    sent: Money = data["sent"]
    sums: dict[str, int | None] = {}
    for name in SUMS:
        given: Money | None = data.get(name)
        if given is not None and given.currency != sent.currency:
            raise Invalid(_("All sums of a plan are in one currency."), field=name)
        sums[f"{name}_minor"] = None if given is None else given.minor
    if data["agree"] is not True:
        raise Invalid(_("Tick the box to agree."), field="agree")
    return Wishes(
        country=data["country"], zone=data["zone"], day=data["day"], veto_days=data["veto_days"],
        currency=sent.currency, sent_minor=sent.minor, share_bps=data.get("share_bps"),
        fields=tuple(data.get("fields", ())), instruments=tuple(data.get("instruments", ())),
        min_fit=data.get("min_fit", 0), when_nothing=data["when_nothing"],
        on_silence=data["on_silence"], **sums,  # type: ignore[arg-type]
    )  # fmt: skip


def _plan(plan: RemittancePlan) -> dict[str, Any]:
    def sum_of(name: str) -> dict[str, str] | None:
        return money(getattr(plan, f"{name}_minor"), plan.currency)

    return {
        "id": plan.public_id, "status": plan.status, "version": plan.version,
        "country": plan.country, "zone": plan.zone, "day": plan.day, "veto_days": plan.veto_days,
        "sent": sum_of("sent"), "share_bps": plan.share_bps, **{n: sum_of(n) for n in SUMS},
        "set_aside": money(plan.share.minor, plan.currency), "carried": sum_of("carried"),
        "fields": plan.fields, "instruments": plan.instruments, "min_fit": plan.min_fit,
        "when_nothing": plan.when_nothing, "on_silence": plan.on_silence,
        "standing_order": plan.mandate_text,
    }  # fmt: skip


def _with_months(plan: RemittancePlan) -> dict[str, Any]:
    months = [
        {
            "id": run.public_id, "month": f"{run.period:%Y-%m}", "status": run.status,
            "available": money(run.available_minor, plan.currency),
            "pledged": money(run.pledged_minor, plan.currency), "pledges_at": run.pledges_at,
            "lines": [
                {
                    "project": line.round.project.public_id, "round": line.round.public_id,
                    "amount": money(line.amount_minor, plan.currency), "score": line.score,
                    "is_removed": line.removed_at is not None, "reasons": line.reasons,
                    "pledge": line.pledge.public_id if line.pledge else None,
                }
                for line in run.lines.all()
            ],
        }
        for run in queries.runs_of(plan)
    ]  # fmt: skip
    return {**_plan(plan), "months": months}


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


class Plans(MyView):
    @extend_schema(
        operation_id="me_plans_list", summary="My redirect plans, newest first", tags=["me"],
        responses={200: OpenApiTypes.OBJECT, **refusals(400, 401, 404, 409, 415, 429)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        rows = [_plan(plan) for plan in queries.plans_of(_person(request))[:MAX_LISTED]]
        return Response({"results": rows})

    @extend_schema(
        operation_id="me_plans_create", summary="Begin a redirect plan", tags=["me"],
        request=PlanSerializer,
        responses={201: OpenApiTypes.OBJECT, **refusals(400, 401, 403, 409, 415, 429)},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        return self.once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        serializer = PlanSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        plan = actions.create_plan(
            _wishes(serializer.validated_data), by=_person(request),
            agreed_text=str(STANDING_ORDER), language=language_of_page(),
        )  # fmt: skip
        return Response(_plan(plan), status.HTTP_201_CREATED)


class Plan(MyView):
    @extend_schema(
        operation_id="me_plan_read", summary="One plan with its months", tags=["me"],
        responses={200: OpenApiTypes.OBJECT, **refusals(400, 401, 404, 409, 415, 429)},
    )  # fmt: skip
    def get(self, request: Request, public_id: str) -> Response:
        return Response(_with_months(queries.plan_for(_person(request), public_id)))


class PlanAct(MyView):
    @extend_schema(
        operation_id="me_plan_act", summary="Pause, resume or stop a plan", tags=["me"],
        request=None,
        responses={200: OpenApiTypes.OBJECT, **refusals(400, 401, 404, 409, 415, 429)},
    )  # fmt: skip
    def post(self, request: Request, public_id: str, act: str) -> Response:
        return self.once(request, lambda: self._act(request, public_id, act))

    def _act(self, request: Request, public_id: str, act: str) -> Response:
        plan, person = queries.plan_for(_person(request), public_id), _person(request)
        does = {
            "pause": actions.pause_plan, "resume": actions.resume_plan, "stop": actions.stop_plan,
        }[act]  # fmt: skip
        return Response(_plan(does(plan, by=person)))
