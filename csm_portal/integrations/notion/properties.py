"""A Notion property as the value of one of the portal's fields (SPEC 2.3).

Every type that can carry a value is read; nothing is guessed. What cannot be read becomes a ``FieldIssue``
with a sentence for the person who can put it right in Notion, and leaves that one field unknown.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from csm_portal.integrations.notion import atoms
from csm_portal.integrations.notion.atoms import Atom, DateRange, PageLink, Unreadable
from csm_portal.ports.workspace import FieldIssue, FieldSpec, FieldValue, Person, ValueKind

PlainValue: TypeAlias = str | Decimal | bool | date | tuple[str, ...] | None

# A type that holds a text for one field may hold anything for another: formulas and rollups are judged by
# what they yield, account by account.
_COMPUTED = frozenset({"formula", "rollup"})
_WORDS = frozenset({"title", "rich_text", "select", "status", "email", "url", "phone_number"}) | _COMPUTED
_LISTS = frozenset({"multi_select", "people", "relation", "files"})
_MADE_BY_NOTION = frozenset({"created_by", "last_edited_by", "created_time", "last_edited_time", "unique_id"})

CARRIERS: dict[ValueKind, frozenset[str]] = {
    ValueKind.TEXT: _WORDS
    | _LISTS
    | _MADE_BY_NOTION
    | {"number", "checkbox", "date", "place", "verification"},
    ValueKind.NUMBER: frozenset({"number", "unique_id"}) | _COMPUTED,
    ValueKind.COUNT: frozenset({"number", "unique_id"}) | _COMPUTED,
    ValueKind.RATIO: frozenset({"number"}) | _COMPUTED,
    ValueKind.DATE: frozenset({"date", "created_time", "last_edited_time"}) | _COMPUTED,
    ValueKind.BOOL: frozenset({"checkbox", "select", "status", "multi_select", "rich_text"}) | _COMPUTED,
    ValueKind.CHOICE: frozenset({"select", "status", "multi_select", "title", "rich_text"}) | _COMPUTED,
    ValueKind.PERSON: _WORDS | {"people", "created_by", "last_edited_by", "multi_select", "relation"},
    ValueKind.TEXTS: _WORDS | _LISTS | {"created_by", "last_edited_by"},
    ValueKind.FACT: _WORDS | {"number", "checkbox", "date", "multi_select"},
}
"""Which property types can carry a kind of value."""

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_EXPECTED = {
    ValueKind.TEXT: "one text is expected",
    ValueKind.NUMBER: "a number is expected",
    ValueKind.COUNT: "a whole number is expected",
    ValueKind.RATIO: "a number is expected",
    ValueKind.DATE: "one date is expected",
    ValueKind.BOOL: "a tick, Yes or No is expected",
    ValueKind.PERSON: "one person is expected",
    ValueKind.TEXTS: "a list of texts is expected",
    ValueKind.FACT: "one value is expected",
}
_ADDRESS = re.compile(r"[^\s<>@,;]+@[^\s<>@,;]+\.[^\s<>@,;]+")
_NAMED_ADDRESS = re.compile(rf"(.*?)\s*<({_ADDRESS.pattern})>")
_LARGEST_COUNT = 10**9


def plain_value(value: object) -> PlainValue:
    """Return what a property of any type holds, as a person would read it.

    None where it is empty, a tuple where it holds several things. Raises Unreadable where the value is
    nothing that Notion sends.
    """
    held = atoms.of(value)
    if not held:
        return None
    if len(held) > 1 or isinstance(held[0], DateRange | PageLink | Person):
        words = tuple(_shown(atom) for atom in held)
        return words if len(words) > 1 else words[0]
    return held[0]


def read(value: object, spec: FieldSpec, *, property_name: str) -> FieldValue | FieldIssue | None:
    """Return the value of a field, None where the property is empty, or the issue that leaves it unknown.

    Never raises, whatever ``value`` is.
    """
    try:
        held = atoms.of(value)
        return _KINDS[spec.kind](held, spec) if held else None
    except Unreadable as trouble:
        return FieldIssue(
            field=spec.name,
            property_name=property_name,
            message=f"The property “{property_name}” {trouble}",
        )


def _as_text(held: tuple[Atom, ...], spec: FieldSpec) -> FieldValue | None:
    _refuse_links(held)
    return ", ".join(_shown(atom) for atom in held)


def _as_texts(held: tuple[Atom, ...], spec: FieldSpec) -> FieldValue | None:
    lines = [line.strip().lstrip("-•*").strip() for line in (_as_lines(held, spec))]
    return tuple(line for line in lines if line) or None


def _as_lines(held: tuple[Atom, ...], spec: FieldSpec) -> list[str]:
    _refuse_links(held)
    if any(not isinstance(atom, str | Person) for atom in held):
        raise _unexpected(held, spec)
    return [line for atom in held for line in _shown(atom).splitlines()]


def _as_number(held: tuple[Atom, ...], spec: FieldSpec) -> FieldValue | None:
    number = _single(held, spec)
    # A tick is an int to Python, but no number to anybody else.
    if not isinstance(number, Decimal):
        raise _unexpected(held, spec)
    if (spec.minimum is not None and number < spec.minimum) or (
        spec.maximum is not None and number > spec.maximum
    ):
        raise Unreadable(
            f"holds {_shown(number)}, and {_range(spec)} is expected.{_percent_hint(number, spec)}"
        )
    return number


def _as_count(held: tuple[Atom, ...], spec: FieldSpec) -> FieldValue | None:
    number = _as_number(held, spec)
    if not isinstance(number, Decimal) or number != (count := int(number)):
        raise _unexpected(held, spec)
    if not 0 <= count < _LARGEST_COUNT:
        raise Unreadable(f"holds {_shown(number)}, and a whole number from 0 up to a billion is expected.")
    return count


def _as_date(held: tuple[Atom, ...], spec: FieldSpec) -> FieldValue | None:
    day = _single(held, spec)
    if not isinstance(day, date):
        raise _unexpected(held, spec)
    return day


def _as_truth(held: tuple[Atom, ...], spec: FieldSpec) -> FieldValue | None:
    truth = _single(held, spec)
    if isinstance(truth, str):
        truth = _YES_NO.get(truth.casefold(), truth)
    if not isinstance(truth, bool):
        raise _unexpected(held, spec)
    return truth


def _as_choice(held: tuple[Atom, ...], spec: FieldSpec) -> FieldValue | None:
    word = held[0]
    if len(held) == 1 and isinstance(word, str):
        if word in spec.choices:
            return word
        for choice in spec.choices:
            if choice.casefold() == word.casefold():
                return choice
    expected = " or ".join([", ".join(spec.choices[:-1]), spec.choices[-1]]) if len(spec.choices) > 1 else "".join(spec.choices)  # fmt: skip
    raise Unreadable(f"holds {_quoted(held)}, and {expected} is expected.")


def _as_person(held: tuple[Atom, ...], spec: FieldSpec) -> FieldValue | None:
    _refuse_links(held)
    person = _single(held, spec)
    if isinstance(person, str):
        return _person_from(person)
    if not isinstance(person, Person):
        raise _unexpected(held, spec)
    return person


def _person_from(text: str) -> Person:
    """Read ``Ann Lee``, ``ann@example.com`` and ``Ann Lee <ann@example.com>``."""
    if named := _NAMED_ADDRESS.fullmatch(text):
        return Person(name=named[1] or named[2], email=named[2])
    return Person(name=text, email=text if _ADDRESS.fullmatch(text) else None)


def _as_fact(held: tuple[Atom, ...], spec: FieldSpec) -> FieldValue | None:
    first = held[0]
    if len(held) == 1 and isinstance(first, Decimal | bool | date):
        return first
    return _as_text(held, spec)


_KINDS: dict[ValueKind, Callable[[tuple[Atom, ...], FieldSpec], FieldValue | None]] = {
    ValueKind.TEXT: _as_text,
    ValueKind.NUMBER: _as_number,
    ValueKind.COUNT: _as_count,
    ValueKind.RATIO: _as_number,
    ValueKind.DATE: _as_date,
    ValueKind.BOOL: _as_truth,
    ValueKind.CHOICE: _as_choice,
    ValueKind.PERSON: _as_person,
    ValueKind.TEXTS: _as_texts,
    ValueKind.FACT: _as_fact,
}


def _refuse_links(held: tuple[Atom, ...]) -> None:
    # The titles behind a relation take its place before a field is read; a link that is left has none to see.
    for atom in held:
        if isinstance(atom, PageLink):
            raise Unreadable(
                "links to pages that the integration may not see; share their database with it in Notion."
            )


def _single(held: tuple[Atom, ...], spec: FieldSpec) -> Any:
    if len(held) != 1:
        raise _unexpected(held, spec)
    return held[0]


def _unexpected(held: tuple[Atom, ...], spec: FieldSpec) -> Unreadable:
    return Unreadable(f"holds {_quoted(held)}, and {_EXPECTED[spec.kind]}.")


def _range(spec: FieldSpec) -> str:
    noun = "a whole number" if spec.kind is ValueKind.COUNT else "a number"
    if spec.minimum is None or spec.maximum is None:
        return (
            f"{noun} from {spec.minimum} up" if spec.minimum is not None else f"{noun} up to {spec.maximum}"
        )
    return f"{noun} from {spec.minimum} to {spec.maximum}"


def _percent_hint(number: Decimal, spec: FieldSpec) -> str:
    if spec.kind is not ValueKind.RATIO or not 1 < number <= 100:
        return ""
    return f" Write {_shown(number)} % as {_shown(number / 100)}, or give the property the format Percent."


def _quoted(held: tuple[Atom, ...]) -> str:
    first = held[0]
    match first:
        case bool():
            words = "a tick" if first else "an empty tick box"
        case Decimal():
            words = _shown(first)
        case DateRange():
            words = f"the days from {first.start.isoformat()} to {first.end.isoformat()}"
        case date():
            words = f"the date {_shown(first)}"
        case PageLink():
            words = "a link to another page"
        case _:
            shown = _shown(first)
            words = f"“{shown if len(shown) <= 40 else shown[:39] + '…'}”"
    return words if len(held) == 1 else f"{len(held)} values, the first of them {words}"


def _shown(atom: Atom) -> str:
    match atom:
        case bool():
            return "Yes" if atom else "No"
        case Decimal():
            return f"{atom.normalize():f}"
        case DateRange():
            return f"{atom.start.isoformat()} to {atom.end.isoformat()}"
        case date():
            return atom.isoformat()
        case Person():
            return atom.name
        case PageLink():
            return atom.id
        case _:
            return atom
