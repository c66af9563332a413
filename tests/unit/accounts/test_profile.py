"""The CSM Profile as a document: what it says, and what makes it another one."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts import profile
from accounts.profile import Month, ProfileFacts, Review, RiskSpell

AS_OF = date(2026, 5, 14)
FACTS = ProfileFacts(
    owner="Alice",
    segment="Mid-Market",
    stage="Live",
    arr=Decimal(48000),
    currency="EUR",
    renewal_on=date(2027, 1, 31),
    notice_on=date(2026, 5, 4),
    seats_used=90,
    seats_purchased=100,
    last_interaction_on=date(2026, 5, 14),
    contacts=("Dana Fox",),
    goals="Halve the time to hire.",
    score=71,
    band="Amber",
    band_since=date(2026, 5, 3),
    band_reason="The score of 71 is under 75.",
    months=(
        Month(month=date(2026, 5, 1), score=71, band="Amber", change=-9),
        Month(month=date(2026, 4, 1), score=80, band="Green", change=None),
    ),
    risks=(RiskSpell(since=date(2026, 5, 3), level="medium", called_by="the contract"),),
    reviews=(Review(label="Q1 2026", state="published", on=date(2026, 4, 4)),),
)
NOTHING = ProfileFacts(
    owner="", segment="", stage="", arr=None, currency="", renewal_on=None, notice_on=None, seats_used=None,
    seats_purchased=None, last_interaction_on=None, contacts=(), goals="", score=None, band="", band_since=None,
    band_reason="", months=(), risks=(), reviews=(),
)  # fmt: skip


def lines(facts: ProfileFacts) -> list[str]:
    return profile.document(facts, as_of=AS_OF).plain_lines()


def test_it_tells_facts_with_their_dates_and_ages() -> None:
    told = lines(FACTS)

    for line in (
        "Owner: Alice",
        "ARR: 48,000 EUR",
        "Renewal: 31 January 2027 (in 262 days)",
        "Notice by: 4 May 2026 (10 days ago)",
        "Last interaction: 14 May 2026 (today)",
        "Seats: 90 of 100 in use",
        "Customer goals: Halve the time to hire.",
        "71 of 100, Amber since 3 May 2026. The score of 71 is under 75.",
        "May 2026 | 71 | Amber | −9",
        "April 2026 | 80 | Green | –",
        "Medium since 3 May 2026, called by the contract.",
        "Q1 2026: published, 4 April 2026",
    ):
        assert line in told


def test_what_is_not_known_is_said_and_no_section_is_missing() -> None:
    told = lines(NOTHING)

    sections = ["Commercial relationship", "Stakeholders", "Health history", "Churn history", "QBR history"]
    assert [line for line in told if line in sections] == sections
    assert told[-1] == "Playbook notes"
    assert "Owner: nobody" in told
    assert "ARR: not known" in told
    assert not [line for line in told if "None" in line]


def test_the_hash_is_of_the_facts_and_not_of_the_day() -> None:
    assert FACTS.hash() == replace(FACTS).hash()
    assert profile.document(FACTS, as_of=AS_OF) != profile.document(FACTS, as_of=AS_OF + timedelta(days=1))


@pytest.mark.parametrize(
    "change",
    [
        {"owner": "Bob"},
        {"arr": Decimal(48001)},
        {"renewal_on": date(2027, 2, 1)},
        {"contacts": ("Dana Fox", "Ola Nordmann")},
        {"score": 70},
        {"months": ()},
        {"risks": ()},
        {"reviews": ()},
        {"last_interaction_on": date(2026, 5, 13)},
    ],
)
def test_every_fact_makes_another_hash(change: dict[str, object]) -> None:
    assert replace(FACTS, **change).hash() != FACTS.hash()  # type: ignore[arg-type]
