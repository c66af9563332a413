"""Files of a review: who gets which, what is written down, and what never reaches the customer."""

import io

import pptx as reader
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from csm_portal.core.models import AuditEvent, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.documents import Span
from qbr import audience
from qbr.document import Audience, SectionKey, TextBlock, Version
from qbr.models import QBR, QBRRevision, SlideTemplate
from qbr.outputs import template
from qbr.outputs.handout import Shape
from qbr.services import exporting, review
from qbr.services.exporting import Format
from qbr.workflow import NotAllowed
from tests.conftest import signed_in
from tests.qbr.conftest import NOW
from tests.qbr.reviews import approved, drafted, fresh, says, write_more

pytestmark = pytest.mark.django_db


def export(qbr: QBR, *, actor: User, version: Version = Version.CUSTOMER, format: Format = Format.MARKDOWN):
    return exporting.export(qbr, version=version, shape=Shape.FULL, format=format, actor=actor, now=NOW)


def test_the_customers_version_goes_out_as_it_was_approved_and_not_before(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = drafted(harbour, actor=alice)

    with pytest.raises(NotAllowed, match="once a manager has approved it"):
        export(qbr, actor=alice)
    draft = export(qbr, actor=alice, version=Version.INTERNAL)
    assert "nobody has approved" in draft.body.decode()
    assert draft.name == "Harbour-Logistics-Q2-2026-QBR-internal-draft.md"

    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)
    waiting = fresh(qbr)
    review.approve(
        waiting,
        content_hash=says(waiting).revision.content_hash,
        actor=bob,
        version=waiting.version,
        now=NOW,
    )
    text = export(fresh(qbr), actor=alice).body.decode()
    assert f"approved by {bob}" in text
    assert says(qbr).revision.content_hash in text

    edited = write_more(qbr, "We meet again soon.", by=alice)
    with pytest.raises(NotAllowed):
        export(edited, actor=alice)


def test_each_file_writes_one_row_that_says_what_was_taken(harbour: Account, alice: User, bob: User) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)
    before = AuditEvent.objects.count()

    for format in Format:
        file = export(qbr, actor=bob, format=format)
        assert file.body

    rows = list(AuditEvent.objects.filter(verb="qbr.exported").order_by("pk"))
    assert AuditEvent.objects.count() - before == len(rows) == 3
    assert {row.data["format"] for row in rows} == {"pdf", "pptx", "md"}
    assert all(row.actor == bob and row.data["version"] == "customer" for row in rows)
    assert all(row.data["content_hash"] == qbr.approved_hash for row in rows)


def test_the_customer_reads_no_score_no_band_and_no_notes(harbour: Account, alice: User, bob: User) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)

    internal = export(qbr, actor=alice, version=Version.INTERNAL).body.decode()
    customer = export(qbr, actor=alice).body.decode()

    assert "health score" in internal
    assert "Expansion" in internal
    for word in ("health score", "Health", "Amber", "Green", "Red", "Expansion", "ARR", "churn"):
        assert word not in customer
    assert "46 %" in customer
    # The quarter still runs: the file says until when it speaks of it.
    assert "1 April 2026 to 14 May 2026" in customer


LEAKS = {
    "risk": "They may churn soon.",
    "score": "The health score is fine.",
    "tag": "An expansion opportunity is open.",
    "band": "The account is in Amber.",
    "notes": "We heard that Jonas wants the forecasts before summer, so we hurry.",
}


def tampered(qbr: QBR, words: str, *, fact: str | None = None) -> QBR:
    """A review whose approved text says what the number check would have marked: its row was changed by hand."""
    text = says(qbr)
    section = text.content.section(SectionKey.HEALTH)
    block = TextBlock(spans=(Span(text=words, fact=fact),), audience=Audience.BOTH)
    content = text.content.with_section(
        type(section)(key=section.key, above=section.above, text=(*section.text, block), below=section.below)
    )
    content_hash = content.canonical_hash()
    QBRRevision.objects.filter(pk=text.revision.pk).update(
        content=content.to_json(), content_hash=content_hash
    )
    QBR.objects.filter(pk=qbr.pk).update(approved_hash=content_hash)
    return fresh(qbr)


def test_what_colleagues_alone_may_read_stops_every_file_for_the_customer(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)
    score = says(qbr).facts["health.score_now"]
    original = says(qbr).revision.content

    for name, words in {**LEAKS, "figure": str(score.value)}.items():
        changed = tampered(qbr, words, fact=score.id if name == "figure" else None)
        for format in Format:
            with pytest.raises(audience.NotForCustomers, match="only colleagues may"):
                export(changed, actor=alice, format=format)
        assert export(changed, actor=alice, version=Version.INTERNAL).body
        QBRRevision.objects.filter(pk=says(qbr).revision.pk).update(content=original)

    assert not AuditEvent.objects.filter(verb="qbr.exported", data__version="customer").exists()


