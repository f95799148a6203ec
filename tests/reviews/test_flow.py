"""What the desk promises: blindness, reasons for gaps, the undo time, freezes, transfers, rules."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from backend.accounts.models import CityOffice
from backend.core import jobs
from backend.core.audit import events_of
from backend.core.clock import app_now, set_demo_offset
from backend.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from backend.core.models import Job
from backend.projects import actions as projects
from backend.projects.models import Project
from backend.projects.workflow import Status
from backend.reviews import actions, case_actions, decision_actions, desk_actions, queries, tasks
from backend.reviews.built_in import built_in
from backend.reviews.case_file import case_file, case_for
from backend.reviews.models import Case, Decision, Letter, Note, Review, RuleSet
from backend.reviews.workdays import WorkCalendar
from backend.reviews.workflow import LETTER
from tests import factories

pytestmark = pytest.mark.django_db


def test_what_is_handed_in_comes_to_the_desk_by_a_job() -> None:
    project = factories.a_project_at(Status.SUBMITTED)
    assert not Case.objects.exists()
    jobs.run_due_jobs()
    case = Case.objects.get(project=project)
    assert case.task == "screening"
    assert case.reference.startswith("CK-")


def test_nobody_reads_a_score_before_both_reviews_are_in() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    first, second = factories.two_reviewers(project)
    actions.submit_review(
        project, by=first, scores=factories.scores(2) | {"team": 5},
        reasons={k: {"vi": "BÍ MẬT"} for k in factories.scores()},
    )  # fmt: skip
    review = Review.objects.get(reviewer=first)
    lead = factories.an_officer("lead")
    factories.declared(project, lead)
    for person in (second, lead, factories.an_officer("auditor")):
        file = case_file(person, case_for(person, project.public_id), part="", against=None,
                         language="vi")  # fmt: skip
        assert not file.reviews
        assert "BÍ MẬT" not in str(file.my_draft)
        with pytest.raises(NotFound):
            queries.review_for(person, review.public_id)
    mine = case_file(first, case_for(first, project.public_id), part="", against=None,
                     language="vi")  # fmt: skip
    assert len(mine.reviews) == 1
    actions.submit_review(project, by=second, scores=factories.scores(4), reasons={})
    both = case_file(second, case_for(second, project.public_id), part="", against=None,
                     language="vi")  # fmt: skip
    assert len(both.reviews) == 2


def test_a_draft_is_kept_however_incomplete_and_is_its_writers_alone() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    first, second = factories.two_reviewers(project)
    actions.save_draft_review(project, by=first, draft={"s_team": "1", "comment": "\ud800x\x00y"})
    seen = case_file(
        first, case_for(first, project.public_id), part="", against=None, language="vi"
    )
    assert seen.my_draft == {"s_team": "1", "comment": "xy"}
    other = case_file(second, case_for(second, project.public_id), part="", against=None,
                      language="vi")  # fmt: skip
    assert other.my_draft == {}


def test_a_gap_of_two_points_needs_both_reasons_before_a_decision() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    first, second = factories.two_reviewers(project)
    actions.submit_review(project, by=first, scores=factories.scores(5), reasons={})
    actions.submit_review(project, by=second, scores=factories.scores(5) | {"team": 3}, reasons={})
    assert Case.objects.get().task == "review"
    with pytest.raises(Conflict) as refused:
        factories.a_decision_on(project)
    assert refused.value.code == "gap_unexplained"
    for officer in (first, second):
        actions.explain_gap(project, by=officer, criterion="team", words="Theo hồ sơ nhân sự")
    assert Case.objects.get().task == "decision"
    factories.a_decision_on(project)


def test_a_letter_waits_ten_minutes_and_can_be_undone_until_then() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    factories.reviewed(project)
    decision = factories.a_decision_on(project)
    letter = factories.a_letter_for(decision, sent=False)
    assert letter.number == 1
    decision_actions.send_letter(letter)
    letter.refresh_from_db()
    assert letter.status == "signed", "ten minutes are not over"
    decision_actions.undo_letter(letter, by=decision.decided_by, reason="Sai số bản")
    set_demo_offset(timedelta(minutes=20))
    tasks.send_due_letters()
    project.refresh_from_db()
    assert project.status == Status.IN_REVIEW
    again = factories.a_letter_for(factories.a_decision_on(project, by=decision.decided_by))
    assert (again.status, again.number) == ("sent", 2)
    project.refresh_from_db()
    assert project.status == Status.LISTED
    with pytest.raises(Conflict):
        decision_actions.undo_letter(again, by=decision.decided_by, reason="muộn")


def test_the_letter_goes_out_once_in_two_languages_and_is_kept() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    factories.reviewed(project)
    letter = factories.a_letter_for(factories.a_decision_on(project, "decline"))
    decision_actions.send_letter(letter)
    jobs.run_due_jobs()
    texts = [m.body for m in mail.outbox if "CK-" in m.subject]
    assert len(texts) == 1
    assert "Kính gửi" in texts[0]
    assert "declines" in texts[0]
    assert bytes(letter.pdf).startswith(b"%PDF")
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.filter(pk=letter.pk).update(body={})


def test_a_letter_with_requests_makes_them_rows() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    factories.reviewed(project)
    factories.a_letter_for(factories.a_decision_on(project, "return"))
    project.refresh_from_db()
    assert project.status == Status.RETURNED
    assert [r.section for r in queries.requests_of(project)] == ["budget"]
    assert Case.objects.get().task == "owner"


def test_the_signer_is_neither_decider_nor_reviewer_even_by_sql() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    first, second = factories.two_reviewers(project)
    factories.reviewed(project, first, second)
    decision = factories.a_decision_on(project)
    office = factories.an_office()
    for person in (first, decision.decided_by):
        person.office_memberships.create(office=office, role="signer")
        with pytest.raises(NotAllowed):
            decision_actions.sign_letter(decision.letter, by=person)
        with pytest.raises(IntegrityError), transaction.atomic():
            Letter.objects.filter(pk=decision.letter.pk).update(signed_by=person)


def test_a_withdrawal_overtakes_a_letter() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    factories.reviewed(project)
    letter = factories.a_letter_for(factories.a_decision_on(project), sent=False)
    projects.withdraw_project(project, by=project.owner.memberships.get().user)
    set_demo_offset(timedelta(minutes=11))
    assert decision_actions.send_letter(letter).status == "undone"


def test_a_freeze_stops_everything_and_is_undone_with_a_reason() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    first, _second = factories.two_reviewers(project)
    lead = factories.an_officer("lead")
    projects.freeze_project(project, by=lead, reason="Có phản ánh")
    owner = project.owner.memberships.get().user
    for attempt in (
        lambda: actions.submit_review(project, by=first, scores=factories.scores(), reasons={}),
        lambda: projects.withdraw_project(project, by=owner),
        lambda: factories.a_decision_on(project, by=lead),
    ):
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "frozen"
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.filter(pk=project.pk).update(status="withdrawn")
    projects.unfreeze_project(project, by=lead, reason="Không có gì")
    actions.submit_review(project, by=first, scores=factories.scores(), reasons={})
    assert {"project.frozen", "project.unfrozen"} <= {e.code for e in events_of(project)}


def test_a_transferred_case_belongs_to_the_other_office() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    other = factories.an_office("Other office")
    lead = factories.an_officer("lead")
    factories.declared(project, lead)
    with pytest.raises(Invalid):
        case_actions.transfer_case(project, by=lead, office=other, reason=" ")
    case = case_actions.transfer_case(project, by=lead, office=other, reason="Đúng lĩnh vực")
    assert (case.office, case.first, case.second) == (other, None, None)
    with pytest.raises(NotFound):
        case_for(lead, project.public_id)
    there = factories.an_officer("lead", office=other)
    assert case_for(there, project.public_id).pk == case.pk


def test_an_officer_who_leaves_frees_the_seat_but_not_a_finished_review() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    first, second = factories.two_reviewers(project)
    actions.submit_review(project, by=first, scores=factories.scores(), reasons={})
    actions.save_draft_review(project, by=second, draft={"s_team": "4"})
    lead, office = factories.an_officer("lead"), factories.an_office()
    for officer in (first, second):
        case_actions.remove_officer(officer, office, "case_officer", by=lead)
    case = Case.objects.get()
    assert (case.first, case.second) == (first, None)
    assert Review.objects.count() == 1
    with pytest.raises(NotAllowed):
        actions.submit_review(project, by=second, scores=factories.scores(), reasons={})
    third = factories.an_officer()
    factories.declared(project, third)
    actions.submit_review(project, by=third, scores=factories.scores(), reasons={})
    assert Case.objects.get().task == "decision"


def test_seats_are_filled_by_load() -> None:
    busy, free = factories.an_officer(), factories.an_officer()
    lead = factories.an_officer("lead")
    cases = [factories.a_project_at(Status.SUBMITTED) for _ in range(3)]
    jobs.run_due_jobs()
    case_actions.assign_case(cases[0], by=lead, officer=busy)
    assert case_actions.share_out(cases[1:2], by=lead) == 2
    assert Case.objects.get(project=cases[1]).first == free
    with pytest.raises(NotAllowed):
        case_actions.share_out(cases, by=busy)


def test_rules_change_by_new_versions_and_old_scores_keep_theirs() -> None:
    lead = factories.an_officer("lead")
    project = factories.a_listed_project()
    content = built_in("rubric") | {"rows": [dict(r) for r in built_in("rubric")["rows"]]}
    content["rows"][0]["weight"], content["rows"][1]["weight"] = 40, 5
    today = case_actions.city_day(app_now())
    with pytest.raises(DomainError):
        desk_actions.write_rules("rubric", {**content, "pass_total": 101}, by=lead,
                                 effective_from=today, reason="x")  # fmt: skip
    with pytest.raises(NotAllowed):
        desk_actions.write_rules("rubric", content, by=factories.an_officer(),
                                 effective_from=today, reason="x")  # fmt: skip
    row = desk_actions.write_rules("rubric", content, by=lead, effective_from=today, reason="Thử")
    assert row.number == 2
    review = queries.public_review_of(project)
    assert review is not None
    assert review.criteria[0].max_points == 25
    newer = queries.public_review_of(factories.a_listed_project())
    assert newer is not None
    assert newer.criteria[0].max_points == 40
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleSet.objects.update(reason="khác")


def test_notes_hang_in_threads_and_stay_as_written() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    first, second = factories.two_reviewers(project)
    note = actions.write_note(project, by=first, words="Xem lại dự toán")
    reply = actions.write_note(project, by=second, words="Đã xem", answers=note)
    deeper = actions.write_note(project, by=first, words="Cảm ơn", answers=reply)
    assert deeper.answers == note
    with pytest.raises(IntegrityError), transaction.atomic():
        Note.objects.update(words="")


def test_working_days_know_weekends_holidays_and_the_office() -> None:
    plain = WorkCalendar()
    assert plain.add(date(2026, 11, 23), 1) == date(2026, 11, 25), "24 November is a public holiday"
    assert plain.add(date(2026, 2, 13), 1) == date(2026, 2, 23), "Tết"
    assert plain.between(date(2026, 4, 29), date(2026, 5, 4)) == 1
    office = WorkCalendar(off=frozenset({date(2026, 11, 27)}), on=frozenset({date(2026, 11, 28)}))
    assert office.add(date(2026, 11, 26), 1) == date(2026, 11, 28)
    for day in (date(2026, 11, 26), date(2027, 2, 3)):
        for count in (1, 5, 30):
            assert plain.between(day, plain.add(day, count)) == count


def test_the_database_knows_the_edges_of_a_letter_and_no_other() -> None:
    with connection.cursor() as cursor:
        for before in LETTER.statuses:
            for after in LETTER.statuses:
                cursor.execute("SELECT letter_edge_is_legal(%s, %s)", [before, after])
                assert cursor.fetchone()[0] == (LETTER.edge(before, after) is not None)


def test_the_same_text_under_another_owner_is_found() -> None:
    first = factories.a_project_at(Status.SUBMITTED)
    content = first.current_version.content
    factories.a_project_at(Status.SUBMITTED, **content)
    other = {
        f"{name}_{language}": text
        for name in ("summary", "problem", "solution", "market")
        for language, text in (
            ("vi", "Một hồ sơ khác hẳn về việc giao hàng bằng xe đạp điện trong nội thành."),
            ("en", "Quite another text about parcels carried on bikes through the old town."),
        )
    }
    factories.a_project_at(Status.SUBMITTED, title_vi="Xe điện", title_en="Bikes", **other)
    jobs.run_due_jobs()
    auditor = factories.an_officer("auditor")
    file = case_file(auditor, case_for(auditor, first.public_id), part="", against=None,
                     language="vi")  # fmt: skip
    assert [row["percent"] > 50 for row in file.like] == [True]


def test_a_decline_is_not_public() -> None:
    project = factories.a_project_at(Status.DECLINED)
    assert queries.public_review_of(project) is None
    assert queries.decisions_for(factories.a_user(), project) == []
    assert len(queries.decisions_for(project.owner.memberships.get().user, project)) == 1
    assert Decision.objects.get().outcome == "decline"
    assert CityOffice.objects.count() == 1
    assert not Job.objects.filter(state="dead").exists()
