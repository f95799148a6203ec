"""axe-core and our own checks on the pages of pledges, milestones and payments, as each of the
people who work with them sees them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_office_pages import Browser
from tests.browser.test_pages import _combinations

HERE = Path(__file__).parent
RIGHT = {"loss": "gone", "exit": "stuck", "review": "checked", "spread": "several"}
MEANS = {"currency": "JPY", "income": "9000000", "liquid": "9000000", "commitments": "0"}

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def signed_in(site: str, key: str) -> Browser:
    """A demo person, with the staff code and the password said again where they are asked for."""
    from backend.accounts.demo import PASSWORD, PEOPLE

    person = next(p for p in PEOPLE if p.key == key)
    browser = Browser(site)
    browser.post("account/sign-in/", {"login": person.email, "password": PASSWORD})
    if person.role:
        row = next(r for r in browser.get("outbox/").split("<tr") if person.email in r)
        code = re.search(r"<code[^>]*>([\d\s]+)</code>", row)
        assert code
        browser.post("account/sign-in/code/", {"code": re.sub(r"\s", "", code[1])})
    else:
        browser.post("account/again/", {"password": PASSWORD})
    return browser


def links(browser: Browser, path: str, pattern: str) -> list[str]:
    """Addresses below the language that a page leads to, in its order, each once."""
    found = re.findall(rf'href="/en/({pattern})"', browser.get(path))
    return list(dict.fromkeys(found))


def a_draft(browser: Browser) -> list[str]:
    """Every step on the way to an expression of interest, with what the rules ask."""
    slug = "pondside-shrimp-disease-test"
    start = f"projects/{slug}/pledge/"
    page = browser.get(start)
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    form = {"amount": "400000", "currency": "JPY", "token": token[1]}
    browser.post(start, form)
    draft = links(browser, "me/pledges/", r"me/pledges/plg_[0-9a-z]+/check/")[0][: -len("check/")]
    browser.post(f"{draft}questions/", RIGHT)
    browser.post(f"{draft}means/", MEANS)
    browser.post(f"{draft}loss/", {})
    names = ("amount", "country", "questions", "means", "loss", "warning", "check")
    return [start, f"{start}?amount=1.500&currency=USD", *(f"{draft}{name}/" for name in names)]


def of_investors(site: str) -> list[tuple[Browser, list[str]]]:
    mai, huy = signed_in(site, "investor_us"), signed_in(site, "investor_jp")
    pledges = links(mai, "me/pledges/", r"me/pledges/plg_[0-9a-z]+/")
    receipts = links(mai, "me/pledges/", r"me/pledges/plg_[0-9a-z]+/receipt/")
    assert len(pledges) > 4
    assert receipts
    ended = [p for p in pledges if f"{p}receipt/" not in receipts][-1]
    paths = ["me/pledges/", "me/statement/", "me/statement/?from=2020-01-01&to=2020-12-31",
             "me/professional/", pledges[0], f"{pledges[0]}withdraw/", ended,
             receipts[0][: -len("receipt/")], receipts[0]]  # fmt: skip
    return [(mai, paths), (huy, a_draft(huy))]


def of_owner_and_office(site: str) -> list[tuple[Browser, list[str]]]:
    van, tung = signed_in(site, "owner"), signed_in(site, "case_officer_2")
    lead, nam = signed_in(site, "lead"), signed_in(site, "finance_2")
    round_ = links(van, "me/rounds/", r"me/rounds/rnd_[0-9a-z]+/")[0]
    parts = links(van, round_, r"me/milestones/trn_[0-9a-z]+/")
    bank = links(van, round_, r"me/bank/org_[0-9a-z]+/")[0]
    case = links(tung, "milestones/", r"milestones/trn_[0-9a-z]+/")[0]
    to_open = links(lead, "milestones/", r"projects/[0-9a-z-]+/round/")[0]
    return [
        (van, ["me/rounds/", round_, *parts, bank]),
        (tung, ["milestones/", case, round_]),
        (lead, ["milestones/", to_open]),
        (nam, ["money/", "money/rates/", "money/breaks/", "money/switch/"]),
    ]


@pytest.mark.parametrize(("width", "theme", "language"), _combinations())
def test_the_money_pages_pass_axe_and_our_own_checks(
    site: str, width: int, theme: str, language: str
) -> None:
    pages: list[dict[str, Any]] = []
    for browser, paths in (*of_investors(site), *of_owner_and_office(site)):
        cookies = [
            {"name": c.name, "value": c.value, "domain": "127.0.0.1", "path": "/"}
            for c in browser.jar
        ]
        look = {"width": width, "theme": theme, "cookies": cookies}
        pages += [look | {"path": f"/{language}/{path}"} for path in paths]
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
