"""What Notion posts (CHECK 38) and the page on which an admin sets it up."""

import json
import logging
import random
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Hint, HintState, NotionWatch, PropertyMapping
from accounts.services import hints, hook_setup
from csm_portal import logs
from csm_portal.core import secrets
from csm_portal.core.models import AuditEvent, Job, JobState, Tenant, TenantSecret, User
from csm_portal.core.scope import tenant_scope
from csm_portal.simulators.notion import webhooks as simulated
from tests.accounts.hooked import KEY, Hooked, hooked, made
from tests.conftest import signed_in
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db

PAGE = "153104cd-477e-809d-8dc4-ff2d96ae3090"


@pytest.fixture
def hook(tenant: Tenant, ada: User) -> Hooked:
    return hooked(tenant, actor=ada, now=timezone.now())


def state_of(tenant: Tenant) -> dict[str, Any]:
    """Return all that a post could have changed."""
    with tenant_scope(tenant):
        return {
            "hints": list(Hint.objects.order_by("pk").values()),
            "jobs": Job.objects.count(),
            "secrets": sorted(TenantSecret.objects.values_list("name", "ciphertext")),
            "watch": NotionWatch.objects.values("accepted_at", "pending_at", "address_digest").get(),
            "audit": AuditEvent.objects.count(),
        }


def test_a_signed_event_is_stored_and_asks_for_a_refresh(hook: Hooked, tenant: Tenant) -> None:
    answer = hook.tell(page_id=PAGE)

    assert answer.status_code == 200
    with tenant_scope(tenant):
        hint = Hint.objects.get()
        assert (hint.state, hint.about, hint.page_id) == (HintState.PENDING, "page", PAGE)
        assert Job.objects.get(key=hints.REFRESH_KEY).state == JobState.QUEUED
        assert hook.watch().last_event_at is not None


def test_an_event_costs_a_few_statements_and_asks_notion_nothing(hook: Hooked, tenant: Tenant) -> None:
    # No workspace is connected, so that asking one would be an error.
    hook.tell(page_id=PAGE)

    with CaptureQueriesContext(
        connection,
    ) as second:
        assert hook.tell(page_id=PAGE).status_code == 200

    assert len([q for q in second.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]) <= 8
    with tenant_scope(tenant):
        assert Job.objects.filter(key=hints.REFRESH_KEY).count() == 1


def test_tampered_bodies_are_refused_and_leave_nothing(hook: Hooked, tenant: Tenant) -> None:
    body = json.dumps(made(page_id=PAGE)).encode()
    signature = simulated.sign(body, verification_token=KEY)
    before = state_of(tenant)
    source = random.Random(38)

    for place in source.sample(range(len(body)), 20):
        tampered = bytearray(body)
        tampered[place] ^= 1 << source.randrange(8)
        assert hook.post(bytes(tampered), signature=signature).status_code == 401

    assert state_of(tenant) == before
    assert hook.watch().refused == 20


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40])
def test_no_valid_signature_is_401(hook: Hooked, tenant: Tenant, signature: str) -> None:
    before = state_of(tenant)

    answer = hook.post(json.dumps(made(page_id=PAGE)).encode(), signature=signature)

    assert answer.status_code == 401
    assert state_of(tenant) == before


def test_another_key_is_401_and_so_is_the_key_of_another_tenant(
    hook: Hooked, tenant: Tenant, other_tenant: Tenant, charlie: User
) -> None:
    theirs = hooked(other_tenant, actor=charlie, now=timezone.now(), key="secret_theirs")
    body = json.dumps(made(page_id=PAGE)).encode()
    before = state_of(tenant)

    assert hook.post(body, key="secret_wrong").status_code == 401
    assert hook.post(body, key=theirs.key).status_code == 401
    assert state_of(tenant) == before


def test_an_event_at_one_tenants_address_is_that_tenants(
    hook: Hooked, tenant: Tenant, other_tenant: Tenant, charlie: User
) -> None:
    theirs = hooked(other_tenant, actor=charlie, now=timezone.now(), key="secret_theirs")

    assert theirs.tell(page_id=PAGE).status_code == 200

    with tenant_scope(tenant):
        assert not Hint.objects.exists()
    with tenant_scope(other_tenant):
        assert Hint.objects.count() == 1


def test_duplicates_and_replays_answer_200_and_change_nothing(hook: Hooked, tenant: Tenant) -> None:
    body = json.dumps(made(page_id=PAGE)).encode()
    assert hook.post(body).status_code == 200
    with tenant_scope(tenant):
        Hint.objects.update(state=HintState.DONE)
        Job.objects.update(state=JobState.DONE)
    before = state_of(tenant)

    assert [hook.post(body).status_code for _ in range(3)] == [200, 200, 200]
    again = json.dumps({**json.loads(body), "attempt_number": 2}).encode()
    assert hook.post(again).status_code == 200

    assert state_of(tenant) == before


