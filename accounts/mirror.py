"""An account of the workspace as the columns of its mirror row (SPEC 1, 2.4). Pure: no Django, no clock.

What the workspace holds is taken over as it is; what a column cannot hold becomes an issue of that one field
and leaves it unknown, so that a strange value never costs an account.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeAlias
from uuid import UUID

from accounts import notion_links, roi_facts
from accounts.roi_facts import ROIFact
from csm_portal.ports.workspace import (
    ACCOUNT_FIELDS,
    ROI_PREFIX,
    AccountRecord,
    FieldValue,
    Person,
    ValueKind,
)

Columns: TypeAlias = dict[str, Any]

# Notion's own word for a page without a title.
UNTITLED = "Untitled"

_OWNER_COLUMNS = ("owner_id", "owner_name", "owner_email")
COLUMNS_OF: Mapping[str, tuple[str, ...]] = {
    spec.name: _OWNER_COLUMNS if spec.kind is ValueKind.PERSON else (spec.name,) for spec in ACCOUNT_FIELDS
}
"""Field of the port -> the columns of Account that hold it."""

_LABELS = {spec.name: spec.label for spec in ACCOUNT_FIELDS} | {roi_facts.FIELD: "ROI facts"}
# Column -> (digits before the point, digits after it), and column -> characters: what Account's fields hold.
_DECIMALS = {
    "arr": (14, 2),
    "feature_adoption_rate": (3, 4),
    "login_frequency_score": (3, 4),
    "stakeholder_engagement_score": (3, 4),
    "nps_score": (2, 2),
}
_FITS = {
    column: (Decimal(10) ** whole, Decimal(1).scaleb(-places), whole)
    for column, (whole, places) in _DECIMALS.items()
}
_LENGTHS = {
    "name": 500,
    "segment": 200,
    "lifecycle_stage": 200,
    "owner_name": 300,
    "support_sentiment": 8,
    "usage_trend": 9,
    "tam_health_rag": 5,
    "outcome": 60,
}
_LONGEST_EMAIL, _LONGEST_URL = 320, 500
_LARGEST_COUNT = 2_147_483_647
_SIGNS = {"€": "EUR", "£": "GBP"}


class Unfit(Exception):
    """A value that its column cannot hold; the message goes on from “The property “X” …”."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a row takes from beside its record.

    ``owners`` is lower-case e-mail address -> user id of the tenant; ``currency`` the tenant's, for accounts
    whose database names none; ``property_names`` field -> what its property is called, for the sentences;
    ``frozen`` the fields whose property is gone or mistyped for every account.
    """

    owners: Mapping[str, UUID]
    currency: str
    property_names: Mapping[str, str]
    frozen: frozenset[str] = frozenset()
    roi: tuple[ROIFact, ...] = ()

    @property
    def frozen_columns(self) -> tuple[str, ...]:
        return tuple(column for field in sorted(self.frozen) for column in COLUMNS_OF.get(field, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The columns that a record fills, and their hash: two equal hashes mean that nothing is to be written."""

    page_id: str
    columns: Columns
    content_hash: str


def row(record: AccountRecord, around: Surroundings, *, kept: Mapping[str, Any]) -> Row:
    """Return the row of a record.

    ``kept`` holds the stored values of the frozen columns; a new account has none and starts unknown there,
    so that a property that vanished never empties what it once filled (SPEC 2.3). Raises TypeError for a record
    whose own times are none.
    """
    if not (isinstance(record.created_at, datetime) and isinstance(record.last_edited_at, datetime)):
        raise TypeError("A record says when its page was made and edited.")
    columns: Columns = {}
    issues = [
        {"field": i.field, "property": _clean(i.property_name), "message": _clean(i.message)}
        for i in record.issues
        if i.field not in around.frozen and not i.field.startswith(ROI_PREFIX)
    ]
    facts, unread_facts = roi_facts.of_record(record, around.roi)
    issues += unread_facts
    for spec, fill in _FILLED:
        if spec.name in around.frozen:
            columns |= {column: kept.get(column, _empty(column)) for column in COLUMNS_OF[spec.name]}
            continue
        try:
            value = record.values.get(spec.name)
            if spec.kind is ValueKind.PERSON:
                columns |= _owner(value, around.owners)
            else:
                columns[spec.name] = _empty(spec.name) if value is None else fill(spec.name, value)
        except Unfit as trouble:
            columns |= {column: _empty(column) for column in COLUMNS_OF[spec.name]}
            name = around.property_names.get(spec.name, spec.property_names[0])
            issues.append(
                {"field": spec.name, "property": name, "message": f"The property “{name}” {trouble}"}
            )
    unreadable = {issue["field"] for issue in issues}
    if not columns["currency"] and not {"currency"} & (unreadable | around.frozen):
        columns["currency"] = around.currency
    columns["name"] = columns["name"] or UNTITLED
    columns |= {
        "url": notion_links.web_address(_clean(record.url)) if len(record.url) <= _LONGEST_URL else "",
        "is_archived": record.is_archived,
        "created_in_notion_at": record.created_at,
        "search_text": search_text(columns),
        "field_issues": issues,
        roi_facts.FIELD: facts,
    }
    content_hash = _hash(columns)
    # Whoever edits a page moves its time, the portal too where it writes its figures: a time alone is no change.
    columns["edited_in_notion_at"] = record.last_edited_at
    return Row(page_id=record.id, columns=columns, content_hash=content_hash)