def test_such_a_text_is_not_submitted_either(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), LEAKS["notes"], by=alice)

    with pytest.raises(NotAllowed, match="Jonas wants the forecasts before summer"):
        review.submit(qbr, actor=alice, version=qbr.version, now=NOW)


def test_nobody_vouches_for_a_word_of_risk(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), LEAKS["risk"], by=alice)

    page = signed_in(alice).get(reverse("qbr", args=[qbr.pk])).content.decode()

    assert "churn" in page
    assert "Vouch for it" not in page


def test_the_preview_says_that_it_cannot_go_out(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), LEAKS["tag"], by=alice)
    url = reverse("qbr", args=[qbr.pk])
    client = signed_in(alice)

    assert "This version cannot go out" in client.get(url, {"version": "customer"}).content.decode()
    assert "This version cannot go out" not in client.get(url).content.decode()


def test_the_page_gives_files_with_safe_names_that_nothing_keeps(
    harbour: Account, alice: User, bob: User, tenant
) -> None:
    Account.objects.filter(pk=harbour.pk).update(name='Łódź/"..\\\r\nX: y')
    harbour.refresh_from_db()
    qbr = approved(harbour, csm=alice, manager=bob)

    client = signed_in(alice)
    for format, start in (("pdf", b"%PDF"), ("pptx", b"PK"), ("md", b"# ")):
        answer = client.post(reverse("qbr-export", args=[qbr.pk]), {"format": format, "version": "customer"})
        assert answer.status_code == 200
        assert answer.content.startswith(start)
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        disposition = answer["Content-Disposition"]
        assert disposition.startswith("attachment; filename")
        assert not set("/\\\r\n") & set(disposition)
        assert disposition.endswith(f".{format}")


def test_a_draft_is_offered_to_colleagues_and_refused_for_the_customer_with_a_sentence(
    harbour: Account, alice: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    client, url = signed_in(alice), reverse("qbr-export", args=[qbr.pk])

    refused = client.post(url, {"format": "pdf"})
    unknown = client.post(url, {"format": "exe"})
    given = client.post(url, {"format": "pdf", "version": "internal", "shape": "brief"})

    assert refused.status_code == 409
    assert "once a manager has approved it" in refused.content.decode()
    assert unknown.status_code == 422
    assert given.status_code == 200
    assert given.content.startswith(b"%PDF")


def test_another_tenants_review_is_not_there(harbour: Account, alice: User, charlie: User) -> None:
    qbr = drafted(harbour, actor=alice)

    answer = signed_in(charlie).post(
        reverse("qbr-export", args=[qbr.pk]), {"format": "pdf", "version": "internal"}
    )

    assert answer.status_code == 404


@pytest.fixture
def upload(ada: User):
    client: Client = signed_in(ada)

    def send(file: bytes, name: str = "ours.pptx"):
        return client.post(reverse("qbr-slides"), {"file": SimpleUploadedFile(name, file)})

    return send


def brought() -> bytes:
    made = reader.Presentation()
    made.slide_width = 7_000_000
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def test_slides_are_made_from_what_an_admin_brings_until_it_is_taken_back(
    harbour: Account, alice: User, bob: User, ada: User, upload
) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)
    own = reader.Presentation(io.BytesIO(template.own())).slide_width

    assert upload(brought()).status_code == 302
    theirs = export(qbr, actor=alice, format=Format.PPTX)
    assert upload(brought(), name="newer.pptx").status_code == 302
    assert signed_in(ada).post(reverse("qbr-slides-back")).status_code == 302
    ours = export(qbr, actor=alice, format=Format.PPTX)

    assert reader.Presentation(io.BytesIO(theirs.body)).slide_width == 7_000_000
    assert reader.Presentation(io.BytesIO(ours.body)).slide_width == own
    verbs = AuditEvent.objects.filter(verb__startswith="slide_template").order_by("pk")
    assert [row.verb.split(".")[1] for row in verbs] == ["replaced", "replaced", "removed"]


def test_a_file_that_is_no_template_is_refused_with_a_sentence_and_changes_nothing(upload, scoped) -> None:
    answer = upload(b"not a presentation")

    assert answer.status_code == 422
    assert "not a PowerPoint presentation" in answer.content.decode()
    assert not SlideTemplate.objects.exists()


def test_the_template_in_use_can_be_downloaded_and_brought_back(ada: User, upload, scoped) -> None:
    client = signed_in(ada)

    answer = client.get(reverse("qbr-slides-template"))

    assert upload(answer.content).status_code == 302


def test_one_companys_template_is_not_the_others(upload, charlie: User, scoped) -> None:
    upload(brought())

    with tenant_scope(charlie.membership.tenant):
        assert not SlideTemplate.objects.exists()
