"""A test that tries: no total, difference or algebra reveals a cell of fewer than ten people."""

from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from backend.insights.chain import Row
from backend.insights.facts import Before, Cell, public_rows, sums_of
from backend.insights.suppress import LEAST_PEOPLE, Sum, computable, hidden_cells


@st.composite
def tables(draw: Any) -> tuple[dict[str, int], dict[str, int], list[Sum]]:
    """Countries × fields with both margins and the grand total: people and values of every cell."""
    countries, fields = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    people: dict[str, int] = {}
    values: dict[str, int] = {}
    counts = st.sampled_from([0, 1, 2, 5, 9, 10, 11, 30])
    for c in range(countries):
        for f in range(fields):
            people[f"{c}/{f}"] = draw(counts)
            values[f"{c}/{f}"] = people[f"{c}/{f}"] * draw(st.integers(1, 9))
    sums = []
    for c in range(countries):
        sums.append(Sum(f"c{c}", tuple(f"{c}/{f}" for f in range(fields))))
    for f in range(fields):
        sums.append(Sum(f"f{f}", tuple(f"{c}/{f}" for c in range(countries))))
    sums.append(Sum("all", tuple(f"c{c}" for c in range(countries))))
    sums.append(Sum("all", tuple(f"f{f}" for f in range(fields))))
    for one in sums:
        # Nobody stands in two cells here: the worst case for hiding.
        people[one.total] = sum(people[key] for key in one.parts)
        values[one.total] = sum(values[key] for key in one.parts)
    return people, values, sums


def interval(
    target: str, values: dict[str, int], sums: list[Sum], hidden: list[str]
) -> tuple[float, float]:
    """The least and the most that a hidden cell can be, given every public figure."""
    place = {key: i for i, key in enumerate(hidden)}
    left, right = [], []
    for one in sums:
        row, known = np.zeros(len(hidden)), 0
        for key, sign in [(k, 1) for k in one.parts] + [(one.total, -1)]:
            if key in place:
                row[place[key]] += sign
            else:
                known += sign * values[key]
        left.append(row)
        right.append(-known)
    goal = np.zeros(len(hidden))
    goal[place[target]] = 1
    ends = [
        linprog(sign * goal, A_eq=np.array(left), b_eq=np.array(right), bounds=(0, None))
        for sign in (1, -1)
    ]
    low, high = (sign * end.fun if end.status == 0 else sign * np.inf
                 for sign, end in zip((1, -1), ends, strict=True))  # fmt: skip
    return float(low), float(high if ends[1].status == 0 else np.inf)


@given(tables())
@settings(max_examples=80, deadline=None)
def test_no_small_cell_can_be_read_or_computed(
    table: tuple[dict[str, int], dict[str, int], list[Sum]],
) -> None:
    people, values, sums = table
    hidden = sorted(hidden_cells(people, sums))
    small = [key for key, count in people.items() if 0 < count < LEAST_PEOPLE]
    assert set(small) <= set(hidden)
    # Unless nobody else is in the table, nothing hidden follows from what is public.
    assert not computable(sums, hidden)
    for key in small[:3]:
        low, high = interval(key, values, sums, hidden)
        assert high - low > 0


@given(tables())
@settings(max_examples=80, deadline=None)
def test_what_is_hidden_in_a_sum_is_never_about_fewer_than_ten_people(
    table: tuple[dict[str, int], dict[str, int], list[Sum]],
) -> None:
    people, _values, sums = table
    hidden = hidden_cells(people, sums)
    for one in sums:
        cells = [key for key in one.parts if key in hidden]
        if cells and one.total not in hidden:
            # Nobody stands in two cells of these tables, so their people may be added up.
            assert sum(people[key] for key in cells) >= LEAST_PEOPLE
            assert len(cells) > 1


def test_a_single_small_country_hides_another_with_it() -> None:
    people = {"US": 400, "JP": 90, "CZ": 3, "all": 493}
    sums = [Sum("all", ("US", "JP", "CZ"))]
    assert hidden_cells(people, sums) == {"CZ", "JP"}


def test_two_small_ones_alone_are_not_enough() -> None:
    people = {"US": 400, "JP": 90, "CZ": 3, "CH": 2, "all": 495}
    assert hidden_cells(people, [Sum("all", ("US", "JP", "CZ", "CH"))]) == {"CZ", "CH", "JP"}


def test_many_small_countries_do_not_hide_their_total() -> None:
    """What could be computed is the total itself, and that is about twelve people."""
    people = {"US": 5, "JP": 4, "CZ": 3, "all": 12}
    assert hidden_cells(people, [Sum("all", ("US", "JP", "CZ"))]) == {"US", "JP", "CZ"}