def search_text(columns: Mapping[str, Any]) -> str:
    """Return what the search box looks into: name, owner, segment and contacts, in lower case."""
    words = (columns["name"], columns["owner_name"], columns["owner_email"], columns["segment"])
    return "\n".join(word for word in (*words, *columns["primary_contacts"]) if word).lower()


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name the fields that hold something else than before."""
    return [field for field, columns in COLUMNS_OF.items() if any(before[c] != after[c] for c in columns)]


def known_fields(columns: Mapping[str, Any]) -> list[str]:
    """Name the fields that hold something: their value was first seen with their account."""
    return [
        field for field, names in COLUMNS_OF.items() if any(columns[n] not in (None, "", []) for n in names)
    ]


def labels(fields: Iterable[str]) -> str:
    """Return the labels of fields as the middle of a sentence: ``ARR, Owner and NPS``."""
    words = [_LABELS.get(field, field) for field in fields]
    return listed(words, total=len(words))


def listed(names: Sequence[str], *, total: int) -> str:
    """Return some of ``total`` names as the beginning of a sentence: ``Ann, Bob and 4 more``."""
    words = [*names, f"{total - len(names):,} more"] if total > len(names) else list(names)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _owner(value: FieldValue | None, owners: Mapping[str, UUID]) -> Columns:
    if not isinstance(value, Person):
        return dict.fromkeys(_OWNER_COLUMNS, "") | {"owner_id": None}
    email = _clean(value.email or "").strip()
    email = email if len(email) <= _LONGEST_EMAIL else ""
    return {
        "owner_id": owners.get(email.lower()),
        "owner_name": _clean(value.name).strip()[: _LENGTHS["owner_name"]],
        "owner_email": email,
    }


def _decimal(column: str, value: FieldValue) -> Decimal:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise Unfit("holds no finite number.")
    end, step, whole = _FITS[column]
    if abs(value) >= end:
        raise Unfit(f"holds a number of more than {whole} digits, and the portal keeps no larger ones.")
    return value.quantize(step, rounding=ROUND_HALF_UP)


def _count(_column: str, value: FieldValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_COUNT:
        raise Unfit("holds no whole number from 0 up that the portal can keep.")
    return value


def _day(_column: str, value: FieldValue) -> date:
    if not isinstance(value, date):
        raise Unfit("holds no date.")
    return value.date() if isinstance(value, datetime) else value


def _truth(_column: str, value: FieldValue) -> bool:
    return bool(value)


def _texts(_column: str, value: FieldValue) -> list[str]:
    if not isinstance(value, tuple):
        raise Unfit("holds no list of texts.")
    return [text for text in (_clean(item).strip() for item in value) if text]


def _text(column: str, value: FieldValue) -> str:
    text = _clean(str(value)).strip()
    return _code(text) if column == "currency" else _short(column, text)


def _code(text: str) -> str:
    code = _SIGNS.get(text, text.upper())
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        shown = text if len(text) <= 20 else text[:19] + "…"
        raise Unfit(f"holds “{shown}”, and the three letters of a currency such as EUR are expected.")
    return code


def _short(column: str, text: str) -> str:
    longest = _LENGTHS.get(column)
    if longest is None or len(text) <= longest:
        return text
    if column == "name":
        # A name is worth more cut than lost.
        return text[: longest - 1] + "…"
    raise Unfit(f"holds a text of {len(text):,} characters, and the portal keeps at most {longest}.")


def _clean(text: str) -> str:
    """Remove what no database keeps: NUL, and halves of surrogate pairs, which JSON may carry."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


_EMPTY_TEXTS = frozenset(
    {spec.name for spec in ACCOUNT_FIELDS if spec.kind in (ValueKind.TEXT, ValueKind.CHOICE)}
    | {"owner_name", "owner_email"}
)


def _empty(column: str) -> Any:
    if column in _EMPTY_TEXTS:
        return ""
    return [] if column == "primary_contacts" else None


_FILLS: Mapping[ValueKind, Callable[[str, FieldValue], Any]] = {
    ValueKind.NUMBER: _decimal,
    ValueKind.RATIO: _decimal,
    ValueKind.COUNT: _count,
    ValueKind.DATE: _day,
    ValueKind.BOOL: _truth,
    ValueKind.TEXTS: _texts,
}
_FILLED = tuple((spec, _FILLS.get(spec.kind, _text)) for spec in ACCOUNT_FIELDS)
"""Each field with what makes the value of its column; a person's fill several."""

_JSON = json.JSONEncoder(sort_keys=True, default=str, ensure_ascii=True, separators=(",", ":"))


def _hash(columns: Columns) -> str:
    return hashlib.sha256(_JSON.encode(columns).encode()).hexdigest()
