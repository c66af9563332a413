"""The CSM Profile: one page an account, the portal's part exactly the document, people's part as they left it (SPEC 2.7)."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from accounts import profile
from accounts.models import Account, CSMProfile, ProfileState
from accounts.profile import ProfileFacts
from accounts.selectors import profile_facts
from accounts.services import health, profiles, sync
from csm_portal.core.models import AuditEvent, Job, Tenant
from csm_portal.ports.errors import PortError
from csm_portal.ports.profiles import TITLE
from csm_portal.ports.workspace import Workspace
from tests.accounts.profile_pages import FACTS, Person, any_facts, own_ids, words
from tests.factories import NOW, TODAY
from tests.workspace import Connected, a_row

pytestmark = pytest.mark.django_db

CALLS = ("own_id", "find_sub_pages", "get_sub_page", "create_sub_page", "read_blocks", "insert_blocks", "change_block",
         "remove_block")  # fmt: skip
WRITES = ("create_sub_page", "insert_blocks", "change_block", "remove_block")


class Killed(BaseException):
    """The process ends here: nothing after it runs, and no service catches it."""


class Breaking:
    """A workspace whose nth call kills the process, before it is made or after; it notes each call."""

    def __init__(self, workspace: Workspace, *, at: int = 0, after: bool = False) -> None:
        self._workspace, self._at, self._after = workspace, at, after
        self.usage = workspace.usage
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real: Callable[..., Any] = getattr(self._workspace, name)
        if name not in CALLS:
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            is_it = len(self.calls) == self._at
            if is_it and not self._after:
                raise Killed
            answer = real(*args, **kwargs)
            if is_it:
                raise Killed
            return answer

        return call

    def writes(self) -> list[str]:
        return [name for name in self.calls if name in WRITES]


@pytest.fixture
def account(scoped: Tenant, notion: Connected) -> Account:
    notion.add_accounts(a_row(1))
    sync.run(workspace=notion.workspace(), now=NOW)
    found: Account = Account.objects.get()
    return found


def update(
    account: Account,
    notion: Connected,
    facts: ProfileFacts = FACTS,
    *,
    workspace: Any = None,
    today: date = TODAY,
) -> profiles.Outcome:
    return profiles.update(
        account, facts=facts, workspace=workspace or notion.workspace(), today=today, now=NOW
    )


def pages(account: Account, notion: Connected) -> list[str]:
    """Return the ids of the pages called CSM Profile under the account's page."""
    standing = notion.api("GET", f"/v1/blocks/{account.notion_page_id}/children")["results"]
    return [
        block["id"]
        for block in standing
        if block["type"] == "child_page" and block["child_page"]["title"] == TITLE
    ]


def person(account: Account, notion: Connected, *, seed: int = 1) -> Person:
    return Person(
        notion=notion, page_id=CSMProfile.objects.get(account=account).page_id, chance=random.Random(seed)
    )


def assert_ours_is_exactly(
    account: Account, notion: Connected, facts: ProfileFacts, *, as_of: date = TODAY
) -> None:
    workspace = notion.workspace()
    kept = CSMProfile.objects.get(account=account)
    ours = own_ids(account)
    standing = [block for block in workspace.read_blocks(kept.page_id, whole=ours) if block.id in ours]
    wanted = workspace.render_blocks(profile.document(facts, as_of=as_of))
    assert [block.digest for block in standing] == [block.digest for block in wanted]
    assert [block.id for block in standing] == [one["id"] for one in kept.blocks]


def test_the_first_update_makes_the_page_and_the_second_writes_nothing(
    account: Account, notion: Connected
) -> None:
    made = update(account, notion)
    watching = Breaking(notion.workspace())

    again = update(account, notion, workspace=watching)

    kept = CSMProfile.objects.get(account=account)
    assert pages(account, notion) == [kept.page_id]
    assert (made.made, again.has_written, kept.state) == (True, False, ProfileState.WRITTEN)
    assert watching.writes() == []
    assert_ours_is_exactly(account, notion, FACTS)
    assert AuditEvent.objects.filter(verb="profile.written").count() == 1


