"""New settings are tried before they replace what works (SPEC 2.2, 10.3)."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.services import connection, notion_check
from accounts.setup_check import StepState
from csm_portal import wiring
from csm_portal.core import secrets
from csm_portal.core.models import AuditEvent, Job, NotionConnection, TenantSecret, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.simulators.notion import seed
from tests.accounts.notion_page import (
    WRITTEN_BACK,
    form,
    kept,
    on_trial,
    post,
    secret_names,
    send,
    shown,
    states,
    text,
    token_in_use,
)
from tests.conftest import signed_in
from tests.factories import NOW
from tests.workspace import Connected

pytestmark = pytest.mark.django_db

SECRET = "ntn_canary_4f81c0d2"


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


def verbs(notion: Connected) -> list[str]:
    with tenant_scope(notion.tenant):
        return list(AuditEvent.objects.order_by("at", "pk").values_list("verb", flat=True))


def test_a_refused_token_leaves_the_one_that_works(notion: Connected, ada: User, commits: Any) -> None:
    found = send(notion, ada, commits, token=SECRET, requests_per_minute=77)

    trial = on_trial(notion)
    assert token_in_use(notion) == notion.seeded.token
    assert states(found)["Token"] == StepState.OK
    assert trial is not None
    assert trial.trial is not None
    assert [problem.field for problem in trial.trial.problems] == ["token"]
    with tenant_scope(notion.tenant):
        assert wiring.workspace().check_access()
        assert NotionConnection.objects.get().requests_per_minute != 77


def test_what_was_typed_beside_a_refused_token_stands_in_the_form_and_the_token_is_nowhere(
    notion: Connected, ada: User, commits: Any
) -> None:
    link = f"https://app.notion.com/p/Accounts-{notion.seeded.accounts_database_id.replace('-', '')}"
    send(notion, ada, commits, token=SECRET, accounts_database=link, requests_per_minute=77)

    page = shown(ada)
    assert "does not accept the integration token" in page
    assert link in page
    assert 'value="77"' in page
    assert "The settings in use stay as they are." in page
    assert SECRET not in page
    assert secret_names(notion) == {wiring.NOTION_TOKEN}
    with tenant_scope(notion.tenant):
        rows = (*AuditEvent.objects.values(), *Job.objects.values(), *NotionConnection.objects.values())
        assert len(rows) >= 3
        assert not [row for row in rows if SECRET in str(row)]


def test_a_token_that_is_tried_stands_encrypted_under_a_name_of_its_own_and_in_no_job(
    notion: Connected, ada: User
) -> None:
    # The job stays in the queue: nothing was tried yet.
    signed_in(ada).post(reverse("notion-setup"), form(notion, token=SECRET))

    with tenant_scope(notion.tenant):
        assert secrets.read(wiring.NOTION_TOKEN_CANDIDATE) == SECRET
        assert secrets.read(wiring.NOTION_TOKEN) == notion.seeded.token
        assert not [row for row in TenantSecret.objects.all() if SECRET in row.ciphertext]
        assert SECRET not in str(list(Job.objects.values()))
    assert SECRET not in shown(ada)


def test_a_token_that_holds_takes_the_place_of_the_old(notion: Connected, ada: User, commits: Any) -> None:
    token = notion.integrate("Second", notion.seeded.accounts_database_id, notion.seeded.qbr_database_id)

    found = send(notion, ada, commits, token=token)

    assert token_in_use(notion) == token
    assert on_trial(notion) is None
    assert secret_names(notion) == {wiring.NOTION_TOKEN}
    assert "“Second”" in text(found, "Token")
    assert verbs(notion)[:2] == ["notion.connection_proposed", "notion.connection_changed"]
    assert "The new settings are in use" in shown(ada)
    with tenant_scope(notion.tenant):
        changed = AuditEvent.objects.get(verb="notion.connection_changed")
    assert changed.actor == ada
    assert changed.data == {"changed": ["token", "requests_per_minute"]}


def test_a_good_token_without_the_database_waits_until_that_is_shared(
    notion: Connected, ada: User, commits: Any
) -> None:
    token = notion.integrate("Second")
    send(notion, ada, commits, token=token)
    page = shown(ada)
    assert token_in_use(notion) == notion.seeded.token
    assert "The integration has no access to the accounts database" in page
    assert "The new token is kept, encrypted" in page

    for database in (notion.seeded.accounts_database_id, notion.seeded.qbr_database_id):
        notion.share(token, database)
    post(ada, "notion-check", commits)

    assert token_in_use(notion) == token
    assert on_trial(notion) is None


def test_a_database_that_cannot_be_seen_leaves_the_one_that_works(
    notion: Connected, ada: User, commits: Any
) -> None:
    found = send(notion, ada, commits, accounts_database="0" * 31 + "1")

    assert states(found)["Accounts database"] == StepState.OK
    trial = on_trial(notion)
    assert trial is not None
    assert trial.trial is not None
    assert [problem.field for problem in trial.trial.problems] == ["accounts_database"]
    with tenant_scope(notion.tenant):
        assert NotionConnection.objects.get().accounts_database_id == notion.seeded.accounts_database_id


def test_a_qbr_database_that_cannot_be_seen_is_said_at_its_field(
    notion: Connected, ada: User, commits: Any
) -> None:
    send(notion, ada, commits, qbr_database="0" * 31 + "1")

    trial = on_trial(notion)
    assert trial is not None
    assert trial.trial is not None
    assert [problem.field for problem in trial.trial.problems] == ["qbr_database"]
    assert 'href="#id_qbr_database"' in shown(ada)


def test_while_notion_is_down_new_settings_wait_and_can_be_used_untried(
    notion: Connected, ada: User, commits: Any
) -> None:
    notion.fault(status=503, match="users/me", times=99)
    send(notion, ada, commits, token=SECRET)

    page = shown(ada)
    assert token_in_use(notion) == notion.seeded.token
    assert "could not be tried" in page
    assert "Use them untried" in page

    post(ada, "notion-candidate", commits, use="1")

    assert token_in_use(notion) == SECRET
    assert on_trial(notion) is None
    with tenant_scope(notion.tenant):
        assert AuditEvent.objects.get(verb="notion.connection_changed").data["untried"] is True


def test_what_notion_refused_cannot_be_used_untried(notion: Connected, ada: User, commits: Any) -> None:
    send(notion, ada, commits, accounts_database="0" * 31 + "1")
    assert "Use them untried" not in shown(ada)

    post(ada, "notion-candidate", commits, use="1")

    with tenant_scope(notion.tenant):
        assert NotionConnection.objects.get().accounts_database_id == notion.seeded.accounts_database_id
    assert on_trial(notion) is not None


def test_new_settings_can_be_discarded(notion: Connected, ada: User, commits: Any) -> None:
    notion.fault(status=503, match="users/me", times=99)
    send(notion, ada, commits, token=SECRET)

    post(ada, "notion-candidate", commits, discard="1")

    assert on_trial(notion) is None
    assert secret_names(notion) == {wiring.NOTION_TOKEN}
    assert verbs(notion)[-1] == "notion.connection_discarded"


def test_settings_that_were_replaced_while_they_were_tried_are_not_taken(
    notion: Connected, ada: User
) -> None:
    wanted = {
        "accounts_database": notion.seeded.accounts_database_id,
        "accounts_data_source": "",
        "qbr_database": "",
        "requests_per_minute": 100,
    }
    with tenant_scope(notion.tenant):
        first = connection.save(connection.Wanted(token="ntn_a", **wanted), actor=ada, now=NOW)
        second = connection.save(connection.Wanted(token="ntn_b", **wanted), actor=ada, now=NOW)
        held = connection.Trial(check=notion_check.Check())

        assert connection.judge(first.candidate, held, now=NOW) is False
        assert token_in_use(notion) == notion.seeded.token
        assert connection.judge(second.candidate, held, now=NOW) is True

    assert token_in_use(notion) == "ntn_b"


def test_a_budget_alone_counts_at_once(notion: Connected, ada: User) -> None:
    signed_in(ada).post(reverse("notion-setup"), form(notion, requests_per_minute=600))

    with tenant_scope(notion.tenant):
        assert NotionConnection.objects.get().requests_per_minute == 600
    assert on_trial(notion) is None


def test_sending_what_is_in_use_takes_new_settings_back(notion: Connected, ada: User, commits: Any) -> None:
    send(notion, ada, commits, accounts_database="0" * 31 + "1")

    send(notion, ada, commits, requests_per_minute=100_000 // 50)

    assert on_trial(notion) is None


def test_another_database_forgets_the_data_source_of_the_first(
    notion: Connected, ada: User, commits: Any
) -> None:
    send(notion, ada, commits, accounts_data_source="")
    notion.reconnect(accounts_data_source_id=notion.seeded.accounts_data_source_id)
    other, _ = seed.create_database(
        notion.app.store, notion.seeded.bot_id, title="Clients", properties={"Client": {"title": {}}}
    )

    found = send(
        notion,
        ada,
        commits,
        accounts_database=other,
        accounts_data_source=notion.seeded.accounts_data_source_id,
    )

    assert found.source_title == "Clients"


def test_a_check_says_what_is_right_now_and_what_is_new(notion: Connected, ada: User, commits: Any) -> None:
    notion.change_schema(WRITTEN_BACK)
    send(notion, ada, commits)
    notion.change_schema({"Renewal Date": None, "ARR": {"checkbox": {}}})
    post(ada, "notion-check", commits)
    assert set(kept(notion).newly_wrong) == {"Renewal date", "ARR"}

    notion.change_schema({"ARR": {"number": {"format": "number"}}, "Churn Risk": None})
    post(ada, "notion-check", commits)

    found = kept(notion)
    assert found.now_right == ("ARR",)
    assert found.newly_wrong == ("Scores in Notion",)
    assert found.still_wrong == 1
    page = shown(ada)
    assert "Now right" in page
    assert "<p>ARR.</p>" in page

    post(ada, "notion-check", commits)
    assert "2 things are still open" in shown(ada)


def test_an_hour_without_notion_forgets_no_property(notion: Connected, ada: User, commits: Any) -> None:
    before = send(notion, ada, commits)
    notion.fault(status=503, match="users/me", times=99)

    post(ada, "notion-check", commits)

    found = kept(notion)
    assert states(found)["Token"] == StepState.ERROR
    assert found.fields == before.fields
    assert "Save the properties" in shown(ada)


def test_a_passing_failure_is_no_refusal() -> None:
    def down() -> Any:
        raise PortError("Down.", trouble=Trouble.UNAVAILABLE, permanent=False)

    assert notion_check.try_out(down).is_passing
