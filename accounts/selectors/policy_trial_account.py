"""What other thresholds would do to one account, point by point: the trial of the whole book, taken apart (SPEC 3.6)."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts.models import Account, AccountHealth
from accounts.scoring import changes, health
from accounts.scoring.changes import Comparison
from accounts.scoring.health import UnknownEngine
from accounts.scoring.many import ManyScorer
from accounts.scoring.segments import STANDARD, AccountFacts, PolicyBook
from accounts.scoring.signals import HealthSignals
from accounts.selectors import frozen
from csm_portal.core.models import Membership

MOST_FOUND: Final = 8
"""So many names are offered where what was typed fits several accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTrial:
    """One account as it is shown and as it would be. ``is_frozen``: the score stands whatever the settings, because a property cannot be read. ``rule`` says why the policy of ``segment`` holds for it."""

    account_id: UUID
    name: str
    score_before: int
    score_after: int
    band_before: str
    band_after: str
    segment_before: str
    segment: str
    rule: str
    comparison: Comparison | None
    is_frozen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSearch:
    """What a name that was typed found: one account tried, or names to choose from, or neither."""

    asked: str
    trial: AccountTrial | None = None
    names: tuple[str, ...] = ()


def search(name: str, book: PolicyBook, *, reader: Membership) -> AccountSearch:
    """Try a book of policies on the account of that name. Three queries.

    A name in full, whatever its case, goes before names that only contain what was typed.
    """
    asked = " ".join(name.split())
    if not asked:
        return AccountSearch(asked="")
    found = AccountHealth.objects.filter(account__in=Account.objects.visible_to(reader).current())
    related = found.select_related("account", "latest__policy")
    exact = list(related.filter(account__name__iexact=asked)[:1])
    if exact:
        return AccountSearch(asked=asked, trial=_tried(exact[0], book))
    near = list(
        related.filter(account__search_text__contains=asked.lower()).order_by("account__name", "pk")[
            :MOST_FOUND
        ]
    )
    if len(near) == 1:
        return AccountSearch(asked=asked, trial=_tried(near[0], book))
    return AccountSearch(asked=asked, names=tuple(one.account.name for one in near))


def _tried(shown: AccountHealth, book: PolicyBook) -> AccountTrial:
    account, latest = shown.account, shown.latest
    segment = book.chosen(
        AccountFacts(
            segment=account.segment,
            lifecycle_stage=account.lifecycle_stage,
            owner=account.owner_email or account.owner_name,
            arr=account.arr,
            currency=account.currency,
        )
    )
    policy = book.policy(segment)
    score, band = ManyScorer(policy).shown(
        latest.inputs, stored_band=shown.effective_band, known=latest.known
    )
    is_frozen = frozen.stands(latest.inputs, frozen.names())
    if is_frozen:
        score, band = shown.score, shown.effective_band
    signals = HealthSignals.from_mapping(latest.inputs)
    try:
        now = health.score_with(latest.engine_version, signals, latest.applied())
        comparison = changes.compare(now, now if is_frozen else health.evaluate(signals, policy))
    except UnknownEngine:
        comparison = None
    return AccountTrial(
        account_id=account.pk,
        name=account.name,
        score_before=shown.score,
        score_after=score,
        band_before=shown.effective_band,
        band_after=band,
        segment_before=latest.policy_segment,
        segment=segment,
        rule="" if segment == STANDARD else book.segment(segment).rule.words,
        comparison=comparison,
        is_frozen=is_frozen,
    )