def test_a_day_later_the_same_facts_write_nothing_and_ages_stay_as_of_their_day(
    account: Account, notion: Connected
) -> None:
    update(account, notion)
    watching = Breaking(notion.workspace())

    update(account, notion, workspace=watching, today=TODAY + timedelta(days=1))

    assert watching.writes() == []
    assert_ours_is_exactly(account, notion, FACTS, as_of=TODAY)

    changed = replace(FACTS, score=70)
    update(account, notion, changed, today=TODAY + timedelta(days=1))
    assert_ours_is_exactly(account, notion, changed, as_of=TODAY + timedelta(days=1))


def test_what_people_wrote_stays_where_it_is(account: Account, notion: Connected) -> None:
    update(account, notion)
    somebody = person(account, notion)
    standing = {words(block): block["id"] for block in somebody.blocks()}
    somebody.add("Dana prefers a call to an e-mail.", after=standing["Dana Fox"])
    somebody.add("Bring the roadmap.", after=standing["Playbook notes"])
    somebody.add("Read this first.")

    changed = replace(FACTS, contacts=("Dana Fox", "Per Hansen", "Ada Berg"), score=55)
    update(account, notion, changed)

    lines = [words(block) for block in somebody.blocks()]
    assert lines[0] == "Read this first."
    assert lines[lines.index("Dana Fox") + 1] == "Dana prefers a call to an e-mail."
    assert lines[-2:] == ["Playbook notes", "Bring the roadmap."]
    assert_ours_is_exactly(account, notion, changed)


def test_a_line_that_somebody_changed_is_theirs_and_ours_stands_beside(
    account: Account, notion: Connected
) -> None:
    update(account, notion)
    somebody = person(account, notion)
    (block,) = [block for block in somebody.blocks() if words(block) == "Owner: Alice"]
    somebody.write_into(block, "Owner: Alice, from June on Bob")

    outcome = update(account, notion)

    lines = [words(block) for block in somebody.blocks()]
    at = lines.index("Owner: Alice, from June on Bob")
    assert lines[at + 1] == "Owner: Alice"
    assert outcome.handed_over == {block["id"]}
    assert block["id"] not in own_ids(account)
    assert_ours_is_exactly(account, notion, FACTS)
    assert CSMProfile.objects.get().handed_over == 1


def test_a_line_that_somebody_removed_is_written_again(account: Account, notion: Connected) -> None:
    update(account, notion)
    somebody = person(account, notion)
    (block,) = [block for block in somebody.blocks() if words(block) == "Owner: Alice"]
    somebody.remove(block["id"])

    outcome = update(account, notion)

    assert (outcome.added, outcome.changed, outcome.removed) == (1, 0, 0)
    assert_ours_is_exactly(account, notion, FACTS)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_people_do_between_updates(account: Account, notion: Connected, seed: int) -> None:
    chance = random.Random(seed)
    update(account, notion)
    somebody = person(account, notion, seed=seed)
    number = 0
    for _ in range(5):
        for _ in range(chance.randrange(5)):
            number += 1
            somebody.do_something(number)
        ours = {one["id"]: one["digest"] for one in CSMProfile.objects.get().blocks}
        now = {
            block.id: block.digest
            for block in notion.workspace().read_blocks(somebody.page_id, whole=set(ours))
        }
        theirs = [
            (block["id"], words(block))
            for block in somebody.blocks()
            if ours.get(block["id"]) != now[block["id"]]
        ]
        facts = any_facts(chance)

        update(account, notion, facts)

        ours_now = own_ids(account)
        assert [
            (block["id"], words(block)) for block in somebody.blocks() if block["id"] not in ours_now
        ] == theirs
        assert_ours_is_exactly(account, notion, facts)
    assert number > 3


