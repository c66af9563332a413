"""A portfolio of accounts in a CSV file, read into typed rows.

The columns are those of the public portfolios the score is tried on (``COLUMNS``); a file has only those that its
source knows, and an empty cell is *not known*. Ages are days as of the day the file was made, whenever that was:
``AccountRow.account_values`` counts them back from the day of import.

Pure: it reads no file and knows no clock. What cannot be true is told with row and column, and costs that cell
only; a row is left out only where nobody could say which account it is.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from csm_portal import portfolio_columns
from csm_portal.portfolio_columns import COLUMNS, Cell, Column


class PortfolioError(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


_REQUIRED: Final = ("account_id", "account_name")
_ABOUT_THE_ROW: Final = (*_REQUIRED, "as_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProblem:
    """What is wrong in one place. ``row`` is the number a spreadsheet shows, ``column`` None for a whole row."""

    row: int
    column: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One account. ``cells`` has a value, or None for *not known*, for each signal column of the file."""

    row: int
    account_id: str
    name: str
    as_of: str
    cells: Mapping[str, Cell] = field(default_factory=dict)

    def inputs(self) -> dict[str, Any]:
        """Return the health inputs by the names of SPEC 1, those that are not known left out."""
        values: dict[str, Any] = {
            name: self.cells[column] for name, column in _INPUTS.items() if self.cells.get(column) is not None
        }
        used, purchased = self.cells.get("seats_used"), self.cells.get("seats_purchased")
        if isinstance(used, int) and isinstance(purchased, int) and purchased > 0:
            values["seats_utilization"] = used / purchased
        return values

    def account_values(self, *, imported_on: date) -> dict[str, str | int | bool | Decimal | date | None]:
        """Return the account's fields by the names of ``ports.workspace.ACCOUNT_FIELDS``.

        Ages become dates, counted from the day of import. None is a cell that the file has and that is empty.
        """
        values: dict[str, str | int | bool | Decimal | date | None] = {"name": self.name}
        for column, value in self.cells.items():
            if column == "days_since_last_interaction":
                values["last_interaction_on"] = _days_from(imported_on, value, sign=-1)
            elif column == "days_to_renewal":
                values["renewal_on"] = _days_from(imported_on, value, sign=1)
            else:
                values[_FIELDS[column]] = value
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The accounts of a file in its order, the columns it has, and what could not be taken from it."""

    accounts: tuple[AccountRow, ...]
    columns: tuple[str, ...]
    problems: tuple[CellProblem, ...]


_INPUTS: Final[Mapping[str, str]] = {
    "feature_adoption_rate": "feature_adoption_rate",
    "support_ticket_volume": "open_tickets",
    "support_sentiment": "ticket_sentiment",
    "last_interaction_days": "days_since_last_interaction",
    "login_frequency_score": "login_frequency",
    "usage_trend": "usage_trend",
    "payment_current": "payment_current",
    "stakeholder_engagement_score": "stakeholder_engagement",
    "nps_score": "nps",
    "renewal_days_out": "days_to_renewal",
    "escalation_history_count": "escalation_count",
    "tam_health_rag": "tam_health",
}
_EMPTY: Final = "The file is empty. It needs a line of column names and a line for each account."
_FIELDS: Final[Mapping[str, str]] = {
    **{column: name for name, column in _INPUTS.items()},
    "seats_purchased": "seats_purchased",
    "seats_used": "seats_used",
}


def parse(content: bytes) -> Portfolio:
    """Read the bytes of a CSV file: UTF-8 (or UTF-16 with its mark), comma, semicolon or tab between cells.

    Raises PortfolioError where the file as a whole cannot be read: not a text, no rows, no column for the
    account's id or name, none for any signal.
    """
    text = _decoded(content)
    if not text.strip():
        raise PortfolioError(_EMPTY)
    delimiter = _delimiter(text)
    lines = _lines(text, delimiter)
    _, header = next(lines, (0, []))
    if not header:
        # Nothing but separators and quotation marks.
        raise PortfolioError(_EMPTY)
    problems: list[CellProblem] = []
    columns = _columns(header, problems)
    accounts = list(_accounts(lines, columns, len(header), problems, has_decimal_comma=delimiter != ","))
    if not accounts and all(problem.row == 1 for problem in problems):
        raise PortfolioError("The file has column names and no account. Add a line for each account.")
    names = tuple(column.name for column in columns if column is not None)
    return Portfolio(accounts=tuple(accounts), columns=names, problems=tuple(problems))


def table(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of any CSV file that are not blank, each with its number as a spreadsheet counts.

    UTF-8 (or UTF-16 with its mark), comma, semicolon or tab between cells. Raises PortfolioError where the bytes
    are no such file.
    """
    text = _decoded(content)
    if not text.strip():
        raise PortfolioError("The file is empty. It needs a line of column names and a line for each row.")
    yield from _lines(text, _delimiter(text))


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PortfolioError(
            f"The file is not UTF-8 text: line {line} has a byte that UTF-8 does not know. "
            "Save it again as “CSV UTF-8”."
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise PortfolioError(
            f"Line {line} has a NUL character, so this is no CSV file. Save the sheet again as “CSV UTF-8”."
        )
    return text


def _delimiter(text: str) -> str:
    first = next(line for line in text.splitlines() if line.strip())
    return max(",;\t", key=first.count)


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank with their number, as a spreadsheet counts."""
    source = list(io.StringIO(text, newline=""))
    reader = csv.reader(source, delimiter=delimiter)
    number = begins = 0
    try:
        for cells in reader:
            number += 1
            if reader.line_num == len(source):
                _refuse_open_quote(source[begins:], delimiter)
            begins = reader.line_num
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        raise PortfolioError(
            f"The file cannot be read as CSV from line {begins + 1} on ({error}). "
            "Look there for a quotation mark that is not closed."
        ) from error


def _refuse_open_quote(record: list[str], delimiter: str) -> None:
    """Raise csv.Error where the last record ends within quotation marks, which only a strict reader minds."""
    try:
        list(csv.reader(record, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):
            raise


def _columns(header: list[str], problems: list[CellProblem]) -> list[Column | None]:
    by_name = {name: column for column in COLUMNS for name in (column.name, column.alias) if name}
    columns: list[Column | None] = []
    for title in header:
        column = by_name.get(re.sub(r"[\s\-]+", "_", title.strip().casefold()))
        if column is None and title.strip():
            problems.append(
                CellProblem(
                    row=1,
                    column=title.strip(),
                    message=f"Column “{title.strip()}” is not one that the portal reads; it was left out.",
                )
            )
        if column is not None and column in columns:
            raise PortfolioError(f"The file has the column {column.name} twice. Remove one of the two.")
        columns.append(column)
    names = [column.name for column in columns if column is not None]
    if missing := [name for name in _REQUIRED if name not in names]:
        raise PortfolioError(
            f"The file has no column {' and no column '.join(missing)}. Its first line must name the columns, and it reads: "
            f"{', '.join(title.strip() for title in header)[:200]}."
        )
    if not set(names) - set(_ABOUT_THE_ROW):
        signals = ", ".join(column.name for column in COLUMNS if column.name not in _ABOUT_THE_ROW)
        raise PortfolioError(
            f"The file has no column with a health signal. It needs at least one of {signals}."
        )
    return columns


def _accounts(
    lines: Iterable[tuple[int, list[str]]],
    columns: list[Column | None],
    width: int,
    problems: list[CellProblem],
    *,
    has_decimal_comma: bool,
) -> Iterator[AccountRow]:
    seen: dict[str, int] = {}
    for row, cells in lines:
        account = _account(row, cells, columns, problems, has_decimal_comma=has_decimal_comma)
        if len(cells) > width:
            message = (
                f"Row {row} has {len(cells)} cells and the first line names {width} columns, so nobody can say "
                "which cell is which. The row was left out; put quotation marks around a text that holds the separator."
            )
        elif not account.account_id:
            message = f"Row {row} has no account_id. The row was left out; give the account an id of its own."
        elif account.account_id in seen:
            message = (
                f"Row {row} repeats the account_id “{account.account_id}” of row {seen[account.account_id]}. "
                "The first one counts, this row was left out."
            )
        else:
            seen[account.account_id] = row
            yield account
            continue
        problems[:] = [problem for problem in problems if problem.row != row]
        problems.append(CellProblem(row=row, column=None, message=message))


def _account(
    row: int,
    cells: list[str],
    columns: list[Column | None],
    problems: list[CellProblem],
    *,
    has_decimal_comma: bool,
) -> AccountRow:
    texts = dict.fromkeys(_ABOUT_THE_ROW, "")
    values: dict[str, Cell] = {}
    for place, column in enumerate(columns):
        if column is None:
            continue
        cell = cells[place].strip() if place < len(cells) else ""
        if column.name in _ABOUT_THE_ROW:
            texts[column.name] = cell
            continue
        try:
            values[column.name] = portfolio_columns.read(column, cell, has_decimal_comma=has_decimal_comma)
        except ValueError as wrong:
            values[column.name] = None
            message = (
                f"Row {row}, column {column.name}: “{cell[:60]}” {wrong}. It was taken as not known; "
                "mend the cell and import again."
            )
            problems.append(CellProblem(row=row, column=column.name, message=message))
    account_id = texts["account_id"]
    if account_id and not texts["account_name"]:
        message = f"Row {row} has no account_name. The account is called “{account_id}” after its id."
        problems.append(CellProblem(row=row, column="account_name", message=message))
    return AccountRow(
        row=row,
        account_id=account_id,
        name=texts["account_name"] or account_id,
        as_of=texts["as_of"],
        cells=values,
    )


def _days_from(day: date, days: object, *, sign: int) -> date | None:
    return day + timedelta(days=sign * days) if isinstance(days, int) else None