def test_a_replay_from_long_ago_changes_nothing_although_its_event_is_forgotten(
    hook: Hooked, tenant: Tenant
) -> None:
    old = (timezone.now() - hints.KEPT).isoformat()
    before = state_of(tenant)

    assert hook.tell(page_id=PAGE, timestamp=old).status_code == 200

    assert state_of(tenant) == before


def test_a_burst_in_any_order_with_duplicates_is_stored_once_each(hook: Hooked, tenant: Tenant) -> None:
    bodies = [json.dumps(made(page_id=PAGE)).encode() for _ in range(30)]
    posted = [*bodies, *random.Random(1).choices(bodies, k=30)]
    random.Random(2).shuffle(posted)

    assert {hook.post(body).status_code for body in posted} == {200}

    with tenant_scope(tenant):
        assert Hint.objects.filter(state=HintState.PENDING).count() == 30
        assert Job.objects.filter(key=hints.REFRESH_KEY).count() == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"id": "1"}'])
def test_a_signed_body_that_is_no_event_is_400_with_a_sentence(
    hook: Hooked, tenant: Tenant, body: bytes
) -> None:
    before = state_of(tenant)

    answer = hook.post(body)

    assert answer.status_code == 400
    assert answer.content.decode().endswith(".")
    assert state_of(tenant) == before


def test_a_body_too_large_is_413(hook: Hooked, tenant: Tenant) -> None:
    before = state_of(tenant)

    assert hook.post(b" " * (256 * 1024 + 1)).status_code == 413
    assert state_of(tenant) == before


def test_a_wrong_address_is_404_whatever_is_posted(hook: Hooked, db: Any) -> None:
    body = json.dumps(made(page_id=PAGE)).encode()
    signature = simulated.sign(body, verification_token=KEY)

    for address in ("x", hook.address[:-1], hook.address + "x", hook.address.swapcase()):
        url = reverse("notion-hook", args=[address])
        answer = Client().post(
            url, body, content_type="application/json", headers={"X-Notion-Signature": signature}
        )
        assert answer.status_code == 404


def test_the_address_of_a_tenant_that_left_is_404(hook: Hooked, tenant: Tenant) -> None:
    tenant.is_active = False
    tenant.save()

    assert hook.tell(page_id=PAGE).status_code == 404


def test_kinds_of_events_that_change_no_account_are_stored_as_ignored(hook: Hooked, tenant: Tenant) -> None:
    assert hook.tell(type="comment.created").status_code == 200
    assert hook.tell(type="page.turned_upside_down").status_code == 200

    with tenant_scope(tenant):
        assert set(Hint.objects.values_list("state", flat=True)) == {HintState.IGNORED}
        assert not Job.objects.filter(key=hints.REFRESH_KEY).exists()


def test_the_portals_own_edits_wake_nothing(hook: Hooked, tenant: Tenant) -> None:
    own = "5f1d2c3b-0000-4000-8000-00000000b071"
    with tenant_scope(tenant):
        NotionWatch.objects.update(own_id=own)
        PropertyMapping.objects.create(
            field="arr", property_id="a%3Ab", property_name="ARR", property_type="number"
        )
    author = [{"id": own, "type": "bot"}]
    written = {"parent": {"id": PAGE, "type": "database"}, "updated_properties": ["x%40y"]}

    assert hook.tell(page_id=PAGE, authors=author, data=written).status_code == 200

    with tenant_scope(tenant):
        assert Hint.objects.get().state == HintState.IGNORED
        assert not Job.objects.filter(key=hints.REFRESH_KEY).exists()

    # Another program with the same token has changed what the portal reads.
    written["updated_properties"] = ["x%40y", "a:b"]
    assert hook.tell(page_id=PAGE, authors=author, data=written).status_code == 200

    with tenant_scope(tenant):
        assert Hint.objects.filter(state=HintState.PENDING).count() == 1
        assert Job.objects.filter(key=hints.REFRESH_KEY).count() == 1


def test_no_refresh_is_asked_for_right_after_one_that_failed(hook: Hooked, tenant: Tenant) -> None:
    now = timezone.now()
    with tenant_scope(tenant):
        Job.objects.create(key=hints.REFRESH_KEY, state=JobState.FAILED, created_at=now, finished_at=now)

    hook.tell(page_id=PAGE)

    with tenant_scope(tenant):
        assert Job.objects.filter(key=hints.REFRESH_KEY).count() == 1
    with time_machine.travel(now + hints.WAIT_AFTER_FAILURE, tick=False):
        hook.tell(page_id=PAGE)
    with tenant_scope(tenant):
        assert Job.objects.filter(key=hints.REFRESH_KEY).count() == 2


