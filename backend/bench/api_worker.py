"""One database, one process: times every call, in process or over HTTP; prints JSON.

python -m backend.bench.api_worker {local|http:PORT} ROUNDS
"""

import http.client
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django

django.setup()

# Django must be set up before its models are imported.
from django.core.cache import caches  # noqa: E402
from django.http import QueryDict  # noqa: E402
from django.test import Client  # noqa: E402

from backend.projects import search  # noqa: E402
from backend.projects.models import Project, ProjectSearch  # noqa: E402
from backend.projects.search_cursor import write_cursor  # noqa: E402

QUERIES = (Path(__file__).parent / "queries.txt").read_text(encoding="utf-8").splitlines()
FILTER = "field=open_innovation&technology=ai"
ANSWERS = json.dumps(
    {
        "fields": ["smart_manufacturing"],
        "country": "US",
        "budget": {"amount": "5000000", "currency": "VND"},
        "horizon_months": 24,
        "languages": ["vi"],
        "weights": {"field": "more"},
    }
)
Call = Callable[[], bytes]


def local_get(path: str) -> bytes:
    response = _client.get(path)
    assert response.status_code == 200, (path, response.status_code, response.content[:300])
    return response.content


def local_post(path: str, body: str) -> bytes:
    response = _client.post(path, data=body, content_type="application/json")
    assert response.status_code == 200, (path, response.content[:300])
    return response.content


_client = Client()


def over_http(port: int) -> tuple[Callable[[str], bytes], Callable[[str, str], bytes]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(method: str, path: str, body: str | None = None) -> bytes:
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        data = response.read()
        assert response.status == 200, (path, response.status, data[:300])
        return data

    return (lambda path: ask("GET", path), lambda path, body: ask("POST", path, body))


def calls(get: Callable[[str], bytes], post: Callable[[str, str], bytes]) -> dict[str, Call]:
    newest = Project.objects.order_by("-listed_at", "-id")
    one = newest.filter(origin="proposal").values_list("public_id", flat=True)[3]
    found: dict[str, Call] = {}
    for name, base in (("ours", "v1"), ("drf", "drf"), ("raw", "raw")):
        root = f"/api/{base}/projects/"
        key = "search" if name == "drf" else "q"
        found[f"list {name}"] = partial(get, root)
        found[f"filtered {name}"] = partial(get, f"{root}?{FILTER}")
        found[f"project {name}"] = partial(get, f"{root}{one}/")
        found[f"search {name}"] = partial(get, f"{root}?{key}=robot")
    deepest = _deepest()
    found["deepest"] = partial(get, deepest)
    found["preview"] = partial(post, "/api/v1/matches/preview/", ANSWERS)
    return found


def _deepest() -> str:
    """The address of the last full page of the whole list."""
    rows = ProjectSearch.objects.filter(shelf=1).order_by("listed_at", "tie")
    listed_at, tie = rows.values_list("listed_at", "tie")[20]
    filters = search.parse_filters(QueryDict(""))
    position: list[int | str] = [listed_at.isoformat(), tie]
    return (
        f"/api/v1/projects/?cursor={quote(write_cursor(filters.fingerprint, 'newest', position))}"
    )


def _timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def mix(get: Callable[[str], bytes]) -> list[float]:
    """Every query of the fixed mix once, as whole answers (counts are kept for a minute)."""
    return [_timed(partial(get, f"/api/v1/projects/?q={quote(query)}")) for query in QUERIES]


def mix_with_counts(get: Callable[[str], bytes]) -> list[float]:
    """The mix as it is met: whoever pages on finds counts that are at most a minute old."""
    mix(get)
    return mix(get)


def facets_cold(address: str) -> float:
    """The counts of all facets with nothing kept."""
    filters = search.parse_filters(QueryDict(address))
    caches["memory"].clear()
    return _timed(partial(search.facet_counts, filters))


def mix_cold() -> list[float]:
    """Search and count of every query with nothing kept."""
    times = []
    for query in QUERIES:
        filters = search.parse_filters(QueryDict(f"q={quote(query)}"))
        caches["memory"].clear()
        page = _timed(partial(search.search_projects, filters))
        times.append(page + _timed(partial(search.count_matches, filters)))
    return times


COLD = {"facets": "", "facets filtered": FILTER, "facets searched": "q=robot"}


def main() -> None:
    where = sys.argv[1]
    get, post = (local_get, local_post) if where == "local" else over_http(int(where[5:]))
    found = calls(get, post)
    print(json.dumps(list(found)), flush=True)
    for line in sys.stdin:
        name, count = json.loads(line)
        if name in COLD:
            times = [facets_cold(COLD[name]) for _ in range(count)]
        elif name in {"mix", "mix cold"}:
            times = mix_with_counts(get) if name == "mix" else mix_cold()
        else:
            # The first call after another one pays for the other's traces in the caches.
            found[name]()
            times = [_timed(found[name]) for _ in range(count)]
        print(json.dumps(times), flush=True)


if __name__ == "__main__":
    main()
