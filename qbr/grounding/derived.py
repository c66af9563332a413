"""What follows from two facts by arithmetic: changes, shares, spans of time and sums."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations

from qbr import catalogue
from qbr.catalogue import Moment
from qbr.facts import NUMERIC_KINDS, Fact, FactKind, FactSheet
from qbr.grounding.figures import Figure, Needs, topics_of, units_of
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, PERCENT_POINTS, POINTS

WORDS_OF_GAIN = frozenset({"saving", "saved", "benefit", "realis", "realiz", "avoid"})
# Of the words of seats those that are of nothing else: what an amount "buys" is not told a seat.
_WORDS_OF_SEATS = frozenset({"seat", "licen", "user", "head", "person", "employee"})


def figures(facts: FactSheet) -> Iterator[Figure]:
    """Return every figure that a text may work out from those of the sheet."""
    for fact in list(facts.values()):
        if fact.id.endswith((".now", "_now")) and fact.kind in NUMERIC_KINDS:
            start_id = fact.id[: -len("now")] + "at_start"
            yield from _change(facts.known(start_id), facts.known(fact.id))
    adoption = facts.known("input.feature_adoption_rate.now")
    for figure in _change(facts.known("benchmark.adoption_median"), adoption):
        yield replace(figure, also=Needs.COMPARED)
    for limit in ("policy.amber_threshold", "policy.red_threshold"):
        for figure in _change(facts.known(limit), facts.known("health.score_now")):
            yield replace(figure, also=Needs.BORDER)
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
        units = units_of(now)
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
        if not is_rate:
            yield Figure(
                facts=both, value=b / a * 100, units=frozenset({PERCENT}), topics=topics, needs=Needs.PART
            )


def _part(whole: Fact | None, part: Fact | None) -> Iterator[Figure]:
    if whole is None or part is None:
        return
    a, b = whole.value, part.value
    if not isinstance(a, Decimal) or not isinstance(b, Decimal):
        return
    both, topics = (whole.id, part.id), topics_of(whole) | topics_of(part)
    yield Figure(facts=both, value=a - b, units=units_of(part), topics=topics, needs=Needs.REST)
    if a > 0:
        share = b / a * 100
        now = Figure(
            facts=both,
            value=share,
            units=frozenset({PERCENT}),
            topics=topics,
            needs=Needs.PART,
            moment=None if whole.id.startswith("commitments.") else Moment.NOW,
        )
        yield now
        yield replace(now, value=100 - share, needs=Needs.REST)


def _per_seat(money: Fact | None, seats: Fact | None) -> Iterator[Figure]:
    if money is None or seats is None:
        return
    a, b = money.value, seats.value
    if isinstance(a, Decimal) and isinstance(b, Decimal) and b > 0:
        yield Figure(
            facts=(money.id, seats.id),
            value=a / b,
            units=frozenset({MONEY}),
            topics=topics_of(money) | _WORDS_OF_SEATS,
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
    first, second = facts.known("plan.first_step_by"), facts.known("plan.second_step_by")
    yield from _days_between(
        first, second, topics=frozenset({"step", "milestone", "stage"}), needs=Needs.BETWEEN
    )
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
            topics = topics_of(one) | topics_of(other) | WORDS_OF_GAIN
            both = (one.id, other.id)
            units = units_of(one)
            yield Figure(
                facts=both,
                value=a + b,
                units=units,
                topics=topics,
                currency=one.currency,
                needs=Needs.TOTAL,
                names=frozenset({one.label.casefold(), other.label.casefold()}),
            )
            yield Figure(
                facts=both,
                value=abs(a - b),
                units=units,
                topics=topics,
                currency=one.currency,
                needs=Needs.CHANGE,
            )
