"""A page that the portal shares with people: which of its blocks are ours, and what makes our part the document.

Pure. A block is ours if the portal wrote it and it still says what the portal wrote. One that somebody has written
into is theirs from then on; one that they have removed is gone. What is theirs is never touched, and what is ours
follows the order of the page: if somebody has moved our blocks about, the document is written into them in the
order in which they stand now.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csm_portal.ports.profiles import NewBlock, PageBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A block that the portal wrote. ``next`` is the digest that a call which may be under way gives it."""

    id: str
    digest: str
    next: str = ""

    def to_json(self) -> dict[str, str]:
        """Return JSON values; ``from_json`` gives back an equal one."""
        return {"id": self.id, "digest": self.digest} | ({"next": self.next} if self.next else {})

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Own":
        """Rebuild what ``to_json`` wrote."""
        return cls(id=value["id"], digest=value["digest"], next=value.get("next", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as it stands: all its block ids in order, ours with their kind, and ours that became somebody's."""

    order: tuple[str, ...]
    own: tuple[Own, ...]
    kinds: Mapping[str, str]
    handed_over: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    id: str
    block: NewBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """New blocks behind a block; None: at the start of the page."""

    after: str | None
    blocks: tuple[NewBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do, in this order: change, insert, remove."""

    changes: tuple[Change, ...]
    inserts: tuple[Insert, ...]
    removals: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.changes or self.inserts or self.removals)


def recognise(
    standing: Sequence[PageBlock], own: Sequence[Own], *, appending: Sequence[str] = (), made_by: str = ""
) -> Page:
    """Tell which blocks of a page are ours.

    ``appending`` are the digests of blocks whose append may have got through without an answer, in order:
    unknown blocks of ``made_by`` (the portal's own id) that say just that are ours.
    """
    known = {one.id: one for one in own}
    found: list[Own] = []
    handed_over: list[str] = []
    expected = list(appending)
    for block in standing:
        if block.id in known:
            if block.digest in (known[block.id].digest, known[block.id].next):
                found.append(Own(id=block.id, digest=block.digest))
            else:
                handed_over.append(block.id)
        elif expected and made_by and block.made_by == made_by and block.digest in expected:
            del expected[: expected.index(block.digest) + 1]
            found.append(Own(id=block.id, digest=block.digest))
    return Page(
        order=tuple(block.id for block in standing),
        own=tuple(found),
        kinds={block.id: block.kind for block in standing},
        handed_over=tuple(handed_over),
    )


def plan(page: Page, wanted: Sequence[NewBlock]) -> Plan:
    """Return what makes our part of the page exactly ``wanted``, moving nothing and keeping what fits already."""
    kept = _kept(page, wanted)
    changes = tuple(
        Change(id=page.own[place].id, block=wanted[at])
        for at, place in sorted(kept.items())
        if page.own[place].digest != wanted[at].digest
    )
    staying = set(kept.values())
    removals = tuple(one.id for place, one in enumerate(page.own) if place not in staying)
    return Plan(changes=changes, inserts=tuple(_inserts(page, wanted, kept, removals)), removals=removals)


def _kept(page: Page, wanted: Sequence[NewBlock]) -> dict[int, int]:
    """Return place in ``wanted`` -> place among our blocks: what says the same, then what can be changed into it."""
    same = _longest(
        [one.digest for one in page.own], [block.digest for block in wanted], lambda block: True, wanted
    )
    kept = dict(same)
    borders = [(-1, -1), *same, (len(wanted), len(page.own))]
    for (at, place), (next_at, next_place) in itertools.pairwise(borders):
        gap = wanted[at + 1 : next_at]
        slots = page.own[place + 1 : next_place]
        pairs = _longest(
            [page.kinds[one.id] for one in slots],
            [block.kind for block in gap],
            lambda block: block.is_changeable,
            gap,
        )
        kept |= {at + 1 + here: place + 1 + there for here, there in pairs}
    return kept


def _longest(
    slots: Sequence[str], marks: Sequence[str], may: Any, blocks: Sequence[NewBlock]
) -> list[tuple[int, int]]:
    """Return the longest run of pairs (place in ``marks``, place in ``slots``) of equal marks, both in order."""
    rows, columns = len(marks), len(slots)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in reversed(range(rows)):
        for column in reversed(range(columns)):
            skipped = max(best[row + 1][column], best[row][column + 1])
            fits = marks[row] == slots[column] and may(blocks[row])
            best[row][column] = max(skipped, best[row + 1][column + 1] + 1) if fits else skipped
    pairs: list[tuple[int, int]] = []
    row = column = 0
    while row < rows and column < columns:
        fits = marks[row] == slots[column] and may(blocks[row])
        if fits and best[row][column] == best[row + 1][column + 1] + 1:
            pairs.append((row, column))
            row, column = row + 1, column + 1
        elif best[row + 1][column] >= best[row][column + 1]:
            row += 1
        else:
            column += 1
    return pairs


def _inserts(
    page: Page, wanted: Sequence[NewBlock], kept: Mapping[int, int], removals: Sequence[str]
) -> Iterator[Insert]:
    at = 0
    before: str | None = None
    while at < len(wanted):
        if at in kept:
            before = page.own[kept[at]].id
            at += 1
            continue
        end = next((place for place in range(at, len(wanted)) if place in kept), len(wanted))
        following = page.own[kept[end]].id if end in kept else None
        anchor = _anchor(page, before, following, {*removals, *page.handed_over})
        yield Insert(after=anchor, blocks=tuple(wanted[at:end]))
        at = end


def _anchor(page: Page, before: str | None, following: str | None, ours_once: set[str]) -> str | None:
    """Return the block behind which new ones go that stand between two of ours (None: the end of our part).

    Best is where something of ours stood that goes or has become somebody's; else right behind the one before.
    """
    first = 0 if before is None else page.order.index(before) + 1
    last = len(page.order) if following is None else page.order.index(following)
    places = [block_id for block_id in page.order[first:last] if block_id in ours_once]
    if places:
        return places[-1]
    if before is not None:
        return before
    # Nothing of ours stands before: right before what follows, or at the end of what people wrote.
    return page.order[last - 1] if last else None
