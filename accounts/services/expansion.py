"""Finds where accounts could grow, keeps what was found in step with each scan, and withdraws what is over (SPEC 4.3)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import cited, expansion_told
from accounts.models import Account, Opportunity, OpportunityPlace, PlacePurpose
from accounts.models.expansion import A_DAY
from accounts.scoring import expansion as rules
from accounts.scoring import expansion_sizing, expansion_talk
from accounts.scoring.expansion import RANK, Lead, OpportunityType
from accounts.scoring.expansion_sizing import Size
from accounts.scoring.expansion_states import OpportunityState
from accounts.selectors import currencies, expansion_inputs
from accounts.selectors.expansion_inputs import Market, Subject
from csm_portal.core import bulk
from csm_portal.core.models import Tenant
from csm_portal.core.scope import current_tenant_id

_GONE: Final = "The account is archived or gone in Notion."
_UNREADABLE: Final = "A property that this stands on cannot be read from Notion at the moment."
_FIGURES: Final = (
    "confidence",
    "headline",
    "subject",
    "seats",
    "evidence",
    "amount",
    "currency",
    "arithmetic",
    "talk_track",
    "talk_track_by",
    "talk_track_note",
    "talk_prose",
    "facts",
    "seen",
    "barred_because",
    "checked_on",
)
_ENDED: Final = ("state", "state_at", "state_by", "note", "barred_because", "ended_at", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a scan did. ``waiting`` is how many more there were than the day has places for."""

    found: int = 0
    withdrawn: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    subject: Subject
    found: Lead
    size: Size
    news: str


@transaction.atomic
def keep_in_step(*, as_of: date, now: datetime, account_ids: Collection[UUID] | None = None) -> Changes:
    """Refresh and withdraw what is open, and find what is new: at most five a tenant and local day, re-runs included.

    Reads the accounts as they were scored last; ``account_ids`` narrows it to a scan of a few. The same again changes
    nothing. At most fifteen queries however many accounts there are.
    """
    # One at a time for a tenant: two scans would each think that the day's places are free.
    Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    market = expansion_inputs.market()
    step = _Step(market=market, as_of=as_of, now=now)
    standing = _standing(account_ids)
    for subject in expansion_inputs.subjects(
        as_of=as_of, market=market, open_kinds=standing, only=account_ids
    ):
        step.take(subject, standing.pop(subject.account_id, {}))
    current = set(Account.objects.current().filter(pk__in=list(standing)).values_list("pk", flat=True))
    for account_id, left in standing.items():
        if account_id not in current:
            step.gone(left.values())
    bulk.update(step.refreshed, fields=_FIGURES)
    bulk.update(step.withdrawn, fields=_ENDED)
    made = _take_places(step.candidates, as_of=as_of, now=now)
    return Changes(found=len(made), withdrawn=len(step.withdrawn), waiting=len(step.candidates) - len(made))


def _standing(only: Collection[UUID] | None) -> dict[UUID, dict[OpportunityType, Opportunity]]:
    """Return what is open, by account and type. Locks it."""
    rows = Opportunity.objects.open().select_for_update(of=("self",)).order_by("pk")
    wanted = None if only is None else set(only)
    standing: dict[UUID, dict[OpportunityType, Opportunity]] = {}
    for row in rows:
        if wanted is None or row.account_id in wanted:
            standing.setdefault(row.account_id, {})[OpportunityType(row.kind)] = row
    return standing


class _Step:
    """What becomes of the opportunities of a scan's accounts. Writes nothing by itself."""

    def __init__(self, *, market: Market, as_of: date, now: datetime) -> None:
        self._market = market
        self._as_of = as_of
        self._now = now
        self.refreshed: list[Opportunity] = []
        self.withdrawn: list[Opportunity] = []
        self.candidates: list[_Candidate] = []

    def take(self, subject: Subject, standing: dict[OpportunityType, Opportunity]) -> None:
        bar = rules.bar(subject.case)
        found = {one.kind: one for one in rules.find(subject.case) if one.kind not in self._market.frozen}
        for kind, opportunity in standing.items():
            if kind in self._market.frozen:
                self._note_bar(opportunity, bar or _UNREADABLE)
            else:
                self._still_there(opportunity, subject, found.get(kind), bar)
        if bar:
            return
        for kind, one in found.items():
            if kind in standing:
                continue
            last = subject.answers.get(kind)
            news = "" if last is None else rules.news(last, one)
            if last is None or news:
                self.candidates.append(
                    _Candidate(subject=subject, found=one, size=self._size(one, subject), news=news)
                )

    def gone(self, opportunities: Collection[Opportunity]) -> None:
        """Withdraw what nobody can sell any more; what Sales is at is told, and theirs to end."""
        for opportunity in opportunities:
            if opportunity.state == OpportunityState.ACCEPTED:
                self._note_bar(opportunity, _GONE)
            else:
                self._withdraw(opportunity, _GONE)

    def _still_there(self, opportunity: Opportunity, subject: Subject, found: Lead | None, bar: str) -> None:
        match opportunity.state:
            case OpportunityState.ACCEPTED:
                # Somebody is talking to the customer: they are told, and decide.
                self._note_bar(opportunity, bar)
            case OpportunityState.DISPATCHED if found is None or bar:
                self._withdraw(opportunity, bar or _over(opportunity))
            case OpportunityState.DISPATCHED:
                pass  # what Sales was handed stays what it is
            case _ if found is None:
                self._withdraw(opportunity, _over(opportunity))
            case _:
                self._refresh(opportunity, subject, found, bar)

    def _refresh(self, opportunity: Opportunity, subject: Subject, found: Lead, bar: str) -> None:
        before = [getattr(opportunity, name) for name in _FIGURES]
        written = opportunity.subject, opportunity.talk_prose, opportunity.talk_track_by
        put_down(opportunity, found, self._size(found, subject), subject, as_of=self._as_of)
        if written[0] == found.subject:
            _say_again(opportunity, prose=written[1], author=written[2])
        opportunity.barred_because = bar[:300]
        if [getattr(opportunity, name) for name in _FIGURES] != before:
            self.refreshed.append(opportunity)

    def _note_bar(self, opportunity: Opportunity, bar: str) -> None:
        if opportunity.barred_because != bar[:300]:
            opportunity.barred_because = bar[:300]
            self.refreshed.append(opportunity)

    def _withdraw(self, opportunity: Opportunity, because: str) -> None:
        opportunity.state = OpportunityState.WITHDRAWN
        opportunity.state_at, opportunity.state_by = self._now, None
        opportunity.note = because[:500]
        opportunity.barred_because = ""
        opportunity.ended_at = self._now
        opportunity.version += 1
        self.withdrawn.append(opportunity)

    def _size(self, found: Lead, subject: Subject) -> Size:
        return expansion_sizing.size(
            found,
            prices=self._market.prices,
            arr=subject.arr,
            currency=subject.currency,
            seats_purchased=subject.case.seats_purchased,
        )


