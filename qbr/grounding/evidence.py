"""What the facts allow a text to say: each figure and date, and what follows from two of them by arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from qbr import catalogue
from qbr.facts import NUMERIC_KINDS, Fact, FactKind, FactSheet
from qbr.grounding import derived, quantities
from qbr.grounding.figures import Figure, Needs, stem, topics_of, units_of
from qbr.grounding.quantities import POINTS
from qbr.grounding.spelling import levelled, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One date that the text may state.

    ``needs`` are word stems one of which has to stand near it, none meaning that it may stand anywhere;
    ``quotes`` is the text, in lower case, that a due date belongs to, ``score`` the score of that day.
    """

    fact: str
    value: date
    topics: frozenset[str]
    needs: frozenset[str] = frozenset()
    quotes: str = ""
    score: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that a text may state, ready to be compared with."""

    figures: tuple[Figure, ...]
    days: tuple[Day, ...]
    quarters: tuple[tuple[str, str, frozenset[str]], ...]
    units: tuple[str, ...]
    starts_on: date | None = None
    ends_on: frozenset[date] = frozenset()


_WORDS_OF_SCORES = frozenset(
    {"scor", "health", "band", "green", "amber", "red", "point", "rating", "status", "measur"}
)
_WORDS_OF_DUTY = frozenset({
    "due", "commit", "agreed", "promis", "owe", "owes", "owed", "deadline", "undertak", "pledg", "task", "action", "deliver",
    "kept", "done", "said", "finish", "slip", "missed", "late", "overdue", "complet",
})  # fmt: skip


def collect(facts: FactSheet) -> Evidence:
    """Return the evidence that a sheet of facts gives. Its cost grows with the square of related facts only."""
    known = [fact for fact in facts.values() if fact.is_known]
    direct = [
        figure
        for fact in known
        if fact.kind in NUMERIC_KINDS and not fact.id.startswith("driver.")
        for figure in _direct(fact)
    ]
    start = facts.known("quarter.start")
    return Evidence(
        figures=(
            *direct,
            *_drivers(facts),
            *_extremes(known),
            *_quoted(known),
            *_counts(facts),
            *derived.figures(facts),
        ),
        ends_on=frozenset(
            fact.value
            for fact in known
            if fact.id in ("quarter.last_day", "quarter.as_of") and isinstance(fact.value, date)
        ),
        starts_on=start.value if start and isinstance(start.value, date) else None,
        days=tuple(_days(known)),
        quarters=tuple(
            (fact.id, str(fact.value), topics_of(fact)) for fact in known if fact.kind is FactKind.QUARTER
        ),
        units=tuple({fact.unit for fact in known if fact.unit}),
    )


def _direct(fact: Fact) -> Iterator[Figure]:
    assert isinstance(fact.value, Decimal)  # noqa: S101  # the kind is numeric, and Fact has checked it
    entry = catalogue.entry(fact.id)
    is_history = fact.id.startswith("history.")
    units, value, out_of = units_of(fact), fact.value, 0
    if fact.kind in (FactKind.PERCENT, FactKind.PERCENT_POINTS):
        value = value * 100
    if fact.kind is FactKind.SCORE:
        out_of = 100
    elif ".nps_score." in fact.id:
        out_of = 10
    figure = Figure(
        facts=(fact.id,),
        value=value,
        units=units,
        topics=topics_of(fact),
        currency=fact.currency,
        moment=entry.moment if entry else None,
        is_signed=fact.kind in (FactKind.POINTS, FactKind.PERCENT_POINTS),
        on=fact.as_of if is_history else None,
        out_of=out_of,
        needs=_needs(fact),
    )
    yield figure
    if fact.kind is FactKind.PERCENT:
        # A rate may be written 0.72, and what is not in use is the rest of what is.
        yield replace(figure, value=fact.value, units=frozenset({""}))
        yield replace(figure, value=100 - value, needs=Needs.REST)
    if fact.kind is FactKind.MONEY and fact.id == "contract.arr":
        yield replace(figure, value=value / 12, needs=Needs.PER_MONTH)
    if fact.kind is FactKind.SCORE and not is_history and not fact.id.startswith("policy."):
        yield replace(figure, value=100 - value, units=frozenset({POINTS}), needs=Needs.FULL, out_of=0)


def _needs(fact: Fact) -> Needs:
    if fact.id == "seats.unused":
        return Needs.REST
    if fact.id.startswith("policy."):
        return Needs.BORDER
    if fact.kind in (FactKind.POINTS, FactKind.PERCENT_POINTS):
        return Needs.CHANGE
    return Needs.NOTHING


def _drivers(facts: FactSheet) -> Iterator[Figure]:
    """Points that a signal costs may be told beside the signal's name alone."""
    names = {
        fact.id.removesuffix(".name"): str(fact.value).casefold()
        for fact in facts.family("driver.")
        if fact.id.endswith(".name")
    }
    for fact in facts.family("driver."):
        if fact.kind is FactKind.COUNT:
            name = names.get(fact.id.removesuffix(".points"), "")
            stems = frozenset(stem(word) for word in words(name) if len(word) > 2)
            for figure in _direct(fact):
                yield replace(
                    figure, topics=figure.topics | stems, own_name=name, names=frozenset(names.values())
                )


