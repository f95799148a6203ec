"""The life of a decision's letter, as one table. Pure. The project's own is projects.workflow.

Roles: `lead` decides (and so prepares), `signer` signs, `system` sends when the ten minutes are
over.
"""

from enum import StrEnum

from backend.core.workflow import Workflow, table_of


class LetterStatus(StrEnum):
    PREPARED = "prepared"
    SIGNED = "signed"
    SENT = "sent"
    UNDONE = "undone"


LETTER = Workflow(
    "letter",
    table_of(
        [
            ("prepared", "signed", "signer", "letter.signed"),
            ("prepared", "undone", "lead signer system", "letter.undone"),
            ("signed", "sent", "system", "letter.sent"),
            ("signed", "undone", "lead signer system", "letter.undone"),
        ],
        final=("sent", "undone"),
    ),
)
