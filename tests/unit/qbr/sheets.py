"""Sheets of facts for hypothesis: any account there could be, known well or hardly."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from qbr import catalogue, quarters
from qbr.facts import FactKind, FactSheet

_LETTERS = st.sampled_from("abcdefghijklmnopqrstuvwxyz")
_NAME = st.builds(
    lambda parts, digits: " ".join([part.capitalize() for part in parts] + ([str(digits)] if digits else [])),
    st.lists(st.text(_LETTERS, min_size=3, max_size=9), min_size=1, max_size=3),
    st.one_of(st.none(), st.integers(1, 999)),
)
NAMES = st.one_of(
    _NAME,
    st.sampled_from([
        "キツネ商店", "ООО «Северный ветер»", "شركة النخيل", "O'Neill & Sons", "Three Rivers Ltd.", "24/7 Care", "May & March",
        "adidas", "1&1", "Q2 Holdings", "Über-Logistik GmbH", "Bank of Cork", "Half Moon", "Ångström AB", "A", "Red Bull",
    ]),
)  # fmt: skip
_RATES = st.integers(0, 1000).map(lambda thousandths: Decimal(thousandths) / 1000)
_COUNTS = st.one_of(st.integers(0, 5), st.integers(0, 40_000))
_WORDS = {
    "input.usage_trend": ["growing", "stable", "declining"],
    "input.support_sentiment": ["positive", "neutral", "negative"],
    "input.tam_health_rag": ["Red", "Amber", "Green"],
    "health.band": ["Red", "Amber", "Green", "Unknown"],
}


def _value(entry, day):
    for prefix, words in _WORDS.items():
        if entry.id.startswith(prefix):
            return st.sampled_from(words)
    return {
        FactKind.PERCENT: _RATES,
        FactKind.COUNT: _COUNTS,
        FactKind.SCORE: st.integers(0, 100),
        FactKind.POINTS: st.integers(-100, 100),
        FactKind.NUMBER: st.integers(0, 10),
        FactKind.DAYS: st.integers(-40, 500),
        FactKind.WEEKS: st.integers(0, 13),
        FactKind.MONEY: st.integers(0, 9_000_000).map(lambda cents: Decimal(cents) / 4),
        FactKind.DATE: st.integers(-400, 400).map(lambda days: day + timedelta(days=days)),
        FactKind.YES_NO: st.booleans(),
        FactKind.NAME: NAMES,
        FactKind.NAMES: st.lists(NAMES, max_size=4, unique=True),
        FactKind.TEXT: st.sampled_from(["Cut waiting time by 20 % in Poland.", "Go live in 3 countries by May", "sell more"]),
        FactKind.WORD: st.sampled_from(["Payment", "Usage trend", "NPS", "kept", "open"]),
        FactKind.QUARTER: st.just("Q1 2026"),
    }[entry.kind]  # fmt: skip


@st.composite
def sheets(draw) -> FactSheet:
    as_of = draw(st.dates(date(2024, 1, 1), date(2028, 12, 31)))
    quarter = quarters.quarter_of(as_of)
    fixed = {
        "account.name": draw(NAMES),
        "quarter.label": quarter.label,
        "quarter.next_label": quarter.next.label,
        "quarter.start": quarter.start,
        "quarter.last_day": quarter.last_day,
        "quarter.as_of": as_of,
    }
    facts = []
    for entry in catalogue.CATALOGUE:
        ids = [entry.id.replace("*", str(n)) for n in (1, 2)] if "*" in entry.id else [entry.id]
        for fact_id in ids:
            if fact_id.startswith("history."):
                continue
            if fact_id in fixed:
                value = fixed[fact_id]
            elif draw(st.booleans()):
                value = draw(_value(entry, as_of))
            else:
                value = None
            facts.append(
                catalogue.fact(
                    fact_id,
                    value,
                    source="Notion",
                    as_of=as_of,
                    currency=draw(st.sampled_from(["EUR", "USD", "CHF"]))
                    if entry.kind is FactKind.MONEY
                    else "",
                    label="Hours saved" if fact_id.startswith("roi.") else None,
                    unit="hours" if fact_id.startswith("roi.") else None,
                )
            )
    return FactSheet(facts)
