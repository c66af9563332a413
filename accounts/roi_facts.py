"""Figures of a customer's return, read from properties that an admin named (SPEC 1). Pure.

A fact is any property with a label, a unit and the time that it covers. It is read beside the account's fields under a
key of its own, and kept in the account's row as ``{"id", "label", "unit", "period", "property", "kind", "value"}``.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from csm_portal.ports.workspace import ROI_PREFIX, AccountRecord, FieldValue

FIELD: Final = "roi_facts"
"""The column of Account, and the field that its issues are about."""

_LONGEST_TEXT: Final = 500
_LONGEST_ID: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ROIFact:
    """One property that is read as a figure of the customer's return. ``id`` is stable as long as its label is."""

    id: str
    label: str
    unit: str
    period: str
    property_id: str
    property_name: str

    @property
    def key(self) -> str:
        """Return the field name under which the workspace reads it."""
        return f"{ROI_PREFIX}{self.id}"


def ids(labels: Sequence[str]) -> list[str]:
    """Return an id for each label: its plain letters and digits, told apart where two come to the same."""
    found: list[str] = []
    for place, label in enumerate(labels, start=1):
        plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST_ID] or f"fact_{place}"
        found.append(slug if slug not in found else f"{slug}_{place}")
    return found


def of_record(
    record: AccountRecord, facts: Iterable[ROIFact]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return what the facts hold for an account, and an issue for each that could not be read.

    An empty property is no fact: nothing is said about that account.
    """
    held, issues = [], []
    unread = {issue.field: issue for issue in record.issues}
    for fact in facts:
        if (issue := unread.get(fact.key)) is not None:
            issues.append({"field": FIELD, "property": issue.property_name, "message": issue.message})
        elif (told := _told(record.values.get(fact.key))) is not None:
            held.append(
                {
                    "id": fact.id,
                    "label": fact.label,
                    "unit": fact.unit,
                    "period": fact.period,
                    "property": fact.property_name,
                    **told,
                }
            )
    return held, issues


def shown(fact: Mapping[str, Any]) -> str:
    """Return a kept fact as a person reads it: ``2,300 hours``."""
    value = f"{Decimal(fact['value']):,}" if fact["kind"] == "number" else str(fact["value"])
    return f"{value} {fact['unit']}".strip()


def _told(value: FieldValue | None) -> dict[str, str] | None:
    match value:
        case None | "":
            return None
        case bool():
            return {"kind": "yes_no", "value": "yes" if value else "no"}
        case Decimal() | int():
            number = Decimal(value)
            whole = number == number.to_integral_value()
            return {"kind": "number", "value": format(number.to_integral_value() if whole else number, "f")}
        case date():
            return {"kind": "date", "value": value.isoformat()}
        case _:
            text = str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()
            return {"kind": "text", "value": text[:_LONGEST_TEXT]} if text else None
