"""The taxonomy's data: complete, consistent and spelt as the city spells."""

import csv
import re
import unicodedata
from datetime import date

import pytest

from backend.accounts.answers import FACTORS, LEVELS
from backend.core.text import fold, old_tone_style
from backend.projects import taxonomy
from backend.projects.workflow import PublicStatus, Status

KEYS = {
    "field": "smart_manufacturing low_carbon_logistics digital_urban_services open_innovation "
    "pilot_mechanism",
    "pillar": "net_zero smart_manufacturing next_generation_infrastructure innovation_digital",
    "value": "green digital humane integration",
    "technology": "iot_sensors ai new_energy robotics_automation new_materials cloud_data "
    "water_environment health_technology semiconductors food_technology digital_twin "
    "additive_manufacturing blockchain fiveg cyber_security drones biotechnology",
    "instrument": "contribution reward loan convertible equity fund_unit",
    "skill": "engineering certification finance legal research procurement design software "
    "marketing_abroad data_science",
    "trl": "1 2 3 4 5 6 7 8 9",
    "owner_kind": "firm lab startup cooperative public_unit",
    "language": "vi en",
    "call_status": "open_call tender investor_selection proposed planned programme draft_plan mou "
    "pilot investor_proposal operating_partners investor_selected",
}
OLD_PLACE_NAMES = 17


@pytest.mark.parametrize("kind", KEYS)
def test_the_keys_are_the_agreed_ones_in_their_order(kind: str) -> None:
    assert taxonomy.keys(kind) == KEYS[kind].split()


def test_the_states_of_the_code_all_have_names() -> None:
    assert set(taxonomy.keys("project_status")) == {s.value for s in Status}
    assert set(taxonomy.keys("public_status")) == {s.value for s in PublicStatus}
    assert taxonomy.keys("factor") == list(FACTORS)
    assert set(taxonomy.keys("weight")) == set(LEVELS)


def test_officers_read_other_words_than_the_public() -> None:
    public = taxonomy.label("project_status", "submitted", "vi")
    assert public == "Đã tiếp nhận"
    assert taxonomy.staff_label("project_status", "submitted", "vi") == "Đã nộp, chờ kiểm tra hồ sơ"
    assert all(t.staff_vi and t.staff_en for t in taxonomy.terms("project_status"))
    # A term without words for officers falls back to the public name, an unknown key to itself.
    assert taxonomy.staff_label("field", "open_innovation", "en") == "open innovation"
    assert taxonomy.staff_label("field", "gone", "en") == "gone"


@pytest.mark.parametrize("kind", [k for k in taxonomy.kinds() if k != "place"])
def test_every_term_is_named_in_both_languages_and_spelt_well(kind: str) -> None:
    terms = taxonomy.terms(kind)
    assert len({t.key for t in terms}) == len(terms)
    for term in terms:
        for text in (term.vi, term.en, term.staff_vi, term.staff_en):
            assert text == unicodedata.normalize("NFC", text).strip()
            assert text == old_tone_style(text), text
        assert term.vi
        assert term.en
        assert taxonomy.label(kind, term.key, "vi") == term.vi
    assert len({t.vi for t in terms}) == len(terms)


def test_the_words_of_the_glossary_that_a_law_or_the_city_fixed() -> None:
    assert taxonomy.label("field", "pilot_mechanism", "vi") == "thí điểm cơ chế mới"
    assert taxonomy.label("pillar", "innovation_digital", "vi") == "đổi mới và chuyển đổi số"
    assert taxonomy.label("instrument", "contribution", "vi") == "đóng góp không hoàn lại"
    assert taxonomy.label("public_status", "upcoming", "en") == "Listed, not open for pledges yet"
    assert taxonomy.label("public_status", "upcoming", "vi") == "Đã đăng, chưa mở đợt góp"


