"""Filters of a query: checked against the schema and turned into a test of one row.

A row is tested through ``Row.value``: text for text kinds, numbers, dates as (start, end) texts, ids for choices.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from csm_portal.simulators.notion import conditions, errors, richtext, schema, store
from csm_portal.simulators.notion.body import Node

Row: TypeAlias = Mapping[str, Any]
"""What a test sees of a page: its kept cells by property id, and its own columns by name."""
Test: TypeAlias = Callable[[Row], bool]

MAX_NESTING = 2
_TIMESTAMPS = ("created_time", "last_edited_time")
_SYSTEM = {*_TIMESTAMPS, "created_by", "last_edited_by"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """``test`` decides. ``property_ids`` are the cells that it looks at; ``bounds`` narrow the time columns first.

    A bound is (column, comparison, time): every row that passes the test keeps it.
    """

    test: Test
    property_ids: frozenset[str]
    bounds: tuple[tuple[str, str, str], ...]


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads a filter for one schema. ``today`` is the day that relative conditions count from."""

    properties: schema.Schema
    today: date
    me: str
    seen: set[str]

    def read(self, node: Node) -> Filter:
        """Return the filter that a request asks for. Groups nest two levels deep."""
        test, bounds = self._read(node, level=0)
        return Filter(test=test, property_ids=frozenset(self.seen), bounds=tuple(bounds))

    def _read(self, node: Node, *, level: int) -> tuple[Test, list[tuple[str, str, str]]]:
        sent = node.object()
        for word, combine in (("and", all), ("or", any)):
            if word in sent:
                node.object({word})
                if level >= MAX_NESTING:
                    raise node[word].should("not present")
                parts = [self._read(item, level=level + 1) for item in node[word].items()]
                tests = [test for test, _ in parts]
                # Only what every row must satisfy may narrow the search.
                bounds = [bound for _, inner in parts for bound in inner] if word == "and" else []
                return _combined(combine, tests), bounds
        if "timestamp" in sent:
            return self._timestamp(node)
        return self._property(node), []

    def _timestamp(self, node: Node) -> tuple[Test, list[tuple[str, str, str]]]:
        column = node["timestamp"].one_of(_TIMESTAMPS)
        node.object({"timestamp", "type", column})
        condition = node[column].defined()
        passes = conditions.date_condition(condition, today=self.today)
        return (lambda row: passes(_instant(row[column]))), _bounds(column, condition)

    def _property(self, node: Node) -> Test:
        key = node["property"].text()
        property_id = schema.find(self.properties, key)
        if property_id is None:
            raise errors.validation(f"Could not find property with name or id: {key}")
        prop = self.properties[property_id]
        kind = prop["type"]
        sent = [name for name in node.object() if name not in ("property", "type")]
        if sent != [kind]:
            if len(sent) == 1 and sent[0] in schema.TYPES:
                raise errors.validation(f"database property {kind} does not match filter {sent[0]}")
            raise node[kind].should("defined")
        if kind in _SYSTEM:
            return self._system(kind, node[kind])
        if kind == "unique_id":
            counts = conditions.number_condition(node[kind])
            return lambda row: counts(row["number"])
        self.seen.add(property_id)
        passes = self.condition(kind, prop, node[kind])
        return lambda row: passes(row.get(property_id))

    def _system(self, kind: str, node: Node) -> Test:
        if kind in _TIMESTAMPS:
            passes = conditions.date_condition(node, today=self.today)
            return lambda row: passes(_instant(row[kind]))
        passes = conditions.members_condition(node, find=self._user)
        return lambda row: passes([row[kind]])

    def condition(self, kind: str, prop: schema.Property, node: Node) -> Callable[[Any], bool]:
        """Return the test of one kept value of a property of this type."""
        match kind:
            case "title" | "rich_text":
                passes = conditions.text_condition(node)
                return lambda stored: passes(richtext.plain(stored or ()))
            case "url" | "email" | "phone_number":
                passes = conditions.text_condition(node)
                return lambda stored: passes(stored or "")
            case "number":
                return conditions.number_condition(node)
            case "checkbox":
                passes = conditions.checkbox_condition(node)
                return lambda stored: passes(bool(stored))
            case "select" | "status":
                return conditions.choice_condition(node, find=_option_finder(prop))
            case "multi_select":
                return conditions.members_condition(node, find=_option_finder(prop))
            case "date":
                return conditions.date_condition(node, today=self.today)
            case "people":
                return conditions.members_condition(node, find=self._user)
            case "relation":
                return conditions.members_condition(node, find=lambda item: item.uuid())
            case "files":
                return conditions.existence_condition(node)
            case "formula":
                return self._formula(node)
            case "rollup":
                return self._rollup(node)
            case _:
                raise errors.validation(f"Filtering by {kind} properties is not supported.")

    def _user(self, node: Node) -> str:
        return self.me if node.value == "me" else node.uuid()

    def _formula(self, node: Node) -> Callable[[Any], bool]:
        node.object({"string", "checkbox", "number", "date"})
        (kind, inner), *_ = node.pairs()
        passes = self._plain(kind, inner)
        held = "boolean" if kind == "checkbox" else kind
        return lambda stored: bool(stored) and stored["type"] == held and passes(_blank(kind, stored[held]))

    def _rollup(self, node: Node) -> Callable[[Any], bool]:
        sent = node.object({"any", "every", "none", "number", "date"})
        for kind in ("number", "date"):
            if kind in sent:
                passes = self._plain(kind, node[kind])
                return lambda stored: bool(stored) and stored["type"] == kind and passes(stored[kind])
        quantifier = next(iter(sent))
        (kind, inner), *_ = node[quantifier].pairs()
        passes = self._plain(kind, inner)

        def decide(stored: Any) -> bool:
            members = [item.get(item["type"]) for item in (stored or {}).get("array", ())]
            hits = [passes(_rolled(kind, member)) for member in members]
            return {"any": any(hits), "every": all(hits), "none": not any(hits)}[quantifier]

        return decide

    def _plain(self, kind: str, node: Node) -> Callable[[Any], bool]:
        match kind:
            case "string" | "rich_text":
                return conditions.text_condition(node)
            case "number":
                return conditions.number_condition(node)
            case "checkbox":
                return conditions.checkbox_condition(node)
            case "date":
                return conditions.date_condition(node, today=self.today)
            case "select" | "status":
                return conditions.choice_condition(node, find=lambda item: item.text())
            case _:
                raise errors.validation(f"Filtering a rollup by {kind} is not supported here.")


