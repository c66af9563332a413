"""Changes to a review's text. Each is a version of its own, and each voids an approval (SPEC 6.2, 6.3)."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from csm_portal.core.models import User
from qbr import editing, vouching
from qbr.document import HEADINGS, Content, SectionKey
from qbr.facts import FactSheet
from qbr.grounding.check import NOT_TO_VOUCH_FOR
from qbr.models import QBR, Outcome, QBRRevision, RevisionKind, Vouch
from qbr.selectors import source_facts
from qbr.selectors.current import Current
from qbr.services import copies, moves, revisions
from qbr.services import facts as fact_service
from qbr.services.copies import Window
from qbr.services.drafting import VOIDED
from qbr.services.moves import Ground
from qbr.workflow import Action, State

LONGEST_SECTION: Final = 20_000


class NothingToVouchFor(Exception):
    """The text holds no such open finding any more."""


class UnknownRevision(LookupError):
    """The review has no version of that number."""


def save_section(
    qbr: QBR,
    *,
    section: SectionKey,
    text: str,
    actor: User,
    version: int,
    now: datetime,
    base: int | None = None,
    window: Window | None = None,
) -> QBRRevision | None:
    """Save what a person made of a section; return the new version, None where nothing changed.

    ``version`` is the review's that the person edited, ``base`` the number of the text that they began with. Raises
    OutOfDate where the section has changed since, or the review has moved on; a draft in which only other sections
    changed has not, for then nobody's words are at stake. Raises PermissionDenied and NotAllowed as the table says.
    What ``window`` kept unsaved is saved with it.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor)
        is_same = found.qbr.version == version
        if base is not None:
            is_same = (is_same or found.state is State.DRAFT) and _is_as_begun(found, section, base)
        if not is_same:
            raise moves.OutOfDate
        content = editing.edited(found.text.content, {section: text[:LONGEST_SECTION]}, found.text.facts)
        saved = None
        if content.canonical_hash() != found.text.revision.content_hash:
            note = f"{HEADINGS[section]} edited"
            saved = _revise(found, Action.EDIT, RevisionKind.EDIT, content, now=now, note=note)
        if window is not None:
            copies.forget(qbr, section=section, person=actor, window=window)
        return saved


def _is_as_begun(found: Ground, section: SectionKey, base: int) -> bool:
    """Whether a section says what it said when a person began to edit it."""
    begun = QBRRevision.objects.filter(qbr=found.qbr, number=base).first()
    return begun is not None and editing.to_editable(
        Content.from_json(begun.content).section(section)
    ) == editing.to_editable(found.text.content.section(section))


def vouch(
    qbr: QBR, *, section: SectionKey, text: str, reason: str, actor: User, version: int, now: datetime
) -> list[Vouch]:
    """Give a person's word, by name, for what the number check could not trace.

    It holds for this text of this section in the sentences that it stands in now, and no others. Raises
    NothingToVouchFor where the section holds no such open finding; what ``check.NOT_TO_VOUCH_FOR`` names can
    only be corrected.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        content = found.text.content
        meant = {
            vouching.claim(content, finding): vouching.sentence_of(content, finding)
            for finding in found.text.findings
            if (finding.section, finding.text) == (section, text)
            and finding.is_open
            and finding.kind not in NOT_TO_VOUCH_FOR
        }
        if not meant:
            raise NothingToVouchFor(
                f"The text holds no open “{text}” any more, so there is nothing to vouch for."
            )
        note = f"Vouched for “{text}”: {reason}"
        _revise(found, Action.VOUCH, RevisionKind.VOUCH, content, now=now, note=note)
        return Vouch.objects.bulk_create(
            [
                Vouch(
                    qbr=qbr,
                    section=section,
                    text=text,
                    sentence=sentence,
                    claim=claim,
                    reason=reason[:500],
                    person=actor,
                    created_at=now,
                )
                for claim, sentence in meant.items()
            ]
        )


def restore(qbr: QBR, *, number: int, actor: User, version: int, now: datetime) -> QBRRevision | None:
    """Make an older version the newest, with the facts that it was written from; None if it says the same."""
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        old = QBRRevision.objects.filter(qbr=qbr, number=number).first()
        if old is None:
            raise UnknownRevision(f"This review has no version {number}.")
        present = found.text.revision
        if (old.content_hash, old.fact_edition) == (present.content_hash, present.fact_edition):
            return None
        return _revise(
            found,
            Action.RESTORE,
            RevisionKind.RESTORE,
            Content.from_json(old.content),
            now=now,
            note=f"Version {number} restored",
            fact_edition=old.fact_edition,
            stand_ins=old.stand_ins,
        )


def refresh_facts(qbr: QBR, *, actor: User, version: int, now: datetime) -> QBRRevision | None:
    """Bring the figures up to today; the prose stays. None where no figure has moved.

    A sentence that no longer holds is for a person to see, and for the number check.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        return _refresh(found, now=now, note="Figures brought up to date")


