"""The sentences of a quarterly business review: outcomes first, one honest difficulty, then what happens next.

Every figure, date and name is a citation. Sentences in ``internal`` are for colleagues.
"""

from decimal import Decimal
from typing import Any

from csm_portal.integrations.llm.stated_facts import StatedFacts, cite

_ADOPTION = "input.feature_adoption_rate"
_TICKETS = "input.support_ticket_volume.now"
_SILENT_AFTER_DAYS = 30
_RENEWAL_IS_NEAR_DAYS = 120
_WELL_USED = Decimal("0.9")
_POORLY_USED = Decimal("0.7")


def answer(facts: StatedFacts) -> dict[str, Any]:
    """Return the answer for a QBR, in the form of the schema of the task."""
    return {
        "account_health_summary": {
            "narrative": [_opening(facts), _difficulty(facts)],
            "bullets": _service(facts),
            "internal": _score(facts),
        },
        "roi_business_impact": {"narrative": _return(facts), "bullets": _returns(facts), "internal": []},
        "feature_adoption_scorecard": {
            "narrative": _adoption(facts),
            "bullets": _coached(facts),
            "internal": [],
        },
        "expansion_next_steps": {
            "narrative": [_kept(facts), *_contract(facts)],
            "steps": _steps(facts),
            "internal": [*_notice(facts), _expansion(facts)],
        },
    }


def _opening(facts: StatedFacts) -> str:
    sentences = []
    who, when = cite("account.name"), cite("quarter.label")
    if facts.has("seats.used", "seats.purchased"):
        sentences.append(
            f"In {when}, {who} had {cite('seats.used')} of {facts.counted('seats.purchased', 'seats')} in use."
        )
    if facts.has(f"{_ADOPTION}.now"):
        lead = "Feature adoption" if sentences else f"In {when}, feature adoption at {who}"
        sentences.append(f"{lead} {_movement(facts, _ADOPTION)}.")
    trend = facts.word("input.usage_trend.now")
    if trend:
        said = {
            "growing": "Usage is growing",
            "stable": "Usage is stable",
            "declining": "Usage is declining",
        }.get(trend)
        if said:
            sentences.append(f"{said}.")
    if not sentences:
        return f"For {when} we hold no figures on how {who} uses the product, so this review starts with what has to be measured."
    return " ".join(sentences)


def _movement(facts: StatedFacts, name: str) -> str:
    """Say how a rate moved over the quarter: rose from … to …, fell from … to …, stood at …"""
    now, start = facts.number(f"{name}.now"), facts.number(f"{name}.at_start")
    if now is None or start is None:
        return f"stands at {cite(f'{name}.now')}"
    if now == start:
        return f"stayed at {cite(f'{name}.now')}"
    verb = "rose" if now > start else "fell"
    return f"{verb} from {cite(f'{name}.at_start')} to {cite(f'{name}.now')}"


def _difficulty(facts: StatedFacts) -> str:
    """Name the one thing that most needs attention, in words that the customer may read."""
    silent = facts.number("input.last_interaction_days.now")
    used = facts.number("input.seats_utilization.now")
    tickets = facts.number(_TICKETS)
    if facts.word("input.usage_trend.now") == "declining":
        return "What needs attention: the product is used less than before, and we do not know the reason yet. We would like to hear it from the people who stopped."
    if facts.is_true("input.payment_current.now") is False:
        return "What needs attention: an invoice is open past its date. We would like to clear up what holds it back."
    if _is_below_benchmark(facts):
        return (
            f"What needs attention: feature adoption is below the median of {cite('benchmark.adoption_median')} "
            "in the same segment, so part of what is paid for does not yet help anybody."
        )
    if used is not None and used < _POORLY_USED and facts.has("seats.unused"):
        return f"What needs attention: {facts.counted('seats.unused', 'seats')} are paid for and not in use."
    if facts.word("input.support_sentiment.now") == "negative" and tickets:
        return "What needs attention: the open support tickets take longer than they should. We owe you a date for each."
    if silent is not None and silent > _SILENT_AFTER_DAYS and facts.has("input.last_interaction_on"):
        return f"What needs attention: we last spoke on {cite('input.last_interaction_on')}, which is too long ago for a review to rest on."
    if not facts.family("roi."):
        return "What needs attention: there is no agreed figure yet that shows what the product returns."
    return "Nothing in the figures of this quarter stands out as a difficulty. If something does not work for you, this is the place to say so."


def _service(facts: StatedFacts) -> list[str]:
    bullets = []
    tickets = facts.number(_TICKETS)
    if tickets is not None:
        verb = "is" if tickets == 1 else "are"
        bullets.append(
            "No support tickets are open."
            if tickets == 0
            else f"{facts.counted(_TICKETS, 'support tickets')} {verb} open."
        )
    if facts.has("input.last_interaction_on"):
        bullets.append(f"We last spoke on {cite('input.last_interaction_on')}.")
    if facts.has("input.nps_score.now"):
        bullets.append(f"The latest NPS answer is {cite('input.nps_score.now')} out of ten.")
    if facts.has("input.login_frequency_score.now"):
        bullets.append(f"Login frequency {_movement(facts, 'input.login_frequency_score')}.")
    return bullets


