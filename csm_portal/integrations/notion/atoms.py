"""What a property of a Notion page holds, before anybody asks what it means.

Every property type comes apart into a tuple of *atoms*: texts, numbers, truths, dates and people. An
empty property is an empty tuple. Nothing here knows the portal's fields; ``properties`` gives an atom its
meaning. Anything that is not what Notion sends raises ``Unreadable`` and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from csm_portal.ports.workspace import Person


class Unreadable(Exception):
    """The value cannot be read; the text is the rest of a sentence that begins with the property's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """A date with an end. Which of the two a field wants is not for the portal to guess."""

    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A relation to another page: its id says nothing to a person, its title has to be asked for."""

    id: str


Atom: TypeAlias = str | Decimal | bool | date | DateRange | Person | PageLink

# More digits than any figure of an account has; what is beyond was mistyped and would not fit a database column.
_LARGEST = 10**15


def of(value: object) -> tuple[Atom, ...]:
    """Return the atoms of a page property as the API sends it (``{"type": …, …}``). Raises Unreadable."""
    held = _mapping(value)
    kind = held.get("type")
    if not isinstance(kind, str) or (reader := _READERS.get(kind)) is None:
        raise Unreadable("is of a type that the portal does not know.")
    return reader(held.get(kind))


def plain_text(items: object) -> str:
    """Return the words of a list of rich text items, without what no database stores. Raises Unreadable."""
    return "".join(_words_of(item) for item in _sequence(items))


def clean(text: str) -> str:
    """Return a text without NUL and without halves of characters: neither can be stored or encoded."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _rich_text(value: object) -> tuple[Atom, ...]:
    if value is None:
        return ()
    items = [_mapping(item) for item in _sequence(value)]
    words = [_words_of(item) for item in items]
    speaking = [item for item, said in zip(items, words, strict=True) if said.strip()]
    if speaking and all(_is_person_mention(item) for item in speaking):
        return tuple(_person(item["mention"]["user"]) for item in speaking)
    text = "".join(words).strip()
    return (text,) if text else ()


def _is_person_mention(item: Mapping[str, Any]) -> bool:
    mention = item.get("mention")
    return item.get("type") == "mention" and isinstance(mention, Mapping) and mention.get("type") == "user" and "user" in mention  # fmt: skip


def _words_of(item: object) -> str:
    held = _mapping(item)
    words = held.get("plain_text")
    if words is None and isinstance(held.get("text"), Mapping):
        words = held["text"].get("content")
    if not isinstance(words, str):
        raise Unreadable("holds a text without words.")
    return clean(words)


def _text(value: object) -> tuple[Atom, ...]:
    if value is None:
        return ()
    if not isinstance(value, str):
        raise Unreadable("holds something else than a text.")
    words = clean(value).strip()
    return (words,) if words else ()


def _number(value: object) -> tuple[Atom, ...]:
    if value is None:
        return ()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable("holds something else than a number.")
    # Through the shortest decimal that stands for the float: 0.45 is 0.45, not 0.450000000000000011.
    if not -_LARGEST < value < _LARGEST:
        raise Unreadable("holds a number that is too large to be a figure of an account.")
    return (Decimal(repr(value)),)


def _truth(value: object) -> tuple[Atom, ...]:
    if value is None:
        return ()
    if not isinstance(value, bool):
        raise Unreadable("holds something else than a tick.")
    return (value,)


def _date(value: object) -> tuple[Atom, ...]:
    if value is None:
        return ()
    held = _mapping(value)
    start = _day(held.get("start"))
    end = _day(held["end"]) if held.get("end") is not None else start
    return (start,) if end == start else (DateRange(start=start, end=end),)


def _moment(value: object) -> tuple[Atom, ...]:
    return () if value is None else (_day(value),)


def _day(value: object) -> date:
    # A date with a time begins with the day that Notion shows, in the zone it was entered in.
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Unreadable("holds a date that is none.") from None


