"""Rules of the house that no linter knows (CONTRIBUTING.md)."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from backend.core import jobs

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES_OF_A_FUNCTION = 70
MOST_LINES_OF_A_FILE = 600


@cache
def tracked() -> tuple[Path, ...]:
    """Files that git knows or would take; a copy without git is looked at whole."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    if listed.returncode:
        folders = ("backend", "frontend-templates", "scripts", "tests", "docs", "requirements")
        return tuple(p for f in folders for p in (ROOT / f).rglob("*") if p.is_file())
    return tuple(p for p in (ROOT / line for line in listed.stdout.splitlines()) if p.is_file())


def python_files(*folders: str) -> Iterator[Path]:
    for path in tracked():
        relative = path.relative_to(ROOT)
        if path.suffix == ".py" and relative.parts[0] in folders:
            yield path


def test_functions_and_files_keep_their_size() -> None:
    long: list[str] = []
    for path in python_files("backend", "tests", "scripts"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > MOST_LINES_OF_A_FILE:
            long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}:{node.name}: {lines} lines")
    assert not long


def test_nothing_happens_by_signal() -> None:
    receivers = [
        str(path.relative_to(ROOT))
        for path in python_files("backend")
        if re.search(r"^\s*@receiver\(|\.connect\(\s*\w+.*sender=", path.read_text(), re.MULTILINE)
    ]
    assert not receivers


def test_only_migrations_and_bulk_copies_write_a_status() -> None:
    """`core.states.move` is the only writer; the database refuses the rest as well."""
    writers = []
    for path in python_files("backend"):
        relative = str(path.relative_to(ROOT))
        if relative == "backend/core/states.py" or "/migrations/" in relative:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for target in getattr(node, "targets", []) if isinstance(node, ast.Assign) else []:
                if isinstance(target, ast.Attribute) and target.attr == "status":
                    writers.append(f"{relative}:{node.lineno}")
    assert not writers


def test_every_job_that_is_asked_for_exists() -> None:
    asked = set()
    for path in python_files("backend"):
        asked |= set(re.findall(r'enqueue\(\s*"([a-z_]+\.[a-z_]+)"', path.read_text()))
    assert asked
    for name in sorted(asked):
        assert callable(jobs.function_of(name)), name


# Written in two parts, so that this file does not find itself.
MACHINE = re.compile(
    "|".join(
        [r"/" + "root/", r"/home/" + r"[a-z]+/", "/work" + r"/(main|shared|wt|plan)", "files."
         + "pythonhosted", "pypi" + r"\.org", "registry." + "npmjs", "deb." + r"debian\.org"]
    )
)  # fmt: skip


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        if path.suffix in {".woff2", ".png", ".ico", ".ttf", ".otf", ".xlsx", ".gz", ".pdf"}:
            continue
        match = MACHINE.search(path.read_text(encoding="utf-8", errors="replace"))
        if match:
            found.append(f"{path.relative_to(ROOT)}: {match.group(0)}")
    assert not found


def test_no_lock_file_records_addresses() -> None:
    names = {path.name for path in tracked()}
    assert not names & {"uv.lock", "poetry.lock", "package-lock.json", "yarn.lock"}


def test_requirements_are_pinned_with_hashes() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        pins = re.findall(r"^([A-Za-z0-9_.\[\]-]+==\S+).*\\$", text, re.MULTILINE)
        assert pins, path
        assert text.count("--hash=sha256:") >= len(pins), path


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from patterns(entry, route)


# Its time holds the making of the test database, which takes minutes on a machine that is busy.
@pytest.mark.timeout(600)
@pytest.mark.django_db
def test_every_address_answers_a_stranger_with_a_reply_and_no_crash() -> None:
    """No address may fail on somebody without an account: it answers, redirects or refuses."""
    from django.test import Client

    client = Client(raise_request_exception=True)
    replies = {}
    for route in sorted(set(patterns(get_resolver()))):
        path = "/" + re.sub(r"<[^>]+>|\(\?P<[^)]*\)|[\^$\\]", "x", route).lstrip("/")
        replies[path] = client.get(path).status_code
    assert len(replies) > 50
    assert not {path: s for path, s in replies.items() if s >= 500 and s != 503}
