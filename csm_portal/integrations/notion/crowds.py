"""How to halve the rows of one minute, where it alone holds more than a query gives.

Their creation time cannot tell them apart, so something else has to: when they were edited, what they are called,
a number that they hold. A cut is a set of conditions of which every row fulfils one, whatever it holds, so that
nothing falls between the parts; which cut is best is judged by rows of the minute that have come already. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from csm_portal.integrations.notion import atoms

Condition: TypeAlias = Mapping[str, Any]

_MINUTE = timedelta(minutes=1)
# A part that is nearly the whole is no progress.
_USELESS = 0.95


def best_cut(results: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Return the conditions that part these rows most evenly; none where nothing parts them."""
    cuts = [*_by_edit(results), *_by_number(results), *_by_title(results)]
    judged = [(share, place) for place, (share, _) in enumerate(cuts) if share <= _USELESS]
    return cuts[min(judged)[1]][1] if judged else ()


Cut: TypeAlias = tuple[float, tuple[Condition, ...]]
"""The share of the largest part, and the parts."""


def _by_edit(results: Sequence[Mapping[str, Any]]) -> Iterable[Cut]:
    times = []
    for result in results:
        try:
            times.append(datetime.fromisoformat(str(result.get("last_edited_time"))))
        except ValueError:
            continue
    if pivot := _pivot(times):
        moment = pivot.isoformat(timespec="seconds")
        stamp = "last_edited_time"
        yield (
            _share(times, pivot),
            tuple({"timestamp": stamp, stamp: {word: moment}} for word in ("before", "on_or_after")),
        )


def _by_number(results: Sequence[Mapping[str, Any]]) -> Iterable[Cut]:
    held: dict[tuple[str, str], list[float]] = {}
    for result in results:
        for value in _properties(result):
            kind, key = value.get("type"), value.get("id")
            number = value.get("number") if kind == "number" else None
            if kind == "unique_id" and isinstance(value.get("unique_id"), dict):
                number = value["unique_id"].get("number")
            if isinstance(key, str) and isinstance(number, int | float):
                held.setdefault((str(kind), key), []).append(number)
    for (kind, key), numbers in held.items():
        pivot = _pivot(numbers)
        if pivot is None or len(numbers) < len(results) // 2:
            continue
        words: list[Mapping[str, Any]] = [{"less_than": pivot}, {"greater_than_or_equal_to": pivot}]
        if kind == "number":
            # Every row has an ID; a number may be empty.
            words.append({"is_empty": True})
        yield (
            max(_share(numbers, pivot), 1 - len(numbers) / len(results)),
            tuple({"property": key, kind: word} for word in words),
        )


def _by_title(results: Sequence[Mapping[str, Any]]) -> Iterable[Cut]:
    key, titles = None, []
    for result in results:
        for value in _properties(result):
            if value.get("type") == "title":
                key = value.get("id")
                try:
                    titles.append(atoms.plain_text(value.get("title")).casefold())
                except atoms.Unreadable:
                    titles.append("")
    if not isinstance(key, str) or not titles:
        return
    counted = Counter(letter for title in titles for letter in set(title) if letter.isalnum())
    for letter, count in counted.items():
        share = max(count, len(titles) - count) / len(titles)
        words = ({"contains": letter}, {"does_not_contain": letter}, {"is_empty": True})
        yield share, tuple({"property": key, "title": word} for word in words)


def _properties(result: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    held = result.get("properties")
    values = held.values() if isinstance(held, dict) else ()
    return [value for value in values if isinstance(value, dict)]


def _pivot(values: Sequence[Any]) -> Any:
    """Return the value from which on about half of them lie; None where all are the same."""
    found = sorted(values)
    if not found or found[0] == found[-1]:
        return None
    middle = found[len(found) // 2]
    # The first value cuts nothing off.
    return middle if middle > found[0] else next(value for value in found if value > middle)


def _share(values: Sequence[Any], pivot: Any) -> float:
    below = sum(1 for value in values if value < pivot)
    return max(below, len(values) - below) / len(values)
