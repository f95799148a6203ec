"""What owners claim is shown with units that a reader knows, in either language."""

from types import SimpleNamespace

import pytest

from backend.home import seed
from backend.home.artwork import artwork_of
from backend.projects.measures import format_measure

TABLE = [
    (0, "count", "0", "0"),
    (576000, "count/yr", "576.000 mỗi năm", "576,000 a year"),
    (2.8, "%", "2,8%", "2.8%"),
    (1, "d", "1\u00a0ngày", "1\u00a0day"),
    (3000, "m3/d", "3.000\u00a0m³ mỗi ngày", "3,000\u00a0m³ a day"),
    (1500, "VND/kg", "1.500\u00a0₫/kg", "1,500\u00a0₫/kg"),
    (4.5, "kgCO2e/TEU", "4,5\u00a0kg CO₂e/TEU", "4.5\u00a0kg CO₂e/TEU"),
    (None, "t", "", ""),
]


@pytest.mark.parametrize(("value", "unit", "vi", "en"), TABLE)
def test_a_measure_reads_as_people_say_it(value: float | None, unit: str, vi: str, en: str) -> None:
    assert format_measure(value, unit, "vi") == vi
    assert format_measure(value, unit, "en") == en


def test_no_example_shows_a_bare_symbol_of_the_sample_file() -> None:
    for row in seed.examples():
        for claim in row["impact"]:
            for language in ("vi", "en"):
                words = format_measure(claim["target"], claim["unit"], language).split()
                assert not {"count", "d", "d)", "yr", "VND", "x", "m3"} & set(words), words


def project(title: str, **more: object) -> SimpleNamespace:
    facts = {"slug": title, "title_en": title, "technologies": [], "field": None, "pillars": []}
    return SimpleNamespace(**(facts | more))


@pytest.mark.parametrize(
    ("title", "motif"),
    [
        ("Offshore wind, 500 MW", "wind"),
        ("Rooftop solar for schools", "sun"),
        ("Reusable cold crates", "lorries"),
        ("A plant for industrial wastewater", "canal"),
        ("Technology roadmap", "waves"),
    ],
)
def test_what_a_title_names_is_what_is_drawn(title: str, motif: str) -> None:
    drawn = artwork_of(project(title, pillars=["innovation_digital"]))  # type: ignore[arg-type]
    assert drawn.motif == motif or (motif == "waves" and drawn.motif == "nodes")
    assert drawn == artwork_of(project(title, pillars=["innovation_digital"]))  # type: ignore[arg-type]


def test_every_motif_is_in_the_sprite() -> None:
    sprite = (seed.SAMPLE.parents[2] / "frontend-templates/static/icons/art.svg").read_text()
    for row in seed.examples():
        facts = {name: row[name] for name in ("slug", "title_en", "technologies", "field")}
        drawn = artwork_of(SimpleNamespace(**facts, pillars=row["pillars"]))  # type: ignore[arg-type]
        assert f'<symbol id="{drawn.motif}"' in sprite


def test_the_sample_history_is_mixed_and_never_in_the_future() -> None:
    dated = list(seed._dated(seed._mixed(seed.examples())))
    assert len(dated) == len(seed.examples())
    listed = [row for row, _ in dated if row["state"] not in seed.UNDECIDED]
    assert len({row["field"] for row in listed[-3:]}) == 3
    ends = [end for row, end in dated if row["state"] not in seed.UNDECIDED]
    assert ends == sorted(ends, reverse=True) and min(ends) >= 1
