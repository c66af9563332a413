"""One of each thing that an address can name, all of one tenant, with a canary in its texts."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.models import (
    Account,
    Alert,
    AlertAct,
    CoachingPlan,
    CoachingStep,
    Opportunity,
    Outcome,
    PolicyDraft,
    PriceItem,
    SyncRun,
)
from accounts.scoring.alert_states import Action
from accounts.services import alert_acts, hook_setup, policies
from csm_portal import wiring
from csm_portal.core import agent_keys, outbox
from csm_portal.core.models import (
    AgentKey,
    AgentRun,
    ChannelName,
    Delivery,
    DeliveryState,
    Job,
    JobState,
    Tenant,
    User,
)
from csm_portal.ports.mail import Draft
from qbr.document import SectionKey
from qbr.models import QBR, Deputy, Origin, Thread
from qbr.quarters import quarter_of
from qbr.services import drafting, remarks
from tests.conftest import make_member
from tests.factories import (
    make_account,
    make_agent_run,
    make_alert,
    make_opportunity,
    make_outcome,
    make_plan,
    make_price,
    make_sync_run,
)

CANARY = "Canary-7f3a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    account: Account
    sync_run: SyncRun
    job: Job
    qbr: QBR
    thread: Thread
    hook: str
    delivery: Delivery
    alert: Alert
    alert_act: AlertAct
    policy_draft: PolicyDraft
    outcome: Outcome
    opportunity: Opportunity
    handed_over: Opportunity
    price: PriceItem
    agent_key: AgentKey
    agent_run: AgentRun
    coaching_plan: CoachingPlan
    coaching_step: CoachingStep
    deputy: Deputy

    def kwargs(self, thing: str) -> dict[str, Any]:
        """Return what ``reverse`` needs for an address that names this thing; "" needs nothing."""
        match thing:
            case "":
                return {}
            case "account":
                return {"account_id": self.account.pk}
            case "alert":
                return {"alert_id": self.alert.pk}
            case "alert_act":
                return {"act_id": self.alert_act.pk}
            case "policy_draft":
                return {"draft_id": self.policy_draft.pk}
            case "outcome":
                return {"outcome_id": self.outcome.pk}
            case "outcome_import":
                return {"import_id": self.outcome.source_id}
            case "coaching_plan":
                return {"plan_id": self.coaching_plan.pk}
            case "coaching_step":
                return {"step_id": self.coaching_step.pk}
            case "opportunity":
                return {"opportunity_id": self.opportunity.pk}
            case "handed_over":
                return {"opportunity_id": self.handed_over.pk}
            case "price":
                return {"price_id": self.price.pk}
            case "sync_run":
                return {"run_id": self.sync_run.pk}
            case "job":
                return {"job_id": self.job.pk}
            case "qbr":
                return {"qbr_id": self.qbr.pk}
            case "qbr_section":
                return {"qbr_id": self.qbr.pk, "section": SectionKey.HEALTH.value}
            case "qbr_thread":
                return {"qbr_id": self.qbr.pk, "thread_id": self.thread.pk}
            case "qbr_version":
                return {"qbr_id": self.qbr.pk, "number": 1}
            case "deputy":
                return {"deputy_id": self.deputy.pk}
            case "hook":
                return {"address": self.hook}
            case "delivery":
                return {"delivery_id": self.delivery.pk}
            case "channel":
                return {"channel": "chat"}
            case "agent_run":
                return {"run_id": self.agent_run.pk}
            case "agent_key":
                return {"key_id": self.agent_key.pk}
            case "agent_address":
                return {"rest": "runs/none/"}
            case "plan":
                return {"name": "daily_health_scan"}
            case other:
                raise ValueError(f"No thing is called {other}.")


def make_things(tenant: Tenant, *, owner: User) -> Things:
    """Make one of each inside the tenant's scope; the account belongs to ``owner``."""
    account = make_account(name=f"{CANARY} GmbH", owner=owner, notes=f"{CANARY} is thinking of leaving")
    now = timezone.now()
    quarter = quarter_of(now.date()).previous
    begun = drafting.begin(account, quarter=quarter, actor=owner, origin=Origin.ON_DEMAND, now=now)
    alert = make_alert(account, headline=f"{CANARY} pays late.")
    acted = alert_acts.take(
        {alert.pk: alert.version},
        Action.ACKNOWLEDGE,
        said=alert_acts.Said(note=f"{CANARY} called."),
        actor=owner,
        today=now.date(),
        now=now,
    ).act
    assert acted is not None
    plan = make_plan(account, actor=owner, scope=f"{CANARY} uses little.")
    agent_key, _ = agent_keys.make(
        name=f"{CANARY} key", task_types=["churn_alert"], per_minute=60, expires_at=None, actor=owner, now=now
    )
    event = outbox.announce("alert.raised", account, payload={}, now=now)
    text = f"{CANARY} is at risk."
    qbr = drafting.draft(begun.pk, writers=wiring.writers(), now=now)
    thread = remarks.start(
        qbr,
        section=SectionKey.HEALTH,
        block=0,
        quote="",
        revision=1,
        body=f"{CANARY} will not like this.",
        key=uuid.uuid4(),
        actor=owner,
        now=now,
    )
    draft = Draft(key=str(uuid.uuid4()), to=(), subject=text, text=text, html=f"<p>{text}</p>")
    return Things(
        account=account,
        delivery=Delivery.objects.create(
            event=event,
            channel=ChannelName.MAIL,
            state=DeliveryState.FAILED,
            person=owner,
            message=draft.to_json(),
        ),
        alert=alert,
        alert_act=acted,
        policy_draft=policies.save_draft({}, name=f"{CANARY} draft", actor=owner, now=now),
        opportunity=make_opportunity(account, headline=f"{CANARY} has no seat left."),
        handed_over=make_opportunity(
            account,
            kind="expansion_module",
            subject=f"{CANARY} module",
            state="dispatched",
            headline=f"{CANARY} module is not licensed.",
            dispatched_at=now,
            dispatched_by=owner,
        ),
        price=make_price(name=f"{CANARY} module", actor=owner),
        outcome=make_outcome(account, actor=owner, reason=f"{CANARY} was too dear."),
        coaching_plan=plan,
        deputy=Deputy.objects.create(
            manager=owner,
            deputy=make_member(tenant, CANARY, is_csm=True),
            starts_on=now.date(),
            ends_on=now.date(),
            created_at=now,
        ),
        coaching_step=plan.steps.earliest("position"),
        hook=hook_setup.make_address(actor=owner, now=now),
        agent_key=agent_key,
        agent_run=make_agent_run(account, key=agent_key, error=f"{CANARY} has no alert."),
        qbr=qbr,
        thread=thread,
        sync_run=make_sync_run(problems=[f"{CANARY} could not be read."]),
        job=Job.objects.create(
            task="tests.core.job_functions.count_audit_rows",
            title=f"Sync for {CANARY}",
            state=JobState.FAILED,
            error="Notion does not answer.",
            finished_at=timezone.now(),
        ),
    )
