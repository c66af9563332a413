"""The words that a tenant's accounts have, for rules to be made of."""

from dataclasses import dataclass
from typing import Final

from accounts.models import Account

MOST: Final = 200
"""So many of each are offered; a workspace with more owners than this segments by something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What rules can ask for. ``owners`` are e-mail addresses, names where there is none."""

    segments: tuple[str, ...]
    stages: tuple[str, ...]
    owners: tuple[str, ...]
    currencies: tuple[str, ...]


def choices() -> Choices:
    """Return the words of the accounts that are there. Five queries."""
    return Choices(
        segments=_words("segment"),
        stages=_words("lifecycle_stage"),
        owners=tuple(sorted({*_words("owner_email"), *_words("owner_name", owner_email="")})),
        currencies=_words("currency"),
    )


def _words(field: str, **only: str) -> tuple[str, ...]:
    found = Account.objects.current().filter(**only).exclude(**{field: ""})
    return tuple(found.order_by(field).values_list(field, flat=True).distinct()[:MOST])
