"""The pages of the channels: connecting them, reading what went out, trying again (SPEC 4.2, 10.1, 10.3)."""

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.urls import reverse

from accounts.services import alert_delivery, channels
from csm_portal.core import jobs, secret_names, secrets
from csm_portal.core.models import (
    AuditEvent,
    ChannelConnection,
    Delivery,
    DeliveryState,
    Job,
    JobState,
    Tenant,
    User,
)
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.mail import MailMode
from csm_portal.simulators.google import chat
from tests.conftest import make_member, signed_in
from tests.factories import NOW, make_account, make_alert
from tests.google import SPACE, LocalGoogle, local_google

pytestmark = pytest.mark.django_db


@pytest.fixture
def google(tmp_path: Path, settings: Any) -> Iterator[LocalGoogle]:
    with local_google(tmp_path) as served:
        settings.GMAIL_BASE_URL = settings.CHAT_BASE_URL = served.address
        settings.GOOGLE_TOKEN_URL = f"{served.address}/token"
        settings.GOOGLE_CONSENT_URL = f"{served.address}/o/oauth2/v2/auth"
        settings.CSM_LOCAL_WEBHOOKS = True
        settings.CSM_RUN_JOBS_INLINE = False
        yield served


@pytest.fixture
def deliveries(tenant: Tenant, alice: User, settings: Any) -> dict[str, Delivery]:
    settings.CSM_RUN_JOBS_INLINE = False
    with tenant_scope(tenant):
        alert = make_alert(make_account(name="Acme & Söhne", owner=alice))
        alert_delivery.hand_over(alert, now=NOW)
        return {one.channel: one for one in Delivery.objects.all()}


def run_jobs(tenant: Tenant) -> None:
    with tenant_scope(tenant):
        for job in Job.objects.filter(state=JobState.QUEUED, due_at=None):
            jobs.run(str(job.pk))


def test_an_admin_connects_chat_and_a_sample_arrives(google: LocalGoogle, tenant: Tenant, ada: User) -> None:
    client = signed_in(ada)
    sent = {"chat-mode": "webhook", "chat-webhook_url": chat.webhook_url(google.address, SPACE)}

    assert client.post(reverse("channels-chat"), sent).status_code == 302
    client.post(reverse("channels-sample", args=["chat"]))
    run_jobs(tenant)

    (message,) = google.look("messages")
    assert "This is a sample" in message["text"]
    page = client.get(reverse("channels")).content.decode()
    assert "sim-token" not in page
    assert "Delivered" in page
    with tenant_scope(tenant):
        verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["channel.connected", "channel.sample_asked", "delivery.arrived"]


def test_a_stored_secret_stays_when_its_field_is_left_empty(
    google: LocalGoogle, tenant: Tenant, ada: User
) -> None:
    client = signed_in(ada)
    first = {"mail-mode": "oauth", "mail-client_id": "one", "mail-client_secret": "hush"}
    client.post(reverse("channels-mail"), first)

    answer = client.post(reverse("channels-mail"), {"mail-mode": "oauth", "mail-client_id": "two"})

    assert answer.status_code == 302
    with tenant_scope(tenant):
        assert secrets.read(secret_names.MAIL_CLIENT_SECRET) == "hush"
        assert ChannelConnection.objects.get().settings == {"client_id": "two"}


def test_the_secret_of_events_is_shown_once(google: LocalGoogle, tenant: Tenant, ada: User) -> None:
    client = signed_in(ada)
    sent = {"events-mode": "webhook", "events-url": f"{google.address}/receiver"}

    first = client.post(reverse("channels-events"), sent).content.decode()
    again = client.post(reverse("channels-events"), {"events-mode": "webhook"})

    with tenant_scope(tenant):
        made = secrets.read(secret_names.EVENTS_SECRET)
    assert made is not None
    assert made in first
    assert again.status_code == 302
    assert made not in client.get(reverse("channels")).content.decode()
    renewed = client.post(reverse("channels-secret")).content.decode()
    with tenant_scope(tenant):
        assert secrets.read(secret_names.EVENTS_SECRET) not in (None, made)
    assert made not in renewed


