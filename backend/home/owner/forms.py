"""The page of each section as a form: from the document to fields, and back.

A form is bound to what was typed (`Typed`) or shows what the document holds. `values()` gives the
section's part of the document after `is_valid()`.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from backend.core.errors import Invalid
from backend.core.language import language_of_page
from backend.home.owner.fields import (
    AmountField,
    DayField,
    FigureField,
    OneField,
    SeveralField,
    ShareField,
    TextField,
    WholeField,
    capital,
    choices_of,
    place_choices,
    shown_amount,
    shown_day,
)
from backend.home.owner.rows import Typed, split_rows
from backend.home.owner.words import (
    DECLARATION_WORDS,
    FIELD_WORDS,
    IN_LANGUAGE,
    LIST_WORDS,
    PAIR_ROWS,
    ROW_WORDS,
)
from backend.projects import taxonomy
from backend.projects.content import (
    DECLARATIONS,
    HIGH_VALUE,
    HIGH_VALUE_FIGURES,
    LANGUAGES,
    MAX_ROWS,
    PAIRS,
    ROW_TEXT_MAX,
    ROW_TEXTS,
    SUMMARY_MAX,
    TERMS,
    UNIT_MAX,
)
from backend.projects.sections import Section
from backend.reviews.rulesets import in_force

HIGH_VALUE_SUMS = ("revenue_minor", "inputs_minor", "rnd_minor")
AMOUNTS = ("goal_minor", "own_funds_minor", "min_ticket_minor", *HIGH_VALUE_SUMS)
# The fields of the high-value sheet in the order of its page.
HIGH_VALUE_NAMES = ("list_item", *HIGH_VALUE, *HIGH_VALUE_FIGURES, "co2_unit")
SHARES = ("rate_bps_per_year", "discount_bps", "share_bps")
ROW_FIELDS = {
    "budget": ("amount_minor",),
    "milestones": ("months_after_close", "amount_minor"),
    "impact": ("baseline", "target", "unit"),
}


def _words(name: str) -> dict[str, Any]:
    label, help_text = FIELD_WORDS[name]
    return {"label": label, "help_text": help_text}


def _pair(name: str, label: Any, help_text: Any, most: int, rows: int) -> Iterator[tuple[str, Any]]:
    for language in LANGUAGES:
        yield (
            f"{name}_{language}",
            TextField(
                most=most,
                rows=rows,
                language=language,
                label=IN_LANGUAGE[language] % {"what": label},
                help_text=help_text,
            ),
        )


class RowForm(forms.Form):
    """One row of a list."""

    def __init__(self, name: str, prefix: str, data: Any, initial: Mapping[str, Any]) -> None:
        super().__init__(data, prefix=prefix, initial=dict(initial))
        self.list_name = name
        for text in ROW_TEXTS[name]:
            label, help_text = ROW_WORDS[f"{name}.{text}"]
            rows = PAIR_ROWS.get(f"{name}.{text}", 0)
            self.fields.update(dict(_pair(text, label, help_text, ROW_TEXT_MAX, rows)))
        for field in ROW_FIELDS.get(name, ()):
            self.fields[field] = self._field(field)
        if name == "milestones":
            # The gap of the self-check that this milestone closes.
            self.fields["criterion"] = forms.CharField(
                required=False, max_length=60, widget=forms.HiddenInput
            )

    @staticmethod
    def _field(name: str) -> forms.Field:
        words = _words(name)
        if name == "amount_minor":
            return AmountField(**words)
        if name == "months_after_close":
            return WholeField(least=1, most=240, **words)
        if name == "unit":
            return TextField(most=UNIT_MAX, **words)
        return FigureField(**words)

    @property
    def texts(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The pairs of texts, Vietnamese first."""
        return [(self[f"{t}_vi"], self[f"{t}_en"]) for t in ROW_TEXTS[self.list_name]]

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[name] for name in ROW_FIELDS.get(self.list_name, ())]

    @property
    def is_lacking_translation(self) -> str:
        """The language in which a text of this row is missing, if one is."""
        for vi, en in self.texts:
            if bool(vi.value()) != bool(en.value()):
                return "en" if vi.value() else "vi"
        return ""

    @property
    def heading(self) -> str:
        """The row's first text, in the page's language where there is one."""
        pair = self.texts[0]
        first, second = pair if language_of_page() == "vi" else pair[::-1]
        return str(first.value() or second.value() or "")

    def values(self, currency: str) -> dict[str, Any]:
        """The row for the document; an amount that cannot be read lands in the errors."""
        found = {
            name: value for name, value in self.cleaned_data.items() if value not in ("", None)
        }
        if "amount_minor" in found:
            try:
                found["amount_minor"] = AmountField.read(found["amount_minor"], currency)
            except forms.ValidationError as wrong:
                self.add_error("amount_minor", wrong)
        return found


