"""Two versions of a review beside each other, passage by passage and word by word. Pure.

Every passage of both stands in the result: kept, changed, removed, added, or moved to another place. What only one
version of the readers gets is marked in words, since marking it is a change too.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, Literal

from csm_portal.ports.documents import Document
from qbr import word_changes
from qbr.document import HEADINGS, Audience, Content, LockedBlock, Section, TextKind
from qbr.word_changes import Words

APPENDIX: Final = "Where the figures come from"
_MARKS: Final = {Audience.BOTH: "", Audience.INTERNAL: "[internal] ", Audience.CUSTOMER: "[customer] "}
# How alike two passages are that count as one that was rewritten, or moved.
_REWRITTEN: Final = 0.4
_MOVED: Final = 0.75
_WORDS_TO_KNOW: Final = 3
# Above this, passages are not weighed against each other: all go, all come.
_MOST_PASSAGES: Final = 60

Kind = Literal["same", "changed", "removed", "added", "moved_away", "moved_here"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One passage on both sides; a side without it is empty. ``where`` says to or from where it moved."""

    kind: Kind
    before: tuple[Words, ...] = ()
    after: tuple[Words, ...] = ()
    is_bullet: bool = False
    where: str = ""

    @property
    def is_change(self) -> bool:
        return self.kind != "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One section of both versions."""

    heading: str
    rows: tuple[Row, ...]

    @property
    def changes(self) -> int:
        return sum(row.is_change and row.kind != "moved_here" for row in self.rows)

    def stretches(self) -> list[tuple[bool, list[Row]]]:
        """Return the rows in stretches: whether they differ, and they."""
        return [(differs, list(rows)) for differs, rows in groupby(self.rows, key=lambda row: row.is_change)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One paragraph, point or line of a table."""

    text: str
    is_bullet: bool = False


def compare(before: Content, after: Content) -> tuple[Compared, ...]:
    """Return every section of two versions, in the order of the newer one."""
    old, new = _sections(before), _sections(after)
    rows = {heading: _aligned(old.get(heading, ()), passages) for heading, passages in new.items()}
    rows |= {
        heading: [_gone(passage) for passage in passages]
        for heading, passages in old.items()
        if heading not in new
    }
    return tuple(Compared(heading=heading, rows=tuple(found)) for heading, found in _moves(rows).items())


def compare_texts(before: Sequence[str], after: Sequence[str]) -> tuple[Row, ...]:
    """Return two texts passage by passage, as the editor has them: a line each."""
    old, new = ([_typed(line) for line in lines if line.strip()] for lines in (before, after))
    return tuple(_moves({"": _aligned(old, new)})[""])


def _typed(line: str) -> Passage:
    text = line.strip()
    return Passage(text=text.removeprefix("- "), is_bullet=text.startswith("- "))


def _sections(content: Content) -> dict[str, list[Passage]]:
    found = {HEADINGS[section.key]: list(_passages(section)) for section in content.sections}
    # The list of sources stands there once for each of the readers; a line of both is compared once.
    lines = [passage.text for passage in _locked(content.appendix, marks=False)]
    appendix = [Passage(text=line) for line in dict.fromkeys(lines)]
    return {**found, APPENDIX: appendix} if appendix else found


def _passages(section: Section) -> Iterator[Passage]:
    yield from _locked(section.above)
    for block in section.text:
        yield Passage(text=f"{_MARKS[block.audience]}{block.words}", is_bullet=block.kind is TextKind.BULLET)
    yield from _locked(section.below)


def _locked(blocks: Iterable[LockedBlock], *, marks: bool = True) -> Iterator[Passage]:
    for locked in blocks:
        mark = _MARKS[locked.audience] if marks else ""
        for line in Document(title="", blocks=(locked.block,)).plain_lines():
            yield Passage(text=f"{mark}{line}")


def _aligned(old: Sequence[Passage], new: Sequence[Passage]) -> list[Row]:
    rows: list[Row] = []
    before, after = ([passage.text for passage in side] for side in (old, new))
    for tag, a, b, c, d in word_changes.opcodes(before, after):
        if tag == "equal":
            rows += [_kept(passage) for passage in new[c:d]]
        else:
            rows += _paired(old[a:b], new[c:d])
    return rows


def _paired(old: Sequence[Passage], new: Sequence[Passage]) -> Iterator[Row]:
    """Pair the passages that were rewritten, in order, so that together they are as alike as can be."""
    if not old or not new or len(old) * len(new) > _MOST_PASSAGES**2:
        yield from map(_gone, old)
        yield from map(_come, new)
        return
    alike = [[word_changes.likeness(one.text, other.text) for other in new] for one in old]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            pair = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= _REWRITTEN else -1.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], pair)
    i = j = 0
    while i < len(old) and j < len(new):
        if alike[i][j] >= _REWRITTEN and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            before, after = word_changes.changes(old[i].text, new[j].text)
            yield Row(kind="changed", before=before, after=after, is_bullet=new[j].is_bullet)
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            yield _gone(old[i])
            i += 1
        else:
            yield _come(new[j])
            j += 1
    yield from map(_gone, old[i:])
    yield from map(_come, new[j:])


def _kept(passage: Passage) -> Row:
    words = (Words(kind="same", text=passage.text),)
    return Row(kind="same", before=words, after=words, is_bullet=passage.is_bullet)


def _gone(passage: Passage) -> Row:
    return Row(
        kind="removed", before=(Words(kind="removed", text=passage.text),), is_bullet=passage.is_bullet
    )


def _come(passage: Passage) -> Row:
    return Row(kind="added", after=(Words(kind="added", text=passage.text),), is_bullet=passage.is_bullet)


def _moves(rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Tell what was taken away here and stands there, as one passage that moved."""
    gone, come = _places(rows, "removed"), _places(rows, "added")
    if len(gone) * len(come) > _MOST_PASSAGES**2:
        return rows
    told = {heading: list(found) for heading, found in rows.items()}
    for here in gone:
        text = _text(rows[here[0]][here[1]].before)
        if not come or sum(token.isalnum() for token in word_changes.tokens(text)) < _WORDS_TO_KNOW:
            continue
        likes = [word_changes.likeness(text, _text(rows[heading][at].after)) for heading, at in come]
        if max(likes) < _MOVED:
            continue
        there = come.pop(likes.index(max(likes)))
        was, is_now = rows[here[0]][here[1]], rows[there[0]][there[1]]
        before, after = word_changes.changes(text, _text(is_now.after))
        told[here[0]][here[1]] = replace(was, kind="moved_away", before=before, where=_where(here, there))
        told[there[0]][there[1]] = replace(is_now, kind="moved_here", after=after, where=_where(there, here))
    return told


def _places(rows: dict[str, list[Row]], kind: Kind) -> list[tuple[str, int]]:
    return [
        (heading, at) for heading, found in rows.items() for at, row in enumerate(found) if row.kind == kind
    ]


def _where(here: tuple[str, int], there: tuple[str, int]) -> str:
    if here[0] != there[0]:
        return there[0]
    return "further down" if there[1] > here[1] else "further up"


def _text(words: Iterable[Words]) -> str:
    return "".join(part.text for part in words)
