"""What is to be done next with a review, by the person who looks at it: one sentence, and what the table allows."""

from dataclasses import dataclass
from enum import StrEnum

from qbr import workflow
from qbr.models import QBR, Answer, Publication, PublishEnd
from qbr.workflow import Action, ActorFacts, State


class Offer(StrEnum):
    """What a page can offer as the next step; most are actions of the table."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    PUBLISH = "publish"
    TRY_AGAIN = "try_again"
    DRAFT_AGAIN = "draft_again"
    OPEN = "open"


_OFFERED = (Action.SUBMIT, Action.APPROVE, Action.PUBLISH, Action.REQUEST_CHANGES, Action.WITHDRAW)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """``offers`` in order, the first being the obvious one; ``refusal`` says why a manager may not approve."""

    sentence: str
    offers: tuple[Offer, ...] = ()
    refusal: str = ""


def of(
    qbr: QBR,
    standing: ActorFacts,
    *,
    has_text: bool,
    is_drafting: bool,
    is_publishing: bool,
    last_publication: Publication | None,
) -> NextStep:
    """Return the next step for a person of this standing."""
    state = State(qbr.state)
    works_here = standing.is_csm or standing.is_manager
    if not has_text:
        return _undrafted(is_drafting=is_drafting, works_here=works_here)
    if state is State.PUBLISHING:
        is_put_off = last_publication is not None and last_publication.retry_at is not None
        return _publishing(is_publishing=is_publishing, is_put_off=is_put_off, works_here=works_here)
    allowed = workflow.allowed_actions(state, standing)
    offers = tuple(Offer(action.value) for action in _OFFERED if action in allowed)
    match state:
        case State.DRAFT:
            return NextStep(
                sentence=_draft(qbr, standing, works_here=works_here, is_drafting=is_drafting), offers=offers
            )
        case State.IN_REVIEW:
            return _in_review(qbr, standing, offers)
        case State.APPROVED:
            return _approved(qbr, offers, last_publication, works_here=works_here)
        case _:
            return NextStep(
                sentence="This review is published. A change makes it a draft again, to be approved and published anew.",
                offers=(Offer.OPEN,) if qbr.notion_url else (),
            )


def _undrafted(*, is_drafting: bool, works_here: bool) -> NextStep:
    if is_drafting:
        return NextStep(sentence="The portal is drafting this review from the facts it holds.")
    return NextStep(
        sentence="The draft did not come about. Nothing is lost; ask for it again.",
        offers=(Offer.DRAFT_AGAIN,) if works_here else (),
    )


def _publishing(*, is_publishing: bool, is_put_off: bool, works_here: bool) -> NextStep:
    if is_publishing and is_put_off:
        return NextStep(
            sentence="Publishing is put off and goes on by itself. Trying now does no harm.",
            offers=(Offer.TRY_AGAIN,) if works_here else (),
        )
    if is_publishing:
        return NextStep(sentence="The portal is writing the approved text into Notion.")
    return NextStep(
        sentence="Publishing was interrupted. Trying again goes on where it stopped, and makes no second page.",
        offers=(Offer.TRY_AGAIN,) if works_here else (),
    )


def _draft(qbr: QBR, standing: ActorFacts, *, works_here: bool, is_drafting: bool) -> str:
    if is_drafting:
        return "The portal is writing a new draft. Until it is there, this is the present one."
    if not works_here:
        return f"{_owner(qbr)} is working on this draft."
    if standing.open_findings:
        reason = workflow.refusal(Action.SUBMIT, State.DRAFT, standing)
        return reason or ""
    return (
        "Every figure is traced to a fact. Read the text through, then submit it to a manager for approval."
    )


def _in_review(qbr: QBR, standing: ActorFacts, offers: tuple[Offer, ...]) -> NextStep:
    sender = str(qbr.submitted_by) if qbr.submitted_by else "Somebody"
    if Offer.APPROVE in offers:
        return NextStep(
            sentence=f"{sender} submitted this review. Read it, then approve exactly this text or say what is to change.",
            offers=offers,
        )
    refusal = (
        workflow.refusal(Action.APPROVE, State.IN_REVIEW, standing)
        if standing.is_manager or standing.is_deputy
        else None
    )
    return NextStep(
        sentence=refusal or "This review waits for a manager's approval.",
        offers=offers,
        refusal=refusal or "",
    )


def _approved(qbr: QBR, offers: tuple[Offer, ...], last: Publication | None, *, works_here: bool) -> NextStep:
    by = str(qbr.approved_by) if qbr.approved_by else "A manager"
    if not works_here:
        return NextStep(sentence=f"{by} approved this text. {_owner(qbr)} or a manager publishes it.")
    if last is not None and last.end == PublishEnd.CHANGED_IN_NOTION:
        if last.answer == Answer.KEEP:
            sentence = (
                f"{by} approved this text. The page in Notion was kept as somebody made it, so this version is "
                "not published there."
            )
        else:
            sentence = f"{by} approved this text, but its page in Notion is not as the portal left it."
        return NextStep(sentence=sentence, offers=offers)
    return NextStep(sentence=f"{by} approved this text. Publish it to Notion.", offers=offers)


def _owner(qbr: QBR) -> str:
    owner = qbr.account.owner
    return str(owner) if owner is not None else qbr.account.owner_name or "Nobody yet"
