"""Who may pledge what, and what they must know first: dated rule data, read and combined. Pure.

The rules stand in `rules/eligibility_rules.json`: each has an id, a source, a status and the day
from which it holds. A rule that is a draft or unconfirmed is loaded and switched off. The answer is
the strictest of the platform's own floor and the row of the country of residence; a country without
a row of its own gets the default row. They are floors that this platform sets itself, not advice.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

RULES = Path(__file__).parent / "rules" / "eligibility_rules.json"
SWITCHED_ON = frozenset({"in force", "own policy"})
PLATFORM = "PLATFORM"
# Projects are all in Vietnam: its rules on issuers hold whoever the investor is.
PROJECTS_ARE_IN = "VN"
GIFTS = frozenset({"contribution", "reward"})
SECURITY_LIKE = frozenset({"loan", "convertible", "equity", "fund_unit"})
# Where Regulation (EU) 2020/1503 holds: the EU, and the EEA by its incorporation.
EU = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
        "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
# Who is not one of these is not counted below the limit of 100 people.
NON_PROFESSIONAL = "non_professional"
CARD, BANK, INFORMATION = "card", "bank", "information"


@dataclass(frozen=True)
class Rule:
    """One dated row. `body` holds its figures under the names of the file."""

    id: str
    jurisdiction: str
    valid_from: date | None
    valid_to: date | None
    status: str
    source: str
    labels: dict[str, str]
    applies_to: frozenset[str]
    body: dict[str, Any]

    def holds(self, instrument: str, on: date) -> bool:
        starts = self.valid_from is not None and self.valid_from <= on
        ends = self.valid_to is not None and self.valid_to <= on
        return self.status in SWITCHED_ON and instrument in self.applies_to and starts and not ends


@dataclass(frozen=True)
class InvestorClass:
    """A status that a person proves and an officer confirms; `lifts` names the classes of people
    whose rules then do not bind."""

    key: str
    lifts: frozenset[str]
    valid_from: date | None
    valid_months: int
    sources: dict[str, str]
    labels: dict[str, str]
    proofs: dict[str, str]


@dataclass(frozen=True)
class RuleBook:
    rules: tuple[Rule, ...]
    default_jurisdiction: str
    classes: tuple[InvestorClass, ...] = ()

    def of(
        self, country: str, instrument: str, on: date, lifted: frozenset[str] = frozenset()
    ) -> tuple[Rule, ...]:
        """The rules that hold for somebody who lives in `country`, in the order of the file.

        `lifted`: classes of people (`investor_class` of a rule) that the person is not one of.
        """
        home = "EU" if country in EU else country
        known = {rule.jurisdiction for rule in self.rules if rule.status in SWITCHED_ON}
        if home not in known - {PROJECTS_ARE_IN}:
            home = self.default_jurisdiction
        held = {PLATFORM, PROJECTS_ARE_IN, home}
        return tuple(
            r
            for r in self.rules
            if r.jurisdiction in held
            and r.holds(instrument, on)
            and r.body.get("investor_class") not in lifted
        )


@dataclass(frozen=True)
class Limit:
    """A most per time: of one issuer or over all. Exactly one of the two ways is set."""

    rule_id: str
    currency: str
    per_project: bool
    amount: Decimal | None
    table: dict[str, Any] | None


@dataclass(frozen=True)
class Requirements:
    """What must be met and shown before somebody pledges. Days are calendar days."""

    rule_ids: tuple[str, ...]
    route: str
    terms_behind_check: bool
    reflection_days: int
    business_days: int
    knowledge_years: int | None
    knowledge_rule: str
    loss_share: Decimal | None
    warn_above: dict[str, Any] | None
    limits: tuple[Limit, ...]
    people_below: int | None
    people_rule: str
    is_offered: bool
    refusing_rule: str

    @property
    def needs_figures(self) -> bool:
        """Whether income and net worth must be told."""
        return bool(self.loss_share or self.warn_above or any(x.table for x in self.limits))


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _in_both(row: dict[str, Any], name: str) -> dict[str, str]:
    return {language: row[f"{name}_{language}"] for language in ("vi", "en")}


def read_rules(document: dict[str, Any]) -> RuleBook:
    """The file as rows; KeyError or ValueError when it is not in form."""
    facts = {"id", "jurisdiction", "valid_from", "valid_to", "status", "source", "applies_to"}
    facts |= {"label_vi", "label_en"}
    rows = tuple(
        Rule(
            id=row["id"],
            jurisdiction=row["jurisdiction"],
            valid_from=_date(row.get("valid_from")),
            valid_to=_date(row.get("valid_to")),
            status=row["status"],
            source=row.get("source", ""),
            labels=_in_both(row, "label"),
            # Laws on investing do not speak of gifts: such a rule names what it is about.
            applies_to=frozenset(row.get("applies_to", SECURITY_LIKE)),
            body={k: v for k, v in row.items() if k not in facts},
        )
        for row in document["rules"]
    )
    classes = tuple(
        InvestorClass(
            key=row["key"],
            lifts=frozenset(row["lifts"]),
            valid_from=_date(row.get("valid_from")),
            valid_months=int(row["valid_months"]),
            sources=_in_both(row, "source"),
            labels=_in_both(row, "label"),
            proofs=_in_both(row, "proof"),
        )
        for row in document.get("investor_classes", [])
        if row["status"] in SWITCHED_ON
    )
    return RuleBook(rows, document["default_jurisdiction"], classes)


@lru_cache(maxsize=1)
def rule_book() -> RuleBook:
    """The rules of this installation."""
    return read_rules(json.loads(RULES.read_text(encoding="utf-8")))


def rule_label(rule_id: str, language: str) -> str:
    """A rule in plain words; its id where the rule is gone from the file."""
    return next((r.labels[language] for r in rule_book().rules if r.id == rule_id), rule_id)


def investor_class(key: str, on: date) -> InvestorClass:
    """A class that can be claimed on this day. Raises KeyError for every other key."""
    for row in rule_book().classes:
        if row.key == key and row.valid_from is not None and row.valid_from <= on:
            return row
    raise KeyError(key)


def lifted_by(keys: Iterable[str]) -> frozenset[str]:
    """The classes of people whose rules do not bind somebody with these confirmed statuses."""
    known = {row.key: row.lifts for row in rule_book().classes}
    return frozenset(name for key in keys for name in known.get(key, ()))


def requirements(
    country: str,
    instrument: str,
    on: date,
    book: RuleBook | None = None,
    *,
    lifted: frozenset[str] = frozenset(),
) -> Requirements:
    """The strictest of all rules that hold. Raises LookupError when no rule says how money comes
    in: then nothing may."""
    rules = (book or rule_book()).of(country, instrument, on, lifted)
    route = next((r.body["money_route"] for r in rules if "money_route" in r.body), None)
    if route is None:
        raise LookupError(f"no rule on the way of money for {instrument}")
    people_below, people_rule = _people(rules)
    asked = min(
        (
            (int(r.body["knowledge_check_valid_years"]), r.id)
            for r in rules
            if "knowledge_check_valid_years" in r.body
        ),
        default=(None, ""),
    )
    refusing = next((r.id for r in rules if r.body.get("is_offered") is False), "")
    return Requirements(
        rule_ids=tuple(r.id for r in rules),
        route=route,
        terms_behind_check=any(r.body.get("terms_visible", "public") != "public" for r in rules),
        reflection_days=max((_whole_days(r) for r in rules), default=0),
        business_days=max((r.body.get("cooling_off_days_business", 0) for r in rules), default=0),
        knowledge_years=asked[0],
        knowledge_rule=asked[1],
        loss_share=max(
            (Decimal(str(x)) for x in _all(rules, "loss_simulation_share_of_net_worth")),
            default=None,
        ),
        warn_above=next(iter(_all(rules, "extra_warning_above")), None),
        limits=tuple(limit for r in rules for limit in _limits(r)),
        people_below=people_below,
        people_rule=people_rule,
        is_offered=not refusing,
        refusing_rule=refusing,
    )


def _all(rules: tuple[Rule, ...], name: str) -> list[Any]:
    return [r.body[name] for r in rules if name in r.body]


def _whole_days(rule: Rule) -> int:
    hours = int(rule.body.get("first_time_cooling_off_hours", 0))
    return max(int(rule.body.get("reflection_days_calendar", 0)), -(-hours // 24))


def _people(rules: tuple[Rule, ...]) -> tuple[int | None, str]:
    """The smallest number of people that must not be reached, and the rule that says so."""
    found = [
        (int(r.body["non_professional_investors_per_project_below"]), r.id)
        for r in rules
        if "non_professional_investors_per_project_below" in r.body
    ] + [
        (int(r.body["fund_investors_between"][1]) + 1, r.id)
        for r in rules
        if "fund_investors_between" in r.body
    ]
    return min(found) if found else (None, "")


def _limits(rule: Rule) -> list[Limit]:
    found = []
    for name, per_project in (
        ("limit_per_company_12_months", True),
        ("limit_per_issuer_year", True),
        ("limit_per_project", True),
        ("limit_year", False),
    ):
        if name in rule.body:
            row = rule.body[name]
            amount = Decimal(row["amount"])
            found.append(Limit(rule.id, row["currency"], per_project, amount, None))
    if "limit_rolling_12_months_all_issuers" in rule.body:
        row = rule.body["limit_rolling_12_months_all_issuers"]
        found.append(Limit(rule.id, row["cap_always"]["currency"], False, None, row))
    if "restricted_investor_share_of_net_assets_12_months" in rule.body:
        share = rule.body["restricted_investor_share_of_net_assets_12_months"]
        found.append(Limit(rule.id, "GBP", False, None, {"share_of_net_worth": share}))
    return found


# --- figures (in whole units of the rule's own currency) --------------------------------------


def net_worth(*, income: Decimal, liquid: Decimal, commitments: Decimal) -> Decimal:
    """Net yearly income and liquid assets less yearly commitments (ECSPR Art. 7 to 10)."""
    return income + liquid - commitments


def bearable_loss(worth: Decimal, share: Decimal) -> Decimal:
    """The share of net worth that the loss simulation shows; nothing when there is none."""
    return max(Decimal(0), worth) * share


def warning_threshold(rule: dict[str, Any], worth: Decimal) -> Decimal:
    """A pledge above this asks for a separate warning. In the currency of the rule's amount."""
    found = Decimal(0)
    for branch in rule["max_of"]:
        if "amount" in branch:
            found = max(found, Decimal(branch["amount"]))
        else:
            found = max(found, Decimal(str(branch["share_of_net_worth"])) * max(Decimal(0), worth))
    return found


