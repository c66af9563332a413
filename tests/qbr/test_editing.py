"""Changes to a review's text: every one a version, by name, and none written over another's."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account
from csm_portal.core.models import AuditEvent, Tenant, User
from qbr import editing as edit_form
from qbr import workflow
from qbr.document import SectionKey
from qbr.models import QBR, Commitment, QBRFact, QBRRevision, Transition, Vouch
from qbr.services import editing, moves, review
from qbr.workflow import State
from tests.conftest import make_member
from tests.qbr.conftest import LATER, NOW
from tests.qbr.reviews import INVENTED, approve, approved, drafted, fresh, says, submitted, write_more

pytestmark = pytest.mark.django_db


def test_an_edit_is_a_version_with_its_author(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), "We agreed to meet every month.", by=alice)

    text = says(qbr)
    assert (text.revision.number, text.revision.author, text.revision.kind) == (2, alice, "edit")
    assert text.revision.content_hash == text.content.canonical_hash()
    assert text.content.section(SectionKey.HEALTH).text[-1].words == "We agreed to meet every month."
    assert QBRRevision.objects.get(qbr=qbr, number=1).content_hash != text.revision.content_hash


def test_figures_keep_their_facts_through_an_edit(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    before = says(qbr).content.cited()

    qbr = write_more(qbr, "Of 100 seats 62 are in use, and 17 support tickets are open.", by=alice)

    added = says(qbr).content.section(SectionKey.HEALTH).text[-1]
    assert {span.fact for span in added.spans if span.fact} >= {"seats.purchased", "seats.used"}
    assert set(before) <= set(says(qbr).content.cited())
    assert says(qbr).findings == ()


def test_what_did_not_change_makes_no_version(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    same = edit_form.to_editable(says(qbr).content.section(SectionKey.ROI))

    saved = editing.save_section(
        qbr, section=SectionKey.ROI, text=same, actor=alice, version=qbr.version, now=NOW
    )

    assert saved is None
    assert fresh(qbr).version == qbr.version


def test_two_editors_cannot_write_over_each_other(harbour: Account, alice: User, bob: User) -> None:
    qbr = drafted(harbour, actor=alice)
    opened = qbr.version
    write_more(qbr, "Alice was here.", by=alice)

    with pytest.raises(moves.OutOfDate):
        editing.save_section(
            qbr, section=SectionKey.HEALTH, text="Bob was here.", actor=bob, version=opened, now=LATER
        )

    assert "Alice was here." in says(qbr).content.document().plain_lines()
    assert QBRRevision.objects.filter(qbr=qbr).count() == 2


def test_an_edit_after_approval_voids_it(harbour: Account, alice: User, bob: User) -> None:
    qbr = write_more(approved(harbour, csm=alice, manager=bob), "One more thing.", by=alice)

    assert (qbr.state, qbr.approved_by, qbr.approved_hash) == (State.DRAFT, None, "")


def test_nothing_can_be_edited_while_it_is_published(harbour: Account, alice: User, bob: User) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)
    QBR.objects.filter(pk=qbr.pk).update(state=State.PUBLISHING)

    with pytest.raises(workflow.NotAllowed, match="being published"):
        write_more(qbr, "Too late.", by=alice)


@pytest.mark.parametrize("role", ["is_csm", "is_admin"])
def test_a_colleague_without_a_part_edits_nothing(
    role: str, harbour: Account, alice: User, tenant: Tenant
) -> None:
    qbr = drafted(harbour, actor=alice)

    with pytest.raises(PermissionDenied):
        write_more(qbr, "Let me in.", by=make_member(tenant, "Other", **{role: True}))

    assert fresh(qbr).version == qbr.version


def test_a_finding_can_be_vouched_for_by_name(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), INVENTED, by=alice)
    for text in ("87 %", "Marta Silva"):
        qbr = fresh(qbr)
        editing.vouch(
            qbr,
            section=SectionKey.HEALTH,
            text=text,
            reason="It stands in the minutes.",
            actor=alice,
            version=qbr.version,
            now=NOW,
        )

    text = says(fresh(qbr))
    assert text.open_findings == 0
    assert {finding.vouch.person for finding in text.findings if finding.vouch} == {"Alice"}
    assert text.revision.kind == "vouch"
    assert "Marta Silva" in text.revision.note
    assert (
        review.submit(fresh(qbr), actor=alice, version=fresh(qbr).version, now=NOW).state == State.IN_REVIEW
    )


def test_a_word_for_one_sentence_is_no_word_for_another(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), "Adoption reached 87 % in the pilot.", by=alice)
    where = {"section": SectionKey.HEALTH, "text": "87 %"}
    editing.vouch(qbr, **where, reason="I ran it.", actor=alice, version=qbr.version, now=NOW)
    assert says(fresh(qbr)).open_findings == 0

    qbr = write_more(qbr, "Tickets fell by 87 % since then.", by=alice)
    assert [finding.text for finding in says(qbr).findings if finding.is_open] == ["87 %"]
    text = edit_form.to_editable(says(qbr).content.section(SectionKey.HEALTH))
    text = text.replace("in the pilot", "everywhere").replace("Tickets fell by 87 % since then.", "")
    editing.save_section(qbr, section=SectionKey.HEALTH, text=text, actor=alice, version=qbr.version, now=NOW)

    assert says(fresh(qbr)).open_findings == 1, "the sentence that was vouched for is not this one"


def test_what_no_fact_could_ever_be_meant_by_cannot_be_vouched_for(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), "See {{no.such.fact}}.", by=alice)

    with pytest.raises(editing.NothingToVouchFor):
        editing.vouch(
            qbr,
            section=SectionKey.HEALTH,
            text="[no such fact: no.such.fact]",
            reason="Trust me.",
            actor=alice,
            version=qbr.version,
            now=NOW,
        )
    assert not Vouch.objects.exists()


def test_an_older_version_is_restored_with_its_facts(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    first = says(qbr)
    Account.objects.filter(pk=harbour.pk).update(seats_used=70)
    editing.refresh_facts(qbr, actor=alice, version=qbr.version, now=LATER)
    qbr = fresh(qbr)

    restored = editing.restore(qbr, number=1, actor=alice, version=qbr.version, now=LATER)

    assert restored is not None
    text = says(qbr)
    assert (text.revision.number, text.revision.content_hash) == (3, first.revision.content_hash)
    assert text.facts["seats.used"].value == 62


def test_figures_are_brought_up_to_date_and_the_prose_stays(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), "We agreed to meet every month.", by=alice)
    Account.objects.filter(pk=harbour.pk).update(seats_used=70)

    editing.refresh_facts(qbr, actor=alice, version=qbr.version, now=LATER)

    lines = says(qbr).content.document().plain_lines()
    assert any("had 70 of 100 seats in use" in line for line in lines)
    assert "We agreed to meet every month." in lines
    assert QBRFact.objects.filter(qbr=qbr, edition=2).exists()


def test_figures_that_have_not_moved_make_no_version(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)

    assert editing.refresh_facts(qbr, actor=alice, version=qbr.version, now=NOW) is None


def test_the_commitments_of_the_last_review_are_scored(harbour: Account, alice: User) -> None:
    earlier = QBR.objects.create(
        account=harbour,
        quarter_start="2026-01-01",
        quarter_end="2026-04-01",
        quarter_label="Q1 2026",
        state="published",
    )
    for position, text in enumerate(
        ("Train the planners.", "Decide who gets the seats that are not in use."), start=1
    ):
        Commitment.objects.create(qbr=earlier, position=position, text=text, owner_name="Alice")
    qbr = drafted(harbour, actor=alice)
    told = "Of the 2 commitments of the previous review, kept so far: {}. The table says what became of each."
    assert told.format(0) in says(qbr).content.document().plain_lines()

    editing.settle(qbr, outcomes={1: "kept", 2: "not kept"}, actor=alice, version=qbr.version, now=LATER)

    lines = says(qbr).content.document().plain_lines()
    assert told.format(1) in lines, "the sentence is true before and after"
    assert "Train the planners. | Alice | – | kept" in lines
    assert says(qbr).findings == (), "the steps are worded as the last review's were"
    assert Commitment.objects.get(qbr=earlier, position=2).settled_by == alice
    assert says(qbr).facts["commitments.kept"].value == 1
    assert AuditEvent.objects.filter(verb="qbr.commitments_scored").count() == 1


def test_each_act_is_one_audit_row_and_one_step(harbour: Account, alice: User, bob: User) -> None:
    qbr = drafted(harbour, actor=alice)
    rows, steps = AuditEvent.objects.count(), Transition.objects.count()

    qbr = write_more(qbr, INVENTED, by=alice)
    editing.vouch(
        qbr,
        section=SectionKey.HEALTH,
        text="87 %",
        reason="I saw it.",
        actor=alice,
        version=qbr.version,
        now=NOW,
    )
    qbr = fresh(qbr)
    editing.restore(qbr, number=1, actor=alice, version=qbr.version, now=NOW)

    assert AuditEvent.objects.count() - rows == 3
    assert Transition.objects.count() - steps == 3
    assert not AuditEvent.objects.filter(data__icontains="Marta").exists(), "no customer text in the log"


def test_an_approver_who_edits_cannot_approve_their_own_words(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = write_more(submitted(harbour, asked_by=alice, by=alice), "We will speak about this soon.", by=bob)
    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)

    with pytest.raises(workflow.NotAllowed, match="You have changed this review"):
        approve(qbr, by=bob)
