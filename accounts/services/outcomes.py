"""Takes in what became of accounts, from a file that a person gives; the same file twice changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Outcome, OutcomeImport
from accounts.selectors import outcomes
from csm_portal.core import audit
from csm_portal.core.models import User

_BATCH = 500


class AlreadyUndone(ValueError):
    """The file was taken back before."""


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
        before=_before({(one.account_id, one.happened_on) for one in read.readings if one.was_kind}),
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


def _before(keys: set[tuple[UUID, date]]) -> list[dict[str, str]]:
    known = Outcome.objects.filter(account_id__among=list({account for account, _ in keys}))
    return [
        {
            "account": str(account),
            "on": day.isoformat(),
            "kind": kind,
            "reason": reason,
            "source": str(source),
        }
        for account, day, kind, reason, source in known.values_list(
            "account_id", "happened_on", "kind", "reason", "source_id"
        )
        if (account, day) in keys
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What taking a file back came to: ``left`` outcomes stay, because something said more of them since."""

    removed: int
    restored: int
    left: int


@transaction.atomic
def undo(source: OutcomeImport, *, actor: User, now: datetime) -> Undone:
    """Take a file back: what it brought goes, what it changed is again as it was (CHECK 26). One audit row.

    What a later file changed since, or somebody removed, stays as it is. Raises AlreadyUndone.
    """
    if not OutcomeImport.objects.filter(pk=source.pk, undone_at=None).update(undone_at=now, undone_by=actor):
        raise AlreadyUndone("Somebody has already taken this file back.")
    undone = {one.pk: _by_key(one) for one in OutcomeImport.objects.exclude(undone_at=None)}
    gone, back = [], []
    for outcome in Outcome.objects.filter(source=source).select_for_update():
        key = (str(outcome.account_id), outcome.happened_on.isoformat())
        was = undone[source.pk].get(key)
        # What a file said that was taken back in the meantime does not come again either.
        while was is not None and (by := UUID(was["source"])) in undone:
            was = undone[by].get(key)
        if was is None:
            gone.append(outcome.pk)
        else:
            outcome.kind, outcome.reason, outcome.source_id = was["kind"], was["reason"], UUID(was["source"])
            back.append(outcome)
    Outcome.objects.filter(pk__among=gone).delete()
    Outcome.objects.bulk_update(back, ["kind", "reason", "source"], batch_size=_BATCH)
    done = Undone(
        removed=len(gone),
        restored=len(back),
        left=source.created + source.updated - len(gone) - len(back),
    )
    data = {"removed": done.removed, "restored": done.restored, "left": done.left}
    audit.record("outcomes.import_undone", source, actor=actor, at=now, data=data)
    return done


def _by_key(source: OutcomeImport) -> dict[tuple[str, str], dict[str, str]]:
    return {(entry["account"], entry["on"]): entry for entry in source.before}


@transaction.atomic
def forget(outcome: Outcome, *, actor: User, now: datetime) -> None:
    """Remove an outcome that was told by mistake."""
    data = {"account": str(outcome.account_id), "kind": outcome.kind, "on": outcome.happened_on.isoformat()}
    audit.record("outcome.removed", outcome, actor=actor, at=now, data=data)
    outcome.delete()
