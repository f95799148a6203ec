"""The small forms of the owner's pages."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import Organisation
from backend.core.language import language_of_page
from backend.home.owner.fields import FROM_LIST, OneField, TextField, WholeField, capital
from backend.projects import taxonomy
from backend.projects.content import TITLE_MAX


class NewProposalForm(forms.Form):
    def __init__(self, organisations: Sequence[Organisation], data: Any = None) -> None:
        super().__init__(data, initial={"original_language": language_of_page()})
        self._organisations = {o.public_id: o for o in organisations}
        if len(organisations) > 1:
            names = [(o.public_id, o.name_vi) for o in organisations]
            self.fields["organisation"] = OneField(
                [("", _("Not chosen yet")), *names], label=_("Organisation")
            )
        self.fields["title"] = TextField(
            most=TITLE_MAX,
            rows=2,
            label=_("Title"),
            help_text=_("The outcome in one line. You can change it until you submit."),
        )
        self.fields["original_language"] = OneField(
            # Each language names itself, for those who listen as well.
            [
                ("vi", format_html('<span lang="vi">{}</span>', "Tiếng Việt")),
                ("en", format_html('<span lang="en">{}</span>', "English")),
            ],
            radio=True,
            label=_("Language in which you write first"),
            help_text=_("The original counts. The other language follows and may come later."),
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("title") and "title" not in self.errors:
            self.add_error("title", _("Enter a title"))
        if "organisation" in self.fields and not data.get("organisation"):
            self.add_error("organisation", FROM_LIST)
        if not data.get("original_language"):
            self.add_error("original_language", FROM_LIST)
        return data

    @property
    def organisation(self) -> Organisation:
        chosen = self.cleaned_data.get("organisation")
        return self._organisations[chosen] if chosen else next(iter(self._organisations.values()))

    def content(self) -> dict[str, Any]:
        original = self.cleaned_data["original_language"]
        return {"original_language": original, f"title_{original}": self.cleaned_data["title"]}


class WithdrawForm(forms.Form):
    reason = TextField(
        most=1_000,
        rows=3,
        label=_("Reason"),
        help_text=_("The city reads it. You may leave it empty."),
    )
    sure = forms.BooleanField(
        label=_("I know that a withdrawn proposal cannot be opened again"),
        error_messages={"required": _("Tick the box to withdraw.")},
    )


class OrganisationForm(forms.Form):
    name_vi = TextField(most=200, label=_("Name of the organisation"))
    name_en = TextField(
        most=200, label=_("Name in English"), help_text=_("You may leave it empty.")
    )
    founded_year = WholeField(least=1850, most=2100, label=_("Founded in the year"))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        kinds = [
            (t.key, capital(t.label(language_of_page()))) for t in taxonomy.terms("owner_kind")
        ]
        self.fields["kind"] = OneField(kinds, radio=True, label=_("Kind"))
        self.order_fields(["name_vi", "name_en", "kind", "founded_year"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("name_vi") and "name_vi" not in self.errors:
            self.add_error("name_vi", _("Enter the name of the organisation"))
        if not data.get("kind"):
            self.add_error("kind", FROM_LIST)
        return data


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        error_messages={
            "required": _("Enter an e-mail address, for example ten@example.com"),
            "invalid": _("Enter an e-mail address, for example ten@example.com"),
        },
        widget=forms.EmailInput(attrs={"class": "in", "autocomplete": "off"}),
    )


class AnswerForm(forms.Form):
    """An answer to a request or a question."""

    answer = TextField(most=2_000, rows=4, label=_("Your answer"))

    def clean_answer(self) -> str:
        text = str(self.cleaned_data["answer"])
        if not text:
            raise forms.ValidationError(_("Write an answer"))
        return text


class DocumentForm(forms.Form):
    """`file` itself is read by the page: it may have been dropped for its size."""

    file = forms.Field(
        label=_("File"),
        help_text=_("PDF, PNG, JPEG, DOCX, XLSX, CSV or text, at most 20 MB."),
        required=False,
        widget=forms.FileInput(
            attrs={"class": "in", "accept": ".pdf,.png,.jpg,.jpeg,.docx,.xlsx,.csv,.txt"}
        ),
    )
    title = TextField(most=200, label=_("What it is"), help_text=_("Empty: the name of the file."))
    language = OneField([("vi", "Tiếng Việt"), ("en", "English")], label=_("Language of the file"))
    is_public = forms.BooleanField(
        label=_("Everybody may read it once the project is listed"), required=False
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        data.pop("file", None)
        data["language"] = data.get("language") or language_of_page()
        return data


class QuestionForm(forms.Form):
    text = TextField(
        most=1_000,
        rows=5,
        label=_("Your question"),
        help_text=_("Everybody can read it and the answer. Your name is not shown."),
    )

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        if not text:
            raise forms.ValidationError(_("Write your question"))
        return text


class UpdateForm(forms.Form):
    title_vi = TextField(most=200, language="vi", label=_("Title, in Vietnamese"))
    text_vi = TextField(most=5_000, rows=6, language="vi", label=_("News, in Vietnamese"))
    title_en = TextField(most=200, language="en", label=_("Title, in English"))
    text_en = TextField(most=5_000, rows=6, language="en", label=_("News, in English"))
