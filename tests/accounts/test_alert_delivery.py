"""An alert on four channels: Gmail and Chat that answer as the real ones do, signed webhooks, the page in Notion."""

import email
import email.policy
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from accounts import alert_messages
from accounts.models import Alert
from accounts.services import alert_delivery, alerts, channels, health, sync
from csm_portal.core import deliveries, jobs, secret_names, secrets
from csm_portal.core.models import (
    AuditEvent,
    ChannelConnection,
    ChannelName,
    Delivery,
    DeliveryState,
    Job,
    JobState,
    OutboxEvent,
    Tenant,
    TenantSecret,
    User,
)
from csm_portal.ports.chat import ChatMode
from csm_portal.ports.events import BusMode
from csm_portal.ports.mail import MailMode
from csm_portal.simulators.google import chat, tokens
from tests.conftest import signed_in
from tests.factories import NOW, TODAY, make_account, make_alert
from tests.google import SPACE, LocalGoogle, local_google
from tests.workspace import Connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def google(tmp_path: Path, settings: Any) -> Iterator[LocalGoogle]:
    with local_google(tmp_path) as served:
        settings.GMAIL_BASE_URL = settings.CHAT_BASE_URL = served.address
        settings.GOOGLE_TOKEN_URL = f"{served.address}/token"
        settings.CSM_LOCAL_WEBHOOKS = True
        settings.CSM_PUBLIC_URL = "https://portal.example.com"
        settings.CSM_RUN_JOBS_INLINE = False
        yield served


@pytest.fixture
def alert(scoped: Tenant, alice: User) -> Alert:
    account = make_account(name="Größe <users/all> *GmbH*", owner=alice)
    return make_alert(account, facts=[{"code": "x", "kind": "behaviour", "sentence": "Logins −45 %."}])


def connect(google: LocalGoogle, ada: User, alice: User) -> str:
    """Connect everything as an admin and the CSM would; return the secret of the events."""
    channels.save_mail(
        MailMode.OAUTH, client_id="client", client_secret="hush", key_file="", actor=ada, now=NOW
    )
    channels.connect_mailbox(alice, tokens.refresh_token(alice.email), now=NOW)
    url = chat.webhook_url(google.address, SPACE)
    channels.save_chat(ChatMode.WEBHOOK, webhook_url=url, space="", key_file="", actor=ada, now=NOW)
    return channels.save_events(BusMode.WEBHOOK, url=f"{google.address}/receiver/events", actor=ada, now=NOW)


def run_jobs() -> None:
    for job in Job.objects.filter(state=JobState.QUEUED, due_at=None):
        jobs.run(str(job.pk))


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("channel", "state"))


def test_an_alert_arrives_on_every_channel(google: LocalGoogle, alert: Alert, ada: User, alice: User) -> None:
    secret = connect(google, ada, alice)

    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()

    assert states() == {"mail": "delivered", "chat": "delivered", "events": "delivered"}
    (draft,) = google.look("drafts")
    parsed = email.message_from_bytes(draft["raw"].encode(), policy=email.policy.default)
    assert draft["mailbox"] == alice.email
    assert parsed["To"].addresses[0].addr_spec == alice.email
    assert "Logins −45 %." in parsed.get_body(("plain",)).get_content()
    link = f"https://portal.example.com/alerts/{alert.pk}/"
    assert link in parsed.get_body(("html",)).get_content()
    (message,) = google.look("messages")
    # A name must not call everybody in the space, nor become a link.
    assert message["text"].startswith("*Größe ‹users/all› GmbH* – Payment")
    assert "<users/all>" not in message["text"]
    (event,) = google.look("events")
    told = Webhook(secret).verify(event["body"], json.loads(event["headers"]))
    assert (told["type"], told["priority"], told["source"]) == ("AGENT_HEALTH", "high", "csm_agent")
    assert told["data"]["account_id"] == alert.account.notion_page_id
    assert google.look("sent") == []
    assert AuditEvent.objects.filter(verb="delivery.arrived").count() == 3


def test_without_connections_everything_stays_in_the_portal(alert: Alert, settings: Any) -> None:
    settings.CSM_RUN_JOBS_INLINE = False

    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()

    assert set(states().values()) == {"delivered"}
    assert set(Delivery.objects.values_list("receipt", flat=True)) == {"kept in the portal"}
    assert not AuditEvent.objects.filter(verb="delivery.arrived").exists()


