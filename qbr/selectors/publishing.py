"""What the page of a review says of its publishing: how far it is, and what there is to decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from csm_portal.core.models import Job, JobState
from qbr import comparison
from qbr.comparison import Line
from qbr.models import QBR, Answer, Publication, PublishEnd, PublishStep

# Three beats of the heart that a running job has.
SILENT_AFTER: Final = timedelta(seconds=30)

_STANDS: Final[Mapping[str, str]] = {
    PublishStep.INTENDED: "Nothing of this version stands in Notion yet.",
    PublishStep.CREATING: "Whether the page was already made is looked up in Notion first.",
    PublishStep.CREATED: "The page stands in Notion; nothing on it has been changed yet.",
    PublishStep.CLEARING: "The page in Notion reads as a draft; its earlier text is being taken off.",
    PublishStep.WRITING: "The page in Notion reads as a draft, with part of its text.",
    PublishStep.BODY_DONE: "The whole text stands in Notion; the page is yet to be marked as ready.",
    PublishStep.READY: "The page in Notion is complete.",
}
_ANSWERS: Final[Mapping[str, tuple[Answer, ...]]] = {
    "changed": (Answer.KEEP, Answer.BESIDE, Answer.OVERWRITE),
    "in_trash": (Answer.NEW_PAGE,),
    "gone": (Answer.NEW_PAGE,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """How far a publication is, from its journal: ``sentence`` is what happens, ``stands`` what there is in Notion."""

    sentence: str
    stands: str
    is_at_work: bool
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedValue:
    """A property of the page that somebody changed."""

    name: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What publishing ended with, for a person to decide. ``lines`` lead from our text to what stands there."""

    id: UUID
    kind: str
    sentence: str
    version: int
    pages: tuple[PageLink, ...]
    lines: tuple[Line, ...]
    values: tuple[ChangedValue, ...]
    answers: tuple[Answer, ...]

    @property
    def differs_in_looks_alone(self) -> bool:
        return self.kind == "changed" and not self.lines and not self.values


def last(qbr: QBR) -> Publication | None:
    """Return the review's last publication. One query."""
    found: Publication | None = (
        Publication.objects.filter(qbr=qbr).defer("standing").order_by("-qbr_version", "-started_at").first()
    )
    return found


def under_way(publication: Publication, job: Job | None, *, now: datetime) -> UnderWay:
    """Return what an open publication does, in words that hold after any interruption."""
    sentence, is_at_work = _happens(publication, job, now=now)
    return UnderWay(
        sentence=sentence,
        stands=_STANDS[publication.step],
        is_at_work=is_at_work,
        retry_at=publication.retry_at if job is not None and not job.is_over else None,
    )


def _happens(publication: Publication, job: Job | None, *, now: datetime) -> tuple[str, bool]:
    if job is None or job.is_over:
        return "Publishing was interrupted.", False
    if job.state == JobState.RUNNING:
        beat = job.heartbeat_at or job.started_at
        if beat is not None and now - beat > SILENT_AFTER:
            return "The worker that was at it has stopped. Another one takes it up within two minutes.", False
        return f"{job.progress_message or 'Looking for the page'}.", True
    if publication.retry_at is not None:
        return publication.last_error, False
    if publication.runs:
        return "Publishing was interrupted. It goes on as soon as a worker is free.", False
    return "Publishing begins as soon as a worker is free.", False


def question(publication: Publication | None) -> Question | None:
    """Return what the last publication leaves to decide, or None where there is nothing."""
    if (
        publication is None
        or publication.end != PublishEnd.CHANGED_IN_NOTION
        or publication.answer == Answer.KEEP
    ):
        return None
    asked = publication.question
    return Question(
        id=publication.pk,
        kind=asked.get("kind", "changed"),
        sentence=publication.last_error,
        version=publication.version,
        pages=tuple(PageLink(title=page["title"], url=page["url"]) for page in asked.get("pages", ())),
        lines=comparison.lines(asked.get("ours", ()), asked.get("theirs", ())),
        values=tuple(_changed(*value) for value in asked.get("values", ())),
        answers=_ANSWERS.get(asked.get("kind", ""), ()),
    )


def _changed(name: str, ours: str, theirs: str) -> ChangedValue:
    if name == "Account":
        # A relation holds ids, which say nothing to a person.
        return ChangedValue(name=name, ours="this account", theirs="another page")
    return ChangedValue(name=name, ours=ours or "empty", theirs=theirs or "empty")
