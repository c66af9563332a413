"""Takes over what account pages in Notion say became of a renewal, after a sync has read them (SPEC P4).

A page holds one outcome at a time: the last one. What it said before stays known, because that is the history that a
backtest needs. What a person's file says of the same day stands.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import outcome_files, outcome_histories
from accounts.models import Account, Outcome, OutcomeImport
from accounts.outcome_histories import Told

NAME: Final = "Notion"
_NAMED: Final = 20
_BATCH: Final = 500
_THIS_PAGE: Final = 1


@transaction.atomic
def take_over(*, today: date, now: datetime) -> OutcomeImport | None:
    """Store what the mirror says of outcomes that is new or was read otherwise before; None where nothing is.

    Outcomes of days to come are left for their day; words that are no outcome, such as “pending”, and losses of an
    account that had left already are named in ``problems``. The sync's own audit row stands for it. At most four
    queries however many accounts there are.
    """
    said = list(
        # Whoever left is often archived: those count too.
        Account.objects.exclude(outcome="")
        .filter(outcome_on__lte=today)
        .order_by("name", "pk")
        .values_list("pk", "name", "outcome", "outcome_on", "outcome_reason")
    )
    if not said:
        return None
    known = _known()
    found: list[Outcome] = []
    problems: list[str] = []
    created = 0
    for account_id, name, word, on, reason in said:
        kind = outcome_files.kind_of(word)
        if kind is None:
            problems.append(f"{name} has the outcome “{word}” in Notion. Renewed and churned are read.")
            continue
        before = known.get(account_id, {})
        was = before.get(on)
        told = outcome_files.shortened(reason)
        if was is not None and (was[2] or was[:2] == (kind, told)):
            continue
        others = (Told(on=day, kind=one[0], row=None) for day, one in before.items() if day != on)
        if outcome_histories.refused([Told(on=on, kind=kind, row=_THIS_PAGE), *others]):
            problems.append(
                f"{name} left on {on:%Y-%m-%d} by its page in Notion, and had left already with no renewal in between."
            )
            continue
        created += was is None
        found.append(Outcome(account_id=account_id, kind=kind, happened_on=on, reason=told))
    if not found:
        return None
    source = OutcomeImport.objects.create(
        file_name=NAME,
        created=created,
        updated=len(found) - created,
        unchanged=len(said) - len(found) - len(problems),
        left_out=len(problems),
        problems=problems[:_NAMED],
        imported_at=now,
    )
    for outcome in found:
        outcome.source = source
    Outcome.objects.bulk_create(
        found,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["account", "happened_on"],
        update_fields=["kind", "reason", "source"],
    )
    return source


def _known() -> dict[UUID, dict[date, tuple[str, str, bool]]]:
    """Return by account and day what is known: kind, reason, and whether a person's file said it."""
    known: dict[UUID, dict[date, tuple[str, str, bool]]] = {}
    for account_id, on, kind, reason, is_a_persons in _rows():
        known.setdefault(account_id, {})[on] = (kind, reason, is_a_persons)
    return known


def _rows() -> Iterator[tuple[UUID, date, str, str, bool]]:
    rows = Outcome.objects.values_list("account_id", "happened_on", "kind", "reason", "source__imported_by")
    return ((account, on, kind, reason, person is not None) for account, on, kind, reason, person in rows)