class SectionForm(forms.Form):
    """The fields of one section, with its rows in `rows`."""

    def __init__(
        self,
        section: Section,
        content: Mapping[str, Any],
        *,
        on: date,
        typed: Typed | None = None,
        extra_rows: int = 0,
    ) -> None:
        data = None if typed is None else MultiValueDict(typed)
        super().__init__(data, initial=_initial(section, content))
        self.section, self.content, self.on = section, content, on
        self.rows_note = ""
        for name in section.pairs:
            label, help_text = FIELD_WORDS[name]
            rows = PAIR_ROWS.get(name, 0)
            self.fields.update(dict(_pair(name, label, help_text, PAIRS[name], rows)))
        for name in section.names:
            self._add(name)
        self.rows = self._rows(typed, extra_rows)

    def _add(self, name: str) -> None:
        if name == "terms":
            self._add_terms()
        elif name == "high_value":
            self._add_high_value()
        elif name in AMOUNTS:
            self.fields[name] = AmountField(**_words(name))
        elif name in FIELD_WORDS:
            self.fields[name] = self._field(name)

    def _field(self, name: str) -> forms.Field:
        words, on = _words(name), self.on
        languages = [
            (t.key, capital(t.label(language_of_page()))) for t in taxonomy.terms("language")
        ]
        ladder = [(str(n), f"{n} · {taxonomy.label('trl', n, language_of_page())}")
                  for n in range(1, 10)]  # fmt: skip
        made: dict[str, Callable[[], forms.Field]] = {
            "original_language": lambda: OneField(languages[:2], radio=True, **words),
            "technologies": lambda: SeveralField(choices_of("technology", on), **words),
            "trl": lambda: OneField(ladder, radio=True, **words),
            "field": lambda: OneField(choices_of("field", on), radio=True, **words),
            "pillars": lambda: SeveralField(choices_of("pillar", on), **words),
            "values": lambda: SeveralField(choices_of("value", on), **words),
            "place_code": lambda: OneField(place_choices(), **words),
            "languages": lambda: SeveralField(languages, **words),
            "skills": lambda: SeveralField(choices_of("skill", on), **words),
            "jobs_skilled": lambda: WholeField(least=0, most=1_000_000, **words),
            "currency": lambda: OneField([("VND", "₫ (VND)"), ("USD", "USD")], radio=True, **words),
            "instrument": lambda: OneField(choices_of("instrument", on), radio=True, **words),
            "horizon_months": lambda: WholeField(least=1, most=240, **words),
            "planned_close_on": lambda: DayField(**words),
            "declarations": lambda: SeveralField(
                [(key, DECLARATION_WORDS[key]) for key in DECLARATIONS], **words
            ),
        }
        return made[name]()

    def _add_terms(self) -> None:
        """The terms of the chosen form only; another choice shows its own after saving."""
        form = self._chosen_form()
        if form == "reward":
            label, help_text = FIELD_WORDS["what"]
            self.fields.update(dict(_pair("what", label, help_text, SUMMARY_MAX, 3)))
        for name, (low, high) in TERMS.get(form, {}).items():
            if name in SHARES:
                self.fields[name] = ShareField(**_words(name))
            else:
                self.fields[name] = WholeField(least=low, most=high, **_words(name))

    def _add_high_value(self) -> None:
        self.fields["list_item"] = OneField(self._list_items(), **_words("list_item"))
        for name, (low, high) in HIGH_VALUE.items():
            if name in HIGH_VALUE_SUMS:
                self.fields[name] = AmountField(**_words(name))
            else:
                self.fields[name] = WholeField(least=low, most=high, **_words(name))
        for name in HIGH_VALUE_FIGURES:
            self.fields[name] = FigureField(**_words(name))
        self.fields["co2_unit"] = TextField(most=UNIT_MAX, **_words("co2_unit"))

    def _list_items(self) -> list[tuple[str, str]]:
        """The list in force; what was chosen from an older one stays choosable."""
        rows = in_force("strategic", self.on)[1]["rows"]
        items = [(row["key"], row[f"name_{language_of_page()}"]) for row in rows]
        chosen = str((self.content.get("high_value") or {}).get("list_item") or "")
        if chosen and chosen not in dict(items):
            items.append((chosen, _("%(name)s (no longer on the list)") % {"name": chosen}))
        return [("", str(_("Not on the list"))), *items]

    def _chosen_form(self) -> str:
        return str((self.data.get("instrument") if self.is_bound else None)
                   or self.content.get("instrument") or "")  # fmt: skip

    def _rows(self, typed: Typed | None, extra: int) -> list[RowForm]:
        name = self.section.rows
        if not name:
            return []
        if typed is None:
            stored = self.content.get(name) or []
            shown = [_row_initial(row, self._stored_currency()) for row in stored]
            shown += [{}] * (extra if stored else max(extra, 1))
            return [RowForm(name, f"{name}-{n}", None, row) for n, row in enumerate(shown)]
        _rest, rows = split_rows(typed, name)
        return [
            RowForm(name, f"{name}-{n}",
                    MultiValueDict({f"{name}-{n}-{k}": v for k, v in row.items()}), {})
            for n, row in enumerate(rows)
        ]  # fmt: skip

    def _stored_currency(self) -> str:
        return str(self.content.get("currency") or "VND")

    @property
    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        names = [*self.section.pairs, *(["what"] if "what_vi" in self.fields else [])]
        return [(self[f"{name}_vi"], self[f"{name}_en"]) for name in names]

    @property
    def term_names(self) -> list[str]:
        return list(TERMS.get(self._chosen_form(), {}))

    @property
    def others(self) -> list[forms.BoundField]:
        paired = {
            f"{n}_{language}" for n in (*self.section.pairs, "what") for language in LANGUAGES
        }
        return [self[name] for name in self.fields if name not in paired]

    def is_valid(self) -> bool:
        """Also reads the sums, whatever else is wrong, so that every mistake is named at once."""
        super().is_valid()
        for row in self.rows:
            row.is_valid()
        self._values = self._read()
        if len(self.rows) > MAX_ROWS:
            self.add_error(None, _("Use %(max)s rows or fewer. There are %(n)s now")
                           % {"max": MAX_ROWS, "n": len(self.rows)})  # fmt: skip
        return not self.errors and not any(row.errors for row in self.rows)

    def values(self) -> dict[str, Any]:
        """The section's part of the document; whole only after `is_valid()` said yes."""
        return self._values

    def _read(self) -> dict[str, Any]:
        found = dict(self.cleaned_data)
        currency = str(found.get("currency") or self._stored_currency())
        for name in AMOUNTS:
            if name in found:
                try:
                    found[name] = AmountField.read(found[name], currency)
                except forms.ValidationError as wrong:
                    self.add_error(name, wrong)
        for name in ("trl",):
            if found.get(name):
                found[name] = int(found[name])
        if "terms" in self.section.names:
            found["terms"] = self._read_terms(found)
        if "high_value" in self.section.names:
            sheet = {name: found.pop(name, None) for name in HIGH_VALUE_NAMES}
            found["high_value"] = {n: v for n, v in sheet.items() if v not in ("", None)}
        if self.section.rows:
            found[self.section.rows] = [row.values(currency) for row in self.rows]
        return {name: value for name, value in found.items() if value not in ("", None, [], {})}

    def _read_terms(self, found: dict[str, Any]) -> dict[str, Any]:
        """The chosen form's terms; what another program wrote beside them stays."""
        form = found.get("instrument")
        same_form = form == self.content.get("instrument")
        ours = {n for names in TERMS.values() for n in names} | {"what_vi", "what_en"}
        old = self.content.get("terms") or {}
        kept = {n: v for n, v in old.items() if n not in ours} if same_form else {}
        mine = [*TERMS.get(str(form), {}), *(["what_vi", "what_en"] if form == "reward" else [])]
        new = {name: found.pop(name, None) for name in [*ours & set(found)]}
        return kept | {n: new[n] for n in mine if new.get(n) not in (None, "")}

    def add_refusals(self, errors: list[Invalid]) -> None:
        """Show what the action refused at the fields of this form."""
        for error in errors:
            form, name = self._at(error.field or "")
            form.add_error(name if name in form.fields else None, str(error))

    def point_out(self, path: str, sentence: str) -> None:
        """Say beside a field, or above the rows, what stands in the way of a submission."""
        form, name = self._at(path)
        if name in form.fields:
            field = form.fields[name]
            field.note = sentence  # type: ignore[attr-defined]
            ids = [f"{form[name].auto_id}_{part}" for part in ("helptext", "note")]
            field.widget.attrs["aria-describedby"] = " ".join(ids[not field.help_text :])
        elif name == self.section.rows:
            self.rows_note = sentence

    def _at(self, path: str) -> tuple[forms.Form, str]:
        """Where a path of the document stands on this page."""
        parts = path.split(".")
        if len(parts) == 3 and parts[1].isdigit() and int(parts[1]) < len(self.rows):
            return self.rows[int(parts[1])], parts[2]
        return self, parts[-1]

    @property
    def mistakes(self) -> list[tuple[str, str]]:
        """Every mistake with the id of its field and what it is about, in the order of the page."""
        found = [("", str(m)) for form in (self, *self.rows) for m in form.non_field_errors()]
        for number, form in enumerate((self, *self.rows)):
            head = f"{LIST_WORDS[self.section.rows][0] % {'n': number}}, " if number else ""
            for field in form:
                found += [(anchor_of(field), f"{head}{field.label}: {m}") for m in field.errors]
        return found


