"""The first rows of the accounts database as the portal would mirror them, for the set-up page. Pure.

What a cell says is made when the rows are read and kept as text: a preview is a look at one moment, and is dated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from accounts import roi_facts
from accounts.mirror import Columns, Row
from accounts.roi_facts import ROIFact
from accounts.scoring import explain, signals
from accounts.scoring.signals import INPUTS, HealthSignals
from csm_portal.ports.workspace import ACCOUNT_FIELDS
from csm_portal.templatetags import wording

ROWS: Final = 5
EMPTY: Final = "Empty"
_NOT_READ: Final = "Not read"

_FIELDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "last_interaction_days": ("last_interaction_on",),
    "renewal_days_out": ("renewal_on",),
    "seats_utilization": ("seats_used", "seats_purchased"),
}
_BESIDE: Final = (
    "segment",
    "lifecycle_stage",
    "notice_on",
    "primary_contacts",
    "notes",
    "features_licensed",
    "features_used",
    "customer_goals",
    "outcome",
    "outcome_on",
    "outcome_reason",
)
_LABELS: Final = {spec.name: spec.label for spec in ACCOUNT_FIELDS}
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value as a person reads it. ``issue`` is a sentence about what could not be read or matched."""

    text: str
    is_known: bool = True
    issue: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One field or input: the properties that it comes from, and a cell for each row.

    ``problem`` says why it cannot be read for any account.
    """

    label: str
    sources: tuple[str, ...]
    cells: tuple[Cell, ...]
    problem: str = ""
    is_main: bool = True

    @property
    def issues(self) -> tuple[str, ...]:
        """What could not be read in its cells: each sentence once, behind the accounts that it is about."""
        told: dict[str, list[str]] = {}
        for cell in self.cells:
            if cell.issue:
                told.setdefault(cell.issue, []).append(cell.account)
        return tuple(f"{', '.join(accounts)}: {issue}" for issue, accounts in told.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The accounts by name and their lines; ``error`` says why there are none."""

    names: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    error: str = ""

    @property
    def main(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.is_main)

    @property
    def beside(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if not line.is_main)

    def as_json(self) -> dict[str, Any]:
        """Return plain values for a JSON column."""
        return asdict(self)


def from_json(value: Mapping[str, Any]) -> Preview | None:
    """Return a preview that was kept, or None where there is none."""
    if not value:
        return None
    return Preview(
        names=tuple(value["names"]),
        lines=tuple(
            Line(
                **{
                    **line,
                    "sources": tuple(line["sources"]),
                    "cells": tuple(Cell(**cell) for cell in line["cells"]),
                }
            )
            for line in value["lines"]
        ),
        error=value["error"],
    )


