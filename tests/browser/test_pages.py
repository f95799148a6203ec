"""axe-core and our own checks on every page.

CI looks at one combination of width, theme and language, which rotates with the commit;
`./scripts/bench all` (CAUKIEU_FULL_MATRIX=1) looks at all of them.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ALL = list(itertools.product((390, 1280), ("light", "dark"), ("vi", "en")))
TEXTS = (
    "review", "ranking", "fees", "risks", "complaints", "privacy", "terms", "accessibility",
    "help", "source",
)  # fmt: skip

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def _combinations() -> list[tuple[int, str, str]]:
    if os.environ.get("CAUKIEU_FULL_MATRIX") == "1":
        return ALL
    if only := os.environ.get("CAUKIEU_COMBINATION"):
        width, theme, language = only.split("-")
        return [(int(width), theme, language)]
    said = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    return [ALL[int(said[:8] or "0", 16) % len(ALL)]]


def _paths(base: str, language: str) -> list[str]:
    with urllib.request.urlopen(f"{base}/api/v1/projects/?origin=proposal") as answer:
        proposals = json.load(answer)["results"]
    with urllib.request.urlopen(f"{base}/api/v1/projects/?origin=call") as answer:
        calls = json.load(answer)["results"]
    first, second, call = proposals[0]["slug"], proposals[1]["slug"], calls[0]["slug"]
    with urllib.request.urlopen(f"{base}/en/flows/") as answer:
        found = re.search(r"/en/flows/(example-[\d.-]+)/", answer.read().decode())
    assert found
    example = found[1]
    paths = [
        "",
        "projects/",
        "projects/?q=n%C6%B0%E1%BB%9Bc&field=digital_urban_services",
        "projects/?q=zzzzzz&field=open_innovation",
        f"projects/{first}/",
        f"projects/{first}/?fields=smart_manufacturing&amount=200&currency=USD",
        f"projects/{call}/",
        "for-you/",
        "for-you/?fields=smart_manufacturing&amount=200&currency=USD&w_field=more",
        f"compare/?p={first}&p={second}",
        "compare/",
        "calculator/",
        "flows/",
        f"flows/{example}/",
        f"flows/{example}/countries/",
        "flows/data/",
        "flows/snapshots/",
        "flows/check/",
        "account/sign-in/",
        "account/join/",
        "account/password/reset/",
        "outbox/",
        *[f"about/{name}/" for name in TEXTS],
    ]
    return [f"/{language}/{path}" for path in paths]


@pytest.mark.parametrize(("width", "theme", "language"), _combinations())
def test_every_page_passes_axe_and_our_own_checks(
    site: str, width: int, theme: str, language: str
) -> None:
    pages = [{"path": path, "width": width, "theme": theme} for path in _paths(site, language)] + [
        {"path": f"/{language}/nowhere/", "width": width, "theme": theme, "status": 404}
    ]
    done = subprocess.run(
        ["node", "check_pages.js"],
        cwd=HERE,
        input=json.dumps({"base": site, "pages": pages}),
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["checked"] == len(pages)
    assert not result["wrong"], "\n".join(result["wrong"])


def test_the_sample_data_gives_a_run_that_serves(site: str) -> None:
    with urllib.request.urlopen(f"{site}/readyz") as answer:
        assert "rules" not in json.load(answer)["matcher"]


JOURNEYS = ["match", "browse", "language", "account", "join", "flows", "officer"]


# Each uses up a case of the sample world, so it is walked once.
DESK = [("desk", "on", 1280, "vi")]
# The whole way of a proposal, by forms alone and with scripts; it moves the demo date and back.
OWNER = [("autosave", "on", 390, "vi"), ("owner", "off", 390, "en")]
# They move the demo date and close rounds: last, in this order.
MONEY = [
    ("payout", "on", 1280, "vi"), ("withdraw", "on", 390, "en"), ("pledged", "off", 390, "vi"),
    ("redirect", "off", 390, "vi"), ("threeds", "on", 1280, "en"),
]  # fmt: skip
# With which scripts each can be walked: single keys and autosave are scripts. A code counts once,
# and who begins many payments in a row must wait: such ways are not repeated on one site either.
USING_UP = {
    "desk": ("on",), "deskforms": ("off",), "autosave": ("on",), "owner": ("on", "off"),
    "payout": ("on", "off"), "pledged": ("on", "off"), "redirect": ("on", "off"),
    "threeds": ("on", "off"), "withdraw": ("on", "off"), "officer": ("on", "off"),
}  # fmt: skip
LOOKS = list(itertools.product((390, 1280), ("vi", "en")))
FULL = os.environ.get("CAUKIEU_FULL_MATRIX") == "1"

Walk = tuple[str, str, int, str]


def _journeys() -> list[Walk]:
    if FULL:
        names = [name for name in JOURNEYS if name not in USING_UP]
        return [(n, js, *look) for n in names for js in ("on", "off") for look in LOOKS]
    kinds = itertools.cycle([("on", 390, "vi"), ("off", 1280, "en"), ("off", 390, "vi")])
    return [*((name, *next(kinds)) for name in JOURNEYS), *DESK, *OWNER, *MONEY]


def _journeys_on_a_fresh_site() -> list[Walk]:
    """In the full matrix each of these has a copy of the sample world to itself."""
    every = [(n, js, *look) for n, kinds in USING_UP.items() for js in kinds for look in LOOKS]
    return every if FULL else []


@pytest.mark.parametrize(("name", "javascript", "width", "language"), _journeys())
def test_a_person_can_walk_it(
    site: str,
    site_environment: dict[str, str],
    name: str,
    javascript: str,
    width: int,
    language: str,
) -> None:
    _walk(site_environment, name, javascript, width, language)


@pytest.mark.parametrize(("name", "javascript", "width", "language"), _journeys_on_a_fresh_site())
def test_a_person_can_walk_it_in_every_look(
    fresh_site: dict[str, str], name: str, javascript: str, width: int, language: str
) -> None:
    _walk(fresh_site, name, javascript, width, language)


def _walk(
    environment: dict[str, str], name: str, javascript: str, width: int, language: str
) -> None:
    from backend.accounts.demo import PASSWORD, PEOPLE

    officer = next(p for p in PEOPLE if p.key == "case_officer_1")
    investor = next(p for p in PEOPLE if p.key == "investor_us")
    site = f"http://127.0.0.1:{environment['PORT']}"
    done = subprocess.run(
        ["node", "journeys.js", name, site, javascript, str(width), language],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=240,
        env=environment
        | {
            "DEMO_EMAIL": investor.email,
            "DEMO_PASSWORD": PASSWORD,
            "OFFICER_EMAIL": officer.email,
            "PYTHON": sys.executable,
            "ROOT": str(HERE.parents[1]),
        },
    )
    assert done.returncode == 0, done.stderr