def test_one_channel_that_fails_holds_no_other_back(
    google: LocalGoogle, alert: Alert, ada: User, alice: User
) -> None:
    connect(google, ada, alice)
    google.lay(match="POST /v1/spaces", status=503, times=100)

    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()

    assert states() == {"mail": "delivered", "chat": "pending", "events": "delivered"}
    waiting = Delivery.objects.get(channel=ChannelName.CHAT)
    assert waiting.is_doubtful
    assert "trouble of its own (status 503)" in waiting.last_error
    assert waiting.job.due_at == waiting.not_before


def test_a_draft_whose_answer_was_lost_is_found_and_not_made_again(
    google: LocalGoogle, alert: Alert, ada: User, alice: User
) -> None:
    connect(google, ada, alice)
    google.lay(match="POST /gmail", drop=True, after_commit=True)
    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()
    assert states()["mail"] == "pending"

    Delivery.objects.update(not_before=NOW)
    jobs.recover(now=timezone.now() + timedelta(minutes=5))
    run_jobs()

    mail = Delivery.objects.get(channel=ChannelName.MAIL)
    assert (mail.state, mail.attempts, mail.may_be_twice) == ("delivered", 2, False)
    assert [row["id"] for row in google.look("drafts")] == [mail.receipt]


def test_a_csm_who_has_connected_nothing_gets_a_sentence_and_a_file(
    google: LocalGoogle, alert: Alert, ada: User, alice: User
) -> None:
    connect(google, ada, alice)
    channels.disconnect_mailbox(alice, now=NOW)

    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()

    mail = Delivery.objects.get(channel=ChannelName.MAIL)
    assert mail.state == DeliveryState.FAILED
    assert "has not connected Gmail yet" in mail.last_error
    assert states()["chat"] == "delivered"


def test_a_service_account_writes_into_the_mailbox_of_the_owner(
    google: LocalGoogle, alert: Alert, ada: User, alice: User
) -> None:
    key = json.dumps(google.service_account())
    channels.save_mail(
        MailMode.SERVICE_ACCOUNT, client_id="", client_secret="", key_file=key, actor=ada, now=NOW
    )

    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()

    assert states()["mail"] == "delivered"
    assert google.look("drafts")[0]["mailbox"] == alice.email


def test_score_and_risk_count_as_told_once_they_stand_on_the_page(
    notion: Connected, alice: User, scoped: Tenant, settings: Any
) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    (page_id,) = notion.add_accounts({"name": "Acme", "payment_current": False})
    sync.run(workspace=notion.workspace(), now=NOW)
    health.scan(as_of=TODAY, now=NOW)
    delivery = Delivery.objects.get(channel=ChannelName.NOTION)

    run_jobs()
    run_jobs()
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.PENDING
    again(delivery)
    run_jobs()
    delivery.refresh_from_db()
    assert "has no property “CSM Health Score”" in delivery.last_error

    source = notion.seeded.accounts_data_source_id
    properties = {"CSM Health Score": {"number": {"format": "number"}}, "Churn Risk": {"select": {}}}
    notion.api("PATCH", f"/v1/data_sources/{source}", {"properties": properties})
    # The next try has the page written, and the writing has it looked at: nobody waits for another try.
    again(delivery)
    run_jobs()
    delivery.refresh_from_db()

    assert delivery.state == DeliveryState.DELIVERED
    assert "on the page since" in delivery.receipt
    page = notion.api("GET", f"/v1/pages/{page_id}")
    assert page["properties"]["CSM Health Score"]["number"] is not None


def again(delivery: Delivery) -> None:
    """Let the time pass after which a delivery is tried again, and whatever it asks for be done."""
    Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING).update(not_before=NOW)
    jobs.recover(now=timezone.now() + timedelta(days=1))
    run_jobs()
    run_jobs()


def test_every_attempt_says_the_same_words_although_the_account_changes(
    google: LocalGoogle, alert: Alert, ada: User, alice: User
) -> None:
    connect(google, ada, alice)
    google.lay(match="POST /v1/spaces", status=429)
    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()
    alert.account.name = "Renamed"
    alert.account.save()

    Delivery.objects.update(not_before=NOW)
    jobs.recover(now=timezone.now() + timedelta(minutes=5))
    run_jobs()

    assert "Renamed" not in google.look("messages")[0]["text"]


