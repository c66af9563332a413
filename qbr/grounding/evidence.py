"""What the facts allow a text to say: each figure and date, and what follows from two of them by arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from qbr import catalogue
from qbr.catalogue import Moment
from qbr.facts import NUMERIC_KINDS, Fact, FactKind, FactSheet
from qbr.grounding import quantities
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, PERCENT_POINTS, POINTS, noun_of
from qbr.grounding.spelling import levelled, words


class Needs(StrEnum):
    """A word that the sentence must hold before a figure that nobody stored may be read into it."""

    NOTHING = "nothing"
    CHANGE = "change"  # up, fell by, more than, gap
    REST = "rest"  # unused, left, without
    PART = "part"  # of
    TOTAL = "total"  # together, in all
    PER_SEAT = "per seat"
    PER_MONTH = "per month"
    EXTREME = "extreme"  # lowest, peak
    BETWEEN = "between"  # before, apart
    BORDER = "border"  # threshold, below


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that the text may state. ``units`` are what it may be called, "" meaning no unit at all.

    A percentage counts 72 for 72 %. ``is_signed`` says that its sign means a direction. ``on`` is the day
    that the sentence must name, as one of many points of a history. ``own_name`` is what it belongs to, among
    ``names``.
    """

    facts: tuple[str, ...]
    value: Decimal
    units: frozenset[str]
    topics: frozenset[str]
    currency: str = ""
    moment: Moment | None = None
    needs: Needs = Needs.NOTHING
    is_signed: bool = False
    on: date | None = None
    out_of: int = 0
    own_name: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One date that the text may state."""

    fact: str
    value: date
    topics: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that a text may state, ready to be compared with."""

    figures: tuple[Figure, ...]
    days: tuple[Day, ...]
    quarters: tuple[tuple[str, str, frozenset[str]], ...]
    units: tuple[str, ...]
    starts_on: date | None = None


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
            *_derived(facts),
        ),
        starts_on=start.value if start and isinstance(start.value, date) else None,
        days=tuple(_days(known)),
        quarters=tuple(
            (fact.id, str(fact.value), topics_of(fact)) for fact in known if fact.kind is FactKind.QUARTER
        ),
        units=tuple({fact.unit for fact in known if fact.unit}),
    )


def topics_of(fact: Fact) -> frozenset[str]:
    """Return the word stems that speak of a fact: the catalogue's, or those of its label."""
    entry = catalogue.entry(fact.id)
    if entry is not None and entry.topics == catalogue.ANY_TOPIC:
        return frozenset()
    if entry is not None and entry.topics:
        return frozenset(entry.topics)
    return frozenset(_stem(word) for word in fact.label.casefold().split() if len(word) > 3)


def _stem(word: str) -> str:
    return word[: max(4, len(word) - 2)].strip(".,:;()")


def _direct(fact: Fact) -> Iterator[Figure]:
    assert isinstance(fact.value, Decimal)  # noqa: S101  # the kind is numeric, and Fact has checked it
    entry = catalogue.entry(fact.id)
    is_history = fact.id.startswith("history.")
    units, value, out_of = _units(fact), fact.value, 0
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
        yield _but(figure, value=fact.value, units=frozenset({""}))
        yield _but(figure, value=100 - value, needs=Needs.REST)
    if fact.kind is FactKind.MONEY and fact.id == "contract.arr":
        yield _but(figure, value=value / 12, needs=Needs.PER_MONTH)
    if fact.kind is FactKind.SCORE and not is_history and not fact.id.startswith("policy."):
        yield _but(figure, value=100 - value, units=frozenset({POINTS}), needs=Needs.CHANGE, out_of=0)


def _needs(fact: Fact) -> Needs:
    if fact.id == "seats.unused":
        return Needs.REST
    if fact.id.startswith("policy."):
        return Needs.BORDER
    if fact.kind in (FactKind.POINTS, FactKind.PERCENT_POINTS):
        return Needs.CHANGE
    return Needs.NOTHING


def _but(
    figure: Figure,
    *,
    value: Decimal,
    units: frozenset[str] | None = None,
    needs: Needs | None = None,
    out_of: int | None = None,
) -> Figure:
    return Figure(
        facts=figure.facts,
        value=value,
        units=figure.units if units is None else units,
        topics=figure.topics,
        currency=figure.currency,
        moment=figure.moment,
        needs=figure.needs if needs is None else needs,
        on=figure.on,
        out_of=figure.out_of if out_of is None else out_of,
    )


