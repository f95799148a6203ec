"""`./scripts/bench pages`: what a first visit costs, by Lighthouse, against the budgets.

    python -m backend.bench.pages [--rounds N]

A site of its own with the sample data is measured as a phone on a slow network sees it
(Lighthouse's default). Medians of the rounds. Bytes, requests and CLS are exact and fail the bench;
seconds depend on the machine and only warn. Needs chromium, node and the tools of tests/browser.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from backend.bench.api import ROOT, Site, database_url, serving
from backend.local import servers, suite

LIGHTHOUSE = ROOT / "tests" / "browser" / "node_modules" / "lighthouse" / "cli" / "index.js"
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-background-networking"
KIB = 1024
TRIES = 3


@dataclass(frozen=True)
class Budget:
    """One budget: the most, or the least for scores; `warns` when the machine decides as well."""

    name: str
    limit: float
    unit: str = ""
    is_least: bool = False
    warns: bool = False

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.is_least else value <= self.limit


BUDGETS = (
    Budget("bytes", 150, "KiB"),
    Budget("script", 30, "KiB"),
    Budget("style", 15, "KiB"),
    Budget("html", 20, "KiB"),
    Budget("fonts", 65, "KiB"),
    Budget("requests", 12),
    Budget("elements", 1500),
    Budget("LCP", 1.8, "s", warns=True),
    Budget("CLS", 0.02),
    Budget("TBT", 100, "ms", warns=True),
    Budget("performance", 95, is_least=True, warns=True),
    Budget("accessibility", 100, is_least=True),
    Budget("best practices", 100, is_least=True),
    Budget("SEO", 100, is_least=True),
)
TYPES = {"Script": "script", "Stylesheet": "style", "Document": "html", "Font": "fonts"}
CATEGORIES = {
    "performance": "performance", "accessibility": "accessibility",
    "best-practices": "best practices", "seo": "SEO",
}  # fmt: skip


def numbers_of(report: dict[str, Any]) -> dict[str, float]:
    """The budgets' numbers out of one Lighthouse report (KiB as transferred, s, ms)."""
    audits = report["audits"]
    found: dict[str, float] = defaultdict(float)
    for item in audits["network-requests"]["details"]["items"]:
        if item["url"].startswith("data:"):
            continue
        found["requests"] += 1
        size = item["transferSize"] / KIB
        found["bytes"] += size
        found[TYPES.get(item["resourceType"], "other")] += size
    found["LCP"] = audits["largest-contentful-paint"]["numericValue"] / 1000
    found["CLS"] = audits["cumulative-layout-shift"]["numericValue"]
    found["TBT"] = audits["total-blocking-time"]["numericValue"]
    for key, name in CATEGORIES.items():
        found[name] = round(100 * (report["categories"][key]["score"] or 0))
    return found


def visit(url: str, folder: Path) -> dict[str, Any]:
    """One visit by Lighthouse, with a browser of its own; tried again when its trace failed."""
    out = folder / "report.json"
    command = [
        "node", str(LIGHTHOUSE), url, "--output=json", f"--output-path={out}", "--quiet",
        f"--chrome-flags={FLAGS} --user-data-dir={folder / 'profile'}",
    ]  # fmt: skip
    for left in reversed(range(TRIES)):
        environment = os.environ | {"CHROME_PATH": os.environ["CHROMIUM"]}
        done = subprocess.run(command, timeout=180, capture_output=True, text=True, env=environment)
        shutil.rmtree(folder / "profile", ignore_errors=True)
        if done.returncode == 0:
            break
        if not left:
            raise RuntimeError(f"Lighthouse could not measure {url}: {done.stderr[-500:]}")
    report: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return report


def make_site(environment: dict[str, str], folder: Path) -> Site:
    """A database with the sample data and a trained matcher, static files collected."""
    name = "caukieu_bench_pages"
    with psycopg.connect(
        database_url(environment["DATABASE_URL"], "postgres"), autocommit=True
    ) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    own = environment | {
        "DATABASE_URL": database_url(environment["DATABASE_URL"], name),
        "DJANGO_SETTINGS_MODULE": "backend.config.settings.dev",
        "CAUKIEU_VAR": str(folder),
        "CAUKIEU_DB_ROLE": "caukieu_app",
        "CELERY_BROKER_URL": "",
    }
    site = Site(0, own)
    for command in (("migrate", "-v0"), ("collectstatic", "--noinput", "-v0"), ("seed",),
                    ("run_jobs",)):  # fmt: skip
        site.run("manage.py", *command)
    return site


def addresses(site: Site) -> list[str]:
    slug = site.run(
        "-c",
        "import django; django.setup();"
        "from backend.projects.models import Project;"
        "found = Project.objects.filter(status='listed', origin='proposal');"
        "print(found.latest('listed_at').slug)",
    ).strip()
    return [
        f"/{language}/{path}"
        for path in ("", "projects/", f"projects/{slug}/")
        for language in ("vi", "en")
    ]


def measure(base: str, paths: list[str], rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    measured: dict[str, dict[str, float]] = {}
    for path in paths:
        visits = [visit(base + path, folder) for _ in range(rounds)]
        rows = [numbers_of(report) for report in visits]
        measured[path] = {b.name: median(r.get(b.name, 0.0) for r in rows) for b in BUDGETS}
        measured[path]["elements"] = elements(visits[0])
        print(f"measured {path}", flush=True)
    return measured


def elements(report: dict[str, Any]) -> float:
    """How many elements the page has."""
    audit = report["audits"].get("dom-size-insight") or report["audits"]["dom-size"]
    details = audit.get("details", {})
    data = details.get("debugData", {})
    return float(data.get("totalElements") or audit.get("numericValue") or 0)


def print_table(measured: dict[str, dict[str, float]]) -> bool:
    """Print it; True when every budget that does not only warn is kept."""
    kept = True
    paths = list(measured)
    print("\n" + f"{'':<16}" + "".join(f"{p[:22]:>24}" for p in paths) + "   budget")
    for budget in BUDGETS:
        cells = ""
        for path in paths:
            value = measured[path][budget.name]
            mark = "" if budget.holds(value) else ("(!)" if budget.warns else "FAIL ")
            kept = kept and (budget.warns or budget.holds(value))
            text = f"{value:.3f}" if budget.name == "CLS" else f"{value:.1f}"
            cells += f"{mark + text:>24}"
        sign = "≥" if budget.is_least else "≤"
        print(f"{budget.name:<16}{cells}   {sign} {budget.limit:g} {budget.unit}")
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    suite.prepare_browser()
    with (
        tempfile.TemporaryDirectory(prefix="ck-") as name,
        servers.running(Path(name) / "servers") as environment,
    ):
        folder = Path(name)
        site = make_site(environment, folder)
        with serving(site) as port:
            measured = measure(f"http://127.0.0.1:{port}", addresses(site), asked.rounds, folder)
    return 0 if print_table(measured) else 1


if __name__ == "__main__":
    sys.exit(main())
