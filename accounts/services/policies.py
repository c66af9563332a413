"""The versions of a tenant's thresholds and penalties (SPEC 3.6): made, restored, never changed; and drafts of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import DraftSource, PolicyDraft, PolicyVersion
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.segments import PolicyBook
from csm_portal.core import audit
from csm_portal.core.models import User

FIRST_REASON = "The portal's defaults."


class Stale(Exception):
    """Somebody saved a newer version meanwhile; ``newest`` is it."""

    def __init__(self, newest: PolicyVersion) -> None:
        who = newest.created_by or "The portal"
        super().__init__(f"{who} saved version {newest.number} while you were editing an earlier one.")
        self.newest = newest


class NoReason(ValueError):
    """A change of the policy without saying why."""


class Unchanged(ValueError):
    """A change that changes nothing."""


class NoName(ValueError):
    """A draft without a name."""


class DraftGone(LookupError):
    """The draft became a version or was thrown away meanwhile."""


def current(*, now: datetime) -> PolicyVersion:
    """Return the version in force; the first call of a tenant makes version 1 from the defaults."""
    newest = PolicyVersion.objects.select_related("created_by").first()
    if newest is not None:
        return newest
    try:
        with transaction.atomic():
            first = PolicyVersion.objects.create(
                number=1, values=HealthPolicy().to_mapping(), reason=FIRST_REASON, created_at=now
            )
            audit.record("policy.saved", first, actor=None, at=now, data={"number": 1})
    except IntegrityError:
        return PolicyVersion.objects.select_related("created_by").get(number=1)
    return first


def save(
    values: Mapping[str, int],
    *,
    actor: User,
    reason: str,
    now: datetime,
    expected_number: int,
    segments: Sequence[Mapping[str, Any]] | None = None,
    draft: PolicyDraft | None = None,
) -> PolicyVersion:
    """Make a new version in force; the settings that are left out take their defaults.

    ``segments`` are those of ``PolicyBook.segments_mapping``; None leaves them as they are in force.
    ``expected_number`` is the version that the person built on, ``draft`` the draft that becomes this version.
    Raises Stale where a newer one is in force, PolicyError where the settings cannot be a policy, SegmentError
    where the segments cannot, NoReason, Unchanged and DraftGone.
    """
    book = PolicyBook.from_mapping(values, _segments_in_force() if segments is None else segments)
    return save_book(book, actor=actor, reason=reason, now=now, expected_number=expected_number, draft=draft)


def save_book(
    book: PolicyBook,
    *,
    actor: User,
    reason: str,
    now: datetime,
    expected_number: int,
    draft: PolicyDraft | None = None,
) -> PolicyVersion:
    """Put the standard settings and the segments of a book in force as a new version. Raises what ``save`` raises."""
    return _put_in_force(
        book,
        verb="policy.saved",
        actor=actor,
        reason=reason,
        now=now,
        expected_number=expected_number,
        draft=draft,
    )


def restore(
    version: PolicyVersion, *, actor: User, reason: str, now: datetime, expected_number: int
) -> PolicyVersion:
    """Put an earlier version's settings and segments in force again, as a new version. Raises what ``save`` raises."""
    return _put_in_force(
        version.book(),
        verb="policy.restored",
        actor=actor,
        reason=reason,
        now=now,
        expected_number=expected_number,
        restored=version.number,
    )


def _put_in_force(
    book: PolicyBook,
    *,
    verb: str,
    actor: User,
    reason: str,
    now: datetime,
    expected_number: int,
    restored: int | None = None,
    draft: PolicyDraft | None = None,
) -> PolicyVersion:
    reason = reason.strip()
    if not reason:
        raise NoReason("Say why the settings change: whoever reads the history will want to know.")
    replaced = current(now=now)
    if replaced.number != expected_number:
        raise Stale(replaced)
    values, segments = book.standard.to_mapping(), book.segments_mapping()
    data = _told(replaced, values=values, segments=segments)
    if not data:
        raise Unchanged(f"These are the settings that are in force already, as version {replaced.number}.")
    data["number"] = expected_number + 1
    if restored is not None:
        data["restored"] = restored
    if draft is not None:
        data["draft"] = str(draft.pk)
    try:
        with transaction.atomic():
            version = PolicyVersion.objects.create(
                number=expected_number + 1,
                values=values,
                segments=segments,
                reason=reason,
                created_by=actor,
                created_at=now,
            )
            if draft is not None:
                _end(draft, now=now, became=version)
            audit.record(verb, version, actor=actor, at=now, data=data)
    except IntegrityError as error:
        # The number is unique in the tenant: of two who save at once, one wins and the other is asked.
        raise Stale(current(now=now)) from error
    return version