def test_get_is_refused_and_no_session_is_needed(hook: Hooked) -> None:
    assert Client().get(hook.url).status_code == 405
    assert Client(enforce_csrf_checks=True).post(hook.url).status_code == 401


# The hand-shake


def test_before_a_token_is_accepted_nothing_is_believed(tenant: Tenant, ada: User) -> None:
    with tenant_scope(tenant):
        address = hook_setup.make_address(actor=ada, now=NOW)
    fresh = Hooked(tenant=tenant, address=address)
    assert fresh.tell(page_id=PAGE).status_code == 401

    assert fresh.shake(KEY).status_code == 200

    assert fresh.tell(page_id=PAGE).status_code == 401
    with tenant_scope(tenant):
        assert not Hint.objects.exists()
        assert fresh.watch().pending_at is not None


def test_a_later_hand_shake_replaces_no_working_key(hook: Hooked, tenant: Tenant) -> None:
    assert hook.shake("secret_attacker").status_code == 200

    assert hook.tell(page_id=PAGE).status_code == 200
    assert hook.post(json.dumps(made(page_id=PAGE)).encode(), key="secret_attacker").status_code == 401
    with tenant_scope(tenant):
        assert secrets.read(hints.KEY) == KEY
        assert secrets.read(hints.PENDING_KEY) == "secret_attacker"


def test_the_working_key_handed_over_again_changes_nothing(hook: Hooked, tenant: Tenant) -> None:
    before = state_of(tenant)

    assert hook.shake(KEY).status_code == 200
    assert state_of(tenant) == before


def test_a_signed_hand_shake_is_one_too(tenant: Tenant, ada: User) -> None:
    with tenant_scope(tenant):
        address = hook_setup.make_address(actor=ada, now=NOW)
    body = json.dumps({"verification_token": KEY}).encode()

    assert Hooked(tenant=tenant, address=address).post(body, key=KEY).status_code == 200
    with tenant_scope(tenant):
        assert secrets.read(hints.PENDING_KEY) == KEY


def test_keys_and_addresses_stand_nowhere_in_the_clear(hook: Hooked, tenant: Tenant) -> None:
    hook.shake("secret_waiting")

    with tenant_scope(tenant):
        stored = json.dumps(
            [list(model.objects.values()) for model in (NotionWatch, TenantSecret, AuditEvent, Job, Hint)],
            default=str,
        )
    for canary in (KEY, "secret_waiting", hook.address):
        assert canary not in stored


