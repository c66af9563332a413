"""A CSV file of outcomes, read into typed rows: which account, renewed or churned, when and why. Pure.

What cannot be right is told with its row, and costs that row only.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from csm_portal import portfolio_csv
from csm_portal.portfolio_csv import PortfolioError
from csm_portal.ports import untrusted

MOST_BYTES: Final = 1_000_000
MOST_ROWS: Final = 20_000
LONGEST_REASON: Final = 500
EARLIEST_YEAR: Final = 1990

RENEWED: Final = "renewed"
CHURNED: Final = "churned"


class Unreadable(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row as the file has it. ``account_id`` is an id or a link, ``account`` a name; one may be empty."""

    row: int
    account_id: str
    account: str
    kind: str
    happened_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a row was left out, in a sentence that names it."""

    row: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeFile:
    """The rows that can be used, in the file's order, and what is wrong with the others."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]


# What a column is for -> the headers that it may have.
_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "account_id": ("account_id", "notion_page_id", "notion_id", "page_id", "notion", "link", "url"),
    "account": ("account", "account_name", "name", "customer", "company"),
    "outcome": ("outcome", "result", "what_happened"),
    "churned": ("churned", "is_churned", "churn_flag"),
    "renewed": ("renewed", "is_renewed"),
    "date": ("date", "happened_on", "outcome_date", "decided_on", "churn_date", "churned_on", "renewed_on"),
    "reason": ("reason", "why", "reason_code", "churn_reason", "comment"),
}
_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("renewed", "renewal", "kept", "retained", "stayed", "won"), RENEWED),
    **dict.fromkeys(("churned", "churn", "left", "lost", "cancelled", "canceled"), CHURNED),
}


def kind_of(word: str) -> str | None:
    """Return what a word for an outcome means, None for one that names none, such as “pending”."""
    return _WORDS.get(word.strip().casefold())


_YES: Final = frozenset({"1", "1.0", "yes", "y", "true", "t"})
_NO: Final = frozenset({"0", "0.0", "no", "n", "false", "f"})


def parse(content: bytes, *, today: date) -> OutcomeFile:
    """Read the bytes of a CSV file; ``today`` is the last day that can have happened.

    Raises Unreadable where the file as a whole cannot be read: no text, no column for the account, the outcome or
    the date, too large.
    """
    if len(content) > MOST_BYTES:
        raise Unreadable(
            f"The file has {len(content) / 1e6:.1f} MB; {MOST_BYTES / 1e6:.0f} MB at a time can be read. Split it in parts."
        )
    try:
        rows = list(portfolio_csv.table(content))
    except PortfolioError as error:
        raise Unreadable(str(error)) from error
    if not rows:
        raise Unreadable("The file is empty. It needs a line of column names and a line for each outcome.")
    if len(rows) - 1 > MOST_ROWS:
        raise Unreadable(
            f"The file has {len(rows) - 1:,} rows; {MOST_ROWS:,} at a time can be read. Split it in parts."
        )
    (_, header), *body = rows
    places = _places(header)
    if not body:
        raise Unreadable("The file has column names and no outcome. Add a line for each account.")
    lines, problems = [], []
    for number, cells in body:
        try:
            lines.append(_line(number, cells, places, width=len(header), today=today))
        except ValueError as wrong:
            problems.append(Problem(row=number, message=f"Row {number} {wrong}"))
    return OutcomeFile(lines=tuple(lines), problems=tuple(problems))


def _places(header: list[str]) -> dict[str, int]:
    """Return what each column is for. Raises Unreadable where one is missing or comes twice."""
    titles = [re.sub(r"[\s\-]+", "_", title.strip().casefold()) for title in header]
    places: dict[str, int] = {}
    for purpose, names in _HEADERS.items():
        found = [place for place, title in enumerate(titles) if title in names]
        if len(found) > 1:
            raise Unreadable(
                f"The columns {header[found[0]]} and {header[found[1]]} say the same. Remove one of the two."
            )
        if found:
            places[purpose] = found[0]
    missing = []
    if not places.keys() & {"account_id", "account"}:
        missing.append("account (a name) or account_id (a Notion link or id)")
    if not places.keys() & {"outcome", "churned", "renewed"}:
        missing.append("outcome (renewed or churned)")
    if "date" not in places:
        missing.append("date (the day on which it was decided)")
    if missing:
        raise Unreadable(
            f"The file has no column {' and no column '.join(missing)}. Its first line must name the columns, and it reads: "
            f"{', '.join(title.strip() for title in header)[:200]}."
        )
    return places


def _line(row: int, cells: list[str], places: Mapping[str, int], *, width: int, today: date) -> Line:
    """Read one row. Raises ValueError with what follows ``Row 7 …``."""
    if len(cells) > width:
        raise ValueError(
            f"has {len(cells)} cells and the first line names {width} columns. Put quotation marks around a text that "
            "holds the separator."
        )

    def cell(purpose: str) -> str:
        place = places.get(purpose)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    account_id, account = cell("account_id"), cell("account")
    if not account_id and not account:
        raise ValueError("names no account. Give its name as in Notion, or the link of its page.")
    return Line(
        row=row,
        account_id=account_id,
        account=account,
        kind=_kind(cell),
        happened_on=_day(cell("date"), today=today),
        reason=_reason(cell("reason")),
    )


def shortened(reason: str) -> str:
    """Return a reason that stands in full elsewhere; one that is too long ends where a reader sees that more follows."""
    return reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1].rstrip()}…"


def _reason(text: str) -> str:
    reason = untrusted.clean_line(text)
    if len(reason) > LONGEST_REASON:
        raise ValueError(
            f"gives a reason of {len(reason):,} characters, and {LONGEST_REASON} are kept. Shorten it, so that nothing is "
            "cut off that you meant to say."
        )
    return reason


def _kind(cell: Callable[[str], str]) -> str:
    said = cell("outcome").casefold()
    if said:
        if said in _WORDS:
            return _WORDS[said]
        raise ValueError(f"says “{cell('outcome')[:60]}” as the outcome. Write renewed or churned.")
    for purpose, yes, no in (("churned", CHURNED, RENEWED), ("renewed", RENEWED, CHURNED)):
        flag = cell(purpose).casefold()
        if flag in _YES:
            return yes
        if flag in _NO:
            return no
        if flag:
            raise ValueError(f"says “{flag[:60]}” under {purpose}. Write yes or no.")
    raise ValueError("does not say what happened. Write renewed or churned.")


def _day(text: str, *, today: date) -> date:
    if not text:
        raise ValueError("has no date. Give the day on which it was decided, as in 2026-03-31.")
    # A spreadsheet likes to add midnight.
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2})?.*)?", text)
    dotted = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text)
    if iso:
        year, month, day = iso.groups()
    elif dotted:
        day, month, year = dotted.groups()
    else:
        raise ValueError(f"has the date “{text[:40]}”. Write it as in 2026-03-31: year, month, day.")
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(f"has the date “{text[:40]}”, and there is no such day. Correct it.") from None
    if found.year < EARLIEST_YEAR:
        raise ValueError(
            f"has the date {found.isoformat()}, which is before any account began. Correct the year."
        )
    if found > today:
        raise ValueError(f"has the date {found:%Y-%m-%d}, which is still to come. Give what has happened.")
    return found
