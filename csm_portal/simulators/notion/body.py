"""Read a request's JSON step by step, with Notion's sentence for whatever does not fit."""

import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from csm_portal.simulators.notion import errors, identifiers


def utf16_units(text: str) -> int:
    """Return the length of a text as Notion counts it: an emoji outside the first plane counts two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a request and where it stands (``body.children[0].paragraph``)."""

    value: Any
    path: str

    def __getitem__(self, key: str) -> "Node":
        value = self.value.get(key, errors.MISSING) if isinstance(self.value, dict) else errors.MISSING
        return Node(value, f"{self.path}.{key}")

    def __bool__(self) -> bool:
        return self.value is not errors.MISSING

    @property
    def is_null(self) -> bool:
        return self.value is None

    def should(self, expectation: str) -> errors.ApiError:
        return errors.should(self.path, expectation, self.value)

    def defined(self) -> "Node":
        if self.value is errors.MISSING:
            raise self.should("defined")
        return self

    def object(self, allowed: Collection[str] | None = None) -> dict[str, Any]:
        """Return the value as an object. Keys beyond ``allowed`` are refused."""
        self.defined()
        if not isinstance(self.value, dict):
            raise self.should("an object")
        if allowed is not None:
            for key in self.value:
                if key not in allowed:
                    raise self[key].should("not present")
        return self.value

    def items(self, *, at_most: int | None = 100) -> "list[Node]":
        self.defined()
        if not isinstance(self.value, list):
            raise self.should("an array")
        if at_most is not None and len(self.value) > at_most:
            raise errors.should(f"{self.path}.length", f"≤ `{at_most}`", len(self.value))
        return [Node(item, f"{self.path}[{index}]") for index, item in enumerate(self.value)]

    def pairs(self) -> "Iterator[tuple[str, Node]]":
        for key in self.object():
            yield key, self[key]

    def text(self, *, at_most: int | None = None) -> str:
        """Return the value as text of at most so many UTF-16 units."""
        self.defined()
        if not isinstance(self.value, str):
            raise self.should("a string")
        if at_most is not None and utf16_units(self.value) > at_most:
            raise errors.should(f"{self.path}.length", f"≤ `{at_most}`", utf16_units(self.value))
        return self.value

    def number(self) -> int | float:
        self.defined()
        # Beyond a double's range a number would come back as something else; NaN is in no range.
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        if not is_number or not -sys.float_info.max <= self.value <= sys.float_info.max:
            raise self.should("a number")
        found: int | float = self.value
        return found

    def boolean(self) -> bool:
        self.defined()
        if not isinstance(self.value, bool):
            raise self.should("a boolean")
        return self.value

    def one_of(self, choices: Collection[str]) -> str:
        self.defined()
        if not isinstance(self.value, str) or self.value not in choices:
            raise self.should(listed(choices))
        return self.value

    def uuid(self) -> str:
        """Return the value as a UUID with dashes; 32 hex digits are taken as well."""
        self.defined()
        found = identifiers.parse_uuid(self.value) if isinstance(self.value, str) else None
        if found is None:
            raise self.should("a valid uuid")
        return found

    def date(self) -> str:
        """Return the value as Notion writes dates: ``2026-07-02`` or ``2026-07-02T10:00:00.000+00:00``."""
        text = self.text()
        written = normal_date(text)
        if written is None:
            raise self.should("a valid ISO 8601 date string")
        return written


def listed(choices: Collection[str]) -> str:
    """Return `"a"`, `"b"`, or `"c"`, as Notion lists what it would have taken."""
    quoted = [f'`"{choice}"`' for choice in choices]
    if len(quoted) < 2:
        return "".join(quoted)
    joiner = " or " if len(quoted) == 2 else ", or "
    return ", ".join(quoted[:-1]) + joiner + quoted[-1]


def normal_date(text: str) -> str | None:
    """Return an ISO date or time in Notion's writing, or None where it is neither."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == 10:
        return text
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds")