def _say_again(opportunity: Opportunity, *, prose: str, author: str) -> None:
    """Let a model's words about the same thing stand, with the figures of today, where all that they cite is there."""
    told = expansion_told.facts(opportunity.facts)
    if prose and cited.ids(prose) <= told.keys():
        opportunity.talk_track = cited.rendered(prose, told)
        opportunity.talk_prose, opportunity.talk_track_by = prose, author


def _over(opportunity: Opportunity) -> str:
    if opportunity.kind == OpportunityType.SEATS:
        return "The seats are not near their limit any more, or they do not fill further."
    return f"{opportunity.subject} is licensed by now, or adoption does not speak for it any more."


def put_down(opportunity: Opportunity, lead: Lead, size: Size, subject: Subject, *, as_of: date) -> None:
    """Write what a scan found into an opportunity, in memory and in words; the talk track is the template's."""
    found = rules.told(lead, subject.case)
    opportunity.confidence = found.confidence
    opportunity.headline = found.headline[:400]
    opportunity.subject = found.subject[:200]
    opportunity.seats = found.seats
    opportunity.evidence = [one.to_mapping() for one in found.evidence]
    opportunity.amount = size.amount
    opportunity.currency = size.currency
    opportunity.arithmetic = size.arithmetic[:600]
    opportunity.talk_track = expansion_talk.talk_track(found, subject.case)
    opportunity.talk_prose, opportunity.talk_track_by, opportunity.talk_track_note = "", "templates", ""
    opportunity.facts = expansion_talk.facts(found, subject.case, account=subject.name)
    opportunity.seen = {"confidence": found.confidence.value, "measure": dict(found.measure)}
    opportunity.checked_on = as_of


def _take_places(candidates: Sequence[_Candidate], *, as_of: date, now: datetime) -> list[Opportunity]:
    """Keep the best candidates, as many as the local day has places left; the others compete again at the next scan."""
    taken = set(
        OpportunityPlace.objects.filter(local_date=as_of, purpose=PlacePurpose.FOUND).values_list(
            "number", flat=True
        )
    )
    free = [number for number in range(1, A_DAY + 1) if number not in taken]
    made, places = [], []
    for number, candidate in zip(free, _best_first(candidates), strict=False):
        opportunity = Opportunity(
            account_id=candidate.subject.account_id,
            kind=candidate.found.kind,
            news=candidate.news,
            found_on=as_of,
            found_at=now,
            state_at=now,
        )
        put_down(opportunity, candidate.found, candidate.size, candidate.subject, as_of=as_of)
        made.append(opportunity)
        places.append(
            OpportunityPlace(
                local_date=as_of,
                purpose=PlacePurpose.FOUND,
                number=number,
                opportunity=opportunity,
                taken_at=now,
            )
        )
    Opportunity.objects.bulk_create(made)
    OpportunityPlace.objects.bulk_create(places)
    return made


def _best_first(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Order by confidence, then by size in the tenant's currency; where a rate is missing, by the share of the ARR."""
    units = {one.size.currency for one in candidates if one.size.amount is not None}
    rates = currencies.rates() if len(units) > 1 else None
    is_comparable = rates is None or not rates.missing(units)

    def worth(one: _Candidate) -> float:
        amount, arr = one.size.amount, one.subject.arr
        if amount is None:
            return -1.0
        if is_comparable:
            return float((rates.rate(one.size.currency) if rates else None) or 1) * float(amount)
        return float(amount / arr) if arr and arr > 0 else 0.0

    return sorted(
        candidates,
        key=lambda one: (
            -RANK[one.found.confidence],
            -worth(one),
            str(one.subject.account_id),
            one.found.kind,
        ),
    )
