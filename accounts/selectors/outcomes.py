"""What is known of renewals and losses, and what a file of outcomes would add to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Max, Min, Q

from accounts import notion_links, outcome_files, outcome_histories
from accounts.models import Account, Outcome, OutcomeImport, OutcomeKind
from accounts.outcome_files import Line, Problem
from accounts.outcome_histories import Told

SHOWN: Final = 20
"""How many outcomes are listed; the rest is counted."""

PREVIEWED: Final = 20
"""How many rows of a file are shown, those that change something first."""

PROBLEMS_SHOWN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One usable row of a file: the account that it means, and whether it is new, changes one or says nothing new."""

    row: int
    account_id: UUID
    account: str
    kind: str
    happened_on: date
    reason: str
    state: str
    # What is known of that day, where the row says something else.
    was_kind: str = ""
    was_reason: str = ""


NEW: Final = "new"
CHANGED: Final = "changes"
SAME: Final = "known"
_FIRST_SHOWN: Final = (CHANGED, NEW, SAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a file holds, before anything is stored."""

    readings: tuple[Reading, ...]
    problems: tuple[Problem, ...]

    def count(self, state: str) -> int:
        return sum(one.state == state for one in self.readings)

    @property
    def created(self) -> int:
        return self.count(NEW)

    @property
    def updated(self) -> int:
        return self.count(CHANGED)

    @property
    def unchanged(self) -> int:
        return self.count(SAME)

    @property
    def renewed(self) -> int:
        return sum(one.kind == OutcomeKind.RENEWED for one in self.readings)

    @property
    def churned(self) -> int:
        return len(self.readings) - self.renewed

    @property
    def shown(self) -> tuple[Reading, ...]:
        return tuple(sorted(self.readings, key=lambda one: _FIRST_SHOWN.index(one.state))[:PREVIEWED])

    @property
    def hidden(self) -> int:
        return len(self.readings) - len(self.shown)

    @property
    def problems_shown(self) -> tuple[Problem, ...]:
        return self.problems[:PROBLEMS_SHOWN]

    @property
    def problems_hidden(self) -> int:
        return len(self.problems) - len(self.problems_shown)

    @property
    def adds_something(self) -> bool:
        return bool(self.created or self.updated)


def read(content: bytes, *, today: date) -> Preview:
    """Read a file and find its accounts. Two queries however many rows there are. Raises outcome_files.Unreadable."""
    file = outcome_files.parse(content, today=today)
    finder = _Finder()
    stored = {
        (account, day): (kind, reason)
        for account, day, kind, reason in Outcome.objects.values_list(
            "account_id", "happened_on", "kind", "reason"
        )
    }
    readings: list[Reading] = []
    problems = list(file.problems)
    first_row: dict[tuple[UUID, date], int] = {}
    for line in file.lines:
        try:
            account_id, name = finder.find(line)
        except LookupError as unknown:
            problems.append(Problem(row=line.row, message=f"Row {line.row} {unknown.args[0]}"))
            continue
        key = (account_id, line.happened_on)
        if key in first_row:
            problems.append(
                Problem(
                    row=line.row,
                    message=f"Row {line.row} says once more what became of {name} on {line.happened_on:%Y-%m-%d}, as row "
                    f"{first_row[key]} does. That one counts.",
                )
            )
            continue
        first_row[key] = line.row
        readings.append(_reading(line, account_id, name, stored.get(key)))
    impossible = _impossible(readings, stored)
    problems += impossible
    refused = {problem.row for problem in impossible}
    return Preview(
        readings=tuple(one for one in readings if one.row not in refused),
        problems=tuple(sorted(problems, key=lambda problem: problem.row)),
    )


_Known = Mapping[tuple[UUID, date], tuple[str, str]]


def _reading(line: Line, account_id: UUID, name: str, known: tuple[str, str] | None) -> Reading:
    is_same = known == (line.kind, line.reason)
    was_kind, was_reason = ("", "") if known is None or is_same else known
    return Reading(
        row=line.row,
        account_id=account_id,
        account=name,
        kind=line.kind,
        happened_on=line.happened_on,
        reason=line.reason,
        state=NEW if known is None else SAME if is_same else CHANGED,
        was_kind=was_kind,
        was_reason=was_reason,
    )


def _impossible(readings: Iterable[Reading], stored: _Known) -> list[Problem]:
    """Return what cannot have happened, held against the other rows of the file and against what is known."""
    told: dict[UUID, dict[date, Told]] = {}
    names: dict[UUID, str] = {}
    for one in readings:
        names[one.account_id] = one.account
        # What says nothing new is not the file's to answer for.
        row = None if one.state == SAME else one.row
        told.setdefault(one.account_id, {})[one.happened_on] = Told(
            on=one.happened_on, kind=one.kind, row=row
        )
    for (account_id, day), (kind, _) in stored.items():
        if account_id in told:
            told[account_id].setdefault(day, Told(on=day, kind=kind, row=None))
    return [
        Problem(
            row=wrong.row,
            message=f"Row {wrong.row} says that {names[account_id]} left on {wrong.on:%Y-%m-%d}; "
            f"{'what is known' if other.row is None else f'row {other.row}'} says that it left on {other.on:%Y-%m-%d}, "
            "with no renewal in between. Correct one of the two, or add the renewal that brought it back.",
        )
        for account_id, by_day in told.items()
        for wrong, other in outcome_histories.refused(by_day.values())
        if wrong.row is not None
    ]


class _Finder:
    """Finds the account that a row means, by its Notion id or link, else by its name. One query."""

    def __init__(self) -> None:
        self._by_page: dict[str, tuple[UUID, str]] = {}
        self._by_name: dict[str, list[tuple[UUID, str]]] = {}
        for key, page, name in Account.objects.order_by().values_list("pk", "notion_page_id", "name"):
            self._by_page[page.replace("-", "").casefold()] = (key, name)
            self._by_name.setdefault(_plain(name), []).append((key, name))

    def find(self, line: Line) -> tuple[UUID, str]:
        """Raises LookupError with what follows ``Row 7 …``."""
        if line.account_id:
            page = notion_links.find_id(line.account_id)
            if page in self._by_page:
                return self._by_page[page]
            if not line.account:
                raise LookupError(
                    f"names an account that is not in the mirror (“{line.account_id[:80]}”). Copy the link of its page in "
                    "Notion, or give its name."
                )
        named = self._by_name.get(_plain(line.account), [])
        if len(named) == 1:
            return named[0]
        if named:
            raise LookupError(
                f"names “{line.account[:80]}”, and {len(named)} accounts are called so. Give the link of its page in a "
                "column account_id."
            )
        raise LookupError(
            f"names “{line.account[:80]}”, and no account in the mirror is called so. Write it as in Notion."
        )


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRow:
    """One outcome in the list."""

    outcome_id: UUID
    account_id: UUID
    account: str
    kind: str
    happened_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One file that was taken in, and whether somebody took it back; ``who`` is empty where a sync read it."""

    import_id: UUID
    file_name: str
    who: str
    at: datetime
    created: int
    updated: int
    unchanged: int
    left_out: int
    undone_by: str
    undone_at: datetime | None

    @property
    def can_be_undone(self) -> bool:
        return bool(self.who) and self.undone_at is None and bool(self.created or self.updated)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesPage:
    """What is known: counts over all, the newest in rows, the latest files."""

    renewed: int
    churned: int
    first_on: date | None
    last_on: date | None
    rows: tuple[OutcomeRow, ...]
    imports: tuple[ImportRow, ...]

    @property
    def hidden(self) -> int:
        return self.renewed + self.churned - len(self.rows)


def page() -> OutcomesPage:
    """Return the page. Three queries however many outcomes there are."""
    counts: Mapping[str, Any] = Outcome.objects.aggregate(
        renewed=Count("pk", filter=Q(kind=OutcomeKind.RENEWED)),
        churned=Count("pk", filter=Q(kind=OutcomeKind.CHURNED)),
        first_on=Min("happened_on"),
        last_on=Max("happened_on"),
    )
    newest = Outcome.objects.select_related("account").order_by("-happened_on", "account__name", "pk")[:SHOWN]
    imports = OutcomeImport.objects.select_related("imported_by", "undone_by")[:10]
    return OutcomesPage(**counts, rows=tuple(_rows(newest)), imports=tuple(_import(one) for one in imports))


def _rows(outcomes: Iterable[Outcome]) -> Iterable[OutcomeRow]:
    for one in outcomes:
        yield OutcomeRow(
            outcome_id=one.pk,
            account_id=one.account_id,
            account=one.account.name,
            kind=one.kind,
            happened_on=one.happened_on,
            reason=one.reason,
        )


def _import(one: OutcomeImport) -> ImportRow:
    return ImportRow(
        import_id=one.pk,
        file_name=one.file_name,
        who=str(one.imported_by or ""),
        at=one.imported_at,
        created=one.created,
        updated=one.updated,
        unchanged=one.unchanged,
        left_out=one.left_out,
        undone_by=str(one.undone_by or ""),
        undone_at=one.undone_at,
    )
