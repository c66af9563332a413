"""Form fields for what people type: names on one line, amounts, currencies. Each is cleaned here and nowhere else."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from csm_portal import amounts, currency_codes
from csm_portal.ports import untrusted

# A measured figure may have any number of digits behind its point.
_MANY: Final = 100


class LineField(forms.CharField):
    """A name or a sentence on one line: no characters that nobody sees, no control that turns the text around it."""

    def to_python(self, value: Any) -> str | None:
        return super().to_python(untrusted.clean_line(value) if isinstance(value, str) else value)


class LinesField(forms.CharField):
    """A text of some lines, without the characters that nobody sees."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str | None:
        return super().to_python(untrusted.clean(value) if isinstance(value, str) else value)


class AmountField(forms.DecimalField):
    """An amount, written with a point or with a comma. A plain text box: a box for numbers drops what it does not know."""

    widget = forms.TextInput

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value: Any) -> Any:
        return super().to_python(_read(self, value, decimals=self.decimal_places or 0))


class FigureField(forms.FloatField):
    """A figure, written with a point or with a comma."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(_read(self, value, decimals=_MANY))


class CurrencyField(forms.CharField):
    """The three letters of a currency that people pay with, in upper case."""

    def __init__(self, *, required: bool = True, help_text: str = "") -> None:
        super().__init__(
            label="Currency",
            required=required,
            help_text=help_text,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "size": 4}),
            error_messages={"required": "Give the currency."},
        )

    def to_python(self, value: Any) -> str:
        code = (super().to_python(value) or "").upper()
        if code and (refusal := currency_codes.refusal(code)):
            raise ValidationError(refusal, code="invalid")
        return code


def _read(field: forms.Field, value: Any, *, decimals: int) -> Any:
    """Return a written number as Django's own field reads it."""
    if not isinstance(value, str) or not value.strip():
        return value
    try:
        return amounts.read(value, decimals=decimals)
    except amounts.TwoWays as unclear:
        raise ValidationError(str(unclear), code="unclear") from unclear
    except amounts.NoNumber as wrong:
        raise ValidationError(field.error_messages["invalid"], code="invalid") from wrong