def _score(facts: StatedFacts) -> list[str]:
    if not facts.has("health.score_now"):
        return ["There is no health score for this account yet."]
    lines = []
    now, start = facts.number("health.score_now"), facts.number("health.score_at_start")
    band = f" ({cite('health.band_now')})" if facts.has("health.band_now") else ""
    if start is None:
        lines.append(
            f"The health score stands at {cite('health.score_now')}{band}; there is none for the start of the quarter."
        )
    elif now == start:
        lines.append(f"The health score stayed at {cite('health.score_now')}{band} over the quarter.")
    else:
        verb = "rose" if (now or 0) > start else "fell"
        before = f" ({cite('health.band_at_start')})" if facts.has("health.band_at_start") else ""
        lines.append(
            f"The health score {verb} from {cite('health.score_at_start')}{before} to {cite('health.score_now')}{band} over the quarter."
        )
    drivers = [
        f"{cite(f'driver.{n}.name')} ({facts.counted(f'driver.{n}.points', 'points')})"
        for n in (1, 2, 3)
        if facts.has(f"driver.{n}.name", f"driver.{n}.points")
    ]
    if drivers:
        lines[-1] += f" What costs it most: {', '.join(drivers)}."
    weeks = [
        f"{facts.counted(f'health.weeks_{band_name}', 'weeks')} in {band_name.capitalize()}"
        for band_name in ("green", "amber", "red")
        if facts.number(f"health.weeks_{band_name}")
    ]
    if weeks:
        lines.append(f"Over the quarter the account spent {_joined(weeks)}.")
    coverage = facts.number("health.coverage")
    if coverage is not None and coverage < 1:
        lines.append(
            f"The score rests on {cite('health.coverage')} of its weight; the remaining signals are not known."
        )
    return lines


def _return(facts: StatedFacts) -> list[str]:
    stop = "" if facts.word("goals.text").endswith((".", "!", "?")) else "."
    goal = f" The goal on record is: “{cite('goals.text')}”{stop}" if facts.has("goals.text") else ""
    if facts.family("roi."):
        return [
            f"These are the results that {cite('account.name')} and we count as the return of the product.{goal}"
        ]
    return [
        f"No figure has been agreed yet that shows what {cite('account.name')} gets in return for the product, so this review states none.{goal}",
        "We propose to choose one together: an outcome that matters to you, how it is measured, and who confirms it.",
    ]


def _returns(facts: StatedFacts) -> list[str]:
    # A label with digits would be a figure that the writer typed.
    return [
        f"{facts.label(fact_id)}: {facts.measured(fact_id)}."
        for fact_id in facts.family("roi.")[:8]
        if not any(char.isdigit() for char in facts.label(fact_id))
    ]


def _adoption(facts: StatedFacts) -> list[str]:
    lines = []
    if facts.has(f"{_ADOPTION}.now"):
        line = f"Feature adoption stands at {cite(f'{_ADOPTION}.now')}"
        if facts.has(f"{_ADOPTION}.at_start"):
            line += f", against {cite(f'{_ADOPTION}.at_start')} at the start of the quarter"
        line += "."
        if facts.has("benchmark.adoption_median", "benchmark.accounts"):
            line += f" The median of {facts.counted('benchmark.accounts', 'accounts')} in the same segment is {cite('benchmark.adoption_median')}."
        else:
            line += " There is no benchmark for this segment yet."
        lines.append(line)
    else:
        lines.append("Feature adoption is not known for this account.")
    if facts.has("features.unused"):
        lines.append(
            f"Licensed and not in use yet: {cite('features.unused')}. Each is paid for, so each is worth a decision."
        )
    elif facts.has("features.licensed", "features.used"):
        lines.append("Every licensed feature is in use.")
    else:
        lines.append("Which features are in use is not recorded, so this section speaks of overall adoption.")
    return lines


def _coached(facts: StatedFacts) -> list[str]:
    """Say what was done for adoption within the quarter."""
    return [
        f"{cite(f'coaching.{number}.step')}: done on {cite(f'coaching.{number}.done_on')}."
        for number in range(1, 9)
        if facts.has(f"coaching.{number}.step", f"coaching.{number}.done_on")
    ]