def test_a_page_that_people_made_by_hand_is_taken_up(account: Account, notion: Connected) -> None:
    made = notion.api(
        "POST",
        "/v1/pages",
        {
            "parent": {"page_id": account.notion_page_id},
            "properties": {"title": {"title": [{"text": {"content": "CSM profile"}}]}},
            "children": [
                {"type": "paragraph", "paragraph": {"rich_text": [{"text": {"content": "By hand"}}]}}
            ],
        },
    )

    outcome = update(account, notion)

    assert not outcome.made
    assert CSMProfile.objects.get().page_id == made["id"]
    assert words(person(account, notion).blocks()[0]) == "By hand"
    assert_ours_is_exactly(account, notion, FACTS)


def test_two_pages_of_the_name_stop_the_portal(account: Account, notion: Connected) -> None:
    for _ in range(2):
        notion.workspace().create_sub_page(account.notion_page_id, TITLE)

    with pytest.raises(profiles.Stopped, match="holds 2 pages called “CSM Profile”"):
        update(account, notion)

    assert CSMProfile.objects.get().trouble.startswith("The account's page in Notion holds 2 pages")


def test_a_renamed_and_moved_page_is_the_same_page(account: Account, notion: Connected) -> None:
    update(account, notion)
    page_id = CSMProfile.objects.get().page_id
    title = {"title": {"title": [{"text": {"content": "Everything about Account 001"}}]}}
    notion.api("PATCH", f"/v1/pages/{page_id}", {"properties": title})
    folder = notion.workspace().create_sub_page(account.notion_page_id, "Folder")
    with notion.app.store.writing() as db:
        db.execute("UPDATE pages SET parent_id = ? WHERE id = ?", (folder.id, page_id))
        db.execute(
            "UPDATE blocks SET parent_id = ?, page_id = ? WHERE id = ?", (folder.id, folder.id, page_id)
        )

    outcome = update(account, notion, replace(FACTS, score=12))

    assert not outcome.made
    assert CSMProfile.objects.get().page_id == page_id
    assert pages(account, notion) == []


def test_a_page_in_the_trash_is_made_anew_only_when_somebody_says_so(
    account: Account, notion: Connected, settings: Any
) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    update(account, notion)
    first = CSMProfile.objects.get().page_id
    notion.api("PATCH", f"/v1/pages/{first}", {"in_trash": True})

    for _ in range(2):
        with pytest.raises(profiles.Stopped, match="is in Notion's trash"):
            update(account, notion)
    assert CSMProfile.objects.get().state == ProfileState.LOST
    assert pages(account, notion) == []

    profiles.ask(account, actor=None, now=NOW, anew=True)
    outcome = update(account, notion)

    assert outcome.made
    assert pages(account, notion) == [CSMProfile.objects.get().page_id] != [first]
    assert_ours_is_exactly(account, notion, FACTS)


def test_a_page_restored_from_the_trash_is_gone_on_with(account: Account, notion: Connected) -> None:
    update(account, notion)
    page_id = CSMProfile.objects.get().page_id
    notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": True})
    with pytest.raises(profiles.Stopped):
        update(account, notion)
    notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": False})

    update(account, notion, replace(FACTS, owner="Bob"))

    assert pages(account, notion) == [page_id]
    assert (CSMProfile.objects.get().state, CSMProfile.objects.get().trouble) == (ProfileState.WRITTEN, "")


def test_a_page_moved_to_another_account_is_not_written(account: Account, notion: Connected) -> None:
    update(account, notion)
    notion.add_accounts(a_row(2))
    sync.run(workspace=notion.workspace(), now=NOW)
    other = Account.objects.exclude(pk=account.pk).get()
    page_id = CSMProfile.objects.get().page_id
    with notion.app.store.writing() as db:
        db.execute("UPDATE pages SET parent_id = ? WHERE id = ?", (other.notion_page_id, page_id))
    watching = Breaking(notion.workspace())

    with pytest.raises(profiles.Stopped, match="was moved to the page of “Account 002”"):
        update(account, notion, replace(FACTS, owner="Bob"), workspace=watching)

    assert watching.writes() == []


