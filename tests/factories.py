"""Rows to test with: each factory fills in what a test does not care about. Call them inside a tenant's scope."""

import itertools
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import (
    Account,
    Alert,
    CoachingPlan,
    CoachingStep,
    Opportunity,
    Outcome,
    OutcomeImport,
    PriceItem,
    SyncRun,
    SyncState,
)
from csm_portal.core.models import AgentKey, AgentRun, RunOrigin, RunState, User

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
TODAY = date(2026, 5, 14)

_counter = itertools.count(1)


def account_fields(**fields: Any) -> dict[str, Any]:
    """Return the fields of an account in good health, with those that are given put over them.

    An ``owner`` (a User) also gives the owner's name and address.
    """
    number = next(_counter)
    owner: User | None = fields.get("owner")
    filled: dict[str, Any] = {
        "notion_page_id": str(uuid.uuid4()),
        "name": f"Account {number:03d}",
        "owner_name": owner.name if owner else "",
        "owner_email": owner.email if owner else "",
        "segment": "Mid-Market",
        "lifecycle_stage": "Live",
        "arr": Decimal("48000.00"),
        "currency": "EUR",
        "renewal_on": date(2027, 1, 31),
        "seats_used": 90,
        "seats_purchased": 100,
        "feature_adoption_rate": Decimal("0.8"),
        "support_ticket_volume": 2,
        "support_sentiment": "positive",
        "last_interaction_on": date(2026, 5, 10),
        "login_frequency_score": Decimal("0.9"),
        "usage_trend": "growing",
        "payment_current": True,
        "stakeholder_engagement_score": Decimal("0.9"),
        "nps_score": Decimal(9),
        "escalation_history_count": 0,
        "tam_health_rag": "Green",
        "synced_at": NOW,
        "created_in_notion_at": NOW,
        "edited_in_notion_at": NOW,
        **fields,
    }
    filled.setdefault("url", f"https://www.notion.so/{filled['notion_page_id'].replace('-', '')}")
    filled.setdefault("search_text", f"{filled['name']} {filled['owner_name']} {filled['segment']}".lower())
    return filled


def make_account(**fields: Any) -> Account:
    """Make one account of the scope's tenant: healthy, live, renewing in eight months, unless told otherwise."""
    return Account.objects.create(**account_fields(**fields))


def make_accounts(count: int, **fields: Any) -> list[Account]:
    """Make many accounts in one statement; names differ, the rest is the same."""
    return Account.objects.bulk_create([Account(**account_fields(**fields)) for _ in range(count)])


def make_sync_run(**fields: Any) -> SyncRun:
    """Make one finished run of a sync."""
    filled = {
        "state": SyncState.DONE,
        "started_at": NOW,
        "finished_at": NOW,
        "pages_read": 2,
        "created": 120,
        "requests": 3,
        **fields,
    }
    return SyncRun.objects.create(**filled)


def make_alert(account: Account, **fields: Any) -> Alert:
    """Make one alert that a scan of TODAY could have raised: arrears, open, of high severity."""
    filled = {
        "reason": "payment",
        "severity": "high",
        "headline": "Payment has not been current since 14 May 2026 or earlier.",
        "facts": [
            {"code": "arrears", "kind": "behaviour", "sentence": "Payment is in arrears.", "on": "2026-05-14"}
        ],
        "action": "Agree with the customer's finance contact when the open invoices are paid.",
        "arr": account.arr or Decimal(0),
        "currency": account.currency,
        "urgency": (account.arr or Decimal(0)) * 4,
        "severity_weight": 4,
        "nearness": 1,
        "checked_on": TODAY,
        "raised_on": TODAY,
        "raised_at": NOW,
        "due_on": TODAY,
        "seen": {"severity": "high", "codes": ["arrears"], "until": None},
        "state_at": NOW,
        **fields,
    }
    return Alert.objects.create(account=account, **filled)


def make_outcome(
    account: Account, *, actor: User, kind: str = "churned", on: date = TODAY, reason: str = ""
) -> Outcome:
    """Make what became of an account, as a file of its own said it."""
    source = OutcomeImport.objects.create(
        file_name="outcomes.csv", created=1, imported_at=NOW, imported_by=actor
    )
    return Outcome.objects.create(account=account, kind=kind, happened_on=on, reason=reason, source=source)


def make_plan(account: Account, *, actor: User | None = None, steps: int = 2, **fields: Any) -> CoachingPlan:
    """Make a coaching plan of TODAY, with steps a week apart that nobody has touched."""
    plan = CoachingPlan.objects.create(
        account=account,
        **{
            "coached_on": TODAY,
            "created_at": NOW,
            "created_by": actor,
            "scope": "By the features.",
            **fields,
        },
    )
    for number in range(1, steps + 1):
        CoachingStep.objects.create(
            plan=plan,
            position=number,
            title=f"Show feature {number} to the planners",
            why=f"Feature {number} is licensed and not in use yet.",
            owner_name="Alice",
            due_on=TODAY + timedelta(days=7 * number),
            cause="feature",
            area=f"Feature {number}",
            evidence=[
                {
                    "signal": "features_used",
                    "sentence": f"“Feature {number}” is not used.",
                    "on": "2026-05-01",
                }
            ],
        )
    return plan


def make_agent_run(account: Account, *, key: AgentKey | None = None, **fields: Any) -> AgentRun:
    """Make one run of the agent that is over: a churn alert that a key or a program asked for."""
    filled = {
        "task_type": "churn_alert",
        "task": {"task_type": "churn_alert", "account_id": account.notion_page_id},
        "account_ref": account.notion_page_id,
        "account_name": account.name,
        "origin": RunOrigin.KEY if key else RunOrigin.PROGRAM,
        "key": key,
        "caller_name": key.name if key else "A program",
        "state": RunState.FAILED,
        "asked_at": NOW,
        "started_at": NOW,
        "finished_at": NOW,
        **fields,
    }
    return AgentRun.objects.create(**filled)


def make_opportunity(account: Account, **fields: Any) -> Opportunity:
    """Make one opportunity that a scan of TODAY could have found: more seats, found, sized by the account's ARR."""
    filled = {
        "kind": "expansion_seats",
        "confidence": "high",
        "headline": "96 of 100 seats are in use: 13 more seats would leave room to grow.",
        "seats": 13,
        "evidence": [
            {
                "code": "seats",
                "sentence": "96 of 100 seats are in use (96 %).",
                "on": TODAY.isoformat(),
            }
        ],
        "amount": Decimal("6240.00"),
        "currency": "EUR",
        "arithmetic": "ARR EUR 48,000 ÷ 100 seats × 13 seats = EUR 6,240 a year",
        "talk_track": "Your team has taken to the product. Which teams do you expect to add, and when?",
        "facts": {"seats.used": {"label": "seats in use", "shown": "96"}},
        "seen": {"confidence": "high", "measure": {"purchased": 100, "used_tenths": 9}},
        "found_on": TODAY,
        "found_at": NOW,
        "checked_on": TODAY,
        "state_at": NOW,
        **fields,
    }
    return Opportunity.objects.create(account=account, **filled)


def make_price(
    *,
    name: str,
    actor: User | None = None,
    kind: str = "module",
    amount: str = "2400",
    currency: str = "EUR",
    period: str = "year",
    basis: str = "account",
) -> PriceItem:
    """Make one line of the price list."""
    return PriceItem.objects.create(
        kind=kind,
        name=name,
        name_key=" ".join(name.casefold().split()),
        amount=Decimal(amount),
        currency=currency,
        period=period,
        basis=basis,
        changed_at=NOW,
        changed_by=actor,
    )
