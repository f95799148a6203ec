"""The texts and the sample data: consistent, whole in both languages, and spelt by the rules.

language.md is the law: old tone placement, words that are never used (section 1.4, with the
exceptions of 1.5), short sentences, sums with their code behind the number.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

from backend.core.money import CURRENCIES
from backend.core.text import old_tone_style
from backend.home.seed import content_of, examples
from backend.home.texts import CONTENT, NAMES, text_page
from backend.projects import taxonomy
from backend.projects.content import problems_of_submission
from backend.projects.spreadsheet import read_table, split_list

SAMPLE = Path(settings.ROOT) / "backend" / "home" / "sample"
RULES = Path(settings.ROOT) / "backend" / "funding" / "rules" / "eligibility_rules.json"
PARTS = Path(settings.ROOT) / "backend" / "locale" / "parts"
LANGUAGES = ("vi", "en")
PILLAR_OF = {
    "net_zero_circular": "net_zero",
    "next_gen_infrastructure": "next_generation_infrastructure",
    "digital_innovation": "innovation_digital",
}
# Units of today that a source names without doubt.
PLACED = {
    "sihub-trung-tam-khoi-nghiep-sang-tao": "27139",
    "cang-tong-hop-long-son": "26545",
    "nhiet-dien-lng-long-son": "26545",
    "nha-may-xu-ly-rac-con-dao": "26732",
    "luoi-dien-thong-minh-con-dao": "26732",
    "to-hop-cong-nghiep-duong-sat-thaco": "25915",
}
GATED = {"loan", "convertible", "equity", "fund_unit"}

# What the product never says of itself; owners' and sources' words are theirs (section 1.5).
NEVER_EN = re.compile(
    r"\b(we suggest|you should|top pick|perfect for you|suitable|tailored|risk-free|low-risk|"
    r"passive income|grow your money|opportunit|promising|breakthrough|trending|don't miss|"
    r"last chance|hurry|almost funded|early bird|exclusive|invest now|IPO|endorsed|escrow|"
    r"custody|savings|donate|charity|smart matching|trusted)",
    re.IGNORECASE,
)
NEVER_VI = re.compile(
    r"(nên góp|khuyến nghị|gợi ý đầu tư|đáng góp|hàng đầu|phù hợp với bạn|dành riêng cho bạn|"
    r"đảm bảo|bảo đảm|bảo toàn vốn|không rủi ro|ít rủi ro|yên tâm|lãi cao|thu nhập thụ động|"
    r"cơ hội|tiềm năng|đột phá|hứa hẹn về|đừng bỏ lỡ|nhanh tay|ưu đãi sớm|độc quyền|đầu tư ngay|"
    r"niêm yết|xuống tiền|uy tín|ký quỹ|ủy thác|lưu ký|phong tỏa|quyên góp|từ thiện|ủng hộ|"
    r"yêu nước|huy động vốn|gọi vốn|góp vốn|Việt kiều|kiều bào|khiếu nại|xếp hạng)",
    re.IGNORECASE,
)
# Fixed negations in which such a word may stand.
ALLOWED = re.compile(
    r"không phải là lời chào bán chứng khoán|not an offer of securities|does not advise|"
    r"không khuyên bạn|không phải lời khuyên|is not advice|không ai bảo lãnh",
    re.IGNORECASE,
)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, key)
    elif isinstance(value, str):
        yield key, value


def _check_spelling(text: str, where: str) -> None:
    assert text == unicodedata.normalize("NFC", text), where
    assert text == old_tone_style(text), where
    assert '"' not in text, f"{where}: straight quotation marks"
    assert not re.search(r"[ÐƉ]", text), f"{where}: a letter that only looks like Đ"


# --- the published calls ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def calls() -> list[dict[str, str]]:
    with (SAMPLE / "city_calls.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_92_calls_can_be_imported() -> None:
    table = read_table(SAMPLE / "city_calls.csv")
    assert [str(f) for f in table.errors] == []
    assert len(table.rows) == 92
    assert {f.code for f in table.warnings} <= {"not_stated", "unused_column"}
    assert {f.column for f in table.warnings if f.code == "unused_column"} == {"source_field"}


def test_every_call_names_its_source_and_is_spelt_well(calls: list[dict[str, str]]) -> None:
    assert len({row["slug"] for row in calls}) == len(calls)
    for row in calls:
        assert row["source_url"].startswith(("https://", "http://")), row["slug"]
        for key, text in _leaves(row):
            if key != "source_url":
                assert text == unicodedata.normalize("NFC", text).strip(), row["slug"]
                assert text == old_tone_style(text), (row["slug"], text)
        assert not re.search(r"\b(VND|USD)\s?\d|\bm3\b|\$", row["summary_en"] + row["summary_vi"])
        assert not re.search(r"\boffer|opportunit|cơ hội|tiềm năng", row["summary_en"], re.I)


def test_pillars_of_the_compilation_are_pillars_and_fields_are_never_guessed(
    calls: list[dict[str, str]],
) -> None:
    for row in calls:
        source, pillars = row["source_field"], split_list(row["pillars"])
        assert all(taxonomy.is_known("pillar", key) for key in pillars), row["slug"]
        assert all(
            taxonomy.is_known("technology", key) for key in split_list(row["technologies"])
        ), row["slug"]
        if source in PILLAR_OF:
            assert PILLAR_OF[source] in pillars, row["slug"]
        else:
            assert row["field"] == source, row["slug"]
    given = [r["slug"] for r in calls if r["source_field"] in PILLAR_OF and r["field"]]
    assert given == ["cong-vien-phan-mem-quang-trung-thu-duc"]


def test_only_units_of_today_that_the_source_names_have_a_code(calls: list[dict[str, str]]) -> None:
    assert {row["slug"]: row["place_code"] for row in calls if row["place_code"]} == PLACED
    for row in calls:
        if row["place_code"]:
            name = taxonomy.places_by_code()[row["place_code"]].name
            assert name in row["location_text"], row["slug"]


# --- the examples ----------------------------------------------------------------------------


def test_the_64_examples_have_the_same_keys_and_their_own_slugs() -> None:
    rows = examples()
    assert len(rows) == 64
    # A sheet of high added value is claimed by some.
    assert len({tuple(name for name in row if name != "high_value") for row in rows}) == 1
    assert 1 <= sum("high_value" in row for row in rows) < 10
    assert len({row["slug"] for row in rows}) == 64
    assert {row["instrument"] for row in rows} == set(taxonomy.keys("instrument"))
    assert {row["field"] for row in rows} == set(taxonomy.keys("field"))


@pytest.mark.parametrize("row", examples(), ids=lambda row: row["slug"])
def test_an_example_adds_up_and_is_a_whole_proposal(row: dict[str, Any]) -> None:
    goal = row["goal_vnd"]
    assert sum(item["amount_vnd"] for item in row["budget"]) == goal
    assert sum(item["amount_vnd"] for item in row["milestones"]) == goal
    months = [item["months_after_close"] for item in row["milestones"]]
    assert months == sorted(set(months))
    assert 0 < row["min_ticket_vnd"] <= goal
    if row["instrument"] in GATED:
        assert goal / row["min_ticket_vnd"] < 100
    if row["instrument"] == "fund_unit":
        assert goal / row["min_ticket_vnd"] <= 30
    if row["instrument"] == "equity":
        after = row["terms"]["valuation_vnd"] * row["terms"]["share_bps"] / 10_000
        assert abs(after - goal) <= 1
    assert problems_of_submission(content_of(row), on=date(2026, 11, 1)) == []


@pytest.mark.parametrize("row", examples(), ids=lambda row: row["slug"])
def test_an_example_reads_well_in_both_languages(row: dict[str, Any]) -> None:
    for key, text in _leaves(row):
        _check_spelling(text, f"{row['slug']} {key}")
        if key.endswith("_en") and not key.startswith("owner_name"):
            assert not re.search(r"\b(VND|USD|EUR) \d|\$|\bpercent\b|\bbackers?\b", text), text
            assert "Viet Nam" not in text
        if key.endswith("_vi"):
            assert not re.search(r"đô la(?! Mỹ)|VNĐ|phần thưởng|\bngàn\b|kiều bào", text), text
            assert not re.search(r"bảo lãnh thanh toán|cam kết lợi nhuận|gọi vốn", text), text


@pytest.mark.parametrize("row", [r for r in examples() if r["instrument"] in GATED],
                         ids=lambda row: row["slug"])  # fmt: skip
def test_public_text_of_a_gated_example_holds_no_terms(row: dict[str, Any]) -> None:
    """Interest, return, valuation and conversion are shown only after the check (rule 2)."""
    public = " ".join(text for key, text in _leaves({k: v for k, v in row.items() if k != "terms"}))
    rate = row["terms"].get("rate_bps_per_year")
    if rate:
        shown = f"{Decimal(rate) / 100:g}"
        assert f"{shown}% a year" not in public
        assert f"{shown.replace('.', ',')}% một năm" not in public
    assert not re.search(r"return of \d|\d% a year with|lợi tức|\d% mỗi năm nếu|cổ tức \d", public)


# --- rates, series, rules --------------------------------------------------------------------


def _table(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_sample_rates_cover_every_currency_and_say_that_they_are_samples() -> None:
    rows = _table("fx_sample.csv")
    rates = {row["base"]: Decimal(row["rate"]) for row in rows}
    assert set(rates) == set(CURRENCIES) - {"VND"}
    assert rates["USD"] == 26_000
    assert all("sample" in row["source"] and row["quote"] == "VND" for row in rows)
    low_high = {"EUR": (1.0, 1.3), "JPY": (0.005, 0.009), "KRW": (0.0006, 0.0009)}
    for code, (low, high) in low_high.items():
        assert low < rates[code] / rates["USD"] < high


def test_remittance_figures_have_a_source_a_date_and_a_status() -> None:
    rows = _table("../../insights/data/remittances_hcmc.csv")
    assert {row["status"] for row in rows} == {"published", "derived", "forecast", "conflict"}
    assert all(row["source"] and row["source_date"] and Decimal(row["value"]) > 0 for row in rows)
    of_2021 = [row["value"] for row in rows if row["period"] == "2021"]
    assert of_2021 == ["7.1", "6.6"], "both figures that contradict each other are kept"
    quarters = [Decimal(r["value"]) for r in rows if r["period"].startswith("2025-Q")]
    year = next(r for r in rows if r["period"] == "2025" and r["region"] == "all")
    assert abs(sum(quarters) - Decimal(year["value"])) < Decimal("0.01")


def test_eligibility_rules_have_ids_sources_and_vectors_that_name_them() -> None:
    document = json.loads(RULES.read_text(encoding="utf-8"))
    rules = {rule["id"]: rule for rule in document["rules"]}
    assert len(rules) == len(document["rules"])
    for rule in rules.values():
        assert rule["status"] == "own policy" or rule["source"], rule["id"]
        assert rule["valid_from"] or rule["status"] == "draft", rule["id"]
    assert {vector["rule"] for vector in document["vectors"]} <= set(rules)


# --- the footer pages ------------------------------------------------------------------------


def _source(name: str, language: str) -> str:
    return (CONTENT / language / f"{name}.md").read_text(encoding="utf-8")


def _shape(text: str) -> list[str]:
    """Headings by level, rows, points and links, in their order."""
    shape = []
    for line in text.split("---\n", 2)[2].splitlines():
        start = re.match(r"(#+ |\d+\. |- |\|)", line)
        if start:
            shape.append("1. " if start[1][0].isdigit() else start[1])
    return shape


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_of_a_page_have_the_same_shape(name: str) -> None:
    vi, en = _source(name, "vi"), _source(name, "en")
    assert _shape(vi) == _shape(en)
    for pattern in (r"\{(\w+)\}", r"\]\(([^)]+)\)", r"`([^`]+)`"):
        assert sorted(re.findall(pattern, vi)) == sorted(re.findall(pattern, en)), pattern


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_whole_and_its_links_lead_somewhere(name: str, language: str) -> None:
    page = text_page(name, language)
    assert page is not None
    assert page.title
    assert page.description
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", page.updated)
    assert len(page.body) > 800, "a page, not a stub"
    assert "{" not in page.body
    for target in re.findall(r'href="([^"]+)"', page.body):
        assert re.fullmatch(r"\.\./(\w+)/", target), target
        # "How ranking works" is a page of its own, with the figures of the current run.
        assert target.strip("./") in {*NAMES, "ranking"}


@pytest.mark.parametrize("name", ["terms", "privacy"])
def test_what_people_agree_to_has_a_version_and_no_variables(name: str) -> None:
    for language in LANGUAGES:
        text = _source(name, language)
        assert re.search(r"^version: 20\d\d-\d\d-\d\d$", text, re.MULTILINE)
        assert "{" not in text
    versions = {re.search(r"^version: (\S+)$", _source(name, lang), re.M)[1] for lang in LANGUAGES}  # type: ignore[index]
    assert len(versions) == 1


def _sentences(text: str) -> Iterator[str]:
    body = re.sub(r"\]\([^)]+\)", "]", text.split("---\n", 2)[2])
    for line in body.splitlines():
        for cell in line.split("|") if line.startswith("|") else [line]:
            yield from re.split(r"(?<=[.?!:;])\s+", cell.strip("#-*0123456789. "))


@pytest.mark.parametrize("name", NAMES)
def test_sentences_are_short(name: str) -> None:
    for language, most in (("en", 25), ("vi", 35)):
        for sentence in _sentences(_source(name, language)):
            words = len(sentence.split())
            assert words <= most, f"{language}/{name}: {words} words: {sentence}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_promises_nothing(name: str, language: str) -> None:
    text = _source(name, language)
    _check_spelling(text.split("---\n", 2)[2], f"{language}/{name}")
    _check_words(text, language, f"{language}/{name}")
    assert "!" not in text.replace("![", "")


def _check_words(text: str, language: str, where: str) -> None:
    found = (NEVER_VI if language == "vi" else NEVER_EN).search(ALLOWED.sub("", text))
    assert found is None, f"{where}: {found[0] if found else ''}"


# --- the strings of the interface ------------------------------------------------------------


def _messages() -> list[tuple[str, str, str]]:
    rows = []
    for path in sorted(PARTS.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="vi"):
                if message.id:
                    source = message.id[0] if isinstance(message.id, tuple) else message.id
                    said = message.string
                    rows.append((path.name, source, said[0] if isinstance(said, tuple) else said))
    return rows


def test_vietnamese_strings_are_there_and_spelt_well() -> None:
    wrong = []
    for part, source, said in _messages():
        if not said.strip():
            wrong.append(f"{part}: nothing for {source!r}")
        elif said != unicodedata.normalize("NFC", said) or said != old_tone_style(said):
            wrong.append(f"{part}: spelling of {said!r}")
        if "(các)" in said or re.search(r"\bquý (khách|vị|nhà đầu tư)\b|\bchúng tôi\b", said):
            wrong.append(f"{part}: voice of {said!r}")
    assert wrong == []


def test_strings_keep_their_variables() -> None:
    wrong = []
    for part, source, said in _messages():
        for pattern in (r"%\(\w+\)s", r"\{\w+\}", r"<[^>]+>"):
            if set(re.findall(pattern, said)) != set(re.findall(pattern, source)):
                wrong.append(f"{part}: {source!r} → {said!r}")
    assert wrong == []


def test_strings_use_no_word_that_recommends_or_promises() -> None:
    wrong = []
    for part, source, said in _messages():
        for language, text in (("en", source), ("vi", said)):
            pattern = NEVER_VI if language == "vi" else NEVER_EN
            if found := pattern.search(ALLOWED.sub("", text)):
                wrong.append(f"{part}: {found[0]!r} in {text!r}")
    assert wrong == []