def test_technology_groups_have_days_and_confirmed_groups_only() -> None:
    terms = taxonomy.terms("technology")
    start = min(t.valid_from for t in terms if t.valid_from)
    assert taxonomy.terms("technology", on=start) == terms
    assert taxonomy.terms("technology", on=date(2000, 1, 1)) == []
    assert all(t.valid_from for t in terms)
    assert {t.strategic_group for t in terms} <= {None, 1, 2, 3, 4, 5, 6}
    assert taxonomy.version() >= taxonomy.effective_from().isoformat()


def test_a_term_ends_before_its_last_day_and_stays_readable() -> None:
    first, last = date(2026, 1, 1), date(2027, 1, 1)
    term = taxonomy.Term("x", "cũ", "old", valid_from=first, valid_to=last)
    assert not term.is_current(date(2025, 12, 31))
    assert term.is_current(first)
    assert term.is_current(date(2026, 12, 31))
    assert not term.is_current(last)
    assert term.label("vi") == "cũ"


def test_countries_are_those_of_iso_in_the_readers_order() -> None:
    countries = taxonomy.terms("country")
    assert len(countries) == 249
    assert all(re.fullmatch("[A-Z]{2}", t.key) for t in countries)
    first = [t.key for t in countries if t.is_first]
    assert first[:6] == ["US", "AU", "CA", "JP", "KR", "TW"]
    assert [t.key for t in countries][: len(first)] == first
    for language, start in (("vi", "Ả Rập Xê-út"), ("en", "Afghanistan")):
        names = [t.label(language) for t in taxonomy.countries(language)]
        assert names[0] == start
        assert sorted(names) == sorted(t.label(language) for t in countries)
    # Whether a territory's name carries an addition is for the city to say, not for the code.
    assert taxonomy.label("country", "TW", "vi") == "Đài Loan"
    assert taxonomy.label("country", "HK", "vi") == "Hồng Kông"


def _rows() -> list[dict[str, str]]:
    with (taxonomy.DATA / "places.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_places_are_the_168_units_with_the_old_tone_style() -> None:
    rows = _rows()
    kinds = [row["kind"] for row in rows]
    assert (len(rows), kinds.count("ward"), kinds.count("commune")) == (168, 113, 54)
    assert kinds.count("special_zone") == 1
    assert len({row["code"] for row in rows}) == 168
    changed = [row for row in rows if row["name_vi"] != row["source_name_vi"]]
    assert len(changed) == OLD_PLACE_NAMES
    for row in rows:
        assert row["name_vi"] == old_tone_style(row["source_name_vi"])
        assert fold(row["name_vi"]) == fold(row["source_name_vi"])


def test_the_region_of_a_place_follows_its_code() -> None:
    for row in _rows():
        number = int(row["code"])
        before = "binh_duong" if number < 26500 else "ba_ria_vung_tau"
        assert row["before_july_2025"] == ("ho_chi_minh" if number > 26735 else before)


def test_places_are_found_by_code_and_by_folded_name() -> None:
    assert taxonomy.label("place", "26732", "vi") == "đặc khu Côn Đảo"
    assert taxonomy.label("place", "26740", "en") == "Sài Gòn ward"
    assert taxonomy.label("place", "99999", "vi") == "99999"
    # Two units fold to the same letters; only the code tells them apart.
    assert {p.code for p in taxonomy.find_places("thanh an")} == {"25807", "27676"}
    assert [p.code for p in taxonomy.find_places("DONG HOA")] == ["25951"]


def test_places_stand_in_vietnamese_order() -> None:
    names = [place.name for place in taxonomy.places()]
    assert names.index("An Đông") < names.index("Bà Điểm") < names.index("Cầu Ông Lãnh")
    assert names.index("Dĩ An") < names.index("Đất Đỏ") < names.index("Gia Định")
    assert names.index("Thanh An") < names.index("Thạnh An")


def test_what_is_not_known_is_said_to_be_so() -> None:
    assert taxonomy.is_known("field", "open_innovation")
    assert not taxonomy.is_known("field", "magic")
    assert taxonomy.is_known("place", "26732")
    with pytest.raises(KeyError):
        taxonomy.keys("no_such_kind")