def settle(
    qbr: QBR, *, outcomes: dict[int, str], actor: User, version: int, now: datetime
) -> QBRRevision | None:
    """Say what became of the commitments of the previous review, by position, and put it into this one.

    An empty outcome leaves a commitment open. Returns the new version, None where nothing changed.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        told: dict[str, str] = {}
        for row in source_facts.commitments_before(found.qbr):
            outcome = outcomes.get(row.position, row.outcome)
            if outcome == row.outcome:
                continue
            row.outcome = Outcome(outcome).value if outcome else ""
            row.settled_by, row.settled_at = (actor, now) if outcome else (None, None)
            row.save(update_fields=["outcome", "settled_by", "settled_at"])
            told[str(row.position)] = row.outcome
        if not told:
            return None
        return _refresh(
            found,
            now=now,
            note="Earlier commitments scored",
            verb="qbr.commitments_scored",
            data={"outcomes": told},
        )


def _refresh(
    found: Ground, *, now: datetime, note: str, verb: str = "", data: dict[str, Any] | None = None
) -> QBRRevision | None:
    qbr, text = found.qbr, found.text
    tenant = qbr.account.tenant
    facts = source_facts.collect(
        qbr.account,
        quarter=source_facts.quarter_of(qbr),
        today=now.astimezone(tenant.zone).date(),
    )
    content = editing.refreshed(text.content, facts)
    if content.canonical_hash() == text.revision.content_hash and _same(facts, text.facts):
        return None
    return _revise(
        found,
        Action.REFRESH_FACTS,
        RevisionKind.REFRESH,
        content,
        now=now,
        note=note,
        fact_edition=fact_service.freeze(qbr, facts),
        verb=verb,
        data=data,
    )


def _same(one: FactSheet, other: FactSheet) -> bool:
    return one.to_json() == other.to_json()


def _revise(
    found: Ground,
    action: Action,
    kind: RevisionKind,
    content: Content,
    *,
    now: datetime,
    note: str,
    fact_edition: int | None = None,
    stand_ins: dict[str, str] | None = None,
    verb: str = "",
    data: dict[str, Any] | None = None,
) -> QBRRevision:
    present = found.text.revision
    if stand_ins is None:
        stand_ins = (
            present.stand_ins if kind is not RevisionKind.EDIT else _still_standing_in(found.text, content)
        )
    qbr = moves.advance(
        found,
        action,
        now=now,
        content_hash=content.canonical_hash(),
        verb=verb,
        data={"revision": present.number + 1, **(data or {})},
        **VOIDED,
        trouble="",
    )
    return revisions.add(
        qbr,
        content,
        kind=kind,
        number=present.number + 1,
        fact_edition=present.fact_edition if fact_edition is None else fact_edition,
        now=now,
        author=found.actor,
        note=note,
        stand_ins=stand_ins,
    )


def _still_standing_in(before: Current, content: Content) -> dict[str, str]:
    """Return what is said of sections that the templates wrote and whose words no person has changed."""
    return {
        key: why
        for key, why in before.revision.stand_ins.items()
        if before.content.section(SectionKey(key)).text == content.section(SectionKey(key)).text
    }
