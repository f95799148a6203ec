"""The answers of the API as serializers, for the schema only: nothing is written through them."""

from typing import Any

from rest_framework import serializers

from backend.core.money import CURRENCIES
from backend.home.api.serializers import AnswersSerializer
from backend.projects import search_codes as codes
from backend.projects import taxonomy

CALL_STATUSES = tuple(taxonomy.keys("call_status"))


class PairShape(serializers.Serializer[Any]):
    vi = serializers.CharField(allow_blank=True)
    en = serializers.CharField(allow_blank=True)


class MoneyShape(serializers.Serializer[Any]):
    amount = serializers.CharField(help_text="Decimal text in whole units.")
    currency = serializers.ChoiceField(choices=CURRENCIES)


class OwnerShape(serializers.Serializer[Any]):
    name = PairShape()
    kind = serializers.CharField(allow_null=True)


class PlaceShape(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = PairShape()


class TermsShape(serializers.Serializer[Any]):
    smallest_pledge = MoneyShape(allow_null=True)


class NoteShape(PairShape):
    code = serializers.CharField()


class CallShape(serializers.Serializer[Any]):
    """What a public source said of a project that others announced."""

    status = serializers.ChoiceField(choices=CALL_STATUSES)
    is_open_call = serializers.BooleanField()
    announcing_body = serializers.CharField(allow_null=True)
    announced_on = serializers.CharField(allow_null=True, help_text="2024, 2024-10 or 2024-10-03.")
    source_url = serializers.CharField()
    source_date = serializers.CharField(allow_null=True)
    location = serializers.CharField(allow_null=True)
    capital_vnd_bn = serializers.CharField(allow_null=True, help_text="Billion đồng, as announced.")
    capital_usd_m = serializers.CharField(allow_null=True, help_text="Million USD, as announced.")
    name_vi_is_published = serializers.BooleanField()
    note = PairShape()


class CardShape(serializers.Serializer[Any]):
    """A project in a list. Null means "not stated"."""

    id = serializers.CharField()
    slug = serializers.CharField()
    origin = serializers.ChoiceField(choices=list(codes.ORIGIN))
    example = serializers.BooleanField(help_text="True: written as an example, not a real offer.")
    status = serializers.ChoiceField(choices=list(codes.STATUS))
    original_language = serializers.ChoiceField(choices=list(codes.LANGUAGE))
    title = PairShape()
    summary = PairShape()
    owner = OwnerShape()
    field = serializers.ChoiceField(choices=list(codes.FIELD), allow_null=True)
    pillars = serializers.ListField(child=serializers.ChoiceField(choices=list(codes.PILLAR)))
    values = serializers.ListField(child=serializers.ChoiceField(choices=taxonomy.keys("value")))
    technologies = serializers.ListField(
        child=serializers.ChoiceField(choices=list(codes.TECHNOLOGY))
    )
    place = PlaceShape(allow_null=True)
    trl = serializers.IntegerField(allow_null=True, min_value=1, max_value=9)
    instrument = serializers.ChoiceField(choices=list(codes.INSTRUMENT), allow_null=True)
    goal = MoneyShape(allow_null=True)
    horizon_months = serializers.IntegerField(allow_null=True)
    languages = serializers.ListField(child=serializers.ChoiceField(choices=list(codes.LANGUAGE)))
    skills = serializers.ListField(child=serializers.ChoiceField(choices=taxonomy.keys("skill")))
    high_value = serializers.ChoiceField(
        choices=list(codes.HIGH_VALUE), allow_null=True,
        help_text="The city confirmed the figures of the owner's high-value sheet. Null: no sheet, "
        "or not confirmed.",
    )  # fmt: skip
    listed_at = serializers.DateTimeField()
    version = serializers.IntegerField(help_text="Counts every change of these facts.")
    terms = TermsShape(
        allow_null=True, help_text="Null for the four forms whose terms need a check first."
    )
    terms_note = NoteShape(allow_null=True)
    call = CallShape(allow_null=True)


class FacetsShape(serializers.Serializer[Any]):
    """Of each facet, key to number of projects. A facet's counts ignore its own filter."""

    def get_fields(self) -> dict[str, Any]:
        names = (
            "field", "pillar", "technology", "place", "instrument", "trl", "status", "origin",
            "language", "high_value",
        )  # fmt: skip
        return {name: serializers.DictField(child=serializers.IntegerField()) for name in names}


class ListShape(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="At most a minute old.")
    count_is_capped = serializers.BooleanField(help_text="True: more than `count` match.")
    next = serializers.URLField(allow_null=True)
    results = CardShape(many=True)
    facets = FacetsShape(required=False)


class CardsShape(serializers.Serializer[Any]):
    results = CardShape(many=True)


class MemberShape(serializers.Serializer[Any]):
    role = PairShape()
    background = PairShape()


class LineShape(serializers.Serializer[Any]):
    item = PairShape()
    amount = MoneyShape(allow_null=True)


class MilestoneShape(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    title = PairShape()
    evidence = PairShape()
    months_after_close = serializers.IntegerField()
    amount = MoneyShape()
    status = serializers.CharField()


class RiskShape(serializers.Serializer[Any]):
    risk = PairShape()
    answer = PairShape()


class ImpactShape(serializers.Serializer[Any]):
    kpi = PairShape()
    baseline = serializers.FloatField(allow_null=True)
    target = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    is_claimed = serializers.BooleanField()


class DetailShape(CardShape):
    problem = PairShape(allow_null=True)
    solution = PairShape(allow_null=True)
    market = PairShape(allow_null=True)
    place_note = PairShape(allow_null=True)
    own_funds = MoneyShape(allow_null=True)
    jobs_skilled = serializers.IntegerField(allow_null=True)
    team = MemberShape(many=True)
    budget = LineShape(many=True)
    milestones = MilestoneShape(many=True)
    risks = RiskShape(many=True)
    impact = ImpactShape(many=True)
    version_number = serializers.IntegerField(allow_null=True)
    version_sha256 = serializers.CharField(allow_null=True)


class TermShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    vi = serializers.CharField()
    en = serializers.CharField()


class PlaceTermShape(serializers.Serializer[Any]):
    code = serializers.CharField()
    vi = serializers.CharField()
    en = serializers.CharField()
    kind = serializers.CharField()
    before_july_2025 = serializers.CharField()


class CurrencyShape(serializers.Serializer[Any]):
    code = serializers.CharField()
    minor_digits = serializers.IntegerField()


class TaxonomyShape(serializers.Serializer[Any]):
    """Every key that filters, projects and profiles may use, with its names."""

    def get_fields(self) -> dict[str, Any]:
        kinds = {k: TermShape(many=True) for k in taxonomy.kinds() if k != "place"}
        return {
            "version": serializers.CharField(),
            **kinds,
            "place": PlaceTermShape(many=True),
            "currency": CurrencyShape(many=True),
        }


class ProfileShape(AnswersSerializer):
    version = serializers.IntegerField(help_text="Also the ETag; send it back as If-Match.")
    updated_at = serializers.DateTimeField(allow_null=True)


class FieldProblemShape(serializers.Serializer[Any]):
    field = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemShape(serializers.Serializer[Any]):
    """RFC 9457 problem details; `code` is stable, `detail` is for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    request_id = serializers.CharField(required=False)
    errors = FieldProblemShape(many=True, required=False)  # type: ignore[assignment]


class ReasonShape(serializers.Serializer[Any]):
    """One factor: whole points out of its maximum. Under 60 % it is a reason against."""

    factor = serializers.ChoiceField(choices=taxonomy.keys("factor"))
    points = serializers.IntegerField(min_value=0)
    max_points = serializers.IntegerField(min_value=0)
    you = serializers.CharField(allow_blank=True)
    project = serializers.CharField(allow_blank=True)
    is_known = serializers.BooleanField(help_text="False: one side did not say; it counts nothing.")
    is_mismatch = serializers.BooleanField(help_text="Stated, and under 60 % of the maximum.")


class MatchShape(serializers.Serializer[Any]):
    position = serializers.IntegerField(min_value=1)
    project = CardShape()
    score = serializers.IntegerField(min_value=0, max_value=100)
    moved_by = serializers.CharField(
        allow_blank=True,
        help_text="The rule that put it here: `exploration` (a place kept for a project outside "
        "the chosen fields), `floor` (it is owed views), `variety`, `closed` (its round is closed, "
        "so it follows all others). Empty: the points alone.",
    )
    reasons = ReasonShape(many=True)


class ModelShape(serializers.Serializer[Any]):
    version = serializers.CharField()
    is_rules = serializers.BooleanField(help_text="True: ranked by rules, nothing learnt.")


class MatchesShape(serializers.Serializer[Any]):
    """Points of the reasons add up to the score."""

    results = MatchShape(many=True)
    total = serializers.IntegerField(help_text="How many projects were put in order.")
    model = ModelShape()


class PledgeShape(serializers.Serializer[Any]):
    """`charged` = `held` + `released` + `returned`, to the smallest unit."""

    id = serializers.CharField(help_text="plg_…")
    reference = serializers.CharField(help_text="What a person quotes: CK-…")
    round = serializers.CharField()
    project = serializers.CharField()
    status = serializers.CharField()
    route = serializers.CharField(help_text="`card` or `bank`.")
    amount = MoneyShape()
    counts_as = MoneyShape(help_text="In the round's currency, at the rate locked for it.")
    charged = MoneyShape()
    held = MoneyShape()
    released = MoneyShape()
    returned = MoneyShape()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    withdraw_before = serializers.DateTimeField(allow_null=True)


class PledgesShape(serializers.Serializer[Any]):
    results = PledgeShape(many=True)


class StartedPledgeShape(PledgeShape):
    todo = serializers.ListField(child=serializers.CharField(), help_text="Steps that are left.")
    check_url = serializers.CharField(help_text="Where the person reads, agrees and confirms.")
