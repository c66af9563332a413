"""The editor's pages: saved, kept, merged, compared, commented on."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from csm_portal.core.models import AuditEvent, User
from qbr import editing as edit_form
from qbr.document import SectionKey
from qbr.models import QBR, Deputy, QBRRevision, Remark, Thread, WorkingCopy
from qbr.services import editing
from tests.conftest import make_member, signed_in
from tests.qbr.conftest import LATER
from tests.qbr.reviews import INVENTED, approved, drafted, fresh, says, write_more

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def page(user: User, qbr: QBR) -> str:
    return signed_in(user).get(reverse("qbr", args=[qbr.pk])).content.decode()


def edit_url(qbr: QBR, section: str = SectionKey.HEALTH.value) -> str:
    return reverse("qbr-edit", args=[qbr.pk, section])


def test_a_section_is_edited_and_saved_as_a_version(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    shown = client.get(edit_url(qbr)).content.decode()
    text = edit_form.to_editable(says(qbr).content.section(SectionKey.HEALTH))
    assert "62 of 100 seats" in shown

    answer = client.post(edit_url(qbr), {"text": f"{text}\n\nWe meet monthly.", "version": qbr.version})

    assert answer.headers["Location"].endswith("#account_health_summary")
    assert "We meet monthly." in page(alice, qbr)


def test_a_text_is_checked_without_being_saved(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    data = {"text": INVENTED, "version": qbr.version, "check": "1"}

    whole = client.post(edit_url(qbr), data)
    fragment = client.post(edit_url(qbr), data, headers={"HX-Request": "true"})

    for answer in (whole, fragment):
        assert "Marta Silva” is named in no fact" in answer.content.decode()
    assert "<html" in whole.content.decode()
    assert fragment.content.decode().strip().startswith('<div id="checked"')
    assert QBRRevision.objects.filter(qbr=qbr).count() == 1


@pytest.mark.parametrize("text", ["", "   \n ", "x" * 20_001])
def test_a_text_that_cannot_be_saved_comes_back_with_a_sentence(
    text: str, harbour: Account, alice: User
) -> None:
    qbr = drafted(harbour, actor=alice)

    answer = signed_in(alice).post(edit_url(qbr), {"text": text, "version": qbr.version})

    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Write at least one sentence" in html or "Shorten it to 20,000" in html
    assert 'aria-invalid="true"' in html


def test_of_two_editors_the_slower_one_keeps_their_text_and_sees_the_others(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    opened = qbr.version
    write_more(qbr, "They asked for monthly calls.", by=alice)
    client = signed_in(bob)

    lost = client.post(edit_url(qbr), {"text": "My own words.", "version": opened})

    html = lost.content.decode()
    assert lost.status_code == 409
    assert "Alice changed this review after you opened it." in html
    assert ">\nMy own words.</textarea>" in html
    assert "They asked for monthly calls." in html
    assert f'name="version" value="{fresh(qbr).version}"' in html
    again = client.post(edit_url(qbr), {"text": "My own words.", "version": fresh(qbr).version})
    assert again.status_code == 302
    assert says(qbr).content.section(SectionKey.HEALTH).text[0].words == "My own words."


def test_whoever_edits_is_told_what_that_costs(harbour: Account, alice: User, bob: User) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)

    assert "This review is approved. Saving a change makes it a draft again" in (
        signed_in(alice).get(edit_url(qbr)).content.decode()
    )
    assert "another manager has to approve this review" in signed_in(bob).get(edit_url(qbr)).content.decode()


def test_a_section_that_does_not_exist_is_not_there(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)

    assert signed_in(alice).get(edit_url(qbr, "appendix")).status_code == 404


def test_an_older_version_is_shown_compared_and_restored(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), "We meet monthly.", by=alice)
    client = signed_in(alice)

    newest = client.get(reverse("qbr-version", args=[qbr.pk, 2])).content.decode()
    oldest = client.get(reverse("qbr-version", args=[qbr.pk, 1]), {"against": "2"}).content.decode()
    missing = client.get(reverse("qbr-version", args=[qbr.pk, 9]))
    restored = client.post(reverse("qbr-restore", args=[qbr.pk, 1]), {"version": qbr.version})

    assert "<ins>We meet monthly.</ins>" in newest
    assert "Restore this version" not in newest
    assert "<del>We meet monthly.</del>" in oldest
    assert missing.status_code == 404
    assert restored.status_code == 302
    assert "We meet monthly." not in says(qbr).content.document().plain_lines()


# What is kept while somebody types


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of the editor's form, as the page carries them."""
    form = html.split('id="section-form"')[1].split("</form>")[0]
    return dict(
        re.findall(r'<input type="hidden" name="(version|base|shown|tab|turn|seen)" value="([^"]*)"', form)
    )


