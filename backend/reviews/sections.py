"""The parts of a proposal as officers and owners name them, and which fields each holds. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.formats import format_money, format_number
from backend.core.money import Money
from backend.projects import taxonomy
from backend.projects.measures import format_measure
from backend.projects.readiness import built_in, is_met
from backend.reviews.high_value import sheet_of


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
            ("instrument", "min_ticket_minor", "horizon_months", "planned_close_on", "terms")),
    Section("documents", "Tài liệu", "Documents"),
    Section("declarations", "Cam đoan", "Declarations"),
    Section("readiness", "Tự đánh giá sẵn sàng", "Readiness self-check"),
    Section("high_value", "Giá trị gia tăng cao", "High added value"),
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
    if section.key in OWN_LINES:
        return OWN_LINES[section.key](content, language)
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
    "terms": ("Điều khoản", "Terms"),
    "planned_close_on": ("Dự kiến khép vòng gọi vốn", "Planned close of the round"),
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
    if name == "terms" and isinstance(value, dict):
        return "; ".join(_term(key, value[key], language) for key in sorted(value))
    return format_number(value, language) if isinstance(value, int) else str(value)


TERMS = {
    "rate_bps_per_year": ("lãi mỗi năm", "interest a year"),
    "months": ("thời hạn (tháng)", "length (months)"),
    "discount_bps": ("chiết khấu", "discount"),
    "maturity_months": ("đáo hạn (tháng)", "maturity (months)"),
    "share_bps": ("tỷ lệ sở hữu", "share"),
    "delivered_months": ("giao sau (tháng)", "delivered after (months)"),
    "what_vi": ("người góp nhận (tiếng Việt)", "what people get (Vietnamese)"),
    "what_en": ("người góp nhận (tiếng Anh)", "what people get (English)"),
}


def _term(key: str, value: Any, language: str) -> str:
    name = TERMS.get(key, (key, key))[0 if language == "vi" else 1]
    if "_bps" in key and isinstance(value, int):
        percent = f"{value / 100:g}"
        return f"{name}: {percent.replace('.', ',') if language == 'vi' else percent}%"
    return f"{name}: {value}"


def _sum(value: int, content: Mapping[str, Any], language: str) -> str:
    return format_money(Money(value, str(content.get("currency", "VND"))), language)


MEASURED = {"baseline": ("hiện nay", "now"), "target": ("mục tiêu", "target")}


def _row(row: Mapping[str, Any], content: Mapping[str, Any], language: str) -> str:
    """A row of a list as one sentence: its texts, then its figures."""
    names = dict.fromkeys(key[:-3] for key in row if key.endswith(("_vi", "_en")))
    parts = [_text(row, name, language) for name in names]
    if isinstance(row.get("months_after_close"), int):
        months = row["months_after_close"]
        parts.append(f"tháng {months}" if language == "vi" else f"month {months}")
    if isinstance(row.get("amount_minor"), int):
        parts.append(_sum(row["amount_minor"], content, language))
    for name, (vi, en) in MEASURED.items():
        if row.get(name) is not None:
            figure = format_measure(row[name], str(row.get("unit", "")), language)
            parts.append(f"{vi if language == 'vi' else en} {figure}")
    if row.get("count") not in (None, ""):
        parts.append(str(row["count"]))
    return " · ".join(part.strip() for part in parts if part.strip())


DECLARATIONS = {
    "facts_are_true": ("số liệu đúng theo hiểu biết và chứng minh được",
                       "facts and figures are true as far as known and can be proven"),
    "may_speak_for_it": ("được nói thay tổ chức", "may speak for the organisation"),
    "not_paid_twice": ("không chương trình nào khác trả cho cùng cột mốc",
                       "no other programme pays for the same milestones"),
    "may_be_published": ("đồng ý công bố khi được đăng", "may be published once listed"),
}  # fmt: skip


def _declarations(content: Mapping[str, Any], language: str) -> list[str]:
    at = 0 if language == "vi" else 1
    said = content.get("declarations") or []
    return [words[at] for key, words in DECLARATIONS.items() if key in said]


def _documents(content: Mapping[str, Any], language: str) -> list[str]:
    return [
        " · ".join(str(file.get(n, ""))[:200] for n in ("title", "file_name"))
        + f" · {str(file.get('sha256', ''))[:12]}"
        for file in content.get("documents") or []
        if isinstance(file, dict)
    ]


def _high_value(content: Mapping[str, Any], language: str) -> list[str]:
    return [
        f"{fact.name}: {fact.value}" + (f" · {fact.inputs}" if fact.inputs else "")
        for fact in sheet_of(content, language)
        if fact.value
    ]


def _readiness(content: Mapping[str, Any], language: str) -> list[str]:
    """Each principle's level, and under it what counts as met, with its proof."""
    frame = built_in("levels")
    levels = content.get("readiness") or {}
    kept = (content.get("readiness_answers") or {}).get("levels") or {}
    answers = kept.get("answers") or {}
    files = {f.get("id"): f.get("title", "") for f in content.get("documents") or []}
    word = "cấp" if language == "vi" else "level"
    lines = []
    for principle in frame["principles"]:
        if principle["key"] not in levels:
            continue
        lines.append(f"{principle[language]}: {word} {levels[principle['key']]}")
        for criterion in frame["criteria"]:
            answer = answers.get(criterion["key"])
            if answer and criterion["principle"] == principle["key"] and is_met(answer):
                proof = [answer.get("proof", ""), files.get(answer.get("file"), "")]
                lines.append(" · ".join(p for p in (f"✓ {criterion[language]}", *proof) if p))
    return lines


OWN_LINES: dict[str, Callable[[Mapping[str, Any], str], list[str]]] = {
    "declarations": _declarations,
    "documents": _documents,
    "high_value": _high_value,
    "readiness": _readiness,
}
