"""Which of the two languages a page is in: read here and nowhere else."""

from django.utils.translation import get_language


def language_of_page() -> str:
    """The active language; Vietnamese where none is active (jobs, commands, `override(None)`)."""
    return "en" if (get_language() or "vi").startswith("en") else "vi"