def _option(value: object) -> tuple[Atom, ...]:
    return () if value is None else _text(_mapping(value).get("name"))


def _people(value: object) -> tuple[Atom, ...]:
    return tuple(_person(item) for item in _sequence(value))


def _one_person(value: object) -> tuple[Atom, ...]:
    return () if value is None else (_person(value),)


def _person(value: object) -> Person:
    held = _mapping(value)
    details = held.get("person")
    email = details.get("email") if isinstance(details, Mapping) else None
    address = clean(email).strip() if isinstance(email, str) else ""
    name = clean(held["name"]).strip() if isinstance(held.get("name"), str) else ""
    if not name and not address:
        raise Unreadable(
            "names a person whom the integration may not see; switch on “Read user information” on its page in Notion."
        )
    return Person(name=name or address, email=address or None)


def _links(value: object) -> tuple[Atom, ...]:
    return tuple(PageLink(id=_required_text(_mapping(item).get("id"))) for item in _sequence(value))


def _files(value: object) -> tuple[Atom, ...]:
    return tuple(atom for item in _sequence(value) for atom in _text(_mapping(item).get("name")))


def _formula(value: object) -> tuple[Atom, ...]:
    held = _mapping(value)
    reader = _FORMULA_READERS.get(str(held.get("type")))
    if reader is None:
        raise Unreadable("is a formula whose result Notion does not hand out.")
    return reader(held.get(str(held["type"])))


def _rollup(value: object) -> tuple[Atom, ...]:
    held = _mapping(value)
    match held.get("type"):
        case "number":
            return _number(held.get("number"))
        case "date":
            return _date(held.get("date"))
        case "array":
            return tuple(atom for item in _sequence(held.get("array")) for atom in of(item))
    raise Unreadable("is a rollup whose result Notion does not hand out.")


def _unique_id(value: object) -> tuple[Atom, ...]:
    if value is None:
        return ()
    held = _mapping(value)
    number = _number(held.get("number"))
    prefix = held.get("prefix")
    return (f"{clean(prefix)}-{number[0]}",) if isinstance(prefix, str) and number else number


def _verification(value: object) -> tuple[Atom, ...]:
    return () if value is None else _text(_mapping(value).get("state"))


def _place(value: object) -> tuple[Atom, ...]:
    if value is None:
        return ()
    held = _mapping(value)
    return _text(held.get("name")) or _text(held.get("address"))


def _nothing(_value: object) -> tuple[Atom, ...]:
    return ()


def _mapping(value: object) -> Mapping[str, Any]:
    # What json makes is a dict; asking the abstract class costs ten times as much, and a union is made anew each time.
    if not isinstance(value, (dict, Mapping)):
        raise Unreadable("does not look like anything that Notion sends.")
    return value


def _sequence(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise Unreadable("does not look like anything that Notion sends.")
    return value


def _required_text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Unreadable("does not look like anything that Notion sends.")
    return value


_FORMULA_READERS: dict[str, Callable[[object], tuple[Atom, ...]]] = {
    "string": _text,
    "number": _number,
    "boolean": _truth,
    "date": _date,
}

_READERS: dict[str, Callable[[object], tuple[Atom, ...]]] = {
    "title": _rich_text,
    "rich_text": _rich_text,
    "number": _number,
    "checkbox": _truth,
    "select": _option,
    "status": _option,
    "multi_select": lambda value: tuple(atom for item in _sequence(value) for atom in _option(item)),
    "date": _date,
    "created_time": _moment,
    "last_edited_time": _moment,
    "people": _people,
    "created_by": _one_person,
    "last_edited_by": _one_person,
    "email": _text,
    "phone_number": _text,
    "url": _text,
    "files": _files,
    "relation": _links,
    "formula": _formula,
    "rollup": _rollup,
    "unique_id": _unique_id,
    "verification": _verification,
    "place": _place,
    "button": _nothing,
}
