"""A hundred thousand cases: queue and case cost what they cost with a thousand.

`./scripts/bench reviews` runs the slow one and prints what it measured.
"""

import statistics
import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backend.projects.workflow import Status
from tests import factories
from tests.reviews.desk import sign_in

pytestmark = pytest.mark.django_db

QUEUE_QUERIES, CASE_QUERIES = 6, 12
GROWTH = 1.5

# One case in ten is open; the others were closed over the last years. Rows walk the legal edges.
MANY = """
INSERT INTO projects_project (public_id, slug, origin, is_example, owner_id, status, frozen_reason,
    original_language, title_vi, title_en, summary_vi, summary_en, owner_name_vi, owner_name_en,
    owner_kind, field, pillars, values, technologies, currency, languages, skills, content_version,
    created_at, updated_at, submitted_at, is_high_value)
SELECT 'prj_bench' || n, 'bench-' || n, 'proposal', false, %(owner)s, 'draft', '', 'vi',
    'Hồ sơ số ' || n, 'Proposal ' || n, '', '', 'Công ty ' || n %% 900, '', 'firm',
    'smart_manufacturing', '{}', '{}', '{}', 'VND', '{}', '{}', 1, now(), now(), now(), false
FROM generate_series(%(first)s, %(last)s) n;
INSERT INTO projects_projectversion (project_id, number, content, content_sha256, created_at,
    updated_at)
SELECT id, 1, '{}', '', now(), now() FROM projects_project
WHERE slug LIKE 'bench-%%' AND current_version_id IS NULL;
UPDATE projects_project p SET current_version_id = v.id, status = 'submitted'
FROM projects_projectversion v WHERE v.project_id = p.id AND p.current_version_id IS NULL;
INSERT INTO reviews_case (project_id, office_id, reference, task, is_open, opened_on, clock_from,
    due_on, version_number, first_id, reviews_in, has_gap, last_code, last_at, words, signature,
    closed_on, decision_days)
SELECT p.id, %(office)s, 'CK-B-' || p.id, CASE WHEN p.id %% 10 = 0 THEN 'screening' ELSE 'done' END,
    p.id %% 10 = 0, current_date, current_date, current_date + (p.id %% 60)::int - 20, 1,
    CASE WHEN p.id %% 3 = 0 THEN %(officer)s END, 0, false, 'project.submitted', now(),
    'ho so so ' || p.id, ARRAY[p.id::int, (p.id * 7)::int],
    CASE WHEN p.id %% 10 = 0 THEN NULL ELSE current_date - (p.id %% 900)::int END,
    CASE WHEN p.id %% 10 = 0 THEN NULL ELSE (p.id %% 40)::int END
FROM projects_project p
WHERE p.slug LIKE 'bench-%%'
    AND NOT EXISTS (SELECT 1 FROM reviews_case c WHERE c.project_id = p.id);
"""


def fill(first: int, last: int, officer_pk: int) -> None:
    values = {
        "first": first, "last": last, "officer": officer_pk,
        "owner": factories.an_organisation().pk, "office": factories.an_office().pk,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in filter(str.strip, MANY.split(";")):
            used = {k: v for k, v in values.items() if f"%({k})s" in statement}
            cursor.execute(statement, used)
        # As the owner: the application's role may not, and PostgreSQL only warns of it.
        cursor.execute("SET ROLE NONE")
        cursor.execute("ANALYZE projects_project, projects_projectversion, reviews_case")
        cursor.execute("SET ROLE caukieu_app")


def queries_of(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        response = client.get(path)
    assert response.status_code == 200
    real = [q for q in caught.captured_queries if "SAVEPOINT" not in q["sql"]]
    return len(real)


def times_of(client: Client, path: str, rounds: int = 40) -> tuple[float, float]:
    """Median and 95th percentile in ms, after one call that fills the caches."""
    client.get(path)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        assert client.get(path).status_code == 200
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), statistics.quantiles(times, n=20, method="inclusive")[-1]


@pytest.mark.parametrize("many", [3, 30])
def test_queue_and_case_keep_their_number_of_queries(many: int) -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    factories.reviewed(project)
    officer = factories.an_officer()
    factories.declared(project, officer)
    fill(1, many * 10, officer.pk)
    client = sign_in(officer)
    assert queries_of(client, reverse("office:queue")) <= QUEUE_QUERIES
    assert (
        queries_of(client, reverse("office:queue") + "?group=later&who=mine&q=ho") <= QUEUE_QUERIES
    )
    assert queries_of(client, reverse("office:case", args=[project.public_id])) <= CASE_QUERIES


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_hundred_thousand_cases_cost_what_a_thousand_do() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    officer = factories.an_officer()
    factories.declared(project, officer)
    client = sign_in(officer)
    paths = {
        "queue": reverse("office:queue"),
        "queue, mine": reverse("office:queue") + "?who=mine",
        "queue, later": reverse("office:queue") + "?group=later",
        "case": reverse("office:case", args=[project.public_id]),
    }
    fill(1, 1_000, officer.pk)
    small = {name: times_of(client, path) for name, path in paths.items()}
    fill(1_001, 100_000, officer.pk)
    large = {name: times_of(client, path) for name, path in paths.items()}
    print()
    for name in paths:
        growth = large[name][0] / small[name][0]
        print(
            f"{name}: median {small[name][0]:.1f} ms at 1,000, {large[name][0]:.1f} ms at 100,000, "
            f"x{growth:.2f}; p95 {small[name][1]:.1f} and {large[name][1]:.1f} ms"
        )
    assert queries_of(client, paths["queue"]) <= QUEUE_QUERIES
    assert queries_of(client, paths["case"]) <= CASE_QUERIES
    for name in paths:
        assert large[name][0] <= GROWTH * small[name][0], name
