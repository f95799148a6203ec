"""axe-core and our own checks on the pages of an owner, in every state of a proposal."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from backend.projects.sections import SECTIONS
from tests.browser.test_money_pages import signed_in
from tests.browser.test_pages import _combinations

HERE = Path(__file__).parent

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize(("width", "theme", "language"), _combinations())
def test_the_owners_pages_pass_axe_and_our_own_checks(
    site: str, width: int, theme: str, language: str
) -> None:
    browser = signed_in(site, "owner")
    rows = browser.get("proposals/").split('<li class="box">')[1:]
    found: dict[str, str] = {}
    for row in rows:
        path = re.search(r'href="/en/(proposals/prj_[0-9a-z]+/)"', row)
        state = re.search(r'<span class="tag[^>]*>([^<]+)<', row)
        assert path
        assert state
        found.setdefault(state[1].strip(), path[1])
    may_edit = next(p for p in found.values() if "section/team/" in browser.get(p))
    organisation = re.search(
        r'href="/en/(proposals/organisations/org_[0-9a-z]+/)"', browser.get("proposals/")
    )
    assert organisation
    sections = [f"{may_edit}section/{s.key}/" for s in SECTIONS]
    paths = [
        "proposals/", "proposals/new/", organisation[1], *found.values(), *sections,
        f"{may_edit}section/readiness/principle/connected_flows/",
        f"{may_edit}section/readiness/points/", f"{may_edit}section/team/saves/",
        *(f"{may_edit}{name}/" for name in ("check", "preview", "withdraw", "versions")),
        *(f"{path}requests/" for path in found.values()),
        *(f"{path}questions/" for path in found.values()),
    ]  # fmt: skip
    look = {"width": width, "theme": theme, "cookies": [
        {"name": c.name, "value": c.value, "domain": "127.0.0.1", "path": "/"} for c in browser.jar
    ]}  # fmt: skip
    pages = [look | {"path": f"/{language}/{path}"} for path in dict.fromkeys(paths)]
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
