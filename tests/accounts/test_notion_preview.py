"""The first rows through a mapping, saved or only tried (SPEC 2.3)."""

from typing import Any

import pytest

from accounts import setup_preview
from accounts.models import Account, PropertyMapping
from accounts.selectors import setup
from accounts.services import preview
from accounts.setup_preview import Line, Preview
from csm_portal.core.models import AuditEvent, NotionConnection, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.workspace import Person
from tests.accounts.notion_page import kept, post, send, shown
from tests.factories import NOW
from tests.workspace import Connected, a_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


@pytest.fixture
def chosen(notion: Connected, ada: User, commits: Any) -> dict[str, str]:
    """What the form of the properties holds when the page is opened."""
    notion.add_accounts(*(a_row(number) for number in range(1, 8)))
    return {field.field: field.property_id for field in send(notion, ada, commits).fields}


def seen(notion: Connected) -> setup.ShownPreview:
    with tenant_scope(notion.tenant):
        found = setup.page().preview
    assert found is not None
    return found


def rows(notion: Connected) -> Preview:
    found = seen(notion).preview
    assert found is not None
    return found


def line(found: Preview, label: str) -> Line:
    return next(line for line in found.lines if line.label == label)


def test_a_check_shows_the_first_five_rows_as_the_mirror_would_hold_them(
    notion: Connected, ada: User, chosen: dict[str, str]
) -> None:
    found = rows(notion)

    assert len(found.names) == 5
    assert all(name.startswith("Account ") for name in found.names)
    assert len(found.main) == 15
    assert line(found, "ARR").cells[0].text == "€\xa048,000"
    assert line(found, "ARR").sources == ("ARR", "Currency")
    assert line(found, "Feature adoption").cells[0].text == "80 %"
    assert line(found, "Seat utilisation").cells[0].text == "90 of 100, 90 %"
    assert line(found, "Renewal").cells[0].text.startswith("31 Jan 2027, ")
    assert line(found, "Open tickets").cells[0].text == "2"
    assert line(found, "Payment").cells[0].text == "Paid up"
    page = shown(ada)
    assert "The first rows, as saved" in page
    assert "Feature Adoption Rate" in page
    with tenant_scope(notion.tenant):
        assert not Account.objects.exists()


def test_an_owner_whom_nobody_here_is_is_told(
    notion: Connected, ada: User, alice: User, commits: Any
) -> None:
    notion.add_accounts(a_row(1), a_row(2, owner=Person(name="Zoe", email="zoe@elsewhere.example")))

    send(notion, ada, commits)

    issues = line(rows(notion), "Owner").issues
    assert issues == (
        "Account 002: Nobody in the portal has the address zoe@elsewhere.example, so the account has no CSM here yet.",
    )


def test_a_value_that_cannot_be_read_is_told_with_its_account(
    notion: Connected, ada: User, commits: Any
) -> None:
    notion.add_accounts(a_row(1), a_row(2, nps_score=41))

    send(notion, ada, commits)

    found = line(rows(notion), "NPS")
    assert [cell.is_known for cell in found.cells].count(False) == 1
    (issue,) = found.issues
    assert issue.startswith("Account 002: The property “NPS Score” holds 41")
    assert "Not read" in shown(ada)


def test_another_mapping_is_tried_without_being_saved(
    notion: Connected, ada: User, chosen: dict[str, str], commits: Any
) -> None:
    found = kept(notion)
    used = next(info.id for info in found.properties if info.name == "Seats Used")
    before = stored(notion)

    post(ada, "notion-preview", commits, **{**chosen, "arr": used, "nps_score": "-"})

    tried = rows(notion)
    assert line(tried, "ARR").cells[0].text == "€\xa090"
    assert line(tried, "NPS").cells[0].text == setup_preview.EMPTY
    assert line(tried, "NPS").sources == ()
    assert stored(notion) == before
    assert kept(notion) == found
    page = shown(ada)
    assert "Tried, not saved" in page
    assert f'<option value="{used}" selected>Seats Used (number)</option>' in page
    with tenant_scope(notion.tenant):
        assert AuditEvent.objects.filter(verb="notion.mapping_tried").count() == 1


def test_a_property_of_the_wrong_type_is_told_when_it_is_tried(
    notion: Connected, ada: User, chosen: dict[str, str], commits: Any
) -> None:
    paid = next(info.id for info in kept(notion).properties if info.name == "Payment Current")

    post(ada, "notion-preview", commits, **{**chosen, "arr": paid})

    assert "cannot carry ARR" in line(rows(notion), "ARR").problem
    assert "is of type checkbox and cannot carry ARR" in shown(ada)


def test_what_was_tried_is_saved_or_taken_back(
    notion: Connected, ada: User, chosen: dict[str, str], commits: Any
) -> None:
    used = next(info.id for info in kept(notion).properties if info.name == "Seats Used")
    post(ada, "notion-preview", commits, **{**chosen, "arr": used})

    post(ada, "notion-preview", commits, back="1")
    assert not seen(notion).is_tried
    assert line(rows(notion), "ARR").cells[0].text == "€\xa048,000"

    post(ada, "notion-preview", commits, **{**chosen, "arr": used})
    post(ada, "notion-mapping", commits, **{**chosen, "arr": used})
    assert not seen(notion).is_tried
    assert line(rows(notion), "ARR").cells[0].text == "€\xa090"
    assert stored(notion)["arr"] == used


def stored(notion: Connected) -> dict[str, str]:
    with tenant_scope(notion.tenant):
        return dict(PropertyMapping.objects.values_list("field", "property_id"))


def test_a_trial_that_another_one_replaced_keeps_nothing(
    notion: Connected, ada: User, chosen: dict[str, str]
) -> None:
    with tenant_scope(notion.tenant):
        first = preview.propose(chosen, actor=ada, now=NOW)
        second = preview.propose({**chosen, "arr": "-"}, actor=ada, now=NOW)

        preview.keep_tried(first, Preview(names=("Old",)), now=NOW)

        assert preview.tried_mapping(first) is None
        assert preview.tried_mapping(second) is not None
        assert NotionConnection.objects.get().preview["tried"]["preview"] == {}


def test_rows_that_cannot_be_had_are_a_sentence(
    notion: Connected, ada: User, chosen: dict[str, str], commits: Any
) -> None:
    notion.fault(status=503, match="query", times=99)

    post(ada, "notion-preview", commits, **chosen)

    assert "Notion is not available" in rows(notion).error
    assert "Notion is not available" in shown(ada)


def test_a_preview_is_read_back_as_it_was_kept(notion: Connected, ada: User, chosen: dict[str, str]) -> None:
    found = rows(notion)

    assert setup_preview.from_json(found.as_json()) == found
