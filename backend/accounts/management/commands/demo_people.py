from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from backend.accounts.demo import PASSWORD, PEOPLE, create_demo_people

ROLES = {
    "investor_us": "supporter in the United States",
    "investor_jp": "supporter in Japan",
    "owner": "project owner",
    "colleague": "the owner's colleague",
    "case_officer": "case officer",
    "lead": "lead officer",
    "signer": "signing officer",
    "finance": "finance officer",
    "auditor": "auditor, reads only",
}


class Command(BaseCommand):
    help = "Add the demo people who are missing and print how to sign in as each."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            create_demo_people()
        except ImproperlyConfigured as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(table())


def table() -> str:
    """Name, role, address and the second step of each, as aligned lines."""
    rows = [("Name", "Role", "E-mail", "Then")]
    for person in PEOPLE:
        then = "code: see /en/outbox" if person.code_secret else ""
        rows.append((person.full_name, ROLES[person.role or person.key], person.email, then))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines.insert(1, "-" * (sum(widths) + 6))
    return "\n".join([*lines, f'Password of all: "{PASSWORD}"'])
