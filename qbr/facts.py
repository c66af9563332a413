"""Facts: the figures, dates and names that a QBR may speak of, each with where it comes from (SPEC 6.3).

A fact is a value with an id. Prose cites facts by id and the portal puts the figure in, always through
``shown``: one fact reads the same on every page, in every table and in every export.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeAlias

from csm_portal.ports import untrusted

FactValue: TypeAlias = Decimal | date | str | bool | tuple[str, ...] | None


class FactKind(StrEnum):
    """What a fact's value is, and so how it is shown and what a figure in prose must be to agree with it."""

    NUMBER = "number"  # Decimal, with an optional unit
    COUNT = "count"  # whole Decimal of things; the unit is the noun, in the plural
    SCORE = "score"  # whole Decimal, 0 to 100
    POINTS = "points"  # Decimal difference of scores, signed
    PERCENT = "percent"  # Decimal ratio: 0.72 is shown as 72 %
    PERCENT_POINTS = "percent_points"  # Decimal difference of two ratios, signed
    MONEY = "money"  # Decimal, with a currency
    DAYS = "days"  # whole Decimal
    WEEKS = "weeks"  # whole Decimal
    DATE = "date"
    QUARTER = "quarter"  # str such as "Q1 2026"
    TEXT = "text"  # str that somebody wrote
    NAME = "name"  # str: a person, a company, a feature, a segment
    NAMES = "names"  # tuple of str
    WORD = "word"  # str of a closed list: Green, declining, positive
    YES_NO = "yes_no"  # bool


NUMERIC_KINDS = frozenset(
    {
        FactKind.NUMBER,
        FactKind.COUNT,
        FactKind.SCORE,
        FactKind.POINTS,
        FactKind.PERCENT,
        FactKind.PERCENT_POINTS,
        FactKind.MONEY,
        FactKind.DAYS,
        FactKind.WEEKS,
    }
)

