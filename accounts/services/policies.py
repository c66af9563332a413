"""The versions of a tenant's thresholds and penalties (SPEC 3.6): made, restored, never changed."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import PolicyVersion
from accounts.scoring.policy import HealthPolicy
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
    values: Mapping[str, int], *, actor: User, reason: str, now: datetime, expected_number: int
) -> PolicyVersion:
    """Make a new version in force; the settings that are left out take their defaults.

    ``expected_number`` is the version that the person built on. Raises Stale where a newer one is in force,
    PolicyError where the settings cannot be a policy, NoReason and Unchanged.
    """
    policy = HealthPolicy.from_mapping(values)
    return _put_in_force(
        policy, verb="policy.saved", actor=actor, reason=reason, now=now, expected_number=expected_number
    )


def restore(
    version: PolicyVersion, *, actor: User, reason: str, now: datetime, expected_number: int
) -> PolicyVersion:
    """Put an earlier version's settings in force again, as a new version. Raises what ``save`` raises."""
    policy = HealthPolicy.from_mapping(version.values)
    return _put_in_force(
        policy,
        verb="policy.restored",
        actor=actor,
        reason=reason,
        now=now,
        expected_number=expected_number,
        restored=version.number,
    )


def _put_in_force(
    policy: HealthPolicy,
    *,
    verb: str,
    actor: User,
    reason: str,
    now: datetime,
    expected_number: int,
    restored: int | None = None,
) -> PolicyVersion:
    reason = reason.strip()
    if not reason:
        raise NoReason("Say why the settings change: whoever reads the history will want to know.")
    replaced = current(now=now)
    if replaced.number != expected_number:
        raise Stale(replaced)
    changed = changes(before=replaced.values, after=policy.to_mapping())
    if not changed:
        raise Unchanged(f"These are the settings that are in force already, as version {replaced.number}.")
    data = {"number": expected_number + 1, "changed": {name: list(pair) for name, pair in changed.items()}}
    if restored is not None:
        data["restored"] = restored
    try:
        with transaction.atomic():
            version = PolicyVersion.objects.create(
                number=expected_number + 1,
                values=policy.to_mapping(),
                reason=reason,
                created_by=actor,
                created_at=now,
            )
            audit.record(verb, version, actor=actor, at=now, data=data)
    except IntegrityError as error:
        # The number is unique in the tenant: of two who save at once, one wins and the other is asked.
        raise Stale(current(now=now)) from error
    return version


def changes(*, before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int | None, int]]:
    """Return each setting that differs with its old and new value; None for one that was not there yet."""
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}
