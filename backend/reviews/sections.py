"""The parts of a proposal as officers and owners name them, and which fields each holds. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.formats import format_money, format_number
from backend.core.money import Money
from backend.projects import taxonomy


@dataclass(frozen=True)
class Section:
    """`texts` come in vi/en pairs; `lists` are rows; `facts` are single values."""

    key: str
    name_vi: str
    name_en: str
    texts: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        return self.name_vi if language == "vi" else self.name_en


SECTIONS = (
    Section("problem", "Vấn đề và kết quả", "Problem and outcome",
            ("title", "summary", "problem"), (), ("impact",)),
    Section("technology", "Công nghệ và TRL", "Technology and TRL", ("solution",),
            ("technologies", "trl")),
    Section("field", "Lĩnh vực và trụ cột", "Field and pillars", (),
            ("field", "pillars", "values")),
    Section("place", "Địa điểm", "Place", ("place_note",), ("place_code",)),
    Section("team", "Đội ngũ", "Team", (), ("skills", "languages", "jobs_skilled"), ("team",)),
    Section("market", "Thị trường", "Market", ("market",)),
    Section("budget", "Dự toán", "Budget", (),
            ("goal_minor", "own_funds_minor", "currency"), ("budget",)),
    Section("milestones", "Cột mốc", "Milestones", (), (), ("milestones",)),
    Section("risks", "Rủi ro", "Risks", (), (), ("risks",)),
    Section("terms", "Hình thức và điều khoản", "Instrument and terms", (),
            ("instrument", "min_ticket_minor", "horizon_months", "terms")),
    Section("documents", "Tài liệu", "Documents"),
    Section("declarations", "Cam đoan", "Declarations", (), ("declarations",)),
    Section("readiness", "Tự đánh giá sẵn sàng", "Readiness self-check", (), ("readiness",)),
    Section("high_value", "Giá trị gia tăng cao", "High added value", (), ("high_value",)),
)  # fmt: skip
BY_KEY = {section.key: section for section in SECTIONS}
KEYS = tuple(BY_KEY)


def section_name(key: str, language: str) -> str:
    """The name of a part; an unknown key comes back as it is."""
    section = BY_KEY.get(key)
    return section.name(language) if section else key


def lines_of(section: Section, content: Mapping[str, Any], language: str) -> list[str]:
    """What a part says, one paragraph a line, for reading and for comparing. Texts that exist in
    the other language only are taken from there."""
    lines: list[str] = []
    for name in section.texts:
        lines += [p for p in _text(content, name, language).split("\n") if p.strip()]
    for name in section.facts:
        value = content.get(name)
        if value not in (None, "", [], {}):
            lines.append(f"{_label(name, language)}: {_fact(name, value, content, language)}")
    for name in section.lists:
        rows = content.get(name) or []
        lines += [_row(row, content, language) for row in rows if isinstance(row, dict)]
    return [line for line in lines if line.strip()]


def _text(row: Mapping[str, Any], name: str, language: str) -> str:
    other = "en" if language == "vi" else "vi"
    return str(row.get(f"{name}_{language}") or row.get(f"{name}_{other}") or "")


LABELS = {
    "technologies": ("Công nghệ", "Technologies"), "trl": ("Mức TRL", "TRL"),
    "field": ("Lĩnh vực", "Field"), "pillars": ("Trụ cột", "Pillars"),
    "values": ("Giá trị", "Values"), "place_code": ("Địa điểm", "Place"),
    "skills": ("Kỹ năng cần thêm", "Skills asked for"),
    "languages": ("Ngôn ngữ trả lời", "Languages"),
    "jobs_skilled": ("Việc làm có tay nghề", "Skilled jobs"),
    "goal_minor": ("Mục tiêu", "Goal"), "own_funds_minor": ("Vốn tự có", "Own funds"),
    "currency": ("Đồng tiền", "Currency"), "instrument": ("Hình thức", "Instrument"),
    "min_ticket_minor": ("Mức góp nhỏ nhất", "Smallest pledge"),
    "horizon_months": ("Thời gian (tháng)", "Length (months)"),
    "terms": ("Điều khoản", "Terms"), "readiness": ("Trả lời", "Answers"),
}  # fmt: skip
KIND_OF = {
    "technologies": "technology", "field": "field", "pillars": "pillar", "values": "value",
    "place_code": "place", "skills": "skill", "languages": "language", "instrument": "instrument",
}  # fmt: skip


def _label(name: str, language: str) -> str:
    vi, en = LABELS.get(name, (name, name))
    return vi if language == "vi" else en


def _fact(name: str, value: Any, content: Mapping[str, Any], language: str) -> str:
    if name in KIND_OF:
        keys = value if isinstance(value, list) else [value]
        return ", ".join(taxonomy.label(KIND_OF[name], str(key), language) for key in keys)
    if name.endswith("_minor") and isinstance(value, int):
        return _sum(value, content, language)
    if isinstance(value, dict):
        return "; ".join(f"{k}: {v}" for k, v in sorted(value.items()))
    return format_number(value, language) if isinstance(value, int) else str(value)


def _sum(value: int, content: Mapping[str, Any], language: str) -> str:
    return format_money(Money(value, str(content.get("currency", "VND"))), language)


def _row(row: Mapping[str, Any], content: Mapping[str, Any], language: str) -> str:
    """A row of a list as one sentence: its texts, then its figures."""
    names = dict.fromkeys(key[:-3] for key in row if key.endswith(("_vi", "_en")))
    parts = [_text(row, name, language) for name in names]
    if isinstance(row.get("months_after_close"), int):
        months = row["months_after_close"]
        parts.append(f"tháng {months}" if language == "vi" else f"month {months}")
    if isinstance(row.get("amount_minor"), int):
        parts.append(_sum(row["amount_minor"], content, language))
    for name in ("baseline", "target", "unit", "count"):
        if row.get(name) not in (None, ""):
            parts.append(str(row[name]))
    return " · ".join(part.strip() for part in parts if part.strip())
