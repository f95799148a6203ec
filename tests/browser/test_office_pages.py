"""axe-core and our own checks on the pages of an office, as a lead sees them."""

import http.cookiejar
import json
import re
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_pages import _combinations

HERE = Path(__file__).parent
PAGES = (
    "queue/", "queue/?group=later", "queue/?q=zzzz", "letters/", "figures/", "rules/",
    "rules/rubric/", "rules/letter/", "rules/days/", "people/", "rules/self-check/levels/",
    "rules/self-check/points/?part=I", "rules/offices/",
    "programme/", "programme/month/?key=2026-11", "programme/country/?key=US", "programme/held/",
)  # fmt: skip

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


class Browser:
    """Just enough of one to sign in with a code."""

    def __init__(self, site: str) -> None:
        self.site, self.jar = site, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> str:
        return str(self.opener.open(f"{self.site}/en/{path}").read().decode())

    def post(self, path: str, form: dict[str, str]) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))
        assert token
        data = urllib.parse.urlencode(form | {"csrfmiddlewaretoken": token[1]}).encode()
        return str(self.opener.open(f"{self.site}/en/{path}", data).read().decode())


def _as_lead(site: str) -> Browser:
    from backend.accounts.demo import PASSWORD, PEOPLE

    email = next(p.email for p in PEOPLE if p.key == "lead")
    browser = Browser(site)
    browser.post("account/sign-in/", {"login": email, "password": PASSWORD})
    row = next(r for r in browser.get("outbox/").split("<tr") if email in r)
    code = re.search(r"<code[^>]*>([\d\s]+)</code>", row)
    assert code
    browser.post("account/sign-in/code/", {"code": re.sub(r"\s", "", code[1])})
    return browser


def _case_paths(browser: Browser) -> list[str]:
    """One case for each kind of work, declared as free of conflict."""
    found: list[str] = []
    for task in ("screening", "review", "decision", "letter", "owner"):
        page = browser.get(f"office/queue/?task={task}")
        path = re.search(r'href="/en/(office/cases/prj_[0-9a-z]+/)"', page)
        assert path, task
        declare = f"{path[1]}declare/"
        if 'name="conflict"' in browser.get(declare):
            browser.post(declare, {"conflict": "no"})
        found += [path[1], f"{path[1]}history/"]
        if task == "decision":
            found += [f"{path[1]}{name}/" for name in ("decide", "transfer", "freeze")]
            found.append(f"{path[1]}declarations/")
    letter = re.search(
        r'href="/en/(office/letters/ltr_[0-9a-z]+/)"', browser.get("office/letters/")
    )
    assert letter
    office = re.search(
        r'href="/en/(office/rules/offices/off_[0-9a-z]+/)"', browser.get("office/people/")
    )
    assert office
    return [*found, letter[1], office[1]]


@pytest.mark.parametrize(("width", "theme", "language"), _combinations())
def test_the_office_pages_pass_axe_and_our_own_checks(
    site: str, width: int, theme: str, language: str
) -> None:
    browser = _as_lead(site)
    correct = re.search(
        r'href="/en/(office/programme/[\d.-]+/correct/)"', browser.get("office/programme/")
    )
    assert correct
    paths = [*(f"office/{path}" for path in PAGES), correct[1], *_case_paths(browser)]
    cookies: list[dict[str, Any]] = [
        {"name": c.name, "value": c.value, "domain": "127.0.0.1", "path": "/"} for c in browser.jar
    ]
    look = {"width": width, "theme": theme, "cookies": cookies}
    done = subprocess.run(
        ["node", "check_pages.js"],
        cwd=HERE,
        input=json.dumps(
            {"base": site, "pages": [look | {"path": f"/{language}/{path}"} for path in paths]}
        ),
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["checked"] == len(paths)
    assert not result["wrong"], "\n".join(result["wrong"])