def of_rows(
    rows: Sequence[Row],
    *,
    names: Mapping[str, str],
    problems: Mapping[str, str],
    roi: Sequence[ROIFact] = (),
    as_of: date,
) -> Preview:
    """Return the rows field by field: owner, ARR and the thirteen inputs, then whatever else is mapped.

    ``names`` is field -> what its property is called, ``problems`` field -> why it cannot be read for any account.
    """
    around = _Around(rows=rows, names=names, problems=problems, roi=roi, as_of=as_of)
    return Preview(names=tuple(row.columns["name"] for row in rows), lines=tuple(around.lines()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    rows: Sequence[Row]
    names: Mapping[str, str]
    problems: Mapping[str, str]
    roi: Sequence[ROIFact]
    as_of: date

    def lines(self) -> Iterator[Line]:
        yield self._line("Owner", ("owner",), [_owner(row.columns) for row in self.rows])
        yield self._line("ARR", ("arr", "currency"), [_arr(row.columns) for row in self.rows])
        known = [_signals(row.columns, self.as_of) for row in self.rows]
        for spec in INPUTS:
            fields = _FIELDS_OF.get(spec.name, (spec.name,))
            cells = [
                _input(getattr(found, spec.name) is not None, explain.shown(spec, found), row.columns, fields)
                for row, found in zip(self.rows, known, strict=True)
            ]
            yield self._line(spec.label, fields, cells)
        for field in _BESIDE:
            if field in self.names:
                cells = [_plain(row.columns[field]) for row in self.rows]
                yield self._line(_LABELS[field], (field,), cells, is_main=False)
        for fact in self.roi:
            yield Line(
                label=fact.label,
                sources=(fact.property_name, *([fact.period] if fact.period else [])),
                cells=tuple(_roi(row.columns, fact) for row in self.rows),
                is_main=False,
            )

    def _line(self, label: str, fields: tuple[str, ...], cells: list[Cell], *, is_main: bool = True) -> Line:
        problem = " ".join(self.problems[field] for field in fields if field in self.problems)
        if problem:
            # Nothing was read: to call that empty would say something about the account.
            cells = [Cell(text=_NOT_READ, is_known=False) for _ in cells]
        return Line(
            label=label,
            sources=tuple(self.names[field] for field in fields if field in self.names),
            cells=tuple(_with_issue(cell, row, fields) for cell, row in zip(cells, self.rows, strict=True)),
            problem=problem,
            is_main=is_main,
        )


def _with_issue(cell: Cell, row: Row, fields: tuple[str, ...]) -> Cell:
    account = row.columns["name"]
    said = [issue["message"] for issue in row.columns["field_issues"] if issue["field"] in fields]
    if said:
        return Cell(text=_NOT_READ, is_known=False, issue=" ".join(said), account=account)
    return replace(cell, account=account)


def _owner(columns: Columns) -> Cell:
    name = columns["owner_name"] or columns["owner_email"]
    if not name:
        return _empty()
    if columns["owner_id"] is None and columns["owner_email"]:
        who = columns["owner_email"]
        return Cell(
            text=name,
            issue=f"Nobody in the portal has the address {who}, so the account has no CSM here yet.",
        )
    return Cell(text=name)


def _arr(columns: Columns) -> Cell:
    if columns["arr"] is None:
        return _empty()
    return Cell(text=wording.money(columns["arr"], columns["currency"]))


def _input(is_known: bool, text: str, columns: Columns, fields: tuple[str, ...]) -> Cell:
    if not is_known:
        return _empty()
    days = [columns[field] for field in fields if isinstance(columns[field], date)]
    if days:
        return Cell(text=f"{wording.day(days[0])}, {text}")
    if fields == _FIELDS_OF["seats_utilization"]:
        return Cell(text=f"{columns['seats_used']:,} of {columns['seats_purchased']:,}, {text}")
    return Cell(text=text[:1].upper() + text[1:])


def _roi(columns: Columns, fact: ROIFact) -> Cell:
    account = columns["name"]
    for held in columns[roi_facts.FIELD]:
        if held["id"] == fact.id:
            return Cell(text=roi_facts.shown(held), account=account)
    for issue in columns["field_issues"]:
        if issue["field"] == roi_facts.FIELD and issue["property"] == fact.property_name:
            return Cell(text=_NOT_READ, is_known=False, issue=issue["message"], account=account)
    return replace(_empty(), account=account)


def _plain(value: Any) -> Cell:
    if value in (None, "", []):
        return _empty()
    if isinstance(value, date):
        return Cell(text=wording.day(value))
    words = ", ".join(value) if isinstance(value, list) else str(value)
    return Cell(text=words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…")


def _empty() -> Cell:
    return Cell(text=EMPTY, is_known=False)


def _signals(columns: Columns, as_of: date) -> HealthSignals:
    values = {name: columns[name] for name in signals.INPUT_NAMES if name in columns}
    values["last_interaction_days"] = signals.days_since(columns["last_interaction_on"], as_of=as_of)
    values["renewal_days_out"] = signals.days_until(columns["renewal_on"], as_of=as_of)
    values["seats_utilization"] = signals.utilization(
        used=columns["seats_used"], purchased=columns["seats_purchased"]
    )
    return HealthSignals(**{name: value for name, value in values.items() if _can_be(name, value)})


def _can_be(name: str, value: Any) -> bool:
    if value in (None, ""):
        return False
    try:
        HealthSignals(**{name: value})
    except ValueError:
        return False
    return True
