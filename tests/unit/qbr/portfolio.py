"""Accounts whose reviews the tests write: one that is known well, one that is hardly known, one in trouble."""

from datetime import date

from qbr import catalogue
from qbr.facts import Fact, FactKind, FactSheet

AS_OF = date(2026, 6, 30)
START = date(2026, 4, 1)


def _fact(fact_id: str, value: object, **more: object) -> Fact:
    source = more.pop("source", "Notion")
    return catalogue.fact(fact_id, value, source=source, as_of=more.pop("as_of", AS_OF), **more)


def _quarter() -> list[Fact]:
    return [
        _fact("quarter.label", "Q2 2026"),
        _fact("quarter.next_label", "Q3 2026"),
        _fact("quarter.start", START),
        _fact("quarter.last_day", date(2026, 6, 30)),
        _fact("quarter.as_of", AS_OF),
        _fact("plan.first_step_by", date(2026, 7, 14)),
        _fact("plan.second_step_by", date(2026, 8, 11)),
        _fact("plan.next_review_on", date(2026, 10, 6)),
    ]


def harbour() -> FactSheet:
    """Harbour Logistics: everything is known."""
    history = [("2026-04-06", 54), ("2026-04-20", 52), ("2026-05-04", 57), ("2026-05-18", 60), ("2026-06-01", 63), ("2026-06-29", 67)]  # fmt: skip
    facts = [
        _fact("account.name", "Harbour Logistics"),
        _fact("account.segment", "Mid-Market"),
        _fact("account.lifecycle_stage", "Adopting"),
        _fact("owner.name", "Alice Moreno"),
        _fact("contact.1.name", "Jonas Weber"),
        _fact("contact.2.name", "Priya Nair"),
        *_quarter(),
        _fact("health.score_now", 67, source="Health score, policy 3"),
        _fact("health.score_at_start", 54, source="Health score, policy 3"),
        _fact("health.score_change", 13, source="Health score, policy 3"),
        _fact("health.band_now", "Amber"),
        _fact("health.band_at_start", "Amber"),
        _fact("health.coverage", 0.93),
        _fact("health.weeks_green", 0),
        _fact("health.weeks_amber", 11),
        _fact("health.weeks_red", 2),
        _fact("policy.amber_threshold", 70),
        _fact("policy.red_threshold", 40),
        _fact("driver.1.name", "Feature adoption"),
        _fact("driver.1.points", 14),
        _fact("driver.2.name", "Escalations"),
        _fact("driver.2.points", 8),
        _fact("input.feature_adoption_rate.now", 0.58),
        _fact("input.feature_adoption_rate.at_start", 0.46, as_of=START),
        _fact("input.support_ticket_volume.now", 17),
        _fact("input.support_ticket_volume.at_start", 26, as_of=START),
        _fact("input.support_sentiment.now", "neutral"),
        _fact("input.last_interaction_days.now", 9),
        _fact("input.last_interaction_on", date(2026, 6, 21)),
        _fact("input.login_frequency_score.now", 0.71),
        _fact("input.login_frequency_score.at_start", 0.64, as_of=START),
        _fact("input.usage_trend.now", "growing"),
        _fact("input.payment_current.now", True),
        _fact("input.stakeholder_engagement_score.now", 0.83),
        _fact("input.nps_score.now", 7),
        _fact("input.nps_score.at_start", 6, as_of=START),
        _fact("input.renewal_days_out.now", 154),
        _fact("input.seats_utilization.now", 0.8),
        _fact("input.escalation_history_count.now", 3),
        _fact("input.tam_health_rag.now", "Amber"),
        _fact("seats.used", 1240),
        _fact("seats.purchased", 1550),
        _fact("seats.unused", 310),
        _fact("contract.arr", 186000, currency="EUR"),
        _fact("contract.renewal_on", date(2026, 12, 1)),
        _fact("contract.notice_on", date(2026, 9, 2)),
        _fact("contract.days_to_notice", 64),
        _fact("benchmark.adoption_median", 0.65),
        _fact("benchmark.accounts", 34),
        _fact("features.licensed", ["Route Planner", "Dock Calendar", "Carrier Portal", "Claims Desk"]),
        _fact("features.used", ["Route Planner", "Dock Calendar"]),
        _fact("features.unused", ["Carrier Portal", "Claims Desk"]),
        _fact("features.licensed_count", 4),
        _fact("features.used_count", 2),
        _fact("roi.hours_saved", 2300, label="Planning hours saved", kind=FactKind.COUNT, unit="hours", period="Q2 2026"),
        _fact("roi.detention_fees_avoided", 41500, label="Detention fees avoided", kind=FactKind.MONEY, currency="EUR", period="Q2 2026"),
        _fact("goals.text", "Cut truck waiting time by 20 % before the Christmas peak"),
        _fact("commitment.1.text", "Connect the Antwerp warehouse"),
        _fact("commitment.1.owner", "Alice Moreno"),
        _fact("commitment.1.due_on", date(2026, 5, 15)),
        _fact("commitment.1.outcome", "kept"),
        _fact("commitment.2.text", "Train the night shift"),
        _fact("commitment.2.owner", "Jonas Weber"),
        _fact("commitment.2.due_on", date(2026, 6, 5)),
        _fact("commitment.2.outcome", "open"),
        _fact("commitments.total", 2),
        _fact("commitments.kept", 1),
    ]  # fmt: skip
    for day, score in history:
        at = date.fromisoformat(day)
        facts.append(_fact(f"history.{day}.score", score, as_of=at))
        facts.append(_fact(f"history.{day}.band", "Amber", as_of=at))
    return FactSheet(facts)