FACT_ID = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9][a-z0-9_-]*)+")
NOT_KNOWN = "not known"
_CURRENCY_SIGNS = {
    "EUR": "€",
    "USD": "$",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "KRW": "₩",
    "RUB": "₽",
    "TRY": "₺",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value that a QBR may state.

    ``id`` is a stable slug (``health.score_now``). ``value`` is None where the fact was looked for and is
    not known. ``unit`` is the plural noun of what is counted, ``currency`` an ISO code. ``period`` says in
    words what time the value covers. ``source`` says where it was read (``Notion: Seats Used``).
    ``is_internal`` keeps it, and every sentence that cites it, out of what the customer gets (SPEC 6.1).
    """

    id: str
    label: str
    kind: FactKind
    value: FactValue
    source: str
    as_of: date
    unit: str = ""
    currency: str = ""
    period: str = ""
    source_url: str = ""
    is_stale: bool = False
    is_internal: bool = False

    def __post_init__(self) -> None:
        if not FACT_ID.fullmatch(self.id):
            raise ValueError(f"“{self.id}” is not a fact id; write it like health.score_now.")
        object.__setattr__(self, "value", _checked(self))

    @property
    def is_known(self) -> bool:
        return self.value is not None and self.value != "" and self.value != ()

    def to_json(self) -> dict[str, Any]:
        """Return the fact as JSON values; ``from_json`` gives back an equal fact."""
        value: Any = self.value
        if isinstance(value, Decimal):
            value = format(value, "f")
        elif isinstance(value, date):
            value = value.isoformat()
        elif isinstance(value, tuple):
            value = list(value)
        return {
            "id": self.id,
            "label": self.label,
            "kind": self.kind.value,
            "value": value,
            "source": self.source,
            "as_of": self.as_of.isoformat(),
            "unit": self.unit,
            "currency": self.currency,
            "period": self.period,
            "source_url": self.source_url,
            "is_stale": self.is_stale,
            "is_internal": self.is_internal,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Fact":
        """Rebuild a fact that ``to_json`` wrote. Raises KeyError or ValueError on anything else."""
        fields = {**value, "kind": FactKind(value["kind"]), "as_of": date.fromisoformat(value["as_of"])}
        return cls(**fields)


class FactSheet(Mapping[str, Fact]):
    """The facts that one QBR is drafted from and checked against, by id, in order."""

    __slots__ = ("_facts",)

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._facts: dict[str, Fact] = {}
        for fact in facts:
            if fact.id in self._facts:
                raise ValueError(f"Two facts have the id {fact.id}.")
            self._facts[fact.id] = fact

    def __getitem__(self, fact_id: str) -> Fact:
        return self._facts[fact_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def __repr__(self) -> str:
        return f"<FactSheet of {len(self)} facts>"

    def known(self, fact_id: str) -> Fact | None:
        """Return the fact if there is one with a value, else None."""
        fact = self._facts.get(fact_id)
        return fact if fact is not None and fact.is_known else None

    def family(self, prefix: str) -> list[Fact]:
        """Return the known facts whose id starts with ``prefix``, in order."""
        return [fact for fact in self._facts.values() if fact.id.startswith(prefix) and fact.is_known]

    def to_json(self) -> list[dict[str, Any]]:
        return [fact.to_json() for fact in self._facts.values()]

    @classmethod
    def from_json(cls, value: Iterable[Mapping[str, Any]]) -> "FactSheet":
        return cls(Fact.from_json(item) for item in value)


def shown(fact: Fact) -> str:
    """Return the one way a fact is written: ``1,240``, ``€ 48,000``, ``72 %``, ``14 May 2026``, ``not known``.

    Counts, days and weeks come without their noun, so that a sentence can place it.
    """
    value = fact.value
    match value:
        case None | "" | ():
            return NOT_KNOWN
        case bool():
            return "yes" if value else "no"
        case date():
            return shown_date(value)
        case tuple():
            return _listed(value)
        case str():
            return value
    match fact.kind:
        case FactKind.PERCENT:
            return f"{grouped(value * 100, places=1)} %"
        case FactKind.PERCENT_POINTS:
            return _signed(value * 100, places=1)
        case FactKind.POINTS:
            return _signed(value, places=1)
        case FactKind.MONEY:
            return shown_money(value, fact.currency)
        case _:
            return grouped(value, places=2)


def shown_with_unit(fact: Fact) -> str:
    """Return the figure with its noun, as a table or a list needs it: ``96 seats``, ``1 ticket``, ``12 days``."""
    text = shown(fact)
    if not fact.is_known or fact.kind not in NUMERIC_KINDS:
        return text
    noun = {FactKind.DAYS: "days", FactKind.WEEKS: "weeks", FactKind.POINTS: "points"}.get(
        fact.kind, fact.unit
    )
    if fact.kind is FactKind.PERCENT_POINTS:
        noun = "percentage points"
    if abs(fact.value) == 1 if isinstance(fact.value, Decimal) else False:
        noun = singular(noun)
    return f"{text} {noun}".strip()


def singular(noun: str) -> str:
    """Return the singular of a plural unit noun: ``tickets`` → ``ticket``, ``activities`` → ``activity``."""
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith("ss") else noun


def shown_date(day: date) -> str:
    """Return a date as ``14 May 2026``, whatever the locale of the machine."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def shown_money(amount: Decimal, currency: str) -> str:
    """Return an amount as ``€ 48,000``: two decimals only where there are cents; the code where there is no sign."""
    sign = _CURRENCY_SIGNS.get(currency, currency)
    figure = grouped(amount, places=0) if amount == amount.to_integral_value() else f"{amount:,.2f}"
    return f"{sign} {figure}".strip()


def grouped(value: Decimal, *, places: int) -> str:
    """Return a number with thousands commas and at most ``places`` decimals, halves rounded up, no idle zeros."""
    step = Decimal(1).scaleb(-places)
    rounded = value.quantize(step, rounding="ROUND_HALF_UP") if value.is_finite() else value
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _signed(value: Decimal, *, places: int) -> str:
    text = grouped(abs(value), places=places)
    if value == 0:
        return text
    return f"+{text}" if value > 0 else f"−{text}"


def _listed(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _checked(fact: Fact) -> FactValue:
    """Return the value in the type of its kind, or raise ValueError in a sentence that names the fact."""
    value = fact.value
    if value is None:
        return None
    if fact.kind in NUMERIC_KINDS:
        return _number(fact, value)
    if fact.kind is FactKind.DATE:
        if isinstance(value, str):
            return date.fromisoformat(value)
        if type(value) is date:
            return value
        raise ValueError(f"The fact {fact.id} needs a date, not {value!r}.")
    if fact.kind is FactKind.NAMES:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(name for name in map(untrusted.clean_line, value) if name)
        raise ValueError(f"The fact {fact.id} needs a list of names, not {value!r}.")
    if fact.kind is FactKind.YES_NO:
        if isinstance(value, bool):
            return value
        raise ValueError(f"The fact {fact.id} needs true or false, not {value!r}.")
    if isinstance(value, str):
        # What a reader cannot see must not enter a document, its hash or a prompt.
        return untrusted.clean_line(value)
    raise ValueError(f"The fact {fact.id} needs text, not {value!r}.")


def _number(fact: Fact, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        raise ValueError(f"The fact {fact.id} needs a number, not {value!r}.")
    try:
        # A float goes through its shortest spelling, so that 0.72 stays 0.72.
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"The fact {fact.id} needs a number, not {value!r}.") from None
    if not number.is_finite():
        raise ValueError(f"The fact {fact.id} needs a finite number, not {value!r}.")
    return number