def test_lost_data_is_news_about_what_is_known(alert: Alert) -> None:
    alert.reason, alert.severity = "data_lost", "critical"
    told = alert_messages.story(alert, url="")

    event = alert_messages.agent_event(told, alert, key=alert.pk, now=NOW)

    assert (event.type, event.priority) == ("CONTEXT_UPDATED", "critical")


def test_an_alert_that_is_rolled_back_tells_nobody(alert: Alert) -> None:
    with transaction.atomic():
        alert_delivery.hand_over(alert, now=NOW)
        transaction.set_rollback(True)

    assert not Delivery.objects.exists()
    assert not Job.objects.exists()


def test_five_alerts_a_day_are_five_deliveries_a_channel(scoped: Tenant, settings: Any) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    for _ in range(7):
        make_alert(make_account())

    alerts.hand_over_the_most_urgent(as_of=TODAY, now=NOW)
    alerts.hand_over_the_most_urgent(as_of=TODAY, now=NOW)

    assert Delivery.objects.filter(channel=ChannelName.CHAT).count() == 5


def test_no_secret_of_a_channel_stands_in_clear(
    google: LocalGoogle, alert: Alert, ada: User, alice: User
) -> None:
    secret = connect(google, ada, alice)
    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()

    kept = [secret, "hush", "sim-token", tokens.refresh_token(alice.email)]
    rows = [
        *TenantSecret.objects.values_list(),
        *ChannelConnection.objects.values_list(),
        *Delivery.objects.values_list(),
        *OutboxEvent.objects.values_list(),
        *Job.objects.values_list(),
        *AuditEvent.objects.values_list(),
    ]
    assert len(rows) > 15
    assert not [word for word in kept if any(word in str(row) for row in rows)]
    assert secrets.read(secret_names.EVENTS_SECRET) == secret


def test_an_account_that_nobody_owns_has_nobody_to_draft_for(
    google: LocalGoogle, scoped: Tenant, ada: User, alice: User, bob: User
) -> None:
    connect(google, ada, alice)
    alert = make_alert(make_account(name="Halden"))

    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()

    assert states() == {"mail": "skipped", "chat": "delivered", "events": "delivered"}
    mail = Delivery.objects.get(channel=ChannelName.MAIL)
    assert (mail.job, mail.attempts) == (None, 0)
    assert google.look("drafts") == []
    told = signed_in(bob).get("/messages/").content.decode()
    assert "Nobody to tell" in told
    assert "Set its owner in Notion" in told
    assert "Try again" not in told
    assert deliveries.look_after(scoped, now=NOW + timedelta(days=1)) == 0


def test_an_admin_can_name_who_gets_the_drafts_of_such_accounts(
    google: LocalGoogle, scoped: Tenant, ada: User, alice: User, bob: User
) -> None:
    connect(google, ada, alice)
    page = signed_in(ada).get("/settings/channels/").content.decode()
    assert f'<option value="{bob.pk}">Bob</option>' in page
    channels.connect_mailbox(bob, tokens.refresh_token(bob.email), now=NOW)
    given = {"mail-mode": "oauth", "mail-client_id": "client", "mail-fallback": str(bob.pk)}
    assert signed_in(ada).post("/settings/channels/gmail/", given).status_code == 302
    alert = make_alert(make_account(name="Halden"))

    alert_delivery.hand_over(alert, now=NOW)
    run_jobs()

    assert states()["mail"] == "delivered"
    (draft,) = google.look("drafts")
    assert draft["mailbox"] == bob.email
    assert "Nobody in the portal owns this account" in draft["raw"].replace("=\r\n", "").replace("=\n", "")
    assert f'value="{bob.pk}" selected' in signed_in(ada).get("/settings/channels/").content.decode()


def test_nobody_of_another_company_can_be_named(
    google: LocalGoogle, scoped: Tenant, ada: User, alice: User, charlie: User
) -> None:
    connect(google, ada, alice)
    given = {"mail-mode": "oauth", "mail-client_id": "client", "mail-fallback": str(charlie.pk)}

    answer = signed_in(ada).post("/settings/channels/gmail/", given)

    assert answer.status_code == 422
    assert "Choose somebody of your company" in answer.content.decode()
