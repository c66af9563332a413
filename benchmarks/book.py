"""A book of business to measure on: accounts made in bulk, scored by the real scan, one review each."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, AccountHealth
from accounts.scoring.signals import HealthSignals, Rag, Sentiment, Trend
from accounts.selectors import churn_risk, inputs, portfolio
from accounts.selectors.portfolio_filters import Filters
from accounts.services import health
from csm_portal.core.models import Membership, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.demo.names import COMPANIES
from qbr.models import QBR, QBRRevision, RevisionKind, Transition
from qbr.quarters import quarter_of
from qbr.selectors import listing
from qbr.workflow import Action, State
from tests.factories import account_fields

_CSMS = 8
_WEEKS_OF_THE_SHOWN = 12
_WEEKS_OF_THE_ACCOUNT = 52
_BATCH = 1000
# Most reviews are done with; some are always on their way.
_STATES = ((State.PUBLISHED, 90), (State.DRAFT, 5), (State.IN_REVIEW, 3), (State.APPROVED, 2))


@dataclass(kw_only=True)
class Book:
    """One tenant's accounts in one database, and the session of the manager who looks at them."""

    tenant: Tenant
    manager: User
    membership: Membership
    csms: list[User]
    session: str
    random: Random = field(repr=False)
    size: int = 0


def open_book(*, seed: int) -> Book:
    """Make an empty book: a tenant, a manager who is signed in, and the CSMs who own accounts."""
    tenant = Tenant.objects.create(
        name="Brightloom", slug="brightloom", time_zone="Europe/Berlin", currency="EUR"
    )
    names = ("Bob Keller", *(f"Alice {letter}. Winter" for letter in "ABCDEFGH"[:_CSMS]))
    manager, *csms = [
        User.objects.create_user(f"{name.split()[0].lower()}.{number}@brightloom.example", name=name)
        for number, name in enumerate(names)
    ]
    with tenant_scope(tenant):
        membership = Membership.objects.create(user=manager, is_manager=True)
        for csm in csms:
            Membership.objects.create(user=csm, is_csm=True)
    client = Client()
    client.force_login(manager, backend=settings.AUTHENTICATION_BACKENDS[0])
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return Book(
        tenant=tenant,
        manager=manager,
        membership=membership,
        csms=csms,
        session=session,
        random=Random(seed),
    )


def grow(book: Book, size: int) -> None:
    """Bring the book to this many accounts, all scored yesterday and today, each with a review."""
    now = timezone.now()
    today = now.astimezone(book.tenant.zone).date()
    with tenant_scope(book.tenant):
        new = Account.objects.bulk_create(
            [Account(**_account(book, number, now=now)) for number in range(book.size, size)],
            batch_size=_BATCH,
        )
        book.size = size
        _review(book, new, now=now)
        for ago in (1, 0):
            health.score_accounts(
                as_of=today - timedelta(days=ago),
                now=now - timedelta(days=ago),
                account_ids=[account.pk for account in new],
                announce=False,
            )


def lay_history(book: Book) -> None:
    """Score the accounts that the pages show for weeks past, so that what is drawn of their history is there."""
    now = timezone.now()
    today = now.astimezone(book.tenant.zone).date()
    with tenant_scope(book.tenant):
        shown, one = _shown(book, today), shown_account(book)
        present = {
            snapshot.account_id: snapshot.signals for snapshot in inputs.snapshots(shown | {one}, as_of=today)
        }
        for week in range(_WEEKS_OF_THE_ACCOUNT, 0, -1):
            named = shown | {one} if week < _WEEKS_OF_THE_SHOWN else {one}
            health.score_accounts(
                as_of=today - timedelta(weeks=week),
                now=now - timedelta(weeks=week),
                account_ids=list(named),
                signals_by_account={pk: _earlier(present[pk], week, book.random) for pk in named},
                announce=False,
            )


def _shown(book: Book, today: date) -> set[uuid.UUID]:
    first, last = _portfolio(book, today), _portfolio(book, today, mark=last_mark(book))
    at_risk = churn_risk.page(book.membership, filters=Filters(), today=today)
    ids = {row.account_id for row in (*first.rows, *last.rows)}
    return ids | {row.account_id for row in at_risk.rows}


def shown_account(book: Book) -> uuid.UUID:
    """Return the account whose page is measured: the most urgent one. Call it inside the tenant's scope."""
    found: uuid.UUID = AccountHealth.objects.order_by("worst_first", "pk").values_list("pk", flat=True)[0]
    return found


def last_mark(book: Book) -> str:
    """Return the mark of the portfolio's last page, empty where there is only one."""
    today = timezone.now().astimezone(book.tenant.zone).date()
    before_last = book.size - portfolio.PAGE_SIZE
    return _portfolio(book, today, size=before_last).next if before_last > 0 else ""


def addresses(book: Book) -> dict[str, str]:
    """Return the measured pages by name."""
    with tenant_scope(book.tenant):
        mark = last_mark(book)
        account = reverse("account", args=[shown_account(book)])
    return {
        "list": reverse("portfolio"),
        "last page": reverse("portfolio") + (f"?cursor={mark}" if mark else ""),
        "account": account,
        "churn risk": reverse("churn-risk"),
        "QBR list": reverse("qbr-list"),
    }


