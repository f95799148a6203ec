"""Words that the account pages need."""

import re

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from backend.core.language import language_of_page
from backend.projects.models import Project

register = template.Library()

# Letters that no other language of our readers has.
VIETNAMESE = re.compile("[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
ROLES = {
    "case_officer": _("case officer"),
    "lead": _("lead officer"),
    "signer": _("signing officer"),
    "finance": _("finance officer"),
    "auditor": _("auditor (reads only)"),
}


@register.simple_tag
def role_name(role: str) -> str:
    """The name of a role in a city office."""
    return str(ROLES.get(role, role))


@register.filter
def marked(text: str) -> str | SafeString:
    """A name or a subject line, marked as Vietnamese where its letters say so."""
    if VIETNAMESE.search(text.replace("Cầu Kiều", "")):
        return format_html('<span lang="vi">{}</span>', text)
    return text


@register.simple_tag
def title_text(project: Project) -> str:
    """The same without a mark, where only text may stand (the title of the page)."""
    language = language_of_page()
    other = "en" if language == "vi" else "vi"
    return str(getattr(project, f"title_{language}", "") or getattr(project, f"title_{other}", ""))


@register.simple_tag
def title_of(project: Project) -> SafeString:
    """The title in the page's language, or the original marked with its language. Titles hold
    names of places, so checks of language know them by their class."""
    language = language_of_page()
    title = getattr(project, f"title_{language}", "")
    if title:
        return format_html('<span class="ttl">{}</span>', title)
    other = "en" if language == "vi" else "vi"
    return format_html('<span lang="{}">{}</span>', other, getattr(project, f"title_{other}", ""))