def _counts(facts: FactSheet) -> Iterator[Figure]:
    """How many there are of what the facts list."""
    listed = {
        "roi.": ("result", "figure", "measure"),
        "contact.": ("contact", "stakeholder"),
        "commitment.": ("commitment",),
    }
    for prefix, nouns in listed.items():
        found = [
            fact for fact in facts.family(prefix) if prefix == "roi." or fact.id.endswith((".name", ".text"))
        ]
        # What has a count of its own among the facts is told by that.
        if found and not (prefix == "commitment." and facts.known("commitments.total")):
            yield Figure(
                facts=tuple(fact.id for fact in found),
                value=Decimal(len(found)),
                units=frozenset(nouns),
                topics=frozenset(nouns),
            )


def _extremes(known: list[Fact]) -> Iterator[Figure]:
    points = [
        figure
        for fact in known
        if fact.id.startswith("history.") and fact.kind is FactKind.SCORE
        for figure in _direct(fact)
        if figure.needs is Needs.NOTHING
    ]
    if points:
        yield replace(min(points, key=lambda point: point.value), needs=Needs.LOWEST)
        yield replace(max(points, key=lambda point: point.value), needs=Needs.HIGHEST)


def _quoted(known: list[Fact]) -> Iterator[Figure]:
    """A number that somebody wrote into a goal or a commitment may be said again in the same words."""
    for fact in known:
        if fact.kind is FactKind.TEXT and isinstance(fact.value, str):
            text = levelled(fact.value)
            numbers = quantities.find(text)
            plain = "".join(
                " " if any(found.start <= at < found.end for found in numbers) else char
                for at, char in enumerate(text)
            )
            topics = frozenset(stem(word) for word in words(plain) if len(word) > 3)
            for found in numbers:
                for value, _ in found.numeral.readings:
                    yield Figure(
                        facts=(fact.id,),
                        value=value,
                        units=frozenset({found.unit}),
                        topics=topics | topics_of(fact),
                        names=topics_of(fact),
                        currency=found.currency,
                        needs=Needs.QUOTED,
                        quote=text.casefold(),
                    )


def _days(known: list[Fact]) -> Iterator[Day]:
    quotes = {
        fact.id.removesuffix(".text"): levelled(fact.value).casefold()
        for fact in known
        if fact.id.startswith("commitment.") and fact.id.endswith(".text") and isinstance(fact.value, str)
    }
    for fact in known:
        if fact.kind is FactKind.DATE and isinstance(fact.value, date):
            quoted = quotes.get(fact.id.removesuffix(".due_on"), "")
            needs = _WORDS_OF_DUTY | {stem(word) for word in words(quoted) if len(word) > 4}
            yield Day(
                fact=fact.id,
                value=fact.value,
                topics=topics_of(fact),
                needs=frozenset(needs) if fact.id.startswith("commitment.") else frozenset(),
                quotes=quoted,
            )
        elif fact.id.startswith("history.") and fact.kind is FactKind.SCORE:
            yield Day(
                fact=fact.id,
                value=fact.as_of,
                topics=topics_of(fact),
                needs=_WORDS_OF_SCORES,
                score=str(fact.value),
            )
