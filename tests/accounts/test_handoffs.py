"""From a finding to an answer: handed over once, answered once, told to the CSM (SPEC 4.3)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.handoffs import CSMHandoffRequest, CSMHandoffResponse, ExpansionOpportunity
from accounts.models import Account, Opportunity, OpportunityPlace
from accounts.scoring.expansion_states import OpportunityState, Step
from accounts.services import expansion, handoffs, health
from accounts.services.handoffs import ChangedMeanwhile, NotPossible, Said
from csm_portal.core.models import AuditEvent, ChannelName, Delivery, OutboxEvent, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import make_member
from tests.factories import NOW, TODAY, make_account, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

SPARE: dict[str, Any] = {"seats_used": 50, "seats_purchased": 100}


@pytest.fixture
def account(alice: User) -> Account:
    """A healthy account of Alice's, scored today."""
    made = make_account(name="Acme", owner=alice, **SPARE)
    health.score_accounts(as_of=TODAY, now=NOW)
    return made


@pytest.fixture
def opportunity(account: Account) -> Opportunity:
    return make_opportunity(account)


def dispatch(opportunity: Opportunity, actor: User | None, **given: Any) -> dict[str, Any]:
    return handoffs.dispatch(opportunity, actor=actor, today=TODAY, now=NOW, **given)


def take(opportunity: Opportunity, step: Step, actor: User, said: Said | None = None) -> Opportunity:
    opportunity.refresh_from_db()
    return handoffs.take(
        opportunity, step, version=opportunity.version, said=said or Said(), actor=actor, now=NOW
    )


def audited() -> list[tuple[str, str]]:
    events = AuditEvent.objects.filter(verb__startswith="expansion.").order_by("at", "pk")
    return [(event.verb, event.actor_name) for event in events]


def test_a_hand_over_answers_what_the_contract_says(
    opportunity: Opportunity, alice: User, tenant: Tenant
) -> None:
    answer = dispatch(opportunity, alice)

    assert set(answer) == {"status", "handoff_task", "target_agent_id"}
    assert (answer["status"], answer["target_agent_id"]) == ("dispatched", "sales_agent")
    task = answer["handoff_task"]
    assert task["type"] == "dispatch_expansion_opportunity"
    request = CSMHandoffRequest.from_task(task)
    assert request.tenant_id == tenant.pk
    assert request.account_id == opportunity.account.notion_page_id
    assert request.opportunity.estimated_arr_impact == Decimal("6240.0")
    assert request.opportunity.evidence == ["96 of 100 seats are in use (96 %)."]
    opportunity.refresh_from_db()
    assert opportunity.state == OpportunityState.DISPATCHED
    assert opportunity.received_at == NOW


def test_it_is_one_event_and_one_audit_row_however_often_it_is_asked_for(
    opportunity: Opportunity, alice: User
) -> None:
    first = dispatch(opportunity, alice, version=1)
    second = dispatch(opportunity, alice, version=1)
    by_agent = dispatch(opportunity, None)

    assert first == second == by_agent
    assert OutboxEvent.objects.filter(topic="expansion.dispatched").count() == 1
    assert Delivery.objects.filter(channel=ChannelName.EVENTS).count() == 1
    assert audited() == [("expansion.dispatched", "Alice")]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"payment_current": False}, "in arrears"),
        ({"support_sentiment": "negative"}, "sentiment"),
        ({"is_archived": True}, "archived"),
    ],
)
def test_what_changed_since_the_scan_keeps_it_back(
    opportunity: Opportunity, alice: User, fields: dict[str, Any], says: str
) -> None:
    Account.objects.filter(pk=opportunity.account_id).update(**fields)
    opportunity = Opportunity.objects.get()

    with pytest.raises(NotPossible, match=says):
        dispatch(opportunity, alice)

    assert not OutboxEvent.objects.filter(topic="expansion.dispatched").exists()
    assert Opportunity.objects.get().state == OpportunityState.FOUND


@pytest.mark.parametrize("band", ["Red", "Unknown"])
def test_a_red_or_unknown_account_is_never_dispatched(account: Account, alice: User, band: str) -> None:
    opportunity = make_opportunity(account)
    account.health.__class__.objects.filter(account=account).update(effective_band=band)

    for actor in (alice, None):
        with pytest.raises(NotPossible):
            dispatch(opportunity, actor)
    with pytest.raises(NotPossible):
        handoffs.dispatch_best(account, today=TODAY, now=NOW)


def test_an_account_without_a_score_is_not_dispatched(alice: User) -> None:
    opportunity = make_opportunity(make_account(owner=alice))

    with pytest.raises(NotPossible, match="no score yet"):
        dispatch(opportunity, alice)


def test_a_colleague_who_does_not_look_after_the_account_may_not(
    opportunity: Opportunity, tenant: Tenant, sam: User, ada: User
) -> None:
    for person in (make_member(tenant, "Carol", is_csm=True), sam, ada):
        with pytest.raises(PermissionDenied):
            dispatch(opportunity, person)


