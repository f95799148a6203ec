"""Every row of the fault matrix has a test that exists, or a reason."""

from tests.faults.rows import ABSENT, ELSEWHERE, LAST, ROOT, covered, named


def test_every_row_has_a_test_or_a_reason_and_none_has_both() -> None:
    rows = set(covered())
    assert rows | set(ABSENT) == set(range(1, LAST + 1))
    assert not rows & set(ABSENT)
    assert not set(named()) & set(ABSENT)


def test_the_tests_that_are_listed_exist() -> None:
    for tests in ELSEWHERE.values():
        for test in tests:
            file, name = test.split("::")
            assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), test