def _portfolio(book: Book, today: date, **how: Any) -> portfolio.PortfolioPage:
    return portfolio.page(book.membership, filters=Filters(), today=today, with_choices=False, **how)


def _account(book: Book, number: int, *, now: datetime) -> dict[str, Any]:
    """Return one account's fields: a fifth in trouble, some with gaps, as real workspaces are."""
    random, today = book.random, now.date()
    is_well = random.random() < 0.8
    company, _country = COMPANIES[number % len(COMPANIES)]
    has_gaps = random.random() < 0.15
    fields = account_fields(
        name=f"{company} {number // len(COMPANIES) + 1}",
        owner=random.choice(book.csms) if random.random() < 0.97 else None,
        segment=random.choice(("Enterprise", "Mid-Market", "SMB")),
        lifecycle_stage=random.choice(("Onboarding", "Live", "Live", "Live", "Renewal")),
        arr=Decimal(random.randrange(4_000, 400_000, 500)) if random.random() < 0.98 else None,
        currency=random.choice(("EUR", "EUR", "EUR", "USD", "GBP")),
        renewal_on=today + timedelta(days=random.randrange(-20, 400)),
        seats_used=random.randrange(60 if is_well else 20, 100),
        feature_adoption_rate=Decimal(random.randrange(55 if is_well else 5, 100)).scaleb(-2),
        support_ticket_volume=random.randrange(4 if is_well else 25),
        support_sentiment=random.choice(tuple(Sentiment)[: 2 if is_well else 3]).value,
        last_interaction_on=today - timedelta(days=random.randrange(20 if is_well else 120)),
        login_frequency_score=Decimal(random.randrange(50 if is_well else 0, 100)).scaleb(-2),
        usage_trend=random.choice(tuple(Trend)[: 2 if is_well else 3]).value,
        payment_current=random.random() < (0.99 if is_well else 0.8),
        stakeholder_engagement_score=Decimal(random.randrange(50 if is_well else 5, 100)).scaleb(-2),
        nps_score=Decimal(random.randrange(6 if is_well else 0, 11)),
        escalation_history_count=0 if is_well else random.randrange(4),
        tam_health_rag=random.choice(tuple(Rag)[: 2 if is_well else 3]).value,
        synced_at=now,
        created_in_notion_at=now - timedelta(days=400),
        edited_in_notion_at=now - timedelta(days=random.randrange(30)),
    )
    if has_gaps:
        fields |= {"support_sentiment": "", "nps_score": None, "stakeholder_engagement_score": None}
    return fields


def _earlier(present: HealthSignals, week: int, random: Random) -> HealthSignals:
    """Return the signals of an account some weeks ago: a little better, and never the same twice."""
    known = present.login_frequency_score
    return replace(
        present,
        login_frequency_score=None if known is None else min(1.0, known + random.random() * week / 52),
        support_ticket_volume=random.randrange(12),
        last_interaction_days=random.randrange(60),
    )


def _review(book: Book, accounts: list[Account], *, now: datetime) -> None:
    """Give each account the review of the quarter that is over, with a text and the steps to its state."""
    quarter = quarter_of(now.date()).previous
    states = [state for state, _ in _STATES]
    weights = [weight for _, weight in _STATES]
    reviews = [
        QBR(
            account=account,
            quarter_start=quarter.start,
            quarter_end=quarter.end,
            quarter_label=quarter.label,
            state=state.value,
            version=1,
            updated_at=now - timedelta(minutes=book.random.randrange(60 * 24 * 60)),
        )
        for account, state in zip(
            accounts, book.random.choices(states, weights, k=len(accounts)), strict=True
        )
    ]
    QBR.objects.bulk_create(reviews, batch_size=_BATCH)
    QBRRevision.objects.bulk_create(
        [
            QBRRevision(
                qbr=review,
                number=1,
                kind=RevisionKind.DRAFT,
                content={"summary": "The quarter in a paragraph. " * 40},
                content_hash=uuid.uuid4().hex * 2,
                author_name="The portal's templates",
            )
            for review in reviews
        ],
        batch_size=_BATCH,
    )
    Transition.objects.bulk_create(
        [
            Transition(
                qbr=review,
                action=Action.REDRAFT if version == 0 else Action.SUBMIT,
                to_state=State.DRAFT if version == 0 else State.IN_REVIEW,
                actor=None if version == 0 else review.account.owner,
                actor_name="The schedule" if version == 0 else review.account.owner_name,
                version=version,
            )
            for review in reviews
            for version in ((0,) if review.state == State.DRAFT else (0, 1))
        ],
        batch_size=_BATCH,
    )


def counted(book: Book) -> str:
    """Say what the book holds, for the head of a report."""
    with tenant_scope(book.tenant):
        latest = AccountHealth.objects.aggregate(day=Max("scored_on"))["day"]
        at_risk = AccountHealth.objects.filter(churn_rank__gt=0).count()
        waiting = listing.page(book.membership, filters=listing.read_filters({})[0]).waiting
        return (
            f"{Account.objects.count():,} accounts scored on {latest}, {at_risk:,} at risk, "
            f"{QBR.objects.count():,} reviews of which {waiting:,} wait for the reader"
        )
