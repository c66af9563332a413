"""What to say to a customer about an expansion, in fixed sentences that need no model (SPEC 4.3, P1). Pure.

It speaks of what the customer has and gains: no score, no band, no risk word, no pressure and no promise.
"""

from accounts.scoring import wording
from accounts.scoring.expansion import Case, Found, OpportunityType


def talk_track(found: Found, case: Case) -> str:
    """Return three or four sentences that can be said as they stand."""
    match found.kind:
        case OpportunityType.SEATS:
            return _seats(found, case)
        case OpportunityType.MODULE:
            return _module(found, case)
        case OpportunityType.INTEGRATION:
            return _integration(found, case)


def _seats(found: Found, case: Case) -> str:
    used, bought = case.seats_used or 0, case.seats_purchased or 0
    state = (
        f"{used:,} people work with it and your plan covers {bought:,}"
        if used > bought
        else f"{used:,} of your {bought:,} seats are in use"
    )
    grown = ""
    if any(fact.code == "seats_grew" for fact in found.evidence) and case.seats_then is not None:
        grown = f", up from {wording.percent(case.seats_then.share)} on {wording.day(case.seats_then.on)}"
    return (
        f"Your team has taken to the product: {state}{grown}. "
        "Before the next colleague has to wait for access, let us look at who joins in the coming months. "
        f"With {wording.counted(found.seats, 'more seat')} everybody who works with it today is covered and there is room for new ones. "
        "Which teams do you expect to add, and when?"
    )


def _module(found: Found, case: Case) -> str:
    all_used = any(fact.code == "all_used" for fact in found.evidence)
    state = (
        "Your team uses every feature that you have"
        if all_used
        else f"Your team uses what it has well: adoption is at {wording.percent(case.adoption or 0)}"
    )
    return (
        f"{state}, so it is a good moment to ask what still happens outside the product. "
        f"{found.subject} is the part that you do not have yet{_others(found)}. "
        "May I show your team lead on your own data what it would take over? "
        "If it does not save you work, we leave it at that."
    )


def _integration(found: Found, case: Case) -> str:
    return (
        "Your team is in the product nearly every working day, which usually means that somebody carries data from it into other systems by hand. "
        f"{found.subject} takes that step away{_others(found)}. "
        "Which system do you copy from or to most often, and who does it? "
        "With that person we can see in half an hour whether it is worth it."
    )


def _others(found: Found) -> str:
    """Name the peers where they are a benchmark; a customer is told how many, never who."""
    is_benchmark = any(fact.code == "peers" for fact in found.evidence)
    return ", and many companies of your size work with it" if is_benchmark else ""


def facts(found: Found, case: Case, *, account: str) -> dict[str, dict[str, str]]:
    """Return what words to a customer may cite, by id: what it is, and how it reads. No score, no risk, no price."""
    told = {"account": ("the customer", account)}
    if found.kind is OpportunityType.SEATS:
        used, bought = case.seats_used or 0, case.seats_purchased or 0
        told |= {
            "seats.used": ("seats in use", f"{used:,}"),
            "seats.bought": ("seats that were bought", f"{bought:,}"),
            "seats.share": ("share of the seats in use", wording.percent(used / bought if bought else 0)),
            "seats.more": ("seats to add", wording.counted(found.seats, "more seat")),
        }
        if case.seats_then is not None:
            told |= {
                "seats.then": ("share of the seats in use then", wording.percent(case.seats_then.share)),
                "seats.then_on": ("when that was", wording.day(case.seats_then.on)),
            }
    else:
        told |= {
            "product": ("what they do not have yet", found.subject),
            "adoption": ("share of the licensed features that is used", wording.percent(case.adoption or 0)),
            "licensed": ("what they have", wording.counted(len(case.licensed or ()), "licensed feature")),
        }
    return {name: {"label": label, "shown": shown} for name, (label, shown) in told.items()}