def test_without_a_person_five_go_a_day_and_a_person_still_may(alice: User) -> None:
    found = [make_opportunity(make_account(owner=alice, **SPARE)) for _ in range(7)]
    health.score_accounts(as_of=TODAY, now=NOW, announce=False)
    for one in found[:5]:
        dispatch(one, None)

    with pytest.raises(NotPossible, match="Five"):
        dispatch(found[5], None)
    dispatch(found[6], alice)

    assert OpportunityPlace.objects.filter(purpose="handed_over").count() == 5
    assert Opportunity.objects.filter(state=OpportunityState.DISPATCHED).count() == 6


def test_an_agent_and_a_scan_lock_in_the_same_order(opportunity: Opportunity) -> None:
    def order(work: Callable[[], object]) -> list[str]:
        """Return the tables that are locked, or would be where a database locks rows, as they come first."""
        with CaptureQueriesContext(connection) as captured:
            work()
        asked = [query["sql"] for query in captured]
        tables = (Tenant._meta.db_table, Opportunity._meta.db_table)
        return sorted(
            tables, key=lambda table: next(n for n, sql in enumerate(asked) if f'FROM "{table}"' in sql)
        )

    agent = order(lambda: dispatch(opportunity, None))
    scan = order(lambda: expansion.keep_in_step(as_of=TODAY, now=NOW))

    assert agent == scan == [Tenant._meta.db_table, Opportunity._meta.db_table]


def test_the_agent_hands_over_the_surest_and_the_same_again_while_sales_has_it(account: Account) -> None:
    make_opportunity(account, confidence="medium")
    sure = make_opportunity(account, kind="expansion_module", subject="Reports", confidence="high")

    first = handoffs.dispatch_best(account, today=TODAY, now=NOW)

    assert first["handoff_task"]["request_id"] == str(sure.pk)
    assert first["handoff_task"]["requested_by"] == "csm_agent"
    second = handoffs.dispatch_best(account, today=TODAY, now=NOW)
    assert second["handoff_task"]["request_type"] == "expansion_seats"
    third = handoffs.dispatch_best(account, today=TODAY, now=NOW)
    assert third in (first, second)


def test_the_agent_looks_at_an_account_that_no_scan_has_looked_at(alice: User) -> None:
    full = make_account(owner=alice, seats_used=104, seats_purchased=100)
    health.score_accounts(as_of=TODAY, now=NOW, account_ids=[full.pk])
    OpportunityPlace.objects.all().delete()
    Opportunity.objects.all().delete()

    answer = handoffs.dispatch_best(full, today=TODAY, now=NOW)

    assert answer["handoff_task"]["opportunity"]["estimated_arr_impact"] == 11040.0


def test_an_account_without_a_finding_says_so(account: Account) -> None:
    with pytest.raises(NotPossible, match="No expansion was found"):
        handoffs.dispatch_best(account, today=TODAY, now=NOW)


def test_the_way_to_a_won_deal_is_written_down_and_told_step_by_step(
    opportunity: Opportunity, alice: User, sam: User
) -> None:
    dispatch(opportunity, alice)
    take(opportunity, Step.ACCEPT, sam)
    done = take(opportunity, Step.WIN, sam, Said(amount=Decimal("5900.50"), currency="eur"))

    assert (done.state, done.won_amount, done.won_currency, done.taken_by) == (
        OpportunityState.WON,
        Decimal("5900.50"),
        "EUR",
        sam,
    )
    assert done.ended_at == NOW
    assert audited() == [
        ("expansion.dispatched", "Alice"),
        ("expansion.accepted", "Sam"),
        ("expansion.won", "Sam"),
    ]
    lines = Delivery.objects.filter(channel=ChannelName.CHAT).order_by("created_at", "pk")
    told = [delivery.message["text"] for delivery in lines]
    assert len(told) == 2
    assert any("Sam accepted the opportunity (13 more seats)" in text for text in told)
    assert any("Sam won it (13 more seats): EUR 5,900.50 a year." in text for text in told)
    assert all("For Alice" in text for text in told)
    assert {delivery.person for delivery in lines} == {alice}


@pytest.mark.parametrize("step", [Step.DECLINE, Step.DISMISS])
def test_turning_down_needs_a_reason(opportunity: Opportunity, alice: User, sam: User, step: Step) -> None:
    actor = alice
    if step is Step.DECLINE:
        dispatch(opportunity, alice)
        actor = sam

    with pytest.raises(NotPossible, match="Say why"):
        take(opportunity, step, actor, Said(note="  "))

    assert take(opportunity, step, actor, Said(note="No budget.")).note == "No budget."


