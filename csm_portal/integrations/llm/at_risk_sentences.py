"""The sentences of a review for a customer who may leave: what got worse, what was promised, how it is put right.

Every figure, date and name is a citation, as in ``review_sentences``, whose tables and bullets it keeps.
"""

from typing import Any

from csm_portal.integrations.llm import review_sentences
from csm_portal.integrations.llm.stated_facts import StatedFacts, cite

_TICKETS = "input.support_ticket_volume"
_FALLS = (
    ("input.feature_adoption_rate", "feature adoption"),
    ("input.seats_utilization", "seat utilisation"),
    ("input.login_frequency_score", "login frequency"),
    ("input.nps_score", "your NPS answer"),
)
_SILENT_AFTER_DAYS = 30


def answer(facts: StatedFacts) -> dict[str, Any]:
    """Return the answer for a review of an account at risk, in the form of the schema of the task."""
    plain = review_sentences.answer(facts)
    health, steps = plain["account_health_summary"], plain["expansion_next_steps"]
    return {
        "account_health_summary": {
            "narrative": [_worse(facts), *_well(facts)],
            "bullets": health["bullets"],
            "internal": health["internal"],
        },
        "roi_business_impact": {
            "narrative": [_promise(facts)],
            "bullets": plain["roi_business_impact"]["bullets"],
            "internal": [],
        },
        "feature_adoption_scorecard": {"narrative": [_in_the_way(facts)], "bullets": [], "internal": []},
        "expansion_next_steps": {
            "narrative": [
                steps["narrative"][0],
                "The steps below repair what is named in this review, and nothing else is on the list.",
            ],
            "steps": _repairs(facts),
            "internal": list(steps["internal"][:-1])
            or ["Find out who decides on the renewal, and speak with them before the meeting."],
        },
    }


def _worse(facts: StatedFacts) -> str:
    """Name what got worse in the quarter, the plainest first; say so where the figures show nothing."""
    found = []
    if facts.word("input.usage_trend.now") == "declining":
        found.append("the product is used less than before")
    for name, words in _FALLS:
        now, start = facts.number(f"{name}.now"), facts.number(f"{name}.at_start")
        if now is not None and start is not None and now < start:
            found.append(f"{words} fell from {cite(f'{name}.at_start')} to {cite(f'{name}.now')}")
    tickets, before = facts.number(f"{_TICKETS}.now"), facts.number(f"{_TICKETS}.at_start")
    if tickets is not None and before is not None and tickets > before:
        found.append(
            f"open support tickets rose from {cite(f'{_TICKETS}.at_start')} to {cite(f'{_TICKETS}.now')}"
        )
    if facts.word("input.support_sentiment.now") == "negative":
        found.append("the answers of our support did not help as they should")
    if facts.is_true("input.payment_current.now") is False:
        found.append("an invoice is open past its date")
    silent = facts.number("input.last_interaction_days.now")
    if silent is not None and silent > _SILENT_AFTER_DAYS and facts.has("input.last_interaction_on"):
        found.append(f"we last spoke on {cite('input.last_interaction_on')}, which is too long ago")
    if not found:
        return (
            f"This review is about what is not right between {cite('account.name')} and us. The figures do not show it, "
            "so it begins with your account of it."
        )
    return f"In {cite('quarter.label')} things got worse for {cite('account.name')}: {'; '.join(found)}."


def _well(facts: StatedFacts) -> list[str]:
    if facts.word("input.usage_trend.now") == "growing":
        return ["What goes well: usage is growing."]
    if facts.has("input.feature_adoption_rate.now", "benchmark.adoption_median"):
        now, median = (
            facts.number("input.feature_adoption_rate.now"),
            facts.number("benchmark.adoption_median"),
        )
        if now is not None and median is not None and now > median:
            return [
                f"What goes well: feature adoption, at {cite('input.feature_adoption_rate.now')}, is above the median "
                f"of {cite('benchmark.adoption_median')} in the same segment."
            ]
    return []


def _promise(facts: StatedFacts) -> str:
    goal = ""
    if facts.has("goals.text"):
        stop = "" if facts.word("goals.text").endswith((".", "!", "?")) else "."
        goal = f"You wanted this from the product: “{cite('goals.text')}”{stop} "
    if facts.family("roi."):
        return f"{goal}This is what was measured of it so far; where it falls short, the plan below begins."
    return f"{goal}Whether the product gives you what you bought it for has not been shown: no figure was ever agreed. To agree on a figure is part of the plan below."


def _in_the_way(facts: StatedFacts) -> str:
    if facts.has("features.unused"):
        return f"Paid for and not in use: {cite('features.unused')}. We propose to begin with whichever is nearest to what you want, and to leave the others until that works."
    if facts.has("seats.unused") and facts.number("seats.unused"):
        return f"{facts.counted('seats.unused', 'seats')} are paid for and not in use. Before anything is added, either they help somebody or the contract should say fewer."
    return "Nothing in the figures says that a missing feature is in the way."


def _repairs(facts: StatedFacts) -> list[dict[str, str]]:
    owner = "owner.name" if facts.has("owner.name") else ""
    first = next((name for name in _deadlines(facts) if facts.has(name)), "")
    later = "plan.second_step_by" if facts.has("plan.second_step_by") else first
    wanted = [
        (True, "Listen: a call with the people who use the product every day, and their words written down."),
        (
            bool(facts.number(f"{_TICKETS}.now")),
            "Agree a date for each open support ticket, and report on it every week until all are closed.",
        ),
        (
            facts.is_true("input.payment_current.now") is False,
            "Clear up with the accounts department what holds the open invoice back.",
        ),
        (
            facts.has("features.unused"),
            "Bring an unused feature into use with a single team, and look at what it changes.",
        ),
        (not facts.family("roi."), "Agree one figure that shows the return, and who confirms it."),
    ]
    what = [words for applies, words in wanted if applies][:4]
    steps = [
        {"what": words, "owner": owner, "due": first if at == 0 else later} for at, words in enumerate(what)
    ]
    due = "plan.next_review_on" if facts.has("plan.next_review_on") else ""
    steps.append({"what": "Meet again and say together whether it worked.", "owner": owner, "due": due})
    return steps


def _deadlines(facts: StatedFacts) -> list[str]:
    """Return the facts that the first step may be due by, the nearest that is still ahead first."""
    ahead = []
    for date, days in (
        ("contract.notice_on", "contract.days_to_notice"),
        ("contract.renewal_on", "contract.days_to_renewal"),
    ):
        left = facts.number(days)
        if left is not None and 0 < left <= 14:
            ahead.append(date)
    return [*ahead, "plan.first_step_by"]
