"""Whose answers count: for learning and for what owners are told."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.accounts.answers import answers_of
from backend.accounts.models import InvestorAnswers, InvestorProfile
from backend.core.money import Money
from backend.funding.queries import Rate
from backend.matching.catalogue import in_base
from backend.matching.engine import schema

SETTLED = timedelta(days=7)


def settled_profiles() -> QuerySet[InvestorProfile]:
    """Profiles of people whose address is confirmed and whose account is a week old."""
    confirmed = EmailAddress.objects.filter(verified=True).values("user_id")
    return (
        InvestorProfile.objects.filter(
            user__is_active=True, user__joined_at__lt=timezone.now() - SETTLED
        )
        .filter(Q(user__in=confirmed) | Q(user__is_demo=True))
        .order_by("user_id")
    )


def people_answers(row: InvestorAnswers, rates: dict[str, Rate]) -> schema.Answers:
    answers = answers_of(row)
    budget = None
    if answers.budget_minor and answers.budget_currency:
        budget = in_base(Money(answers.budget_minor, answers.budget_currency), rates)
    return schema.Answers(
        fields=answers.fields,
        technologies=answers.technologies,
        country=answers.country,
        home_place=answers.home_place,
        budget=budget,
        instruments=answers.instruments,
        horizon_months=answers.horizon_months,
        stages=answers.stages,
        languages=answers.languages,
        skills=answers.skills,
    )
