"""What the rules of expansion are asked about: accounts as the last scan left them, and what is sold (SPEC 4.3)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from accounts.models import Account, BandOverride, HealthScore, Opportunity, PriceItem, PropertyMapping
from accounts.scoring import expansion as rules
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel
from accounts.scoring.expansion import Case, Confidence, OpportunityType, Product, SeatsThen, Seen
from accounts.scoring.expansion_sizing import Basis, Period, Price, PriceKind
from accounts.scoring.expansion_states import TURNED_DOWN, OpportunityState
from accounts.scoring.signals import Rag

# An earlier figure that is older than this tells of another time.
_OLDEST: Final = timedelta(days=2 * rules.GROWN_OVER_DAYS)
# Without a price list, what so few accounts have licensed is theirs alone and not what is sold.
_SOLD_TO: Final = 3
# So many keys fit into a query everywhere; a scan of more reads all candidates and keeps its own.
_FEW: Final = 500
_ANSWERED: Final = sorted({*TURNED_DOWN, OpportunityState.WON})
_LOWEST_SEATS: Final = rules.SEATS_NEAR - rules.SLACK
_LOWEST_ADOPTION: Final = Decimal(rules.ADOPTION_HIGH - rules.SLACK) / 100
_FEATURES: Final = frozenset({OpportunityType.MODULE, OpportunityType.INTEGRATION})
_FROZEN_BY: Final[Mapping[str, frozenset[OpportunityType]]] = {
    "features_licensed": _FEATURES,
    "features_used": _FEATURES,
    "feature_adoption_rate": _FEATURES,
    "seats_used": frozenset({OpportunityType.SEATS}),
    "seats_purchased": frozenset({OpportunityType.SEATS}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One account with its case, and what sizing reads beside it. ``answers`` holds the last answer by type."""

    account_id: UUID
    name: str
    case: Case
    arr: Decimal | None
    currency: str
    answers: Mapping[OpportunityType, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What is sold, and what it costs. ``frozen`` are the types whose data cannot be read for any account."""

    prices: tuple[Price, ...]
    products: tuple[Product, ...]
    # Segment -> its accounts whose features are known, and key -> how many of them have licensed it.
    sizes: Mapping[str, int]
    holders: Mapping[str, Mapping[str, int]]
    frozen: frozenset[OpportunityType]
    _made: dict[str, tuple[Product, ...]] = field(default_factory=dict, repr=False, compare=False)

    def of_segment(self, segment: str) -> tuple[Product, ...]:
        """Return the products with how many of the segment's accounts have each."""
        if segment not in self._made:
            self._made[segment] = self._of(segment)
        return self._made[segment]

    def _of(self, segment: str) -> tuple[Product, ...]:
        size, held = self.sizes.get(segment, 0), self.holders.get(segment, {})
        return tuple(
            Product(name=one.name, is_integration=one.is_integration, peers=held.get(one.key, 0), of=size)
            for one in self.products
        )


def market() -> Market:
    """Return what the tenant sells, by its price list or else by what its accounts have licensed. Three queries."""
    prices = tuple(
        Price(
            kind=PriceKind(kind),
            name=name,
            amount=amount,
            currency=currency,
            period=Period(period),
            basis=Basis(basis),
        )
        for kind, name, amount, currency, period, basis in PriceItem.objects.order_by(
            "kind", "name_key", "currency"
        ).values_list("kind", "name", "amount", "currency", "period", "basis")
    )
    known = (
        Account.objects.current()
        .filter(features_licensed__isnull=False)
        .values_list("segment", "features_licensed")
    )
    sizes: Counter[str] = Counter()
    holders: dict[str, Counter[str]] = {}
    spelled: dict[str, str] = {}
    for segment, licensed in known:
        sizes[segment] += 1
        names = {rules.key(name): name for name in licensed}
        holders.setdefault(segment, Counter()).update(names.keys())
        for key, name in names.items():
            spelled.setdefault(key, name)
    frozen = PropertyMapping.objects.filter(frozen_since__isnull=False, field__in=_FROZEN_BY)
    return Market(
        prices=prices,
        products=_products(prices, spelled, holders.values()),
        sizes=sizes,
        holders=holders,
        frozen=frozenset().union(*(_FROZEN_BY[field] for field in frozen.values_list("field", flat=True))),
    )


def _products(
    prices: Iterable[Price], spelled: Mapping[str, str], holders: Iterable[Counter[str]]
) -> tuple[Product, ...]:
    listed = {
        rules.key(one.name): Product(name=one.name, is_integration=one.kind is PriceKind.INTEGRATION)
        for one in prices
        if one.kind is not PriceKind.SEAT
    }
    if listed:
        return tuple(listed[key] for key in sorted(listed))
    sold: Counter[str] = Counter()
    for counted in holders:
        sold.update(counted)
    return tuple(
        Product(name=spelled[key], is_integration=rules.reads_as_integration(key))
        for key in sorted(sold)
        if sold[key] >= _SOLD_TO
    )


_READ: Final = (
    "pk",
    "name",
    "health__score",
    "health__effective_band",
    "health__is_last_known",
    "health__churn_level",
    "payment_current",
    "seats_used",
    "seats_purchased",
    "usage_trend",
    "support_sentiment",
    "feature_adoption_rate",
    "login_frequency_score",
    "features_licensed",
    "features_used",
    "segment",
    "arr",
    "currency",
)


def subjects(
    *,
    as_of: date,
    market: Market,
    open_kinds: Mapping[UUID, Collection[OpportunityType]],
    only: Collection[UUID] | None = None,
) -> list[Subject]:
    """Return the scored accounts that could grow, and those that have something open. Four queries however many.

    ``open_kinds`` names the types that are open, by account; ``only`` narrows it to the accounts of a scan of a few.
    """
    scored = Account.objects.current().filter(health__isnull=False).order_by("pk")
    if only is not None and len(only) <= _FEW:
        scored = scored.filter(pk__in=list(only))
    rows = {row[0]: row for row in scored.filter(_could_grow()).values_list(*_READ)}
    left = [account_id for account_id in open_kinds if account_id not in rows]
    for start in range(0, len(left), 500):
        more = scored.filter(pk__in=left[start : start + 500])
        rows.update({row[0]: row for row in more.values_list(*_READ)})
    if only is not None:
        wanted = set(only)
        rows = {key: row for key, row in rows.items() if key in wanted}
    then = _seats_then(scored, as_of=as_of) if rows else {}
    answers, declined = _answers(as_of=as_of)
    red = set(
        BandOverride.objects.filter(ended_at=None, until__gte=as_of, band=Rag.RED).values_list(
            "account_id", flat=True
        )
    )
    return [
        _subject(
            row,
            as_of=as_of,
            market=market,
            then=then.get(key),
            found=frozenset(open_kinds.get(key, ())),
            answers=answers.get(key, {}),
            declined=frozenset(declined.get(key, ())),
            said_red=key in red,
        )
        for key, row in rows.items()
    ]


def case_of(account: Account, *, as_of: date) -> Case | None:
    """Return what speaks against calling one account now, as its mirror row and last score have it; None without a score.

    Two queries. It names what ``bar`` asks, not what an expansion is found by.
    """
    row = Account.objects.filter(pk=account.pk, health__isnull=False).values_list(*_READ).first()
    if row is None:
        return None
    red = BandOverride.objects.filter(account=account, ended_at=None, until__gte=as_of, band=Rag.RED)
    nothing = Market(prices=(), products=(), sizes={}, holders={}, frozen=frozenset())
    return _subject(
        row,
        as_of=as_of,
        market=nothing,
        then=None,
        found=frozenset(),
        answers={},
        declined=frozenset(),
        said_red=red.exists(),
    ).case


def _has_seats() -> Q:
    return Q(seats_purchased__gt=0, seats_used__gte=F("seats_purchased") * _LOWEST_SEATS / 100)


def _could_grow() -> Q:
    """Return what every candidate fulfils, so that the others are not read."""
    features = Q(
        features_licensed__isnull=False,
        feature_adoption_rate__gte=_LOWEST_ADOPTION,
        health__effective_band=Band.GREEN,
    )
    is_well = Q(health__effective_band__in=[Band.GREEN, Band.AMBER], health__is_last_known=False)
    return is_well & ~Q(payment_current=False) & (_has_seats() | features)


def _seats_then(scored: QuerySet[Account], *, as_of: date) -> dict[UUID, SeatsThen]:
    """Return the share of used seats of 90 days ago or somewhat before, by account, where the history has it."""
    before = as_of - timedelta(days=rules.GROWN_OVER_DAYS)
    scores = HealthScore.objects.filter(
        account=OuterRef("pk"), is_of_day=True, scored_on__lte=before, scored_on__gte=as_of - _OLDEST
    ).order_by("-scored_on")
    found = scored.filter(_has_seats()).annotate(
        then_on=Subquery(scores.values("scored_on")[:1]), then_inputs=Subquery(scores.values("inputs")[:1])
    )
    return {
        account_id: SeatsThen(on=on, share=float(share))
        for account_id, on, inputs in found.values_list("pk", "then_on", "then_inputs")
        if on is not None and (share := (inputs or {}).get("seats_utilization")) is not None
    }


def _answers(*, as_of: date) -> tuple[dict[UUID, dict[OpportunityType, Seen]], dict[UUID, set[str]]]:
    """Return the last answer of each account and type, and the products that were answered lately."""
    answers: dict[UUID, dict[OpportunityType, Seen]] = {}
    declined: dict[UUID, set[str]] = {}
    lately = as_of - timedelta(days=rules.QUIET_DAYS)
    rows = Opportunity.objects.filter(state__in=_ANSWERED).order_by("ended_at", "pk")
    for account_id, kind, seen, subject, ended_at in rows.values_list(
        "account_id", "kind", "seen", "subject", "ended_at"
    ):
        answers.setdefault(account_id, {})[OpportunityType(kind)] = Seen(
            confidence=Confidence(seen["confidence"]), measure=seen["measure"]
        )
        if subject and ended_at.date() >= lately:
            declined.setdefault(account_id, set()).add(rules.key(subject))
    return answers, declined


def _subject(
    row: tuple[Any, ...],
    *,
    as_of: date,
    market: Market,
    then: SeatsThen | None,
    found: frozenset[OpportunityType],
    answers: Mapping[OpportunityType, Seen],
    declined: frozenset[str],
    said_red: bool,
) -> Subject:
    given = dict(zip(_READ, row, strict=True))
    licensed, used = given["features_licensed"], given["features_used"]
    case = Case(
        as_of=as_of,
        score=given["health__score"],
        band=Band(given["health__effective_band"]),
        is_last_known=given["health__is_last_known"],
        risk=RiskLevel(given["health__churn_level"]) if given["health__churn_level"] else None,
        payment_current=given["payment_current"],
        said_red=said_red,
        seats_used=given["seats_used"],
        seats_purchased=given["seats_purchased"],
        seats_then=then,
        usage_trend=given["usage_trend"] or None,
        sentiment=given["support_sentiment"] or None,
        adoption=_share(given["feature_adoption_rate"]),
        logins=_share(given["login_frequency_score"]),
        licensed=None if licensed is None else tuple(licensed),
        used=None if used is None else tuple(used),
        segment=given["segment"],
        catalogue=market.of_segment(given["segment"]),
        found=found,
        declined=declined,
    )
    return Subject(
        account_id=given["pk"],
        name=given["name"],
        case=case,
        arr=given["arr"],
        currency=given["currency"],
        answers=answers,
    )


def _share(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
