"""The inputs that no account's page gives any more, because a property was removed or retyped in Notion (SPEC 2.3)."""

from collections.abc import Mapping
from typing import Any, Final

from accounts.models import PropertyMapping
from accounts.scoring.signals import INPUT_NAMES

INPUT_OF: Final[Mapping[str, str]] = {
    **{name: name for name in INPUT_NAMES},
    "last_interaction_on": "last_interaction_days",
    "renewal_on": "renewal_days_out",
    "seats_used": "seats_utilization",
    "seats_purchased": "seats_utilization",
}
"""The field that a property is mapped to -> the input that it feeds."""


def names() -> frozenset[str]:
    """Return the inputs that are frozen at the moment. One query."""
    lost = PropertyMapping.objects.filter(frozen_since__isnull=False, field__in=INPUT_OF)
    return frozenset(INPUT_OF[field] for field in lost.values_list("field", flat=True))


def stands(inputs: Mapping[str, Any], frozen: frozenset[str]) -> bool:
    """Tell whether a score of these inputs stands as it is: it was made with a value that nobody reads any more."""
    return any(inputs.get(name) is not None for name in frozen)
