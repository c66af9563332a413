"""The remarks on a review, each with where its passage stands in the text that is shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from qbr import anchors
from qbr.anchors import Anchor, Place
from qbr.document import HEADINGS, Content, SectionKey
from qbr.models import QBR, Remark, Thread
from qbr.preview import Mark


class Standing(StrEnum):
    """What became of the passage that a thread is about."""

    HERE = "here"
    SECTION = "section"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownThread:
    """A thread with its remarks, oldest first; ``number`` is what the text marks it with."""

    thread: Thread
    number: int
    remarks: tuple[Remark, ...]
    standing: Standing
    section: SectionKey
    place: Place | None = None

    @property
    def is_open(self) -> bool:
        return self.thread.resolved_at is None

    @property
    def heading(self) -> str:
        return HEADINGS[self.section]

    @property
    def mark(self) -> Mark | None:
        """Return what marks the passage in the text: open threads whose words stand there."""
        if not self.is_open or self.place is None or not self.place.is_exact:
            return None
        return Mark(
            section=self.section,
            block=self.place.block,
            start=self.place.start,
            end=self.place.end,
            number=self.number,
            id=str(self.thread.pk),
        )


def threads(qbr: QBR, content: Content) -> tuple[ShownThread, ...]:
    """Return every thread of a review in the order of its text, held against that text. One query."""
    rows = Remark.objects.filter(thread__qbr=qbr).select_related("author", "thread__resolved_by")
    said: dict[Thread, list[Remark]] = {}
    for row in rows.order_by("thread__created_at", "thread_id", "created_at", "pk"):
        said.setdefault(row.thread, []).append(row)
    placed = [(*_placed(thread, content), thread, remarks) for thread, remarks in said.items()]
    order = {section.key: number for number, section in enumerate(content.sections)}
    placed.sort(key=lambda one: (order.get(one[0], 99), (one[2].block, one[2].start) if one[2] else (-1, 0)))
    return tuple(
        ShownThread(
            thread=thread,
            number=number,
            remarks=tuple(remarks),
            standing=standing,
            section=section,
            place=place,
        )
        for number, (section, standing, place, thread, remarks) in enumerate(placed, start=1)
    )


def marks(shown: Iterable[ShownThread]) -> tuple[Mark, ...]:
    """Return the marks of the threads that have one."""
    return tuple(mark for thread in shown if (mark := thread.mark) is not None)


def _placed(thread: Thread, content: Content) -> tuple[SectionKey, Standing, Place | None]:
    """Return where a thread's passage stands: in its own section first, then in the others."""
    own = SectionKey(thread.section)
    if not thread.quote:
        return own, Standing.SECTION, None
    wanted = Anchor(quote=thread.quote, before=thread.before, after=thread.after)
    likest: Place | None = None
    for section in sorted(content.sections, key=lambda section: section.key != own):
        place = anchors.find(wanted, [block.words for block in section.text])
        if place is not None and place.is_exact:
            return section.key, Standing.HERE, place
        if section.key == own:
            likest = place
    return own, Standing.GONE if likest is None else Standing.CHANGED, likest


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a comment is to be about: words of one block, or a section as a whole where ``block`` is None."""

    section: SectionKey
    block: int | None
    quote: str


def passage(content: Content, *, on: str, quote: str) -> Passage | None:
    """Return the passage that an address names, ``roi_business_impact.2`` or a section alone; None where it names none."""
    name, _, number = on.partition(".")
    if name not in {section.key.value for section in content.sections}:
        return None
    section = SectionKey(name)
    if not number:
        return Passage(section=section, block=None, quote="")
    blocks = content.section(section).text
    if not (number.isascii() and number.isdigit() and len(number) < 6 and int(number) < len(blocks)):
        return None
    words = blocks[int(number)].words
    # What was marked may reach beyond the block; then the comment is about the whole of it, and shown to be.
    marked = anchors.of_quote(words, quote) or anchors.whole(words)
    return Passage(section=section, block=int(number), quote=marked.quote)
