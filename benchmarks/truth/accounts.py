"""Accounts that drafts are written about: names of many languages, currencies and sizes; known well or less well."""

import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from benchmarks.truth.pools import Pool
from qbr import catalogue, quarters
from qbr.facts import Fact, FactKind, FactSheet

_THRESHOLDS = (70, 40)


_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY", "EUR", "USD")
_DRIVERS = ("Feature adoption", "Escalations", "Support tickets", "NPS", "Login frequency", "Payment")


def make(pool: Pool, *, seed: int) -> FactSheet:
    """Return the facts of one account of a pool; the same for the same seed."""
    chance = random.Random(seed)
    year, number = chance.choice(((2025, 2), (2025, 4), (2026, 1), (2026, 2), (2026, 3)))
    quarter = quarters.quarter_of(date(year, 3 * number - 2, 1))
    facts = _Facts(as_of=quarter.last_day, start=quarter.start)
    currency = chance.choice(_CURRENCIES)
    people = chance.sample(pool.people, 3)
    features = chance.sample(pool.features, chance.choice((4, 5, 6)))
    facts.add("account.name", chance.choice(pool.companies))
    facts.add("account.segment", chance.choice(pool.segments))
    facts.add("account.lifecycle_stage", chance.choice(pool.stages))
    facts.add("owner.name", people[0])
    facts.add("contact.1.name", people[1])
    facts.add("contact.2.name", people[2])
    facts.add("quarter.label", quarter.label)
    facts.add("quarter.next_label", quarter.next.label)
    facts.add("quarter.start", quarter.start)
    facts.add("quarter.last_day", quarter.last_day)
    facts.add("quarter.as_of", quarter.last_day)
    first = quarter.last_day + timedelta(days=chance.randint(9, 20))
    facts.add("plan.first_step_by", first)
    facts.add("plan.second_step_by", first + timedelta(days=chance.randint(14, 35)))
    facts.add("plan.next_review_on", quarter.last_day + timedelta(days=chance.randint(88, 100)))
    _health(facts, chance, quarter.start)
    _inputs(facts, chance)
    _contract(facts, chance, currency)
    facts.add("features.licensed", features)
    used = features[: chance.randint(2, len(features) - 2)]
    facts.add("features.used", used)
    facts.add("features.unused", features[len(used) :])
    facts.add("features.licensed_count", len(features))
    facts.add("features.used_count", len(used))
    _return(facts, chance, pool, currency, quarter.label)
    _commitments(facts, chance, pool, people, quarter.start)
    return FactSheet(facts.found)


class _Facts:
    """Facts as they are collected, all read on one day."""

    def __init__(self, *, as_of: date, start: date) -> None:
        self.as_of, self.start = as_of, start
        self.found: list[Fact] = []

    def add(self, fact_id: str, value: object, **more: object) -> None:
        day = more.pop("as_of", self.start if fact_id.endswith("at_start") else self.as_of)
        self.found.append(catalogue.fact(fact_id, value, source="Notion", as_of=day, **more))  # type: ignore[arg-type]


def _health(facts: _Facts, chance: random.Random, start: date) -> None:
    scores = [chance.randint(25, 92)]
    for _ in range(5):
        scores.append(max(12, min(98, scores[-1] + chance.choice((-9, -6, -4, -3, 2, 3, 5, 7, 11)))))
    if scores[-1] == scores[0]:
        scores[-1] += 2
    facts.add("health.score_now", scores[-1])
    facts.add("health.score_at_start", scores[0])
    facts.add("health.score_change", scores[-1] - scores[0])
    facts.add("health.band_now", _band(scores[-1]))
    facts.add("health.band_at_start", _band(scores[0]))
    green = chance.randint(2, 5)
    amber = chance.randint(2, 6)
    facts.add("health.weeks_green", green)
    facts.add("health.weeks_amber", amber)
    facts.add("health.weeks_red", 13 - green - amber)
    facts.add("policy.amber_threshold", _THRESHOLDS[0])
    facts.add("policy.red_threshold", _THRESHOLDS[1])
    points = sorted(chance.sample(range(3, 26), 2), reverse=True)
    for number, (name, cost) in enumerate(zip(chance.sample(_DRIVERS, 2), points, strict=True), start=1):
        facts.add(f"driver.{number}.name", name)
        facts.add(f"driver.{number}.points", cost)
    for index, score in enumerate(scores):
        day = start + timedelta(days=5 + 14 * index)
        facts.add(f"history.{day}.score", score, as_of=day)
        facts.add(f"history.{day}.band", _band(score), as_of=day)


def _band(score: int) -> str:
    return "Green" if score >= _THRESHOLDS[0] else "Amber" if score >= _THRESHOLDS[1] else "Red"


