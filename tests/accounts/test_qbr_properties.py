"""The properties that the QBR database lacks are created where an admin asks for it, and nothing else (SPEC 2.5d)."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.services import qbr_database
from accounts.setup_check import StepState
from csm_portal.core.models import AuditEvent, Job, JobState, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.errors import PortError
from csm_portal.simulators.notion import seed
from tests.accounts.notion_page import kept, post, send, shown, states, text
from tests.conftest import signed_in
from tests.factories import NOW
from tests.workspace import Connected

pytestmark = pytest.mark.django_db

ALL = ["Account", "Quarter", "Status", "Health Score", "Created Date", "QBR Key"]


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


@pytest.fixture
def bare(notion: Connected, ada: User, commits: Any) -> str:
    """A QBR database with a title, a note of somebody's and a score of the wrong type; return its data source."""
    properties = {"Name": {"title": {}}, "Remarks": {"rich_text": {}}, "Health Score": {"rich_text": {}}}
    database, source = seed.create_database(
        notion.app.store, notion.seeded.bot_id, title="Reviews", properties=properties
    )
    send(notion, ada, commits, qbr_database=database)
    return source


def schema(notion: Connected, source: str) -> dict[str, Any]:
    found: dict[str, Any] = notion.api("GET", f"/v1/data_sources/{source}")["properties"]
    return found


def test_what_is_missing_is_offered_by_name_and_what_is_wrong_is_told(
    notion: Connected, ada: User, bare: str
) -> None:
    found = kept(notion)

    assert [missing.name for missing in found.creatable] == [name for name in ALL if name != "Health Score"]
    assert states(found)["QBR database"] == StepState.ERROR
    assert "Its property “Health Score” is of type text where number is needed." in text(
        found, "QBR database"
    )
    page = shown(ada)
    assert "Properties that the QBR database lacks" in page
    assert page.count('type="checkbox" name="names"') == 5
    assert "Status (select)" in page


def test_the_chosen_ones_are_created_and_nothing_else_is_touched(
    notion: Connected, ada: User, bare: str, commits: Any
) -> None:
    before = schema(notion, bare)

    post(ada, "notion-qbr-properties", commits, names=["Account", "Status", "QBR Key"])

    after = schema(notion, bare)
    assert set(after) - set(before) == {"Account", "Status", "QBR Key"}
    assert {name: after[name] for name in before} == before
    assert after["Account"]["relation"]["data_source_id"] == notion.seeded.accounts_data_source_id
    assert [option["name"] for option in after["Status"]["select"]["options"]] == ["Draft", "Ready"]
    assert after["QBR Key"]["type"] == "rich_text"
    found = kept(notion)
    assert [missing.name for missing in found.creatable] == ["Quarter", "Created Date"]
    assert found.now_right == ("“Account”, “Status” and “QBR Key” in the QBR database",)
    with tenant_scope(notion.tenant):
        asked = AuditEvent.objects.get(verb="notion.qbr_properties_requested")
        done = AuditEvent.objects.get(verb="notion.qbr_properties_created")
    assert asked.actor == done.actor == ada
    assert asked.data == {"names": ["Account", "Status", "QBR Key"]}
    assert done.data == {"created": ["Account", "QBR Key", "Status"], "found_there": []}


def test_with_all_of_them_a_qbr_can_be_published(notion: Connected, ada: User, commits: Any) -> None:
    database, _ = seed.create_database(
        notion.app.store, notion.seeded.bot_id, title="Reviews", properties={"Name": {"title": {}}}
    )
    send(notion, ada, commits, qbr_database=database)

    post(ada, "notion-qbr-properties", commits, names=ALL)

    assert states(kept(notion))["QBR database"] == StepState.OK
    assert notion.workspace().find_qbr_pages("any") == []
    assert "Properties that the QBR database lacks" not in shown(ada)


def test_a_property_that_is_not_missing_is_refused(notion: Connected, ada: User, bare: str) -> None:
    for names in (["Remarks"], ["Health Score"], []):
        answer = signed_in(ada).post(
            reverse("notion-qbr-properties"), {"names": names}, headers={"HX-Request": "true"}
        )
        assert answer.status_code == 422
        assert "<html" not in answer.content.decode()
    with tenant_scope(notion.tenant):
        assert not Job.objects.filter(task__endswith="create_qbr_properties").exists()


def test_one_that_somebody_made_meanwhile_is_left_as_it_is(notion: Connected, ada: User, bare: str) -> None:
    notion.api("PATCH", f"/v1/data_sources/{bare}", {"properties": {"status": {"status": {}}}})

    with tenant_scope(notion.tenant):
        created = qbr_database.create_properties(
            ["Status", "Quarter"], workspace=notion.workspace(), actor=ada, now=NOW
        )

    assert created == ("Quarter",)
    assert schema(notion, bare)["status"]["type"] == "status"
    assert "Status" not in schema(notion, bare)


def test_a_second_attempt_creates_nothing_twice_and_is_told_apart(
    notion: Connected, ada: User, bare: str
) -> None:
    with tenant_scope(notion.tenant):
        for _ in range(2):
            qbr_database.create_properties(ALL, workspace=notion.workspace(), actor=ada, now=NOW)
        first, second = AuditEvent.objects.filter(verb="notion.qbr_properties_created").order_by("pk")

    assert len(first.data["created"]) == 5
    assert second.data["created"] == []
    assert len(second.data["found_there"]) == 6


def test_a_refusal_of_notion_is_shown_and_the_page_says_what_stands(
    notion: Connected, ada: User, bare: str, commits: Any
) -> None:
    notion.fault(status=403, match=bare, method="PATCH", times=9)

    post(ada, "notion-qbr-properties", commits, names=["Status"])

    assert "The integration may not do this with the QBR database" in shown(ada)
    assert len(kept(notion).creatable) == 5
    with tenant_scope(notion.tenant):
        assert Job.objects.get(task__endswith="create_qbr_properties").state == JobState.FAILED
        assert not AuditEvent.objects.filter(verb="notion.qbr_properties_created").exists()


def test_a_saved_write_that_answers_with_an_error_counts_as_done(
    notion: Connected, ada: User, bare: str
) -> None:
    notion.fault(status=503, match=bare, method="PATCH", after_commit=True)

    with tenant_scope(notion.tenant):
        qbr_database.create_properties(["Quarter"], workspace=notion.workspace(), actor=ada, now=NOW)
        event = AuditEvent.objects.get(verb="notion.qbr_properties_created")

    assert "Quarter" in schema(notion, bare)
    assert event.data == {"created": [], "found_there": ["Quarter"]}


def test_an_error_without_the_write_is_an_error(notion: Connected, ada: User, bare: str) -> None:
    notion.fault(status=503, match=bare, method="PATCH")

    with tenant_scope(notion.tenant), pytest.raises(PortError, match="not available"):
        qbr_database.create_properties(["Quarter"], workspace=notion.workspace(), actor=ada, now=NOW)