def _told(
    replaced: PolicyVersion, *, values: Mapping[str, int], segments: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what the audit log says of a change; nothing where there is none."""
    data: dict[str, Any] = {}
    if changed := changes(before=replaced.values, after=values):
        data["changed"] = {name: list(pair) for name, pair in changed.items()}
    before = {one["name"]: (place, one) for place, one in enumerate(replaced.segments)}
    after = {one["name"]: (place, one) for place, one in enumerate(segments)}
    # Every settings' key is one of ours; a rule may quote a customer's words and stays in the version alone.
    told = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if told:
        data["segments"] = sorted(told)
    return data


def changes(*, before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int | None, int]]:
    """Return each setting that differs with its old and new value; None for one that was not there yet."""
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}


@transaction.atomic
def save_draft(
    values: Mapping[str, int],
    *,
    name: str,
    reason: str = "",
    source: str = DraftSource.PERSON,
    actor: User | None,
    now: datetime,
    segments: Sequence[Mapping[str, Any]] | None = None,
    evidence: Mapping[str, Any] | None = None,
    draft: PolicyDraft | None = None,
) -> PolicyDraft:
    """Keep settings as a draft that is not in force; with ``draft`` that one is written over.

    ``values`` are the standard settings, what is left out takes its default. ``segments`` None keeps those in
    force. ``evidence`` holds JSON values that a calibration found out. ``actor`` is None where a job writes the
    draft: whoever asked for the job stands in the log already, and an act is one row (CHECK 41).
    Raises PolicyError, SegmentError, NoName, and DraftGone for a draft that has ended.
    """
    name = " ".join(name.split())[:100]
    if not name:
        raise NoName("Give the draft a name, so that you and others find it again.")
    in_force = current(now=now)
    book = PolicyBook.from_mapping(values, in_force.segments if segments is None else segments)
    written: dict[str, Any] = {
        "name": name,
        "values": book.standard.to_mapping(),
        "segments": book.segments_mapping(),
        "reason": reason.strip()[:500],
        "source": source,
        "based_on": in_force.number,
        "changed_at": now,
    }
    if evidence is not None:
        written["evidence"] = dict(evidence)
    if draft is None:
        kept = PolicyDraft.objects.create(**written, created_by=actor, created_at=now)
        if actor is not None:
            audit.record("policy_draft.saved", kept, actor=actor, at=now, data={"source": source})
        return kept
    if PolicyDraft.objects.filter(pk=draft.pk, became=None, discarded_at=None).update(**written) != 1:
        raise DraftGone("This draft is in force or was thrown away meanwhile. Save yours under a new name.")
    draft.refresh_from_db()
    audit.record("policy_draft.changed", draft, actor=actor, at=now, data={"source": source})
    return draft


@transaction.atomic
def discard_draft(draft: PolicyDraft, *, actor: User, now: datetime) -> None:
    """Throw a draft away. Raises DraftGone where it has ended already."""
    _end(draft, now=now, became=None)
    audit.record("policy_draft.discarded", draft, actor=actor, at=now)


def _end(draft: PolicyDraft, *, now: datetime, became: PolicyVersion | None) -> None:
    ends: dict[str, Any] = {"discarded_at": now} if became is None else {"became": became}
    if PolicyDraft.objects.filter(pk=draft.pk, became=None, discarded_at=None).update(**ends) != 1:
        raise DraftGone("This draft is in force or was thrown away meanwhile. Look at the list again.")


def _segments_in_force() -> Sequence[Mapping[str, Any]]:
    newest = PolicyVersion.objects.first()
    return [] if newest is None else newest.segments
