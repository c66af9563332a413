"""Lists as CSV files that are safe to open in a spreadsheet (SPEC 10.6). Pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

MOST: Final = 50_000
"""So many rows go into one file."""

# A cell that begins so is taken for a formula; some programs read the wide forms as the narrow ones.
_BEGINS_A_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return the rows as CSV in UTF-8 with a byte order mark, by which Excel knows it.

    Numbers and dates stay numbers and dates (``2026-05-14``), an unknown value is an empty cell. Text that a spreadsheet
    would take for a formula gets an apostrophe in front.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([[cell(value) for value in row] for row in rows])
    return f"\ufeff{text.getvalue()}"


def cell(value: Any) -> str:
    """Return one value as a cell holds it."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return str(value)
    said = str(value).replace("\0", "")
    return f"'{said}" if said.lstrip(" \u00a0").startswith(_BEGINS_A_FORMULA) else said
