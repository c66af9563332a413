"""How the use of models is told: purposes, small amounts of dollars, large counts."""

from decimal import Decimal
from typing import Final

from django import template

from csm_portal.templatetags import wording

register = template.Library()

_PURPOSES: Final = {
    "qbr": "QBR draft",
    "qbr_at_risk": "QBR draft, at risk",
    "qbr_brief": "QBR draft, brief",
    "churn_risk": "Churn narrative",
    "expansion": "Expansion talk track",
    "adoption_coaching": "Coaching plan",
}


@register.filter
def purpose(key: str) -> str:
    """Say what a model was asked for: ``churn_risk`` is “Churn narrative”."""
    words = str(key).replace("_", " ").strip()
    return _PURPOSES.get(str(key), words[:1].upper() + words[1:])


@register.filter
def dollars(amount: Decimal | None) -> str:
    """Say what calls of a model cost, small amounts with four places: ``$ 0.0123``, ``$ 12.40``."""
    if amount is None:
        return wording.NOT_KNOWN
    places = 2 if amount >= 1 or amount == 0 else 4
    return f"${wording.NBSP}{amount:,.{places}f}"


@register.filter
def thousands(count: int | Decimal | None) -> str:
    """Group the digits of a count: ``1,250,000``."""
    return wording.NOT_KNOWN if count is None else f"{count:,.0f}"
