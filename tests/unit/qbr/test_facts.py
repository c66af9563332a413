"""Facts: values of their kind, one way to show each."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings

from qbr import catalogue
from qbr.facts import Fact, FactKind, FactSheet, shown, shown_with_unit, singular
from tests.unit.qbr.sheets import sheets

AS_OF = date(2026, 6, 30)


def fact(fact_id, value, **more):
    return catalogue.fact(fact_id, value, source="Notion", as_of=AS_OF, **more)


@pytest.mark.parametrize(
    ("made", "text", "with_unit"),
    [
        (fact("seats.used", 1240), "1,240", "1,240 seats"),
        (fact("seats.used", 1), "1", "1 seat"),
        (fact("contract.arr", 48000, currency="EUR"), "€ 48,000", "€ 48,000"),
        (fact("contract.arr", "9600.5", currency="USD"), "$ 9,600.50", "$ 9,600.50"),
        (fact("contract.arr", 1200, currency="CHF"), "CHF 1,200", "CHF 1,200"),
        (fact("input.feature_adoption_rate.now", 0.72), "72 %", "72 %"),
        (fact("input.feature_adoption_rate.now", 0.725), "72.5 %", "72.5 %"),
        (fact("input.feature_adoption_rate.now", 1), "100 %", "100 %"),
        (fact("health.score_change", 13), "+13", "+13 points"),
        (fact("health.score_change", -1), "−1", "−1 point"),
        (fact("health.score_change", 0), "0", "0 points"),
        (fact("contract.renewal_on", date(2026, 5, 14)), "14 May 2026", "14 May 2026"),
        (fact("input.renewal_days_out.now", -3), "-3", "-3 days"),
        (fact("health.weeks_red", 2), "2", "2 weeks"),
        (fact("input.payment_current.now", False), "no", "no"),
        (fact("features.unused", ["A", "B", "C"]), "A, B and C", "A, B and C"),
        (fact("features.unused", []), "not known", "not known"),
        (fact("input.nps_score.now", None), "not known", "not known"),
        (fact("input.nps_score.now", "7.50"), "7.5", "7.5"),
        (fact("account.name", "  Acme\u200b\n Corp "), "Acme Corp", "Acme Corp"),
    ],
)  # fmt: skip
def test_each_kind_is_shown_in_one_way(made, text, with_unit):
    assert shown(made) == text
    assert shown_with_unit(made) == with_unit


@pytest.mark.parametrize(
    ("fact_id", "value", "part"),
    [
        ("seats.used", "many", "needs a number"),
        ("seats.used", True, "needs a number"),
        ("seats.used", "nan", "finite number"),
        ("seats.used", float("inf"), "finite number"),
        ("contract.renewal_on", 5, "needs a date"),
        ("account.name", 5, "needs text"),
        ("features.used", "Planner", "needs a list of names"),
        ("input.payment_current.now", "yes", "needs true or false"),
        ("no.such.fact", 1, "catalogue of QBR facts has no no.such.fact"),
    ],
)
def test_a_value_of_another_kind_is_refused_in_a_sentence(fact_id, value, part):
    with pytest.raises(ValueError, match=part):
        fact(fact_id, value)


def test_an_id_is_a_slug():
    with pytest.raises(ValueError, match="is not a fact id"):
        Fact(id="Seats used", label="", kind=FactKind.COUNT, value=1, source="", as_of=AS_OF)


def test_two_facts_of_one_id_are_refused():
    with pytest.raises(ValueError, match=r"Two facts have the id seats\.used"):
        FactSheet([fact("seats.used", 1), fact("seats.used", 2)])


@settings(deadline=None)
@given(sheets())
def test_a_sheet_survives_json(facts):
    assert FactSheet.from_json(facts.to_json()) == facts


def test_a_float_keeps_its_shortest_spelling():
    assert fact("input.feature_adoption_rate.now", 0.1).value == Decimal("0.1")


def test_a_family_is_found_by_its_pattern():
    entry = catalogue.entry("driver.2.points")

    assert entry is not None
    assert entry.is_internal
    assert catalogue.entry("driver.points") is None
    assert catalogue.entry("history.2026-05-04.score") is not None


@pytest.mark.parametrize(
    ("plural", "one"), [("tickets", "ticket"), ("activities", "activity"), ("stress", "stress")]
)
def test_the_singular_of_a_unit(plural, one):
    assert singular(plural) == one