def _inputs(facts: _Facts, chance: random.Random) -> None:
    for name, low, high in (
        ("feature_adoption_rate", 21, 95),
        ("login_frequency_score", 30, 97),
        ("stakeholder_engagement_score", 25, 96),
    ):
        now = chance.randint(low, high)
        before = max(8, min(99, now + chance.choice((-17, -12, -9, -5, -3, 4, 6, 8, 13))))
        facts.add(f"input.{name}.now", Decimal(now) / 100)
        facts.add(f"input.{name}.at_start", Decimal(before if before != now else now - 6) / 100)
    adoption = next(fact for fact in facts.found if fact.id == "input.feature_adoption_rate.now").value
    assert isinstance(adoption, Decimal)
    facts.add("benchmark.adoption_median", adoption + Decimal(chance.choice((-11, -8, -4, 3, 5, 7))) / 100)
    facts.add("benchmark.accounts", chance.randint(14, 88))
    before = chance.choice((chance.randint(6, 48), chance.randint(60, 190)))
    factor = chance.choice((Decimal(2), Decimal("0.5"), Decimal("0.7"), Decimal("1.35"), Decimal("0.85")))
    before += before % 2
    facts.add("input.support_ticket_volume.now", (before * factor).quantize(Decimal(1), ROUND_HALF_UP))
    facts.add("input.support_ticket_volume.at_start", before)
    nps = chance.randint(3, 9)
    facts.add("input.nps_score.now", nps)
    facts.add("input.nps_score.at_start", chance.choice([n for n in range(2, 11) if 1 < abs(n - nps) < 4]))
    facts.add("input.escalation_history_count.now", chance.randint(2, 9))
    silence = chance.randint(3, 71)
    facts.add("input.last_interaction_days.now", silence)
    facts.add("input.last_interaction_on", facts.as_of - timedelta(days=silence))
    facts.add("input.usage_trend.now", chance.choice(("growing", "stable", "declining")))
    facts.add("input.payment_current.now", True)


def _contract(facts: _Facts, chance: random.Random, currency: str) -> None:
    bought = chance.choice((chance.randint(24, 99), chance.randint(120, 990), chance.randint(1100, 9800)))
    rate = Decimal(chance.choice((33, 41, 50, 52, 66, 74, 75, 80, 83, 91))) / 100
    used = int(bought * rate)
    facts.add("seats.purchased", bought)
    facts.add("seats.used", used)
    facts.add("seats.unused", bought - used)
    share = (Decimal(used) / bought).quantize(Decimal("0.001"))
    facts.add("input.seats_utilization.now", share)
    facts.add("input.seats_utilization.at_start", share - Decimal(chance.choice((-5, -3, 4, 7))) / 100)
    seat = chance.choice((49, 84, 120, 240, 365)) * (100 if currency == "JPY" else 1)
    facts.add("contract.arr", bought * seat, currency=currency)
    days = chance.randint(72, 260)
    renewal = facts.as_of + timedelta(days=days)
    notice = renewal - timedelta(days=chance.choice((30, 45, 60)))
    facts.add("contract.renewal_on", renewal)
    facts.add("input.renewal_days_out.now", days)
    facts.add("contract.notice_on", notice)
    facts.add("contract.days_to_notice", (notice - facts.as_of).days)


def _return(facts: _Facts, chance: random.Random, pool: Pool, currency: str, period: str) -> None:
    def add(number: int, label: str, kind: FactKind, value: int, **more: str) -> None:
        facts.add(f"roi.{number}", value, label=label, kind=kind, period=period, **more)

    add(1, chance.choice(pool.hours), FactKind.COUNT, chance.randint(120, 7900), unit="hours")
    for number, label in enumerate(chance.sample(pool.savings, 2), start=2):
        amount = chance.choice((chance.randint(12, 99) * 500, chance.randint(3_000, 88_000)))
        add(number, label, FactKind.MONEY, amount * (100 if currency == "JPY" else 1), currency=currency)


def _commitments(facts: _Facts, chance: random.Random, pool: Pool, people: list[str], start: date) -> None:
    total = chance.choice((2, 3, 4, 5))
    kept = chance.randint(1, total - 1)
    for number, text in enumerate(chance.sample(pool.commitments, total), start=1):
        facts.add(f"commitment.{number}.text", text)
        facts.add(f"commitment.{number}.owner", people[(number - 1) % len(people)])
        facts.add(f"commitment.{number}.due_on", start + timedelta(days=chance.randint(10, 80)))
        facts.add(f"commitment.{number}.outcome", "kept" if number <= kept else "open")
    facts.add("commitments.total", total)
    facts.add("commitments.kept", kept)
    facts.add("goals.text", chance.choice(pool.goals))
