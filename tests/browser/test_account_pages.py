"""axe-core and our own checks on the pages of a person who is signed in."""

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
PUBLIC = (
    "account/sign-in/link/", "account/sign-in/link/sent/", "account/sign-in/link/made-up/",
    "account/confirm/", "account/confirm/made-up/", "account/password/reset/sent/",
    "account/password/reset/1-made-up/", "account/password/reset/done/", "account/closed/",
    "me/closed/",
)  # fmt: skip
# A link that nobody was sent says so before anything is pressed.
ANSWERS = {"account/sign-in/link/made-up/": 410}
PRIVATE = (
    "me/", "me/details/", "me/consent/", "me/profile/", "me/saved/", "me/tokens/", "me/data/",
    "me/close/", "account/email/", "account/password/change/", "account/again/", "account/code/",
    "account/code/set-up/", "account/sign-out/", "me/plans/", "me/plans/new/",
    "me/calculations/keep/", "me/notices/", "me/notices/settings/",
)  # fmt: skip

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def _cookies_of(site: str) -> list[dict[str, Any]]:
    """The cookies of a demo supporter who signed in and confirmed the password."""
    from backend.accounts.demo import PASSWORD, PEOPLE

    email = next(p.email for p in PEOPLE if p.key == "investor_us")
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    for path, form in (
        ("account/sign-in/", {"login": email, "password": PASSWORD}),
        ("account/again/", {"password": PASSWORD}),
    ):
        page = browser.open(f"{site}/en/{path}").read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        data = urllib.parse.urlencode(form | {"csrfmiddlewaretoken": token[1]}).encode()
        browser.open(f"{site}/en/{path}", data)
    assert any(cookie.name == "sessionid" for cookie in jar)
    return [{"name": c.name, "value": c.value, "domain": "127.0.0.1", "path": "/"} for c in jar]


@pytest.mark.parametrize(("width", "theme", "language"), _combinations())
def test_the_account_pages_pass_axe_and_our_own_checks(
    site: str, width: int, theme: str, language: str
) -> None:
    look = {"width": width, "theme": theme}
    signed_in = look | {"cookies": _cookies_of(site)}
    pages = [
        look | {"path": f"/{language}/{path}", "status": ANSWERS.get(path, 200)} for path in PUBLIC
    ]
    pages += [signed_in | {"path": f"/{language}/{path}"} for path in PRIVATE]
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
