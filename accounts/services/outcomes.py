"""Takes in what became of accounts, from a file that a person gives; the same file twice changes nothing."""

from datetime import date, datetime

from django.db import transaction

from accounts.models import Outcome, OutcomeImport
from accounts.selectors import outcomes
from csm_portal.core import audit
from csm_portal.core.models import User

_BATCH = 500


class NothingUsable(ValueError):
    """No row of the file can be used; the page names what is wrong with each."""


@transaction.atomic
def take_in(content: bytes, *, file_name: str, actor: User, today: date, now: datetime) -> OutcomeImport:
    """Store the outcomes of a CSV file; one that is known for the same account and day takes the file's word.

    Rows that cannot be used are left out and kept as sentences. One audit row. Raises outcome_files.Unreadable,
    and NothingUsable where no row is left.
    """
    read = outcomes.read(content, today=today)
    if not read.readings:
        raise NothingUsable("No row of the file can be used, so nothing was stored. Correct the rows below.")
    source = OutcomeImport.objects.create(
        file_name=file_name.strip()[:200] or "outcomes.csv",
        created=read.created,
        updated=read.updated,
        unchanged=read.unchanged,
        left_out=len(read.problems),
        problems=[problem.message for problem in read.problems_shown],
        imported_at=now,
        imported_by=actor,
    )
    told = [
        Outcome(
            account_id=one.account_id,
            kind=one.kind,
            happened_on=one.happened_on,
            reason=one.reason,
            source=source,
        )
        for one in read.readings
        if one.state != outcomes.SAME
    ]
    Outcome.objects.bulk_create(
        told,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["account", "happened_on"],
        update_fields=["kind", "reason", "source"],
    )
    counts = {name: getattr(source, name) for name in ("created", "updated", "unchanged", "left_out")}
    audit.record("outcomes.imported", source, actor=actor, at=now, data=counts)
    return source


@transaction.atomic
def forget(outcome: Outcome, *, actor: User, now: datetime) -> None:
    """Remove an outcome that was told by mistake."""
    data = {"account": str(outcome.account_id), "kind": outcome.kind, "on": outcome.happened_on.isoformat()}
    audit.record("outcome.removed", outcome, actor=actor, at=now, data=data)
    outcome.delete()
