"""The page of a review and its steps, as each person sees and takes them."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from csm_portal.core.models import Job, JobState, User
from qbr.document import SectionKey
from qbr.models import QBR, Origin
from qbr.services import drafting, publishing, review
from qbr.workflow import State
from tests.conftest import signed_in
from tests.qbr.conftest import NOW
from tests.qbr.reviews import (
    INVENTED,
    QUARTER,
    approve,
    approved,
    drafted,
    fresh,
    says,
    submitted,
    write_more,
    writers,
)
from tests.workspace import Connected

pytestmark = pytest.mark.django_db


def page(user: User, qbr: QBR, **query: str) -> str:
    answer = signed_in(user).get(reverse("qbr", args=[qbr.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def buttons(html: str, qbr: QBR) -> set[str]:
    """The steps whose forms stand on the page; taking a file is none of them."""
    return set(re.findall(rf'action="/qbrs/{qbr.pk}/([a-z-]+)/"', html)) - {"export"}


def post(client: Client, qbr: QBR, step: str, **data: Any) -> Any:
    return client.post(reverse(f"qbr-{step}", args=[qbr.pk]), {"version": fresh(qbr).version, **data})


def test_a_csm_goes_from_the_account_to_notion_in_a_few_clicks(
    notion: Connected, harbour: Account, alice: User, bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    csm, manager = signed_in(alice), signed_in(bob)
    with django_capture_on_commit_callbacks(execute=True):
        drafted_page = csm.post(reverse("qbr-draft", args=[harbour.pk]), follow=True)
    qbr = QBR.objects.get()
    assert drafted_page.redirect_chain[-1][0] == reverse("qbr", args=[qbr.pk])

    post(csm, qbr, "submit")
    post(manager, qbr, "approve", content_hash=says(qbr).revision.content_hash)
    with django_capture_on_commit_callbacks(execute=True):
        post(csm, qbr, "publish")

    qbr = fresh(qbr)
    assert qbr.state == State.PUBLISHED
    html = page(alice, qbr)
    assert f'href="{qbr.notion_url}"' in html
    assert "Open in Notion" in html


def test_the_page_offers_each_person_exactly_what_the_table_allows(
    harbour: Account, alice: User, bob: User, ada: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    edits = {"refresh", "redraft"}
    assert buttons(page(alice, qbr), qbr) == {"submit"} | edits
    assert buttons(page(ada, qbr), qbr) == set()
    assert "Alice is working on this draft." in page(ada, qbr)

    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)
    assert buttons(page(alice, qbr), qbr) == {"withdraw"} | edits
    assert buttons(page(bob, qbr), qbr) == {"approve", "request-changes", "withdraw"} | edits

    qbr = approve(qbr, by=bob)
    assert buttons(page(alice, qbr), qbr) == {"publish"} | edits

    publishing.ask(qbr, actor=alice, version=qbr.version, now=NOW)
    assert buttons(page(alice, qbr), qbr) == set()


def test_a_manager_who_may_not_approve_is_told_why(harbour: Account, alice: User, bob: User) -> None:
    qbr = submitted(harbour, asked_by=bob, by=alice)

    html = page(bob, qbr)

    assert "You asked for this draft, so another manager has to approve it." in html
    assert "approve" not in buttons(html, qbr)


def test_each_figure_leads_to_its_fact_and_each_finding_is_marked(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), INVENTED, by=alice)

    html = page(alice, qbr)

    targets = set(re.findall(r'href="#(fact-[^"]+)"', html))
    assert len(targets) > 20
    assert targets <= set(re.findall(r'id="(fact-[^"]+)"', html)), "a link leads to a fact that is not listed"
    assert re.search(r'<mark class="finding"[^>]*>87 %', html)
    assert html.count(f'action="{reverse("qbr-vouch", args=[qbr.pk])}"') == 2
    assert "submit" not in buttons(html, qbr)
    assert "Notion: Seats Used" in html


def test_what_a_model_writes_is_shown_as_text(harbour: Account, alice: User) -> None:
    hostile = "<script>alert(1)</script> <img src=x onerror=alert(1)> javascript:alert(1)"
    qbr = write_more(drafted(harbour, actor=alice), hostile, by=alice)

    html = page(alice, qbr)

    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;alert(" in html


def test_the_customers_version_leaves_out_what_is_for_colleagues(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)

    html = page(alice, qbr, version="customer")
    document = html.split('<article class="document"')[1].split("</article>")[0]

    assert "seats in use" in document
    for word in ("health score", "Health score", "Expansion", "RAG", "For colleagues"):
        assert word not in document


def test_a_decision_on_an_older_version_is_refused_and_the_page_says_so(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    seen, content_hash = qbr.version, says(qbr).revision.content_hash
    review.withdraw(qbr, actor=alice, version=qbr.version, now=NOW)

    answer = signed_in(bob).post(
        reverse("qbr-approve", args=[qbr.pk]), {"version": seen, "content_hash": content_hash}
    )

    assert answer.status_code == 409
    assert "Somebody has changed this review since you opened it." in answer.content.decode()
    assert fresh(qbr).state == State.DRAFT


def test_a_step_that_the_table_refuses_gets_its_sentence(harbour: Account, alice: User, bob: User) -> None:
    qbr = submitted(harbour, asked_by=bob, by=alice)

    answer = post(signed_in(bob), qbr, "approve", content_hash=says(qbr).revision.content_hash)

    assert answer.status_code == 409
    assert "You asked for this draft" in answer.content.decode()


def test_changes_need_words(harbour: Account, alice: User, bob: User) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)

    empty = post(signed_in(bob), qbr, "request-changes", comment=" ")
    said = post(signed_in(bob), qbr, "request-changes", comment="Say more about the tickets.")

    assert empty.status_code == 422
    assert "Say what is to change" in empty.content.decode()
    assert said.status_code == 302
    html = page(alice, qbr)
    assert "Bob asked for changes" in html
    assert "Say more about the tickets." in html


def test_vouching_through_the_page(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), INVENTED, by=alice)
    client = signed_in(alice)
    where = {"section": SectionKey.HEALTH.value, "text": "87 %"}

    without = post(client, qbr, "vouch", **where, reason="")
    vouched = post(client, qbr, "vouch", **where, reason="I saw the report.")
    twice = post(client, qbr, "vouch", **where, reason="I saw the report.")

    assert (without.status_code, vouched.status_code, twice.status_code) == (422, 302, 409)
    assert "your name stands beside it" in without.content.decode()
    html = page(alice, qbr)
    assert re.search(r'class="finding is-vouched" title="Alice vouches for it: I saw the report\."', html)


def test_what_was_written_with_a_refused_step_is_told_back(harbour: Account, alice: User, bob: User) -> None:
    qbr = submitted(harbour, asked_by=None, by=alice)
    seen = qbr.version
    write_more(qbr, "They plan with it.", by=alice)

    late = post(signed_in(bob), qbr, "request-changes", version=seen, comment="Say who.\n<b>And</b> when.")
    short = post(
        signed_in(alice), qbr, "vouch", section=SectionKey.HEALTH.value, text="87 %", reason="No" * 300
    )

    assert (late.status_code, short.status_code) == (409, 422)
    assert "You had written:" in late.content.decode()
    assert "Say who.<br>&lt;b&gt;And&lt;/b&gt; when." in late.content.decode()
    assert "Keep it under 500 characters." in short.content.decode()
    assert "No" * 300 in short.content.decode()


def test_a_review_of_the_running_quarter_says_until_when(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    before = drafting.begin(harbour, quarter=QUARTER.previous, actor=alice, origin=Origin.ON_DEMAND, now=NOW)
    drafting.draft(before.pk, writers=writers(), now=NOW)

    assert "Q2 2026, 1 Apr 2026 to 14 May 2026, the quarter to date" in page(alice, qbr)
    assert "Q1 2026, 1 Jan 2026 to 31 Mar 2026</p>" in page(alice, before)


def test_figures_stay_on_their_line_and_long_facts_may_break(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), INVENTED, by=alice)

    html = page(alice, qbr)

    assert re.search(r'class="fact nowrap" [^>]+>46 %</a>', html)
    assert re.search(r'class="fact" [^>]+>Harbour Logistics</a>', html)
    assert re.search(r'class="finding nowrap" [^>]+>87 %<', html)
    assert re.search(r'class="finding" [^>]+>Marta Silva<', html)


def test_a_draft_that_is_on_its_way_is_polled_for(harbour: Account, alice: User, bob: User) -> None:
    qbr = drafting.begin(harbour, quarter=QUARTER, actor=None, origin=Origin.QUARTERLY, now=NOW)
    url = reverse("qbr-progress", args=[qbr.pk])
    client = signed_in(alice)

    html = page(alice, qbr)
    running = client.get(url, headers={"HX-Request": "true"})
    Job.objects.update(state=JobState.FAILED, error="The worker died.")
    over = client.get(url, headers={"HX-Request": "true"})

    assert f'hx-get="{url}"' in html
    assert f'hx-get="{url}"' in running.content.decode()
    assert over.headers["HX-Refresh"] == "true"
    after = page(alice, qbr)
    assert "The draft did not come about." in after
    assert buttons(after, qbr) == {"redraft"}


def test_a_missing_qbr_database_is_told_on_the_page(
    notion: Connected, harbour: Account, alice: User, bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    notion.reconnect(qbr_database_id="")
    qbr = approved(harbour, csm=alice, manager=bob)

    with django_capture_on_commit_callbacks(execute=True):
        post(signed_in(alice), qbr, "publish")

    assert fresh(qbr).state == State.APPROVED
    assert "QBR database" in page(alice, qbr)


def test_a_quarter_that_cannot_be_reviewed_gets_a_sentence(harbour: Account, alice: User) -> None:
    answer = signed_in(alice).post(
        reverse("qbr-draft", args=[harbour.pk]), {"quarter": "Q1 1999"}, follow=True
    )

    assert "can be reviewed now, and “Q1 1999” is neither." in answer.content.decode()
    assert not QBR.objects.exists()


def test_the_page_costs_the_same_however_long_the_history_is(
    harbour: Account, alice: User, django_assert_num_queries: Any
) -> None:
    qbr = drafted(harbour, actor=alice)
    client, url = signed_in(alice), reverse("qbr", args=[qbr.pk])
    client.get(url)
    # Session, user, member; review; deputies, steps, text, facts, vouches; comments, unsaved text; commitments, versions.
    with django_assert_num_queries(13):
        client.get(url)

    for number in range(12):
        qbr = write_more(qbr, f"Line {chr(97 + number)} was added.", by=alice)
    with django_assert_num_queries(13):
        client.get(url)


def test_the_page_carries_the_version_of_the_text_that_it_shows(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    wrote: list[QBR] = []

    def another_writes_between(execute: Any, sql: str, *rest: Any) -> Any:
        if 'FROM "qbr_qbrrevision"' in sql and not wrote:
            wrote.append(qbr)
            wrote.append(write_more(qbr, "Written while the page was gathered.", by=alice))
        return execute(sql, *rest)

    with connection.execute_wrapper(another_writes_between):
        html = page(alice, qbr)

    assert "Written while the page was gathered." in html
    versions = set(re.findall(r'name="version" value="(\d+)"', html))
    assert versions == {str(wrote[1].version)}
    assert wrote[1].version == qbr.version + 1