def anchor_of(field: forms.BoundField) -> str:
    """The id that a link in the summary leads to: of a group, its first choice."""
    group = isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    return f"{field.auto_id}_0" if group else str(field.auto_id)


def _initial(section: Section, content: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: content.get(name) for name in section.content_names}
    shown |= dict(shown.pop("high_value", None) or {})
    currency = str(content.get("currency") or "VND")
    for name in AMOUNTS:
        if name in shown:
            shown[name] = shown_amount(shown[name], currency)
    if "currency" in shown:
        shown["currency"] = currency
    if "planned_close_on" in shown:
        shown["planned_close_on"] = shown_day(content.get("planned_close_on"))
    if content.get("trl") is not None:
        shown["trl"] = str(content["trl"])
    for name, value in (content.get("terms") or {}).items() if "terms" in section.names else ():
        shown[name] = shown_share(value) if name in SHARES else value
    return shown


def shown_share(basis_points: Any) -> str:
    """750 as `7.5` or `7,5`."""
    if not isinstance(basis_points, int):
        return ""
    text = f"{basis_points / 100:g}"
    return text.replace(".", ",") if language_of_page() == "vi" else text


def _row_initial(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    shown = dict(row)
    if "amount_minor" in row:
        shown["amount_minor"] = shown_amount(row["amount_minor"], currency)
    return shown