def typed(html: str) -> str:
    """What stands in the field."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", html, re.DOTALL)
    assert found is not None
    return found[1].replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")


def keep(client: Client, qbr: QBR, **data: Any) -> Any:
    url = reverse("qbr-keep", args=[qbr.pk, SectionKey.HEALTH.value])
    return client.post(url, data, headers=HTMX)


def test_text_is_kept_without_a_version_and_stands_there_again(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    opened = hidden(client.get(edit_url(qbr)).content.decode())
    rows = AuditEvent.objects.count()

    answer = keep(client, qbr, text="The first words", **opened)

    assert re.search(r'id="kept" hx-swap-oob="innerHTML">Draft saved \d\d:\d\d<', answer.content.decode())
    assert "The first words" in answer.content.decode(), "the preview shows it"
    assert AuditEvent.objects.count() == rows
    assert (QBRRevision.objects.filter(qbr=qbr).count(), fresh(qbr).version) == (1, qbr.version)
    again = client.get(edit_url(qbr)).content.decode()
    assert typed(again) == "The first words"
    assert "This is your unsaved text" in again
    assert "unsaved text in Account Health Summary" in page(alice, qbr)


def test_nobody_else_reads_what_is_not_saved_but_sees_that_somebody_writes(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    keep(client, qbr, text="My secret half sentence", **hidden(client.get(edit_url(qbr)).content.decode()))

    html = signed_in(bob).get(edit_url(qbr)).content.decode()

    assert "My secret half sentence" not in html
    assert "<strong>Alice</strong> is writing in this section too" in html
    assert "unsaved text" not in page(bob, qbr)


def test_saving_lets_go_of_what_was_kept(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    opened = hidden(client.get(edit_url(qbr)).content.decode())
    keep(client, qbr, text="We meet monthly.", **opened)

    client.post(edit_url(qbr), {"text": "We meet monthly.", **opened})

    assert not WorkingCopy.objects.exists()
    assert says(qbr).content.section(SectionKey.HEALTH).text[0].words == "We meet monthly."


def test_a_second_window_of_the_same_person_replaces_nothing(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    one, other = (hidden(client.get(edit_url(qbr)).content.decode()) for _ in range(2))
    keep(client, qbr, text="From the first window.", **one)

    refused = keep(client, qbr, text="From the second window.", **other)

    assert refused.status_code == 409
    html = refused.content.decode()
    assert "From the first window." in html
    assert "Not saved" in html
    assert WorkingCopy.objects.get().text == "From the first window."
    both = client.post(edit_url(qbr), {"text": "From the second window.", "merge": "copy", **other})
    assert "From the first window." in typed(both.content.decode())
    assert "From the second window." in typed(both.content.decode())
    instead = keep(
        client, qbr, text="From the second window.", **{**other, "instead": WorkingCopy.objects.get().serial}
    )
    assert instead.status_code == 200
    assert WorkingCopy.objects.get().text == "From the second window."


def test_what_comes_late_from_a_window_does_not_replace_what_came_after(
    harbour: Account, alice: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    opened = hidden(client.get(edit_url(qbr)).content.decode())
    keep(client, qbr, text="The whole sentence.", **{**opened, "turn": "2"})

    keep(client, qbr, text="The wh", **{**opened, "turn": "1"})

    assert WorkingCopy.objects.get().text == "The whole sentence."


def test_unsaved_text_is_thrown_away_as_it_was_seen(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    opened = hidden(client.get(edit_url(qbr)).content.decode())
    keep(client, qbr, text="One.", **opened)
    url = reverse("qbr-discard", args=[qbr.pk, SectionKey.HEALTH.value])

    client.post(url, {"serial": 99})
    assert WorkingCopy.objects.exists()
    client.post(url, {"serial": WorkingCopy.objects.get().serial})

    assert not WorkingCopy.objects.exists()
    assert AuditEvent.objects.filter(verb="qbr.unsaved_text_discarded").count() == 1


def test_of_a_text_without_a_sentence_nothing_is_said_to_be_traced(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    opened = hidden(client.get(edit_url(qbr)).content.decode())

    html = keep(client, qbr, text=" ", **opened).content.decode()

    assert "No sentence stands here yet." in html
    assert "traced to a fact" not in html


@pytest.mark.parametrize("base", ["99", "0"])
def test_text_made_from_a_version_that_there_is_not_is_refused_and_both_texts_stay(
    base: str, harbour: Account, alice: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    opened = hidden(client.get(edit_url(qbr)).content.decode())
    keep(client, qbr, text="Kept before.", **opened)

    refused = keep(client, qbr, text="Made from nothing.", **{**opened, "turn": "2", "base": base})
    page_of_it = client.post(
        reverse("qbr-keep", args=[qbr.pk, SectionKey.HEALTH.value]),
        {**opened, "text": "Made from nothing.", "turn": "2", "base": base},
    )

    assert refused.status_code == page_of_it.status_code == 422
    sentence = f"made from version {base}, which this review does not have"
    assert sentence in refused.content.decode()
    html = page_of_it.content.decode()
    assert sentence in html
    assert typed(html) == "Made from nothing."
    assert "62 of 100 seats" in html, "what the review says stands beside it"
    assert hidden(html)["base"] == "1"
    assert WorkingCopy.objects.get().text == "Kept before."
    saved = client.post(edit_url(qbr), {**opened, "text": "Made from nothing.", "base": base})
    assert saved.status_code == 409
    assert hidden(saved.content.decode())["base"] == "1"


def test_a_body_that_is_too_large_gets_a_page_with_a_sentence(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)

    answer = signed_in(alice).post(edit_url(qbr), {"text": "x" * 3_000_000, "version": qbr.version})

    assert answer.status_code == 400
    assert "larger than the portal takes" in answer.content.decode()


def test_two_people_in_two_sections_of_a_draft_do_not_stop_each_other(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(bob)
    opened = hidden(client.get(edit_url(qbr)).content.decode())
    write_more(qbr, "Alice wrote about the return.", by=alice, section=SectionKey.ROI)

    answer = client.post(edit_url(qbr), {"text": "Bob wrote about health.", **opened})

    assert answer.status_code == 302
    content = says(qbr).content
    assert content.section(SectionKey.HEALTH).text[0].words == "Bob wrote about health."
    assert content.section(SectionKey.ROI).text[-1].words == "Alice wrote about the return."


def test_unsaved_text_over_a_newer_version_shows_both_and_can_be_merged(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(bob)
    html = client.get(edit_url(qbr)).content.decode()
    mine = f"{typed(html)}\n\nBob was here."
    keep(client, qbr, text=mine, **hidden(html))
    write_more(qbr, "Alice was here.", by=alice)

    opened = client.get(edit_url(qbr)).content.decode()
    refused = client.post(edit_url(qbr), {"text": mine, **hidden(opened)})
    # Made of both from what both began with, also after a refusal has shown the other text.
    merged = client.post(
        edit_url(qbr), {"text": mine, "merge": "version", **hidden(refused.content.decode())}
    )
    saved = client.post(
        edit_url(qbr), {"text": typed(merged.content.decode()), **hidden(merged.content.decode())}
    )

    assert "Somebody was faster" in opened
    assert refused.status_code == 409
    assert saved.status_code == 302
    lines = says(qbr).content.document().plain_lines()
    assert {"Alice was here.", "Bob was here."} <= set(lines)


def test_the_preview_is_what_each_reader_gets(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    opened = hidden(client.get(edit_url(qbr)).content.decode())
    text = "For everybody.\n\n[internal] For us alone."

    ours = keep(client, qbr, text=text, reader="internal", **opened).content.decode()
    theirs = keep(client, qbr, text=text, reader="customer", **opened).content.decode()

    assert "For us alone." in ours
    assert "RAG" in ours, "the blocks that the portal sets stand around it"
    assert "For us alone." not in theirs
    assert "For everybody." in theirs


# Two versions


def test_any_two_versions_stand_beside_each_other(harbour: Account, alice: User, bob: User) -> None:
    qbr = write_more(approved(harbour, csm=alice, manager=bob), "We meet monthly.", by=alice)
    url = reverse("qbr-compare", args=[qbr.pk])

    html = signed_in(bob).get(url).content.decode()
    back = signed_in(bob).get(url, {"before": "2", "after": "1"}).content.decode()
    same = signed_in(bob).get(url, {"before": "1", "after": "1"}).content.decode()

    assert "<ins>We meet monthly.</ins>" in html
    assert "1 passage differs" in html
    assert re.search(r"Version 1, draft by the templates, approved\s*</option>", html)
    assert "<del>We meet monthly.</del>" in back
    assert "No word differs" in same
    assert signed_in(bob).get(url, {"before": "9"}).status_code == 404


def test_refreshing_shows_which_figures_changed(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    Account.objects.filter(pk=harbour.pk).update(seats_used=70)

    answer = signed_in(alice).post(
        reverse("qbr-refresh", args=[qbr.pk]), {"version": qbr.version}, follow=True
    )

    html = answer.content.decode()
    assert "Figures that changed" in html
    row = re.search(r"<th scope=\"row\">Seats used</th>.*?</tr>", html, re.DOTALL)
    assert row is not None, re.findall(r"<th scope=\"row\">([^<]*)<", html)
    assert "62 seats" in row[0]
    assert "70 seats" in row[0]


def test_a_refresh_that_changes_a_text_alone_names_no_figure(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), "We meet monthly.", by=alice)
    editing.restore(qbr, number=1, actor=alice, version=qbr.version, now=LATER)

    html = signed_in(alice).get(reverse("qbr-compare", args=[qbr.pk])).content.decode()

    assert "Figures that changed" not in html


# Comments


def say(client: Client, qbr: QBR, on: str, body: str, *, quote: str = "", key: UUID | None = None) -> Any:
    section, _, block = on.partition(".")
    data = {
        "section": section,
        "block": block,
        "quote": quote,
        "revision": says(qbr).revision.number,
        "body": body,
        "key": str(key or uuid4()),
    }
    return client.post(reverse("qbr-comment", args=[qbr.pk]), data)


def passage(qbr: QBR) -> str:
    return says(qbr).content.section(SectionKey.HEALTH).text[0].words


def test_a_passage_is_commented_on_answered_resolved_and_opened_again(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    csm, manager = signed_in(alice), signed_in(bob)
    quote = " ".join(passage(qbr).split()[:4])
    rows, version = AuditEvent.objects.count(), qbr.version

    begun = say(manager, qbr, "account_health_summary.0", "Is this so?", quote=quote)
    thread = Thread.objects.get()
    where = [qbr.pk, thread.pk]
    csm.post(reverse("qbr-comment-answer", args=where), {"body": "It is.", "key": str(uuid4())})
    answered = page(alice, qbr)
    manager.post(reverse("qbr-comment-resolve", args=where))
    resolved = page(alice, qbr)
    twice = csm.post(reverse("qbr-comment-resolve", args=where))
    csm.post(reverse("qbr-comment-reopen", args=where))

    assert begun.headers["Location"].endswith(f"#thread-{thread.pk}")
    assert thread.quote == quote
    for shown in ('<span class="commented">', f'href="#thread-{thread.pk}"', "Is this so?", "It is."):
        assert shown in answered
    assert "1 comment is not resolved" in answered
    assert "1 resolved" in resolved
    assert '<span class="commented">' not in resolved
    assert twice.status_code == 409
    assert "Somebody has resolved this comment already." in twice.content.decode()
    assert Thread.objects.get().resolved_at is None
    verbs = list(
        AuditEvent.objects.order_by("-id").values_list("verb", flat=True)[: AuditEvent.objects.count() - rows]
    )
    assert sorted(verbs) == [
        "qbr.comment_answered",
        "qbr.comment_reopened",
        "qbr.comment_resolved",
        "qbr.commented",
    ]
    assert fresh(qbr).version == version, "a comment moves nobody's ground"


def test_a_comment_follows_its_passage_and_says_when_that_has_changed(harbour: Account, alice: User) -> None:
    qbr = write_more(
        drafted(harbour, actor=alice), "The planners ask for forecasts before the summer.", by=alice
    )
    number = len(says(qbr).content.section(SectionKey.HEALTH).text) - 1
    say(signed_in(alice), qbr, f"account_health_summary.{number}", "Who asked?", quote="ask for forecasts")

    def rewritten(text: str) -> str:
        editing.save_section(
            fresh(qbr),
            section=SectionKey.HEALTH,
            text=text,
            actor=alice,
            version=fresh(qbr).version,
            now=LATER,
        )
        return page(alice, qbr)

    moved = rewritten("A new beginning.\n\nWe hear that the planners ask for forecasts.")
    changed = rewritten("A new beginning.\n\nThe planners want forecasts before the summer.")
    gone = rewritten("Nothing of the kind.")

    assert '<span class="commented">ask for forecasts</span>' in moved
    assert "The passage has changed since version 2." in changed
    assert '<span class="commented">' not in changed
    assert "The passage is not in the text any more; it was in version 2." in gone


def test_a_double_click_says_nothing_twice(harbour: Account, alice: User) -> None:
    qbr, key = drafted(harbour, actor=alice), uuid4()
    client = signed_in(alice)

    for _ in range(2):
        assert say(client, qbr, "account_health_summary", "On the whole: good.", key=key).status_code == 302
    other = say(client, qbr, "account_health_summary", "Other words.", key=key)

    assert other.status_code == 409
    assert Remark.objects.count() == Thread.objects.count() == 1


def test_an_answer_that_is_refused_is_told_back_without_javascript_too(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    say(client, qbr, "account_health_summary", "On the whole: good.")
    thread = Thread.objects.get()
    long = "Why? " * 500

    answer = client.post(
        reverse("qbr-comment-answer", args=[qbr.pk, thread.pk]), {"body": long, "key": str(uuid4())}
    )

    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Keep it under 2,000 characters." in html
    assert long.strip() in html


def test_the_form_of_a_comment_quotes_what_was_marked(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    quote = " ".join(passage(qbr).split()[:3])
    url = reverse("qbr-comment", args=[qbr.pk])
    query = {"on": "account_health_summary.0", "quote": quote}
    client = signed_in(alice)

    fragment = client.get(url, query, headers=HTMX).content.decode()
    whole = client.get(url, query).content.decode()

    assert fragment.startswith('<section id="comment-form"')
    for html in (fragment, whole):
        assert f'<blockquote class="quoted">{quote}</blockquote>' in html
    assert "<html" in whole
    for nonsense in ("account_health_summary.999", "nothing", "roi_business_impact.x"):
        assert client.get(url, {"on": nonsense}).status_code == 302


@pytest.mark.parametrize(
    "data",
    [
        {"body": ""},
        {"body": "x" * 2_001},
        {"block": "77"},
        {"revision": "9"},
        {"quote": "words that stand nowhere"},
        {"quote": "words of no passage", "block": ""},
    ],
)
def test_a_comment_that_cannot_be_kept_gets_a_sentence(
    data: dict[str, str], harbour: Account, alice: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    sound = {
        "section": "account_health_summary",
        "block": "0",
        "revision": "1",
        "body": "Good.",
        "key": str(uuid4()),
    }

    answer = signed_in(alice).post(reverse("qbr-comment", args=[qbr.pk]), {**sound, **data})

    assert answer.status_code in (409, 422)
    assert not Thread.objects.exists()


def test_customers_and_files_get_no_comment(harbour: Account, alice: User, bob: User) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)
    say(signed_in(bob), qbr, "account_health_summary.0", "Not for their eyes.")

    html = signed_in(alice).get(reverse("qbr", args=[qbr.pk]), {"version": "customer"}).content.decode()
    document = html.split('<article class="document"')[1].split("</article>")[0]
    assert "commented" not in document
    for shape in ("full", "brief"):
        file = signed_in(alice).post(
            reverse("qbr-export", args=[qbr.pk]), {"version": "internal", "shape": shape, "format": "md"}
        )
        assert b"Not for their eyes." not in file.content
    assert fresh(qbr).state == "approved", "a comment voids nothing"


def test_a_colleague_without_a_part_reads_comments_and_writes_none(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    say(signed_in(alice), qbr, "account_health_summary.0", "For colleagues.")
    carol = make_member(harbour.tenant, "Carol", is_csm=True)

    html = page(carol, qbr)

    assert "For colleagues." in html
    assert "remark-add" not in html
    assert say(signed_in(carol), qbr, "account_health_summary.0", "Me too.").status_code == 403
    thread = Thread.objects.get()
    assert signed_in(carol).post(reverse("qbr-comment-resolve", args=[qbr.pk, thread.pk])).status_code == 403


def test_whoever_stands_in_for_a_manager_comments_too(harbour: Account, alice: User, bob: User) -> None:
    qbr = drafted(harbour, actor=alice)
    carol = make_member(harbour.tenant, "Carol", is_csm=True)
    today = timezone.localdate(timezone=harbour.tenant.zone)
    Deputy.objects.create(
        manager=bob, deputy=carol, starts_on=today, ends_on=today, created_at=timezone.now()
    )

    assert "remark-add" in page(carol, qbr)
    assert say(signed_in(carol), qbr, "account_health_summary.0", "In Bob's place: why?").status_code == 302
