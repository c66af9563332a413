"""A person's word on an account's band: given with a reason and an end, taken back, never put in the score's place."""

from datetime import date, datetime, timedelta
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts import policies
from accounts.models import Account, AccountHealth, BandOverride
from accounts.scoring.signals import Rag
from csm_portal.core import audit
from csm_portal.core.models import Membership, User

LONGEST: Final = timedelta(days=90)
"""A word that nobody has to give again would be forgotten."""


class NotPossible(ValueError):
    """The override cannot be as asked for; the message says why and what to do."""


def give(
    account: Account, *, band: Rag, reason: str, until: date, actor: User, today: date, now: datetime
) -> BandOverride:
    """Note what a person says of the band until a local day; an earlier word that still stood ends with it.

    Raises PermissionDenied for somebody who does not look after the account, NotPossible for an end that is
    past or more than 90 days away, a missing reason, and an account without a score.
    """
    _may_write(account, actor)
    if not reason.strip():
        raise NotPossible("Say why: whoever looks at the account next will ask.")
    if not today <= until <= today + LONGEST:
        raise NotPossible("Choose a last day from today to 90 days from now; after that, look at it anew.")
    shown = AccountHealth.objects.filter(account=account).first()
    if shown is None:
        raise NotPossible("The account has no score yet, so there is nothing to stand beside.")
    try:
        with transaction.atomic():
            BandOverride.objects.filter(account=account, ended_at=None).update(ended_at=now, ended_by=actor)
            given = BandOverride.objects.create(
                account=account,
                band=band,
                reason=reason.strip(),
                until=until,
                score_then=shown.score,
                band_then=shown.effective_band,
                created_at=now,
                created_by=actor,
            )
            audit.record(
                "override.given",
                given,
                actor=actor,
                at=now,
                data={"account": str(account.pk), "band": band, "until": until.isoformat()},
            )
    except IntegrityError as error:
        raise NotPossible(
            "Somebody else spoke for this account at the same moment. Look at it again, then decide."
        ) from error
    return given


@transaction.atomic
def take_back(account: Account, *, actor: User, now: datetime) -> bool:
    """End the word that stands; return whether there was one. Raises PermissionDenied."""
    _may_write(account, actor)
    standing = BandOverride.objects.filter(account=account, ended_at=None).first()
    if standing is None:
        return False
    BandOverride.objects.filter(pk=standing.pk, ended_at=None).update(ended_at=now, ended_by=actor)
    audit.record("override.taken_back", standing, actor=actor, at=now, data={"account": str(account.pk)})
    return True


def _may_write(account: Account, actor: User) -> None:
    membership = Membership.objects.filter(user=actor).first()
    if membership is None or not policies.can_write(membership, account):
        raise PermissionDenied
