"""The forms of the price list: one price, or a file of them."""

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts import price_files
from accounts.scoring.expansion_sizing import LONGEST_NAME, Basis, Period, Price, PriceKind
from csm_portal import typed


class PriceForm(forms.Form):
    """One price; the same thing in the same currency is changed."""

    kind = forms.ChoiceField(
        label="Type",
        choices=[("seat", "Seat"), ("module", "Module"), ("integration", "Integration")],
    )
    name = typed.LineField(
        label="Name",
        required=False,
        max_length=LONGEST_NAME,
        help_text="As Notion lists it among the features; empty for a seat.",
    )
    amount = typed.AmountField(
        label="Price",
        max_digits=12,
        decimal_places=2,
        error_messages={
            "required": "Give the price.",
            "invalid": "This is no amount: write it as in 480 or 480.50.",
        },
    )
    currency = typed.CurrencyField()
    period = forms.ChoiceField(label="Each", choices=[("year", "Year"), ("month", "Month")])
    basis = forms.ChoiceField(label="For", choices=[("account", "The account"), ("seat", "Each seat")])

    def price(self) -> Price:
        """Return what a valid form says. A seat's price is by the seat, whatever was chosen."""
        given = self.cleaned_data
        kind = PriceKind(given["kind"])
        is_seat = kind is PriceKind.SEAT
        return Price(
            kind=kind,
            name="" if is_seat else given["name"],
            amount=given["amount"],
            currency=given["currency"],
            period=Period(given["period"]),
            basis=Basis.SEAT if is_seat else Basis(given["basis"]),
        )


class PriceFileForm(forms.Form):
    """A CSV file of prices."""

    file = forms.FileField(
        label="CSV file",
        help_text="Columns type (seat, module, integration), name, price, currency, period (year, month), and per (account, seat).",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"required": "Choose the CSV file.", "empty": "The file is empty."},
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > price_files.MOST_BYTES:
            raise forms.ValidationError("The file is larger than 200 KB. Split it in parts.")
        return file