def test_people_in_several_parts_may_be_the_same_ones() -> None:
    """Twelve people less the nine who are shown: three may be all that the hidden parts hold."""
    people = {"a": 9, "b": 9, "c": 12, "all": 12}
    assert hidden_cells(people, [Sum("all", ("a", "b", "c"))]) == {"a", "b", "c"}


def test_nothing_is_hidden_where_everybody_is_many_or_nobody() -> None:
    people = {"US": 400, "JP": 0, "all": 400}
    assert hidden_cells(people, [Sum("all", ("US", "JP"))]) == frozenset()


def test_a_day_with_three_people_shows_no_total_either() -> None:
    people = {"US": 3, "all": 3}
    assert hidden_cells(people, [Sum("all", ("US",))]) == {"US", "all"}


def test_the_algebra_finds_what_a_chain_of_sums_reveals() -> None:
    """Each sum hides two cells and yet the middle one follows: a bridge between two pairs."""
    sums = [Sum("t1", ("a", "b")), Sum("t1", ("a", "b", "x")), Sum("t2", ("c", "d"))]
    assert computable(sums, ["a", "b", "x"]) == ["x"]
    assert all(not computable(sums[:1], list(pair)) for pair in combinations("ab", 2))


# --- the difference of two snapshots ----------------------------------------------------------

COUNTRIES, FIELDS = ("US", "JP", "CZ"), ("a", "b")
Person = tuple[str, str, int]


@st.composite
def histories(draw: Any) -> list[dict[int, Person]]:
    """Nights with the people who stand behind the figures: some come, some go, most stay."""
    nights: list[dict[int, Person]] = [{}]
    number = 0
    for _ in range(draw(st.integers(2, 5))):
        now = dict(nights[-1])
        for gone in draw(st.lists(st.sampled_from(sorted(now) or [-1]), max_size=14, unique=True)):
            now.pop(gone, None)
        for country, field in draw(
            st.lists(
                st.sampled_from([(c, f) for c in COUNTRIES for f in FIELDS]),
                min_size=0,
                max_size=40,
            )
        ):
            number += 1
            now[number] = (country, field, number * number)
        nights.append(now)
    return nights[1:]


def _cells(people: dict[int, Person]) -> dict[str, tuple[Cell, frozenset[int]]]:
    found: dict[str, tuple[Cell, frozenset[int]]] = {}
    groups: dict[tuple[tuple[str, str], ...], set[int]] = {}
    for who, (country, field, _minor) in people.items():
        for place in (
            (("series", "total"),), (("series", "country"), ("country", country)),
            (("series", "field"), ("field", field)),
            (("series", "corridor"), ("country", country), ("field", field)),
        ):  # fmt: skip
            groups.setdefault(place, set()).add(who)
    for place, members in groups.items():
        names = dict(place)
        cell = Cell(names.pop("series"), "pledged", "VND", sum(people[w][2] for w in members),
                    len(members), **names)  # fmt: skip
        found[cell.key] = (cell, frozenset(members))
    return found


@given(histories())
@settings(max_examples=60, deadline=None)
def test_the_difference_of_two_snapshots_is_never_about_fewer_than_ten_people(
    nights: list[dict[int, Person]],
) -> None:
    """An attacker keeps every snapshot, works out what follows from each, and takes differences."""
    known: dict[str, tuple[int, int, frozenset[int], str]] = {}
    last_seen: dict[str, frozenset[int]] = {}
    for night, people in enumerate(nights):
        cells = _cells(people)
        before = {
            key: Before(value, count, version, len(members ^ cells[key][1]))
            for key, (value, count, members, version) in known.items()
            if key in cells
        }
        rows, _hidden = public_rows([cell for cell, _members in cells.values()], before)
        fresh = {_key_of(row) for row in rows if row.status == "shown"}
        secret = sorted(set(cells) - fresh)
        sums = sums_of([cell for cell, _members in cells.values()])
        # What is left out of this night's figures does not follow from those that are shown.
        assert not computable(sums, secret)
        for row in rows:
            key = _key_of(row)
            if row.status == "shown":
                members = cells[key][1]
                moved = len(members ^ last_seen.get(key, frozenset()))
                assert not 0 < moved < LEAST_PEOPLE, (night, key, moved)
                last_seen[key] = members
                known[key] = (int(row.value), int(row.people), members, f"v{night}")
            elif row.status == "kept":
                assert int(row.value) == known[key][0]
                assert row.note == f"since={known[key][3]}"
            else:
                assert not row.value


def _key_of(row: Row) -> str:
    return Cell(row.series, row.measure, row.unit, 0, None, row.period, row.country, row.region,
                row.field, row.pillar, row.place).key  # fmt: skip
