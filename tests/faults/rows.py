"""Which test stands for which row of the fault matrix: `python -m tests.faults.rows` prints it.

A test whose name holds `row_31` or `rows_29_and_30` is found by that. The others are listed here,
and so are the rows without a test, each with the reason. In row 28 the file of a table is
`/dev/full`, so the kernel itself refuses the block in the middle of the unit of work.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAST = 92
_NAME = re.compile(r"def (test_rows?_(\d+)(?:_(to|and)_(\d+))?_\w+)")

# Row → tests whose names tell what holds rather than a number.
ELSEWHERE: dict[int, tuple[str, ...]] = {
    17: ("core/test_jobs.py::"
         "test_a_broker_that_is_gone_costs_no_error_and_is_not_asked_again_at_once",
         "faults/test_run_and_kill.py::test_everything_killed_at_once_loses_nothing"),
    18: ("core/test_jobs.py::"
         "test_the_work_of_a_worker_that_died_is_taken_over_when_its_lease_is_out",),
    49: ("funding/test_races.py::test_pledging_against_the_close_counts_who_was_in_time",),
    50: ("funding/test_races.py::test_the_last_place_goes_to_one_of_six",),
    51: ("funding/test_races.py::test_withdrawing_against_the_close_leaves_one_truth",),
    54: ("payments/test_charges.py::test_yen_are_charged_in_yen_and_settled_in_dollars",),
    55: ("core/test_money.py::test_what_is_no_amount_is_refused",
         "funding/test_pledge_pages.py::test_a_bad_sum_is_answered_beside_the_field_and_nothing_is_stored"),
    56: ("funding/test_rounds.py::test_a_sum_that_cannot_be_is_refused_and_nothing_is_stored",),
    57: ("core/test_money.py::test_a_split_adds_up_exactly_and_is_fair",
         "remittances/test_plan.py::test_years_of_runs_never_pass_share_carry_or_year"),
    58: ("funding/test_rounds.py::test_an_old_rate_makes_no_pledge_but_a_sample_rate_does",
         "funding/test_rates.py::test_each_wrong_row_says_what_is_wrong",
         "funding/test_rates.py::test_a_rate_that_moved_far_is_shown_and_a_row_twice_is_refused"),
    62: ("payments/test_database_faults.py::"
         "test_what_the_bank_disputes_does_not_hold_up_what_goes_back_to_the_others",),
    78: ("payments/test_charges.py::test_a_due_pledge_is_charged_once_and_stands_in_the_book",
         "payments/test_charges.py::test_yen_are_charged_in_yen_and_settled_in_dollars"),
    81: ("funding/test_milestones.py::test_a_milestone_is_paid_by_four_different_hands",
         "funding/test_milestones.py::test_sql_cannot_be_maker_and_checker_or_release_unverified"),
    82: ("funding/test_milestones.py::"
         "test_what_the_bank_sends_back_is_held_again_and_can_be_paid_anew",),
    83: ("funding/test_races.py::test_releasing_against_refunding_pays_one_of_them",
         "ledger/test_rules.py::test_release_and_refund_race_for_the_same_money"),
    84: ("remittances/test_runs.py::test_what_is_fired_twice_happens_once",
         "remittances/test_plan.py::test_three_missed_days_run_late_and_keep_the_whole_time_to_remove",
         "remittances/test_plan.py::test_the_31st_of_a_shorter_month_is_its_last_day"),
    86: ("notifications/test_notices.py::test_words_that_fail_are_tried_again_and_hold_up_nobody",),
}  # fmt: skip
# Row → why no test stands for it.
ABSENT: dict[int, str] = {
    73: "Stripe sends an early fraud warning about a charge; before a round closes nothing is "
    "charged (a card is only saved), so there is nothing that one could stop. Warnings after "
    "that are kept like every event that we do not act on (row 47): not built",
    92: "./scripts/bench faults",
}


def named() -> dict[int, list[str]]:
    """Row → `file::test` of every test that carries its number."""
    found: dict[int, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, first, joint, last in _NAME.findall(file.read_text(encoding="utf-8")):
            ends = int(last) if joint else int(first)
            for row in range(int(first), ends + 1):
                found.setdefault(row, []).append(f"{file.relative_to(ROOT / 'tests')}::{name}")
    return found


def covered() -> dict[int, list[str]]:
    """Row → its tests, by name or by the list above."""
    found = named()
    for row, tests in ELSEWHERE.items():
        found.setdefault(row, []).extend(tests)
    return found


if __name__ == "__main__":
    rows = covered()
    for row in range(1, LAST + 1):
        for test in rows.get(row, [f"- {ABSENT.get(row, 'NOTHING')}"]):
            print(f"{row:>3}  {test}")