def _units(fact: Fact) -> frozenset[str]:
    match fact.kind:
        case FactKind.PERCENT:
            return frozenset({PERCENT})
        case FactKind.PERCENT_POINTS:
            return frozenset({PERCENT_POINTS, POINTS})
        case FactKind.MONEY:
            return frozenset({MONEY, ""})
        case FactKind.DAYS:
            return frozenset({"day"})
        case FactKind.WEEKS:
            return frozenset({"week"})
        case FactKind.SCORE:
            return frozenset({"", POINTS})
        case FactKind.POINTS:
            return frozenset({POINTS, ""})
        case _:
            noun = noun_of(fact.unit) if fact.unit else POINTS
            return frozenset({noun, "", "people", "person"} if noun == "seat" else {noun, ""})


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
            stems = frozenset(_stem(word) for word in words(name) if len(word) > 2)
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
        if found:
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
    for choose in (min, max):
        if points:
            figure = choose(points, key=lambda point: point.value)
            yield _but(figure, value=figure.value, needs=Needs.EXTREME)


def _quoted(known: list[Fact]) -> Iterator[Figure]:
    """A number that somebody wrote into a goal or a commitment may be said again in the same words."""
    for fact in known:
        if fact.kind is FactKind.TEXT and isinstance(fact.value, str):
            text = levelled(fact.value)
            topics = topics_of(fact) | {_stem(word) for word in words(text) if len(word) > 4}
            for found in quantities.find(text):
                for value, _ in found.numeral.readings:
                    yield Figure(
                        facts=(fact.id,),
                        value=value,
                        units=frozenset({found.unit}),
                        topics=topics,
                        currency=found.currency,
                    )


def _derived(facts: FactSheet) -> Iterator[Figure]:
    for fact in list(facts.values()):
        if fact.id.endswith((".now", "_now")) and fact.kind in NUMERIC_KINDS:
            start_id = fact.id[: -len("now")] + "at_start"
            yield from _change(facts.known(start_id), facts.known(fact.id))
    adoption = facts.known("input.feature_adoption_rate.now")
    yield from _change(facts.known("benchmark.adoption_median"), adoption)
    for limit in ("policy.amber_threshold", "policy.red_threshold"):
        yield from _change(facts.known(limit), facts.known("health.score_now"))
    for whole, part in (
        ("seats.purchased", "seats.used"),
        ("features.licensed_count", "features.used_count"),
        ("commitments.total", "commitments.kept"),
    ):
        yield from _part(facts.known(whole), facts.known(part))
    yield from _per_seat(facts.known("contract.arr"), facts.known("seats.purchased"))
    yield from _spans_of_time(facts)
    yield from _sums(facts.family("roi."))


def _change(start: Fact | None, now: Fact | None) -> Iterator[Figure]:
    """A difference, a relative change and a multiple, from one value to another of the same kind."""
    if start is None or now is None or start.kind is not now.kind:
        return
    a, b = start.value, now.value
    if not isinstance(a, Decimal) or not isinstance(b, Decimal):
        return
    entry = catalogue.entry(start.id)
    moment = Moment.NOW if entry is not None and entry.moment is Moment.START else None
    both, topics = (start.id, now.id), topics_of(start) | topics_of(now)
    is_rate = now.kind is FactKind.PERCENT
    if is_rate:
        units = frozenset({PERCENT_POINTS, POINTS})
    elif now.kind is FactKind.SCORE:
        units = frozenset({POINTS, ""})
    else:
        units = _units(now)
    yield Figure(
        facts=both,
        value=(b - a) * (100 if is_rate else 1),
        units=units,
        topics=topics,
        currency=now.currency,
        needs=Needs.CHANGE,
        moment=moment,
        is_signed=True,
    )
    if a > 0:
        yield Figure(
            facts=both,
            value=(b / a - 1) * 100,
            units=frozenset({PERCENT}),
            topics=topics,
            needs=Needs.CHANGE,
            moment=moment,
            is_signed=True,
        )
        yield Figure(facts=both, value=b / a, units=frozenset({FOLD}), topics=topics)


