"""The mapped ROI facts of an account as facts of its review (SPEC 1, 6.1)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from qbr.facts import FactKind, FactValue

_SIGNS: Final = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ROIValue:
    """One figure of the customer's return, with what the catalogue of facts leaves open."""

    fact_id: str
    label: str
    kind: FactKind
    value: FactValue
    unit: str
    currency: str
    period: str
    property_name: str


def values(held: list[Mapping[str, Any]]) -> Iterator[ROIValue]:
    """Give what the mirror holds (``Account.roi_facts``) as values of the kinds that facts know.

    A unit of three capital letters or a currency's sign makes a number an amount, ``%`` makes it a percentage.
    """
    for fact in held:
        kind, value, unit, currency = _read(fact)
        yield ROIValue(
            fact_id=f"roi.{fact['id']}",
            label=fact["label"],
            kind=kind,
            value=value,
            unit=unit,
            currency=currency,
            period=fact["period"],
            property_name=fact["property"],
        )


def _read(fact: Mapping[str, Any]) -> tuple[FactKind, FactValue, str, str]:
    unit = fact["unit"]
    match fact["kind"]:
        case "date":
            return FactKind.DATE, date.fromisoformat(fact["value"]), "", ""
        case "yes_no":
            return FactKind.YES_NO, fact["value"] == "yes", "", ""
        case "number":
            number = Decimal(fact["value"])
            if unit in _SIGNS or _CURRENCY.fullmatch(unit):
                return FactKind.MONEY, number, "", _SIGNS.get(unit, unit)
            if unit == "%":
                return FactKind.PERCENT, number / 100, "", ""
            is_counted = bool(unit) and number == number.to_integral_value()
            return (FactKind.COUNT if is_counted else FactKind.NUMBER), number, unit, ""
        case _:
            return FactKind.TEXT, f"{fact['value']} {unit}".strip(), "", ""
