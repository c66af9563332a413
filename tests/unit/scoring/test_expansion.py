"""Where an account could grow: the rules, who must not be called, what it is worth and what is said (SPEC 4.3)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import expansion, expansion_sizing, expansion_talk
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel
from accounts.scoring.expansion import (
    Case,
    Confidence,
    Found,
    Lead,
    OpportunityType,
    Product,
    SeatsThen,
    Seen,
)
from accounts.scoring.expansion_sizing import Basis, Period, Price, PriceKind
from accounts.scoring.expansion_states import (
    BY_SALES,
    ENDED,
    OPEN,
    TABLE,
    OpportunityState,
    Step,
    after,
    steps,
)

TODAY = date(2026, 5, 14)
BEFORE = SeatsThen(on=date(2026, 2, 13), share=0.88)
SOLD = (
    Product(name="Forecasting", is_integration=False, peers=8, of=20),
    Product(name="Mobile app", is_integration=False, peers=15, of=20),
    Product(name="API", is_integration=True, peers=4, of=20),
)


def case(**fields: Any) -> Case:
    """A Green account of 100 seats with everything in use and nothing near a limit."""
    usual: dict[str, Any] = {
        "as_of": TODAY,
        "score": 92,
        "band": Band.GREEN,
        "payment_current": True,
        "seats_used": 60,
        "seats_purchased": 100,
        "usage_trend": "stable",
        "sentiment": "positive",
        "adoption": 0.5,
        "logins": 0.8,
        "licensed": ("Scheduling", "Reports"),
        "used": ("Scheduling", "Reports"),
        "segment": "Mid-Market",
        "catalogue": SOLD,
    }
    return Case(**{**usual, **fields})


def found(kind: OpportunityType, **fields: Any) -> Found | None:
    given = case(**fields)
    return next((expansion.told(one, given) for one in expansion.find(given) if one.kind is kind), None)


SEATS, MODULE, INTEGRATION = OpportunityType


def test_an_account_with_seats_to_spare_and_half_adopted_has_nowhere_to_grow() -> None:
    assert expansion.find(case()) == ()


@pytest.mark.parametrize(
    ("fields", "confidence"),
    [
        ({"seats_used": 101}, Confidence.HIGH),
        ({"seats_used": 101, "usage_trend": None}, Confidence.HIGH),
        ({"seats_used": 101, "usage_trend": "declining"}, None),
        ({"seats_used": 100}, None),
        ({"seats_used": 95, "seats_then": BEFORE}, Confidence.HIGH),
        ({"seats_used": 94, "seats_then": BEFORE}, Confidence.MEDIUM),
        ({"seats_used": 92, "seats_then": BEFORE}, None),
        ({"seats_used": 90, "usage_trend": "growing"}, Confidence.MEDIUM),
        ({"seats_used": 89, "usage_trend": "growing"}, None),
        ({"seats_used": 95, "seats_then": BEFORE, "usage_trend": "declining"}, None),
        ({"seats_used": None}, None),
        ({"seats_used": 5, "seats_purchased": None}, None),
        ({"seats_used": 5, "seats_purchased": 0}, None),
    ],
)
def test_seats_are_found_near_or_over_the_limit_and_growing(
    fields: Mapping[str, Any], confidence: Confidence | None
) -> None:
    one = found(SEATS, **fields)

    assert (one.confidence if one else None) is confidence


def test_what_was_found_stays_through_a_little_noise_and_goes_beyond_it() -> None:
    was = frozenset({SEATS})

    assert found(SEATS, seats_used=86, found=was) is not None
    assert found(SEATS, seats_used=84, found=was) is None
    assert found(MODULE, adoption=0.66, found=frozenset({MODULE})) is not None
    assert found(MODULE, adoption=0.64, found=frozenset({MODULE})) is None


@pytest.mark.parametrize(
    ("fields", "subject", "confidence"),
    [
        ({"adoption": 0.86}, "Mobile app", Confidence.HIGH),
        ({"adoption": 0.86, "used": ("Reports",)}, "Mobile app", Confidence.MEDIUM),
        ({"adoption": 0.7}, "Mobile app", Confidence.MEDIUM),
        ({"adoption": 0.86, "used": ()}, None, None),
        ({"adoption": 0.86, "used": None}, "Mobile app", Confidence.MEDIUM),
        ({"adoption": 0.7, "licensed": ("mobile  APP",)}, "Forecasting", Confidence.MEDIUM),
        ({"adoption": 0.7, "declined": frozenset({"mobile app"})}, "Forecasting", Confidence.MEDIUM),
        ({"adoption": 0.69}, None, None),
        ({"adoption": None}, None, None),
        ({"adoption": 0.9, "band": Band.AMBER}, None, None),
        ({"adoption": 0.9, "usage_trend": "declining"}, None, None),
        ({"adoption": 0.9, "licensed": None}, None, None),
        ({"adoption": 0.9, "catalogue": ()}, None, None),
        ({"adoption": 0.9, "licensed": ("Forecasting", "Mobile app", "API")}, None, None),
    ],
)
def test_a_module_is_found_at_a_green_account_that_uses_what_it_has(
    fields: Mapping[str, Any], subject: str | None, confidence: Confidence | None
) -> None:
    one = found(MODULE, **fields)

    assert (one.subject if one else None) == subject
    assert (one.confidence if one else None) is confidence


@pytest.mark.parametrize(
    ("fields", "confidence"),
    [
        ({"adoption": 0.7, "logins": 0.7, "usage_trend": "growing"}, Confidence.HIGH),
        ({"adoption": 0.7, "logins": 0.7}, Confidence.MEDIUM),
        ({"adoption": 0.7, "logins": 0.69}, None),
        ({"adoption": 0.7, "logins": None}, None),
        ({"adoption": 0.69, "logins": 0.9}, None),
    ],
)
def test_an_integration_is_found_where_the_product_is_a_daily_tool(
    fields: Mapping[str, Any], confidence: Confidence | None
) -> None:
    one = found(INTEGRATION, **fields)

    assert (one.confidence if one else None) is confidence


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"band": Band.RED, "score": 20}, "Red"),
        ({"said_red": True}, "Red"),
        ({"payment_current": False}, "arrears"),
        ({"band": Band.UNKNOWN}, "Too little"),
        ({"is_last_known": True}, "last known"),
        ({"risk": RiskLevel.HIGH}, "risk is high"),
        ({"risk": RiskLevel.CRITICAL}, "risk is critical"),
        ({"sentiment": "negative"}, "complaint"),
        ({}, ""),
        ({"payment_current": None}, ""),
        ({"band": Band.AMBER, "risk": RiskLevel.MEDIUM}, ""),
    ],
)
def test_who_must_not_be_called_is_said_in_a_sentence(fields: Mapping[str, Any], says: str) -> None:
    because = expansion.bar(case(**fields))

    assert says in because
    assert bool(because) is bool(says)


def test_evidence_is_dated_and_names_what_the_rule_stood_on() -> None:
    one = found(SEATS, seats_used=97, seats_then=BEFORE, usage_trend="growing")
    assert one is not None

    told = {fact.code: (fact.sentence, fact.on) for fact in one.evidence}
    assert told["seats"] == ("97 of 100 seats are in use (97 %).", TODAY)
    assert told["seats_grew"] == ("On 13 February 2026 it was 88 %: 9 points more since then.", BEFORE.on)
    assert told["health"][0] == "Health is Green with a score of 92."


def test_others_are_named_as_a_benchmark_only_from_ten_accounts_on() -> None:
    few = tuple(replace(one, peers=5, of=9) for one in SOLD)

    many_told = found(MODULE, adoption=0.9)
    few_told = found(MODULE, adoption=0.9, catalogue=few)

    assert many_told is not None
    assert few_told is not None
    assert "15 of 20 accounts in Mid-Market have licensed Mobile app." in [
        f.sentence for f in many_told.evidence
    ]
    assert "peers" not in {fact.code for fact in few_told.evidence}


@given(used=st.integers(1, 10_000), bought=st.integers(1, 10_000))
def test_the_seats_to_buy_leave_the_promised_share_free(used: int, bought: int) -> None:
    more = expansion.more_seats(used, bought)

    assert more >= 1
    assert used * 100 <= (bought + more) * (100 - expansion.FREE_SEATS) or more == 1
    if more > 1:
        assert used * 100 > (bought + more - 1) * (100 - expansion.FREE_SEATS)


# -- what it is worth ----------------------------------------------------------------------------


def seat_opportunity(seats: int = 13) -> Lead:
    return Lead(kind=SEATS, confidence=Confidence.HIGH, seats=seats)


def module_opportunity(name: str = "Forecasting") -> Lead:
    product = Product(name=name, is_integration=False)
    return Lead(kind=MODULE, confidence=Confidence.HIGH, product=product)


def price(**fields: Any) -> Price:
    usual: dict[str, Any] = {
        "kind": PriceKind.SEAT,
        "name": "",
        "amount": Decimal("40"),
        "currency": "EUR",
        "period": Period.MONTH,
        "basis": Basis.SEAT,
    }
    return Price(**{**usual, **fields})


def sized(one: Lead, *prices: Price, **fields: Any) -> expansion_sizing.Size:
    usual: dict[str, Any] = {"arr": Decimal("48000"), "currency": "EUR", "seats_purchased": 130}
    return expansion_sizing.size(one, prices=prices, **{**usual, **fields})


def test_seats_are_sized_by_the_price_list() -> None:
    size = sized(seat_opportunity(), price())

    assert size.amount == Decimal("6240.00")
    assert size.arithmetic == "13 seats × EUR 40 a seat and month × 12 months = EUR 6,240 a year (price list)"


def test_without_a_price_seats_are_sized_by_what_a_seat_costs_now_and_rounded_once() -> None:
    size = sized(seat_opportunity(20))

    assert size.amount == Decimal("7384.62")
    assert size.arithmetic == "ARR EUR 48,000 ÷ 130 seats × 20 seats = EUR 7,384.62 a year"


@pytest.mark.parametrize(
    "fields", [{"arr": None}, {"arr": Decimal(0)}, {"seats_purchased": None}, {"currency": ""}]
)
def test_what_nobody_knows_is_not_sized_and_says_so(fields: Mapping[str, Any]) -> None:
    size = sized(seat_opportunity(), **fields)

    assert size.amount is None
    assert size.arithmetic.startswith("Not sized: ")


def test_a_price_in_another_currency_is_not_looked_at() -> None:
    usd = price(currency="USD")

    assert sized(seat_opportunity(), usd).arithmetic.startswith("ARR EUR 48,000")
    assert (
        sized(module_opportunity(), price(kind=PriceKind.MODULE, name="Forecasting", currency="USD")).amount
        is None
    )


@pytest.mark.parametrize(
    ("one", "amount"),
    [
        (
            price(
                kind=PriceKind.MODULE,
                name="forecasting ",
                amount=Decimal(4800),
                basis=Basis.ACCOUNT,
                period=Period.YEAR,
            ),
            "4800",
        ),
        (price(kind=PriceKind.MODULE, name="Forecasting", amount=Decimal("1.5")), "2340"),
        (price(kind=PriceKind.INTEGRATION, name="Forecasting"), None),
        (price(kind=PriceKind.MODULE, name="Other"), None),
    ],
)
def test_a_module_is_sized_by_its_own_price(one: Price, amount: str | None) -> None:
    size = sized(module_opportunity(), one)

    assert size.amount == (None if amount is None else Decimal(amount))


@given(
    arr=st.decimals(Decimal("0.01"), Decimal(10_000_000), places=2),
    seats=st.integers(1, 5_000),
    bought=st.integers(1, 5_000),
)
def test_the_arithmetic_that_is_shown_gives_the_amount(arr: Decimal, seats: int, bought: int) -> None:
    size = sized(seat_opportunity(seats), arr=arr, seats_purchased=bought)

    assert size.amount is not None
    assert abs(size.amount - arr * seats / bought) <= Decimal("0.005")
    assert f"= {expansion_sizing.money(size.amount, 'EUR')} a year" in size.arithmetic


# -- what is said --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(OpportunityType))
def test_the_words_to_a_customer_hold_no_score_risk_or_price(kind: OpportunityType) -> None:
    one_case = case(seats_used=104, seats_then=BEFORE, adoption=0.9, usage_trend="growing")
    one = next(expansion.told(lead, one_case) for lead in expansion.find(one_case) if lead.kind is kind)

    said = expansion_talk.talk_track(one, one_case)

    assert said.endswith((".", "?"))
    assert said.count(". ") + said.count("? ") >= 2
    for word in ("health", "score", "Green", "risk", "churn", "92", "EUR", "opportunity"):
        assert word not in said
    told = expansion_talk.facts(one, one_case, account="Acme")
    assert not any("92" in fact["shown"] for fact in told.values())


# -- when it comes back --------------------------------------------------------------------------


def seen(**measure: Any) -> Seen:
    return Seen(confidence=Confidence.MEDIUM, measure=measure)


def test_what_was_turned_down_comes_back_only_when_the_facts_changed() -> None:
    now = found(SEATS, seats_used=94, seats_then=BEFORE)
    assert now is not None

    assert expansion.news(seen(purchased=100, used_tenths=9), now) == ""
    assert "More seats are in use" in expansion.news(seen(purchased=100, used_tenths=8), now)
    assert "bought has changed" in expansion.news(seen(purchased=120, used_tenths=9), now)
    assert "surer" in expansion.news(
        seen(purchased=100, used_tenths=9), replace(now, confidence=Confidence.HIGH)
    )


def test_a_module_comes_back_when_other_features_are_licensed() -> None:
    now = found(MODULE, adoption=0.7)
    assert now is not None

    assert expansion.news(seen(licensed=["reports", "scheduling"]), now) == ""
    assert "Other features" in expansion.news(seen(licensed=["scheduling"]), now)


# -- the life of an opportunity ------------------------------------------------------------------


def test_every_state_is_in_the_table_and_only_open_ones_go_on() -> None:
    assert set(TABLE) == set(OpportunityState)
    assert {state for state, allowed in TABLE.items() if allowed} == OPEN
    assert set(OpportunityState) == OPEN | ENDED


@given(st.lists(st.sampled_from(list(Step)), max_size=12))
def test_nothing_is_won_that_was_not_handed_over_and_accepted(wanted: list[Step]) -> None:
    state, past = OpportunityState.FOUND, []
    for step in wanted:
        to = after(state, step)
        assert (to is not None) is (step in (*steps(state, of_sales=True), *steps(state, of_sales=False)))
        if to is not None:
            past.append(step)
            state = to

    if state is OpportunityState.WON:
        assert past == [Step.DISPATCH, Step.ACCEPT, Step.WIN]
    if BY_SALES & set(past):
        assert past[0] is Step.DISPATCH


# -- documentation -------------------------------------------------------------------------------


def test_the_page_in_docs_holds_the_table_of_the_rules() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "expansion.md").read_text(encoding="utf-8")
    lines = [expansion.HEADER, ("---",) * len(expansion.HEADER), *expansion.table()]

    assert len(expansion.table()) == 7
    assert "".join(f"| {' | '.join(line)} |\n" for line in lines) in page