def kitsune() -> FactSheet:
    """キツネ商店 (Kitsune): hardly anything is known."""
    return FactSheet(
        [
            _fact("account.name", "キツネ商店"),
            _fact("owner.name", "Søren Åkesson"),
            *_quarter(),
            _fact("health.score_now", 91),
            _fact("health.band_now", "Green"),
            _fact("health.coverage", 0.3),
            _fact("input.feature_adoption_rate.now", None),
            _fact("input.support_ticket_volume.now", 0),
            _fact("contract.renewal_on", date(2027, 2, 14)),
        ]
    )


def studio54() -> FactSheet:
    """Studio 54 Interiors: digits in its name, and in trouble."""
    return FactSheet(
        [
            _fact("account.name", "Studio 54 Interiors"),
            _fact("owner.name", "Miguel Ferreira"),
            _fact("contact.1.name", "Dr. Hélène Dubois"),
            *_quarter(),
            _fact("health.score_now", 31),
            _fact("health.score_at_start", 48),
            _fact("health.score_change", -17),
            _fact("health.band_now", "Red"),
            _fact("health.band_at_start", "Amber"),
            _fact("health.weeks_red", 6),
            _fact("health.weeks_amber", 7),
            _fact("driver.1.name", "Payment"),
            _fact("driver.1.points", 30),
            _fact("driver.2.name", "Usage"),
            _fact("driver.2.points", 20),
            _fact("input.feature_adoption_rate.now", 0.22),
            _fact("input.feature_adoption_rate.at_start", 0.44, as_of=START),
            _fact("input.support_ticket_volume.now", 1),
            _fact("input.support_sentiment.now", "negative"),
            _fact("input.last_interaction_days.now", 75),
            _fact("input.last_interaction_on", date(2026, 4, 16)),
            _fact("input.usage_trend.now", "declining"),
            _fact("input.payment_current.now", False),
            _fact("input.renewal_days_out.now", 46),
            _fact("input.seats_utilization.now", 0.3),
            _fact("seats.used", 12),
            _fact("seats.purchased", 40),
            _fact("seats.unused", 28),
            _fact("contract.arr", "9600.50", currency="USD"),
            _fact("contract.renewal_on", date(2026, 8, 15)),
        ]
    )


EVERYBODY = {"harbour": harbour, "kitsune": kitsune, "studio54": studio54}


def newer(fact: Fact, value: object) -> Fact:
    """Return the fact with another value, as a refresh would find it."""
    return Fact.from_json({**fact.to_json(), "value": value})
