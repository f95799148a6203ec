"""What a decision's letter says, in both languages: fixed when the lead decides, shown the same way
as page, mail and PDF."""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from backend.accounts.actions import post_mail
from backend.accounts.models import User
from backend.core.clock import app_now
from backend.core.formats import format_date
from backend.core.pdf import Block
from backend.reviews import rubric, rulesets, sections
from backend.reviews.case_actions import city_day
from backend.reviews.models import Case, Decision, Letter, Review

LANGUAGES = ("vi", "en")


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def number_of(letter: Letter) -> str:
    """`0147/TĐ-2026`; empty until it is signed."""
    return f"{letter.number:04d}/TĐ-{letter.year}" if letter.number else ""


def working_days(case: Case, day: date) -> int:
    """From the submission of this version to `day`."""
    calendar = rulesets.calendar_from(rulesets.in_force("days", day)[1])
    return max(calendar.between(case.clock_from, day), 0)


def body_of(case: Case, decision: Decision, reviews: Sequence[Review]) -> dict[str, Any]:
    """Everything that the letter says but its number and dates, as JSON, both languages."""
    rules = rulesets.all_in_force(city_day(app_now()))
    scale = rulesets.rubrics({r.rubric_number for r in reviews})[reviews[0].rubric_number]
    points = {
        c.key: rubric.mean_points(
            [s.value for r in reviews for s in r.scores.all() if s.criterion == c.key], c.weight
        )
        for c in scale.criteria
    }
    letter = rules["letter"][1]
    template = next(row for row in letter["rows"] if row["key"] == decision.outcome)
    names = {row["key"]: row for row in rules["reason_codes"][1]["rows"]}
    submitted = decision.version.submitted_at
    body: dict[str, Any] = {
        "reference": case.reference,
        "outcome": decision.outcome,
        "appeal_days": letter["appeal_days"],
        "sha256": decision.version.content_sha256,
        "passes": scale.passes(points),
        "rubric": scale.number,
    }
    for language in LANGUAGES:
        office = getattr(case.office, f"name_{language}")
        title, lang = _other(case.project, "title", language)
        values = {
            "reference": case.reference, "office": office, "project": title,
            "version": str(decision.version.number),
            "submitted": format_date(city_day(submitted), language) if submitted else "",
        }  # fmt: skip
        body[language] = {
            "office": office,
            "to": _other(case.project, "owner_name", language)[0],
            "title": _filled(template[f"title_{language}"], values),
            "title_lang": lang,
            "opening": _filled(template[f"opening_{language}"], values),
            "appeal": _filled(letter[f"appeal_{language}"], values),
            "points": [[c.name(language), points[c.key], c.weight] for c in scale.criteria],
            "threshold": [scale.pass_total, scale.min_share],
            "reason": list(_other(decision, "words", language)),
            "codes": [
                f"{code}: {names[code][f'name_{language}']}"
                for code in decision.reason_codes
                if code in names
            ],
            "conditions": list(_other(decision, "conditions", language)),
            "asks": [
                [sections.section_name(ask["section"], language), *_other(ask, "words", language)]
                for ask in decision.asks
            ],
        }
    return body


def _other(row: Any, name: str, language: str) -> tuple[str, str]:
    """`name_vi`/`name_en` in the language or the other one, with the language it really is in."""
    for lang in (language, "en" if language == "vi" else "vi"):
        key = f"{name}_{lang}"
        text = row.get(key, "") if isinstance(row, dict) else getattr(row, key, "")
        if text:
            return str(text), lang
    return "", language


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def blocks_of(letter: Letter, language: str) -> list[Block]:
    """The letter in one language, as pieces that page, mail and PDF are made of."""
    with override(language):
        return _blocks(letter, letter.body, letter.body[language], language)