@pytest.mark.parametrize("after", [False, True])
def test_dying_at_any_call_ends_in_one_complete_page(
    account: Account, notion: Connected, after: bool
) -> None:
    """First the making of the page, then an update of it, each broken off at every call in turn."""
    changed = replace(
        FACTS, contacts=("Ola Nordmann", "Per Hansen", "Ada Berg"), score=None, months=(), owner="Bob"
    )
    points = 0
    for facts in (FACTS, changed, FACTS, changed):
        at = 0
        while True:
            at += 1
            breaking = Breaking(notion.workspace(), at=at, after=after)
            try:
                update(account, notion, facts, workspace=breaking)
                break
            except Killed:
                points += 1
        assert_ours_is_exactly(account, notion, facts)
        assert len(pages(account, notion)) == 1
        total = person(account, notion).blocks()
        assert len(total) == len(own_ids(account))
    assert points >= 16


@pytest.mark.parametrize(
    ("method", "match"),
    [("POST", "/v1/pages"), ("PATCH", "/children"), ("PATCH", "/v1/blocks"), ("DELETE", "")],
)
def test_an_answer_that_leaves_it_open_makes_nothing_twice(
    account: Account, notion: Connected, method: str, match: str
) -> None:
    for facts in (FACTS, replace(FACTS, contacts=("Ada Berg",), score=None), FACTS):
        notion.fault(status=503, method=method, match=match, after_commit=True)

        update(account, notion, facts)

        assert len(pages(account, notion)) == 1
        assert len(person(account, notion).blocks()) == len(own_ids(account))
        assert_ours_is_exactly(account, notion, facts)
        notion.api("DELETE", "/_sim/faults")


def test_where_notion_refuses_the_reason_is_kept(account: Account, notion: Connected) -> None:
    notion.fault(status=403, method="POST", match="/v1/pages")

    with pytest.raises(PortError):
        update(account, notion)

    assert "may not do this with the CSM Profile" in CSMProfile.objects.get().trouble
    update(account, notion)
    assert CSMProfile.objects.get().trouble == ""


def test_a_run_that_was_overtaken_writes_nothing_more(account: Account, notion: Connected) -> None:
    update(account, notion)

    class Overtaking(Breaking):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            if name == "read_blocks" and name not in self.calls:
                self.calls.append(name)
                update(account, notion, replace(FACTS, owner="Bob"))
            return super().__getattr__(name)

    with pytest.raises(profiles.Overtaken):
        update(account, notion, replace(FACTS, owner="Carol"), workspace=Overtaking(notion.workspace()))

    assert_ours_is_exactly(account, notion, replace(FACTS, owner="Bob"))


def test_asking_twice_is_one_job(account: Account, notion: Connected, settings: Any) -> None:
    settings.CSM_RUN_JOBS_INLINE = False

    first = profiles.ask(account, actor=None, now=NOW)
    second = profiles.ask(account, actor=None, now=NOW)

    assert first.pk == second.pk
    assert Job.objects.get().task == profiles.TASK
    assert AuditEvent.objects.filter(verb="profile.requested").count() == 2


def test_the_facts_come_in_two_queries(account: Account, django_assert_num_queries: Any) -> None:
    for days_ago in (40, 20, 0):
        health.score_accounts(as_of=TODAY - timedelta(days=days_ago), now=NOW, announce=False)
    found = Account.objects.select_related("owner", "health__latest").get(pk=account.pk)

    with django_assert_num_queries(2):
        facts = profile_facts.facts(found, reviews=FACTS.reviews)

    assert facts.owner == "Alice"
    assert [month.month.isoformat() for month in facts.months] == ["2026-05-01", "2026-04-01"]
    assert facts.months[0].change == facts.months[0].score - facts.months[1].score
    assert facts.band_since == TODAY - timedelta(days=40)
    assert len(facts.risks) == 1
    assert facts.reviews == FACTS.reviews
