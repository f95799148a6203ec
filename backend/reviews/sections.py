"""The parts of a proposal as officers and owners name them, and which fields each holds. Pure."""

from dataclasses import dataclass


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
    Section("summary", "Tóm tắt", "Summary", ("title", "summary")),
    Section("problem", "Vấn đề và kết quả", "Problem and outcome", ("problem",), (), ("impact",)),
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
    Section("readiness", "Tự đánh giá sẵn sàng", "Readiness self-check", (), ("readiness",)),
    Section("high_value", "Giá trị gia tăng cao", "High added value", (), ("high_value",)),
)  # fmt: skip
BY_KEY = {section.key: section for section in SECTIONS}
KEYS = tuple(BY_KEY)


def section_name(key: str, language: str) -> str:
    """The name of a part; an unknown key comes back as it is."""
    section = BY_KEY.get(key)
    return section.name(language) if section else key