@pytest.mark.parametrize(
    "said",
    [
        Said(),
        Said(amount=Decimal(0), currency="EUR"),
        Said(amount=Decimal(-1), currency="EUR"),
        Said(amount=Decimal(1)),
        Said(amount=Decimal(1), currency="E1R"),
        Said(amount=Decimal(1), currency="XXX"),
        Said(amount=Decimal("1e20"), currency="EUR"),
    ],
)
def test_won_needs_an_amount_with_its_currency(
    opportunity: Opportunity, alice: User, sam: User, said: Said
) -> None:
    dispatch(opportunity, alice)
    take(opportunity, Step.ACCEPT, sam)

    with pytest.raises(NotPossible):
        take(opportunity, Step.WIN, sam, said)


def test_who_looked_before_a_scan_changed_it_is_told_so(opportunity: Opportunity, alice: User) -> None:
    Opportunity.objects.update(version=2)

    with pytest.raises(ChangedMeanwhile, match="A scan has changed it since you opened the page"):
        dispatch(opportunity, alice, version=1)


def test_only_sales_answers_and_only_what_was_handed_over(
    opportunity: Opportunity, alice: User, bob: User, sam: User
) -> None:
    with pytest.raises(ChangedMeanwhile):
        take(opportunity, Step.ACCEPT, sam)
    dispatch(opportunity, alice)
    for person in (alice, bob):
        with pytest.raises(PermissionDenied):
            take(opportunity, Step.ACCEPT, person)
    with pytest.raises(PermissionDenied):
        take(opportunity, Step.DISMISS, sam, Said(note="Mine."))


def test_who_answers_second_is_told_who_was_first(
    opportunity: Opportunity, alice: User, sam: User, tenant: Tenant
) -> None:
    sue = make_member(tenant, "Sue", is_sales=True)
    dispatch(opportunity, alice)
    opportunity.refresh_from_db()
    version = opportunity.version
    take(opportunity, Step.DECLINE, sue, Said(note="We renewed them last week."))

    with pytest.raises(ChangedMeanwhile, match=r"Sue declined it meanwhile.*renewed them last week"):
        handoffs.take(opportunity, Step.ACCEPT, version=version, said=Said(), actor=sam, now=NOW)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_of_many_who_answer_at_once_one_wins(tenant: Tenant, alice: User) -> None:
    people = [make_member(tenant, f"Seller{number}", is_sales=True) for number in range(6)]
    with tenant_scope(tenant):
        opportunity = make_opportunity(make_account(owner=alice, **SPARE))
        health.score_accounts(as_of=TODAY, now=NOW, announce=False)
        dispatch(opportunity, alice)
        opportunity.refresh_from_db()
    start = threading.Barrier(len(people))

    def at_once(number: int) -> str:
        try:
            with tenant_scope(tenant):
                start.wait()
                step, said = (Step.ACCEPT, Said()) if number % 2 else (Step.DECLINE, Said(note="No."))
                handoffs.take(
                    opportunity, step, version=opportunity.version, said=said, actor=people[number], now=NOW
                )
                return "won"
        except ChangedMeanwhile:
            return "late"
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(people)) as pool:
        told = sorted(pool.map(at_once, range(len(people))))

    assert told == ["late"] * 5 + ["won"]
    with tenant_scope(tenant):
        answers = AuditEvent.objects.filter(verb__in=["expansion.accepted", "expansion.declined"])
        assert answers.count() == 1
        assert OutboxEvent.objects.filter(topic="expansion.answered").count() == 1


# -- the Sales agent's side ----------------------------------------------------------------------


def test_sales_takes_a_request_once_and_refuses_what_was_never_handed_over(
    opportunity: Opportunity, alice: User, other_tenant: Tenant
) -> None:
    request = CSMHandoffRequest.from_task(dispatch(opportunity, alice)["handoff_task"])
    Opportunity.objects.update(received_at=None)

    def status(one: CSMHandoffRequest) -> str:
        return handoffs.receive(one, now=NOW).status

    assert [status(request), status(request)] == ["received", "already_received"]
    changed = request.opportunity.model_copy(update={"estimated_arr_impact": Decimal(999_999)})
    assert status(request.model_copy(update={"opportunity": changed})) == "refused"
    assert status(request.model_copy(update={"request_id": uuid4()})) == "refused"
    assert status(request.model_copy(update={"tenant_id": other_tenant.pk})) == "refused"
    with tenant_scope(other_tenant):
        assert status(request) == "refused"


@pytest.mark.parametrize("model", [ExpansionOpportunity, CSMHandoffRequest, CSMHandoffResponse])
def test_the_messages_take_nothing_that_is_not_theirs(model: Any) -> None:
    assert model.model_config["extra"] == "forbid"
    assert model.model_json_schema()["additionalProperties"] is False


def test_a_message_never_says_nought() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        ExpansionOpportunity(
            opportunity_type="expansion_seats", evidence=["a"], estimated_arr_impact=0, talk_track="b"
        )
    unsized = ExpansionOpportunity(opportunity_type="expansion_seats", evidence="a", talk_track="b")
    assert (unsized.estimated_arr_impact, unsized.evidence) == (None, ["a"])
