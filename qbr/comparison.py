"""Two versions of a review, line by line. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

CONTEXT: Final = 1
"""How many unchanged lines stand around a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: kept, added, removed, or a gap that stands for ``left_out`` unchanged ones."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str = ""
    left_out: int = 0


def lines(before: Sequence[str], after: Sequence[str]) -> tuple[Line, ...]:
    """Return what changed from ``before`` to ``after``; empty where nothing did."""
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    if all(tag == "equal" for tag, *_ in matcher.get_opcodes()):
        return ()
    return tuple(_told(matcher, before, after))


def _told(matcher: "SequenceMatcher[str]", before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    shown = 0
    for group in matcher.get_grouped_opcodes(CONTEXT):
        if (skipped := group[0][1] - shown) > 0:
            yield Line(kind="gap", left_out=skipped)
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from (Line(kind="same", text=text) for text in before[start:end])
                continue
            yield from (Line(kind="removed", text=text) for text in before[start:end])
            yield from (Line(kind="added", text=text) for text in after[new_start:new_end])
        shown = group[-1][2]
    if (skipped := len(before) - shown) > 0:
        yield Line(kind="gap", left_out=skipped)