def _combined(combine: Callable[[Any], bool], tests: list[Test]) -> Test:
    return lambda row: combine(test(row) for test in tests)


def _instant(moment: str) -> dict[str, Any]:
    return {"start": moment, "end": None}


def _blank(kind: str, value: Any) -> Any:
    return (value or "") if kind == "string" else value


def _rolled(kind: str, value: Any) -> Any:
    """Return a rolled-up value as the plain conditions take it: text as words, a choice as its name."""
    if kind == "rich_text":
        return "".join(item["plain_text"] for item in value or ())
    if kind in ("select", "status"):
        return value["name"] if value else None
    return value


def _option_finder(prop: schema.Property) -> Callable[[Node], str]:
    ids = {option["name"]: option["id"] for option in prop["config"]["options"]}

    def find(node: Node) -> str:
        found = ids.get(node.text())
        if found is None and prop["type"] == "status":
            raise errors.validation(f'status option "{node.text()}" not found for property "{prop["name"]}".')
        # A select that does not know the name simply matches nothing.
        return found or f"unknown:{node.text()}"

    return find


def _bounds(column: str, node: Node) -> list[tuple[str, str, str]]:
    """Return how a condition on a time column narrows it, as SQL compares the kept texts."""
    bounds = []
    for word in ("on_or_after", "after", "on_or_before", "before", "equals"):
        span = conditions.span_of(node[word].text()) if word in node.value else None
        if span is None:
            continue
        first, after = (_column_text(moment) for moment in span)
        match word:
            case "on_or_after":
                bounds.append((column, ">=", first))
            case "after":
                bounds.append((column, ">=", after))
            case "on_or_before":
                bounds.append((column, "<", after))
            case "before":
                bounds.append((column, "<", first))
            case _:
                bounds += [(column, ">=", first), (column, "<", after)]
    return bounds


def _column_text(moment: datetime) -> str:
    """Return a moment as the columns hold it, rounded up to the millisecond: they hold no time in between."""
    return store.instant(moment + timedelta(microseconds=-moment.microsecond % 1000))