def test_logs_hold_neither_the_address_nor_a_key_nor_a_body(
    hook: Hooked, capfd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    logs.logging_config("DEBUG", as_json=True)
    try:
        hook.tell(page_id=PAGE)
        hook.shake("secret_waiting")
        hook.post(b"{}", signature="")
        Client().get(hook.url)
        logging.getLogger("django.request").error("Not Found: %s", hook.url)
        told = capfd.readouterr().err
    finally:
        logs.logging_config("ERROR", as_json=False)

    assert told.count("/hooks/notion/(hidden)/") >= 5
    for canary in (hook.address, KEY, "secret_waiting", PAGE, "updated_properties"):
        assert canary not in told


# The admin's page


def page(user: User) -> str:
    return signed_in(user).get(reverse("notion-webhooks")).content.decode()


def act(user: User, name: str, **data: str) -> Any:
    return signed_in(user).post(reverse(name), data, follow=True)


def test_an_admin_sets_webhooks_up_from_the_first_click_to_the_first_event(tenant: Tenant, ada: User) -> None:
    assert "Make an address" in page(ada)

    act(ada, "notion-webhooks-address")
    with tenant_scope(tenant):
        fresh = Hooked(tenant=tenant, address=secrets.read("notion_webhook_address") or "")
    assert fresh.url in page(ada)
    assert "Waiting for Notion" in page(ada)

    fresh.shake(KEY)
    assert "A verification token has come" in page(ada)
    assert KEY not in page(ada)

    shown = act(ada, "notion-webhooks-show").content.decode()
    assert KEY in shown
    assert KEY not in page(ada)
    assert "was shown already" in act(ada, "notion-webhooks-show").content.decode()

    fingerprint = shown.split('name="fingerprint" value="')[1].split('"')[0]
    accepted = act(ada, "notion-webhooks-accept", fingerprint=fingerprint).content.decode()
    assert "The token is accepted." in accepted
    assert "None has come yet" in accepted

    assert fresh.tell(page_id=PAGE).status_code == 200
    assert "None has come yet" not in page(ada)
    with tenant_scope(tenant):
        verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert sorted(verbs) == ["webhooks.address_made", "webhooks.key_accepted", "webhooks.key_shown"]


def test_notion_sends_the_token_once_more_and_it_is_shown_once_more(
    tenant: Tenant, ada: User, hook: Hooked
) -> None:
    hook.shake("secret_new")
    assert "secret_new" in act(ada, "notion-webhooks-show").content.decode()

    hook.shake("secret_new")

    assert "secret_new" in act(ada, "notion-webhooks-show").content.decode()


def test_a_token_that_came_after_the_one_that_was_shown_is_not_accepted_for_it(
    tenant: Tenant, ada: User, hook: Hooked
) -> None:
    hook.shake("secret_seen")
    shown = act(ada, "notion-webhooks-show").content.decode()
    fingerprint = shown.split('name="fingerprint" value="')[1].split('"')[0]
    hook.shake("secret_unseen")

    told = act(ada, "notion-webhooks-accept", fingerprint=fingerprint).content.decode()

    assert "Another token has come" in told
    with tenant_scope(tenant):
        assert secrets.read(hints.KEY) == KEY
    assert act(ada, "notion-webhooks-accept").status_code == 200
    assert hook.tell(page_id=PAGE).status_code == 200


def test_a_rejected_token_is_forgotten_and_the_working_one_stays(
    tenant: Tenant, ada: User, hook: Hooked
) -> None:
    hook.shake("secret_attacker")

    act(ada, "notion-webhooks-reject")

    assert "A verification token has come" not in page(ada)
    assert hook.tell(page_id=PAGE).status_code == 200
    with tenant_scope(tenant):
        assert secrets.read(hints.PENDING_KEY) is None


def test_a_new_address_makes_the_old_one_and_its_key_worthless(
    tenant: Tenant, ada: User, hook: Hooked
) -> None:
    act(ada, "notion-webhooks-address")

    assert hook.tell(page_id=PAGE).status_code == 404
    with tenant_scope(tenant):
        new = Hooked(tenant=tenant, address=secrets.read("notion_webhook_address") or "")
    assert new.address != hook.address
    assert new.tell(page_id=PAGE).status_code == 401


def test_switched_off_the_address_is_gone_and_so_are_the_keys(
    tenant: Tenant, ada: User, hook: Hooked
) -> None:
    act(ada, "notion-webhooks-off")

    assert hook.tell(page_id=PAGE).status_code == 404
    assert "Not set up" in page(ada)
    with tenant_scope(tenant):
        assert not TenantSecret.objects.exists()
    # Twice is no more than once.
    act(ada, "notion-webhooks-off")
    with tenant_scope(tenant):
        assert AuditEvent.objects.filter(verb="webhooks.switched_off").count() == 1


def test_the_page_counts_what_came(tenant: Tenant, ada: User, hook: Hooked) -> None:
    hook.tell(page_id=PAGE)
    hook.tell(type="comment.created")
    hook.post(b"{}", signature="sha256=x")

    shown = page(ada)

    assert "2; 1 of them about no account" in " ".join(shown.split())
    assert "1, the last" in shown


def test_a_key_of_other_encryption_is_said_and_nothing_is_believed(
    tenant: Tenant, ada: User, hook: Hooked, settings: Any
) -> None:
    settings.CSM_SECRET_KEYS = ["b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb28="]

    assert hook.tell(page_id=PAGE).status_code == 401
    assert "encrypted with another key" in page(ada)


def test_the_quick_refresh_is_switched_on_and_off(tenant: Tenant, ada: User) -> None:
    act(ada, "quick-refresh-switch", is_on="1")
    assert "Every 15 minutes" in page(ada)
    act(ada, "quick-refresh-switch", is_on="1")
    act(ada, "quick-refresh-switch", is_on="0")

    with tenant_scope(tenant):
        assert not NotionWatch.objects.get().is_quick_refresh_on
        verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert sorted(verbs) == ["quick_refresh.switched_off", "quick_refresh.switched_on"]


def test_a_manager_asks_for_a_quick_refresh(tenant: Tenant, bob: User) -> None:
    answer = signed_in(bob).post(reverse("quick-refresh"))

    assert answer.status_code == 302
    with tenant_scope(tenant):
        assert Job.objects.get().task == "accounts.refresh_tasks.quick_refresh"
        assert AuditEvent.objects.get().verb == "quick_refresh.requested"


def test_a_removed_account_is_no_reason_to_refuse(hook: Hooked, tenant: Tenant) -> None:
    with tenant_scope(tenant):
        make_account(notion_page_id=PAGE, removed_at=timezone.now())

    assert hook.tell(page_id=PAGE, type="page.undeleted").status_code == 200
    with tenant_scope(tenant):
        assert Hint.objects.get().state == HintState.PENDING
        assert Account.objects.count() == 1