@pytest.mark.parametrize(
    ("address", "data", "sentence"),
    [
        ("channels-mail", {"mail-mode": "oauth"}, "Enter the id of the OAuth client"),
        ("channels-mail", {"mail-mode": "service_account", "mail-key_file": "{}"}, "no key of a service account"),
        ("channels-chat", {"chat-mode": "webhook"}, "Paste the webhook"),
        (
            "channels-chat",
            {"chat-mode": "webhook", "chat-webhook_url": "https://evil.example/v1/spaces/A/messages?key=a&token=b"},
            "no webhook of Google Chat",
        ),
        ("channels-chat", {"chat-mode": "api", "chat-space": "A"}, "looks like spaces/"),
        ("channels-events", {"events-mode": "webhook"}, "Enter the address"),
        ("channels-events", {"events-mode": "webhook", "events-url": "https://127.0.0.1/x"}, "has to name a host"),
        ("channels-events", {"events-mode": "webhook", "events-url": "http://a.example/x"}, "begin with https"),
        ("channels-events", {}, "required"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence(ada: User, address: str, data: dict[str, str], sentence: str) -> None:
    answer = signed_in(ada).post(reverse(address), data)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_a_csm_connects_their_mailbox_at_google(
    google: LocalGoogle, tenant: Tenant, ada: User, alice: User
) -> None:
    with tenant_scope(tenant):
        channels.save_mail(
            MailMode.OAUTH, client_id="client", client_secret="hush", key_file="", actor=ada, now=NOW
        )
    client = signed_in(alice)

    page = client.get(reverse("mailbox-connect")).headers["Location"]
    asked = parse_qs(urlsplit(page).query)
    assert asked["scope"] == ["https://www.googleapis.com/auth/gmail.compose"]
    assert asked["access_type"] == ["offline"]
    # Google's page sends the person back.
    back = httpx.get(page).headers["Location"]
    answer = client.get(back.partition("testserver")[2], follow=True)

    assert "Gmail is connected" in answer.content.decode()
    with tenant_scope(tenant):
        assert secrets.read(secret_names.mail_refresh_token(alice))
        assert AuditEvent.objects.filter(verb="mailbox.connected", actor=alice).count() == 1


def test_an_answer_of_google_counts_for_whoever_asked_and_for_nobody_else(
    google: LocalGoogle, tenant: Tenant, ada: User, alice: User
) -> None:
    with tenant_scope(tenant):
        channels.save_mail(
            MailMode.OAUTH, client_id="client", client_secret="hush", key_file="", actor=ada, now=NOW
        )
    page = signed_in(alice).get(reverse("mailbox-connect")).headers["Location"]
    back = httpx.get(page).headers["Location"].partition("testserver")[2]

    for client, url in ((signed_in(ada), back), (signed_in(alice), back.replace("state=", "state=x"))):
        assert "Connect once more" in client.get(url, follow=True).content.decode()

    with tenant_scope(tenant):
        assert secrets.read(secret_names.mail_refresh_token(ada)) is None
        assert secrets.read(secret_names.mail_refresh_token(alice)) is None


def test_a_draft_is_a_file_that_mail_programs_open(deliveries: dict[str, Delivery], alice: User) -> None:
    answer = signed_in(alice).get(reverse("message-file", args=[deliveries["mail"].pk]))

    parsed = email.message_from_bytes(answer.content, policy=email.policy.default)
    assert answer.headers["Content-Type"] == "message/rfc822"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Acme-S-hne-in-arrears-high.eml"'
    assert parsed["Subject"] == "Acme & Söhne: in arrears (high)"
    assert parsed["To"].addresses[0].addr_spec == alice.email


def test_the_draft_of_a_colleague_is_as_good_as_not_there(
    deliveries: dict[str, Delivery], tenant: Tenant
) -> None:
    carol = signed_in(make_member(tenant, "Carol", is_csm=True))

    assert carol.get(reverse("message-file", args=[deliveries["mail"].pk])).status_code == 404
    assert "Acme" not in carol.get(reverse("messages")).content.decode()
    # What stands in the tenant's room is for all who work on accounts.
    assert "Acme" in carol.get(reverse("messages") + "?channel=chat").content.decode()
    assert carol.post(reverse("message-retry", args=[deliveries["chat"].pk])).status_code == 403


def test_a_failed_delivery_is_tried_again_on_a_click(
    deliveries: dict[str, Delivery], tenant: Tenant, alice: User
) -> None:
    with tenant_scope(tenant):
        Job.objects.update(state=JobState.FAILED)
        Delivery.objects.filter(channel="chat").update(
            state=DeliveryState.FAILED, attempts=8, is_doubtful=True, last_error="The room is closed."
        )
    client = signed_in(alice)
    page = client.get(reverse("messages") + "?channel=chat").content.decode()
    assert "The room is closed." in page
    assert "may have arrived all the same" in page

    client.post(reverse("message-retry", args=[deliveries["chat"].pk]))
    run_jobs(tenant)

    with tenant_scope(tenant):
        assert Delivery.objects.get(channel="chat").state == DeliveryState.DELIVERED
    again = client.post(reverse("message-retry", args=[deliveries["chat"].pk]), follow=True)
    assert "has arrived meanwhile" in again.content.decode()


@pytest.mark.parametrize("channel", ["mail", "chat", "events", "notion", "nonsense"])
def test_lists_cost_the_same_at_one_message_and_at_many(
    channel: str, tenant: Tenant, ada: User, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    client = signed_in(ada)
    client.get(reverse("messages"))
    with tenant_scope(tenant):
        for _ in range(8):
            alert_delivery.hand_over(make_alert(make_account()), now=NOW)

    with django_assert_max_num_queries(10):
        answer = client.get(reverse("messages"), {"channel": channel, "before": "nonsense"})

    assert answer.status_code == 200


def test_the_page_of_an_alert_says_who_was_told(
    deliveries: dict[str, Delivery], tenant: Tenant, alice: User
) -> None:
    with tenant_scope(tenant):
        Delivery.objects.filter(channel="events").update(state=DeliveryState.DELIVERED, may_be_twice=True)
    page = signed_in(alice).get(reverse("alert", args=[deliveries["mail"].about_id])).content.decode()

    assert "Who was told" in page
    assert "may have arrived twice" in page
    assert reverse("message-file", args=[deliveries["mail"].pk]) in page