def _part(whole: Fact | None, part: Fact | None) -> Iterator[Figure]:
    if whole is None or part is None:
        return
    a, b = whole.value, part.value
    if not isinstance(a, Decimal) or not isinstance(b, Decimal):
        return
    both, topics = (whole.id, part.id), topics_of(whole) | topics_of(part)
    yield Figure(facts=both, value=a - b, units=_units(part), topics=topics, needs=Needs.REST)
    if a > 0:
        share = b / a * 100
        yield Figure(facts=both, value=share, units=frozenset({PERCENT}), topics=topics, needs=Needs.PART)
        yield Figure(
            facts=both, value=100 - share, units=frozenset({PERCENT}), topics=topics, needs=Needs.REST
        )


def _per_seat(money: Fact | None, seats: Fact | None) -> Iterator[Figure]:
    if money is None or seats is None:
        return
    a, b = money.value, seats.value
    if isinstance(a, Decimal) and isinstance(b, Decimal) and b > 0:
        yield Figure(
            facts=(money.id, seats.id),
            value=a / b,
            units=frozenset({MONEY}),
            topics=topics_of(money) | topics_of(seats),
            currency=money.currency,
            needs=Needs.PER_SEAT,
        )


def _spans_of_time(facts: FactSheet) -> Iterator[Figure]:
    """Days between today and each date that matters, between notice and renewal, and the quarter's length."""
    today = facts.known("quarter.as_of")
    renewal, notice = facts.known("contract.renewal_on"), facts.known("contract.notice_on")
    for other in (renewal, notice, facts.known("input.last_interaction_on")):
        # Days to or from today are about the other date alone.
        yield from _days_between(today, other, topics=topics_of(other) if other else frozenset())
    if renewal and notice:
        topics = topics_of(notice) | topics_of(renewal)
        yield from _days_between(notice, renewal, topics=topics, needs=Needs.BETWEEN)
    start, last = facts.known("quarter.start"), facts.known("quarter.last_day")
    if start:
        topics = frozenset({"quarter", "period", "review"})
        yield from _days_between(start, last, topics=topics, both_counted=True)
        weeks = [fact for fact in facts.family("health.weeks_") if isinstance(fact.value, Decimal)]
        if len(weeks) > 1:
            yield Figure(
                facts=tuple(fact.id for fact in weeks),
                value=sum((fact.value for fact in weeks if isinstance(fact.value, Decimal)), Decimal(0)),
                units=frozenset({"week"}),
                topics=topics | {"amber", "green", "red"},
                needs=Needs.PART,
            )


def _days_between(
    one: Fact | None,
    other: Fact | None,
    *,
    topics: frozenset[str],
    both_counted: bool = False,
    needs: Needs = Needs.NOTHING,
) -> Iterator[Figure]:
    if one and other and isinstance(one.value, date) and isinstance(other.value, date):
        days = abs((other.value - one.value).days) + both_counted
        both, units = (one.id, other.id), frozenset({"day"})
        yield Figure(facts=both, value=Decimal(days), units=units, topics=topics, needs=needs)


def _sums(roi: list[Fact]) -> Iterator[Figure]:
    for one, other in combinations(roi, 2):
        same = one.kind is other.kind and one.unit == other.unit and one.currency == other.currency
        a, b = one.value, other.value
        if same and isinstance(a, Decimal) and isinstance(b, Decimal) and one.kind is not FactKind.PERCENT:
            topics = topics_of(one) | topics_of(other)
            both = (one.id, other.id)
            units = _units(one)
            yield Figure(
                facts=both, value=a + b, units=units, topics=topics, currency=one.currency, needs=Needs.TOTAL
            )
            yield Figure(
                facts=both,
                value=abs(a - b),
                units=units,
                topics=topics,
                currency=one.currency,
                needs=Needs.CHANGE,
            )


def _days(known: list[Fact]) -> Iterator[Day]:
    for fact in known:
        if fact.kind is FactKind.DATE and isinstance(fact.value, date):
            yield Day(fact=fact.id, value=fact.value, topics=topics_of(fact))
        elif fact.id.startswith("history.") and fact.kind is FactKind.SCORE:
            yield Day(fact=fact.id, value=fact.as_of, topics=topics_of(fact))