def _blocks(
    letter: Letter, body: dict[str, Any], said: dict[str, Any], language: str
) -> list[Block]:
    day = city_day(letter.signed_at) if letter.signed_at else None
    blocks = [
        Block("small", _heading_line(letter, day, language)),
        Block("title", said["title"]),
        Block("text", _to(said["to"], language)),
        Block("text", said["opening"]),
        Block("heading", _("Points by criterion")),
        Block("rows", rows=(
            *((name, _points(n, of)) for name, n, of in said["points"]),
            (_("Total"), _points(sum(n for _name, n, _of in said["points"]), 100)),
        )),
        Block("small", _(
            "Two people scored independently. Listing needs %(total)s points, and no criterion "
            "under %(share)s%% of its weight."
        ) % {"total": said["threshold"][0], "share": said["threshold"][1]}),
    ]  # fmt: skip
    reason, lang = said["reason"]
    if reason or said["codes"]:
        blocks.append(Block("heading", _("Reason")))
        if reason:
            blocks.append(Block("quote", f"“{reason}”", lang=_foreign(lang, language)))
        blocks += [Block("text", code) for code in said["codes"]]
    conditions, lang = said["conditions"]
    if conditions:
        blocks += [
            Block("heading", _("Condition")),
            Block("text", conditions, lang=_foreign(lang, language)),
            Block("text", _("The project is listed when you agree to it on its page.")),
        ]
    if said["asks"]:
        lines = tuple(f"{section}: {words}" for section, words, _lang in said["asks"])
        blocks += [Block("heading", _("To complete")), Block("items", items=lines)]
    blocks += [
        Block("heading", _("What is published")),
        Block("text", _published(body["outcome"])),
        Block("heading", _("If you do not agree")),
        Block("text", _appeal(body, said, day, language)),
        Block("text", said["office"]),
    ]
    if letter.signed_by is not None:
        blocks.append(Block("small", _("Signed by %(name)s on %(date)s.") % {
            "name": letter.signed_by.full_name or letter.signed_by.public_id,
            "date": format_date(day, language, long=True) if day else "",
        }))  # fmt: skip
    blocks.append(
        Block("small", _("Check code of the version: %(code)s") % {"code": body["sha256"][:16]})
    )
    return blocks


def _foreign(lang: str, language: str) -> str:
    return lang if lang != language else ""


def _points(points: int, of: int) -> str:
    return _("%(n)s of %(max)s") % {"n": points, "max": of}


def _to(name: str, language: str) -> str:
    return f"Kính gửi: {name}" if language == "vi" else f"To {name}"


def _heading_line(letter: Letter, day: date | None, language: str) -> str:
    if day is None:
        return _("Draft, not signed yet")
    number = number_of(letter)
    if language == "vi":
        return f"Số {number} · Thành phố Hồ Chí Minh, {format_date(day, 'vi', long=True)}"
    return f"No. {number} · Ho Chi Minh City, {format_date(day, 'en')}"


def _published(outcome: str) -> str:
    if outcome == Decision.Outcome.LIST:
        return _("Points, reason, condition, dates, the version and the name of the office.")
    return _("Nothing of this letter.")


def _appeal(body: dict[str, Any], said: dict[str, Any], day: date | None, language: str) -> str:
    if day is None:
        return str(said["appeal"]).replace("{appeal_until}", "…")
    calendar = rulesets.calendar_from(rulesets.in_force("days", day)[1])
    until = calendar.add(day, body["appeal_days"])
    return str(said["appeal"]).replace("{appeal_until}", format_date(until, language))


def post_to_owner(case: Case, letter: Letter) -> None:
    """The letter as a mail to everybody of the owner's organisation, both languages in one."""
    people = User.objects.filter(
        organisation_memberships__organisation=case.project.owner, email__isnull=False,
        is_active=True,
    )  # fmt: skip
    subject = " / ".join(letter.body[language]["title"] for language in LANGUAGES)[:300]
    context = {
        "parts": [
            {"language": language, "blocks": blocks_of(letter, language),
             "url": f"{settings.SITE_URL}/{language}/letters/{letter.public_id}/"}
            for language in LANGUAGES
        ],
        "site_url": settings.SITE_URL,
    }  # fmt: skip
    text = render_to_string("email/letter.txt", context)
    html = render_to_string("email/letter.html", context)
    for person in people:
        assert person.email is not None  # filtered above
        post_mail(person.email, subject=subject, text=text, html=html)