def warning_currency(rule: dict[str, Any]) -> str:
    return str(next(b["currency"] for b in rule["max_of"] if "currency" in b))


def limit_of(limit: Limit, *, income: Decimal, worth: Decimal) -> Decimal:
    """The most that `limit` allows in twelve months, rounded down to whole units."""
    if limit.amount is not None:
        return limit.amount
    table = limit.table or {}
    if "share_of_net_worth" in table:
        found = Decimal(str(table["share_of_net_worth"])) * max(Decimal(0), worth)
        return found.to_integral_value(rounding=ROUND_DOWN)
    greater = max(income, worth, Decimal(0))
    floor = Decimal(table["if_either_income_or_net_worth_below"])
    branch = table["then"] if income < floor or worth < floor else table["else"]
    found = Decimal(0)
    for part in branch.get("max_of", [branch]):
        if "amount" in part:
            found = max(found, Decimal(part["amount"]))
        else:
            found = max(found, Decimal(str(part["share_of_greater"])) * greater)
    return min(found, Decimal(table["cap_always"]["amount"])).to_integral_value(rounding=ROUND_DOWN)


# --- time -------------------------------------------------------------------------------------


def cooling_until(at: datetime, needs: Requirements, platform_days: int) -> datetime:
    """The exact end of the cooling-off time: the latest of all that hold. Days have 24 hours;
    business days end with the same hour on a day from Monday to Friday."""
    calendar = at + timedelta(days=max(platform_days, needs.reflection_days))
    end, left = at, needs.business_days
    while left:
        end += timedelta(days=1)
        left -= end.weekday() < 5
    return max(calendar, end)
