"""No verb of a person about money without its line: who, with whom, and what the database keeps."""

import ast
import re
from pathlib import Path

import pytest
from django.db import connection

BACKEND = Path(__file__).resolve().parents[2] / "backend"
TABLE = BACKEND / "funding" / "TWO_PEOPLE.md"
LINE = re.compile(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \| (\w+|-) \|$", re.MULTILINE)


def verbs_of_people(folder: Path) -> list[str]:
    """Functions that take `by`, a person who is there (what the system does itself has none)."""
    found = []
    for file in sorted(folder.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                arguments = [*node.args.args, *node.args.kwonlyargs]
                people = [a.annotation for a in arguments if a.arg == "by" and a.annotation]
                if any(ast.unparse(annotation) == "User" for annotation in people):
                    found.append(node.name)
    return found


def test_every_verb_about_money_names_its_second_person_or_why_one_is_enough() -> None:
    lines = LINE.findall(TABLE.read_text(encoding="utf-8"))
    listed = [name for name, *_ in lines]
    helpers = {"check_pays"}
    verbs = set(verbs_of_people(BACKEND / "funding" / "actions")) - helpers
    assert sorted(listed) == sorted(verbs)
    for name, who, second, kept_by in lines:
        if "alone" in who:
            assert second != "-", f"{name}: why is one person enough?"
        elif "another" not in who:
            assert set(re.findall(r"\w+", second)) & set(listed) or kept_by != "-", name
    assert verbs_of_people(BACKEND / "ledger") == []


@pytest.mark.django_db
def test_the_database_has_every_guard_that_is_named() -> None:
    named = {kept_by for *_, kept_by in LINE.findall(TABLE.read_text(encoding="utf-8"))} - {"-"}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint UNION SELECT tgname FROM pg_trigger "
            "WHERE tgenabled <> 'D'"
        )
        there = {name for (name,) in cursor.fetchall()}
    assert named <= there