def _kept(facts: StatedFacts) -> str:
    if facts.has("commitments.total", "commitments.kept"):
        total, kept = facts.number("commitments.total"), facts.number("commitments.kept")
        if total == kept == 1:
            return f"The {facts.counted('commitments.total', 'commitments')} of the previous review was kept."
        if total == kept:
            return (
                f"All {facts.counted('commitments.total', 'commitments')} of the previous review were kept."
            )
        # It has to stay true while people score them one after the other: the figures follow, the words stay.
        return (
            f"Of the {facts.counted('commitments.total', 'commitments')} of the previous review, "
            f"kept so far: {cite('commitments.kept')}. The table says what became of each."
        )
    return "There is no earlier review on record, so there are no commitments to look back on."


def _contract(facts: StatedFacts) -> list[str]:
    if not facts.has("contract.renewal_on"):
        return []
    if _is_past(facts, "contract.days_to_renewal"):
        return [f"The contract was due for renewal on {cite('contract.renewal_on')}."]
    return [f"The contract comes up for renewal on {cite('contract.renewal_on')}."]


def _is_past(facts: StatedFacts, fact_id: str) -> bool:
    days = facts.number(fact_id)
    return days is not None and days < 0


def _notice(facts: StatedFacts) -> list[str]:
    if not facts.has("contract.notice_on"):
        return []
    if _is_past(facts, "contract.days_to_notice"):
        return [
            f"The notice date, {cite('contract.notice_on')}, has passed: make sure whether notice was given."
        ]
    return [
        f"Notice has to be given by {cite('contract.notice_on')}, so the talk about renewal has to come before that."
    ]


def _steps(facts: StatedFacts) -> list[dict[str, str]]:
    """Choose up to four next steps that the figures call for, and the date of the next review."""
    chosen = [what for applies, what in _possible_steps(facts) if applies][:4]
    owner = "owner.name" if facts.has("owner.name") else ""
    dates = [fact_id for fact_id in ("plan.first_step_by", "plan.second_step_by") if facts.has(fact_id)]
    steps = []
    for at, what in enumerate(chosen):
        due = dates[min(at // 2, len(dates) - 1)] if dates else ""
        steps.append({"what": what, "owner": owner, "due": due})
    days = facts.number("contract.days_to_renewal")
    if days is not None and days <= _RENEWAL_IS_NEAR_DAYS:
        # A step is due before the next thing of the contract that is still ahead, never in the past.
        ahead = (name for name in ("notice", "renewal") if facts.has(f"contract.{name}_on")
                 and not _is_past(facts, f"contract.days_to_{name}"))  # fmt: skip
        due = next((f"contract.{name}_on" for name in ahead), "")
        steps.append(
            {"what": "Agree what the next term of the contract should contain.", "owner": owner, "due": due}
        )
    due = "plan.next_review_on" if facts.has("plan.next_review_on") else ""
    steps.append({"what": "Meet for the next review and go through this list.", "owner": owner, "due": due})
    return steps


def _possible_steps(facts: StatedFacts) -> list[tuple[bool, str]]:
    used = facts.number("input.seats_utilization.now")
    silent = facts.number("input.last_interaction_days.now")
    escalations = facts.number("input.escalation_history_count.now")
    return [
        (
            facts.is_true("input.payment_current.now") is False,
            "Clear up the open invoice with the accounts department.",
        ),
        (
            facts.word("input.usage_trend.now") == "declining",
            "Ask the people who use the product less why, and bring the answers back.",
        ),
        (
            bool(facts.number(_TICKETS))
            and (facts.word("input.support_sentiment.now") == "negative" or bool(escalations)),
            "Go through the open support tickets together and agree a date for each.",
        ),
        (
            facts.has("features.unused"),
            "Decide which of the unused features to introduce first, and train the people who need it.",
        ),
        (
            _is_below_benchmark(facts) and not facts.has("features.unused"),
            "Hold a working session on the parts of the product that few people use.",
        ),
        (
            used is not None and used < _POORLY_USED,
            "Decide who gets the seats that are not in use.",
        ),
        (
            silent is not None and silent > _SILENT_AFTER_DAYS,
            "Set up a regular call, so that we speak before something goes wrong.",
        ),
        (not facts.family("roi."), "Agree one figure that shows the return, and who confirms it."),
    ]


def _expansion(facts: StatedFacts) -> str:
    used = facts.number("input.seats_utilization.now")
    in_trouble = facts.word("health.band_now") == "Red" or facts.is_true("input.payment_current.now") is False
    if in_trouble:
        return "No expansion is proposed while the account is in difficulty."
    if used is not None and used >= _WELL_USED and facts.has("input.seats_utilization.now"):
        return f"Seat utilisation is {cite('input.seats_utilization.now')}: ask whether more people need a seat before they share one."
    return "The figures call for no expansion this quarter; what is bought should be used first."


def _is_below_benchmark(facts: StatedFacts) -> bool:
    now, median = facts.number(f"{_ADOPTION}.now"), facts.number("benchmark.adoption_median")
    return now is not None and median is not None and now < median


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
