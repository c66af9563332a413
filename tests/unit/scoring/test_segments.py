"""Rules that choose a policy: what they ask, in which order, and what a segment's settings stand on (SPEC 3.6)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring.policy import HealthPolicy, PolicyError
from accounts.scoring.segments import (
    MOST_SEGMENTS,
    STANDARD,
    AccountFacts,
    NoSuchSegment,
    PolicyBook,
    Rule,
    Segment,
    SegmentError,
)

pytestmark = pytest.mark.one_database

BIG = Segment(name="Big", rule=Rule(arr_from=50_000, currency="EUR"), changes={"payment_penalty": 45})
ENTERPRISE = Segment(
    name="Enterprise", rule=Rule(segments=("Enterprise",)), changes={"interaction_staleness_days": 14}
)


def book(*segments: Segment) -> PolicyBook:
    return PolicyBook(standard=HealthPolicy(), segments=segments)


@pytest.mark.parametrize(
    ("rule", "fits", "does_not"),
    [
        (
            Rule(segments=("Enterprise", "SMB")),
            AccountFacts(segment=" enterprise "),
            AccountFacts(segment="Mid-Market"),
        ),
        (
            Rule(stages=("Onboarding",)),
            AccountFacts(lifecycle_stage="ONBOARDING"),
            AccountFacts(segment="Onboarding"),
        ),
        (
            Rule(owners=("dana@example.com",)),
            AccountFacts(owner="Dana@Example.com"),
            AccountFacts(owner="dan@example.com"),
        ),
        (
            Rule(arr_from=50_000, currency="EUR"),
            AccountFacts(arr=Decimal(50_000), currency="eur"),
            AccountFacts(arr=Decimal("49999.99"), currency="EUR"),
        ),
        (
            Rule(arr_below=50_000, currency="EUR"),
            AccountFacts(arr=Decimal("49999.99"), currency="EUR"),
            AccountFacts(arr=Decimal(50_000), currency="EUR"),
        ),
        (
            Rule(segments=("SMB",), arr_from=1, currency="EUR"),
            AccountFacts(segment="SMB", arr=Decimal(2), currency="EUR"),
            AccountFacts(segment="SMB"),
        ),
    ],
)
def test_a_rule_fits_whom_it_describes(rule: Rule, fits: AccountFacts, does_not: AccountFacts) -> None:
    assert rule.fits(fits)
    assert not rule.fits(does_not)


def test_amounts_of_another_currency_never_fit() -> None:
    assert not Rule(arr_from=1, currency="EUR").fits(AccountFacts(arr=Decimal(10**9), currency="USD"))


def test_the_first_rule_that_fits_wins_and_the_standard_takes_the_rest() -> None:
    both = AccountFacts(segment="Enterprise", arr=Decimal(90_000), currency="EUR")

    assert book(BIG, ENTERPRISE).chosen(both) == "Big"
    assert book(ENTERPRISE, BIG).chosen(both) == "Enterprise"
    assert book(BIG, ENTERPRISE).chosen(AccountFacts(segment="SMB")) == STANDARD


def test_a_segment_follows_the_standard_wherever_it_does_not_differ() -> None:
    stricter = book(BIG).with_settings(STANDARD, HealthPolicy(nps_penalty=3, payment_penalty=31).to_mapping())

    assert stricter.policy("Big").nps_penalty == 3
    assert stricter.policy("Big").payment_penalty == 45
    assert stricter.policy(STANDARD).payment_penalty == 31


def test_of_a_segments_settings_only_what_differs_is_kept() -> None:
    changed = book(BIG).with_settings("Big", HealthPolicy(nps_penalty=3).to_mapping())

    assert changed.segment("Big").changes == {"nps_penalty": 3}


def test_a_standard_that_a_segment_cannot_stand_on_is_refused_by_the_segments_name() -> None:
    late = Segment(name="Late", rule=Rule(stages=("Late",)), changes={"red_threshold": 60})

    with pytest.raises(PolicyError, match="In the segment Late: Red below is 60; it must be less than"):
        book(late).with_settings(STANDARD, HealthPolicy(amber_threshold=55).to_mapping())


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Rule(), "asks nothing"),
        (lambda: Rule(arr_from=5), "in which currency"),
        (lambda: Rule(arr_from=9, arr_below=9, currency="EUR"), "No ARR is at least 9 and under 9"),
        (lambda: Segment(name="  ", rule=BIG.rule, changes={}), "Give the segment a name"),
        (lambda: Segment(name="x" * 61, rule=BIG.rule, changes={}), "at most 60 characters"),
        (
            lambda: book(BIG, Segment(name="BIG", rule=BIG.rule, changes={})),
            "There is a segment BIG already",
        ),
        (
            lambda: book(
                *(Segment(name=str(n), rule=BIG.rule, changes={}) for n in range(MOST_SEGMENTS + 1))
            ),
            "at most 20",
        ),
    ],
)
def test_what_cannot_be_a_segment_gets_a_sentence(make: Any, sentence: str) -> None:
    with pytest.raises(SegmentError, match=sentence):
        make()


def test_a_rule_is_told_in_words() -> None:
    rule = Rule(segments=("Enterprise", "SMB"), stages=("Live",), arr_from=50_000, currency="EUR")

    assert rule.words == (
        "segment is Enterprise or SMB, lifecycle stage is Live, and ARR is at least 50,000 EUR"
    )
    assert Rule(arr_from=1, arr_below=2_000, currency="EUR").words == "ARR is from 1 to under 2,000 EUR"
    assert (
        Rule(owners=("a@b.c",), arr_below=9, currency="EUR").words == "owner is a@b.c and ARR is under 9 EUR"
    )


def test_a_segment_moves_changes_and_goes() -> None:
    two = book(BIG, ENTERPRISE)
    renamed = Segment(name="Key accounts", rule=ENTERPRISE.rule, changes=ENTERPRISE.changes)

    moved = two.with_segment(renamed, place=1, instead_of="Enterprise")

    assert [one.name for one in moved.segments] == ["Key accounts", "Big"]
    assert [one.name for one in two.without("Big").segments] == ["Enterprise"]
    with pytest.raises(NoSuchSegment):
        two.without("Small")


words = st.lists(st.text("abcÄ ß", min_size=1, max_size=5).filter(str.strip), max_size=3).map(tuple)
facts = st.builds(
    AccountFacts,
    segment=st.sampled_from(["a", "b", "ab", ""]),
    lifecycle_stage=st.sampled_from(["a", "c", ""]),
    owner=st.sampled_from(["a", "b", ""]),
    arr=st.none() | st.decimals(0, 1000, places=2),
    currency=st.sampled_from(["EUR", "USD", ""]),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    low = draw(st.none() | st.integers(0, 500))
    high = draw(st.none() | st.integers(501, 1000))
    lists = {name: draw(words) for name in ("segments", "stages", "owners")}
    if low is None and high is None and not any(lists.values()):
        low = 1
    return Rule(**lists, arr_from=low, arr_below=high, currency="EUR")


@st.composite
def books(draw: st.DrawFn) -> PolicyBook:
    found = draw(st.lists(rules(), max_size=4))
    costs = st.fixed_dictionaries({}, optional={"nps_penalty": st.integers(0, 20)})
    return book(*(Segment(name=f"S{n}", rule=rule, changes=draw(costs)) for n, rule in enumerate(found)))


@given(books(), facts)
def test_a_book_chooses_the_same_after_its_way_through_json(one: PolicyBook, account: AccountFacts) -> None:
    stored = json.loads(json.dumps([one.standard.to_mapping(), one.segments_mapping()]))

    again = PolicyBook.from_mapping(*stored)

    assert again == one
    assert again.chosen(account) == one.chosen(account)
    assert again.policy(one.chosen(account)) == one.policy(one.chosen(account))


@given(books(), facts)
def test_whoever_is_chosen_fits_and_nobody_before_does(one: PolicyBook, account: AccountFacts) -> None:
    name = one.chosen(account)

    before = [segment for segment in one.segments if name == STANDARD or segment.name < name]
    assert not any(segment.rule.fits(account) for segment in before)
    assert name == STANDARD or one.segment(name).rule.fits(account)
