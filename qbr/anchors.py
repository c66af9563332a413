"""Which passage a remark is about, found again in a text that has been edited since. Pure.

A passage is known by its own words and by those around it (as the W3C's TextQuoteSelector does). Where its words
stand nowhere any more, the passage that is likest is given, and said to have changed; a guess is never told as certain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from qbr import word_changes

AROUND: Final = 40
_STILL_IT: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A passage by its words, and up to ``AROUND`` characters on each side of them in the same block."""

    quote: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a passage stands: which of the blocks, and from which character to which.

    ``is_exact`` is False where its words are not there any more and the whole block is the likest to it.
    """

    block: int
    start: int
    end: int
    is_exact: bool = True


def anchor(words: str, start: int, end: int) -> Anchor:
    """Return the anchor of a stretch of a block."""
    return Anchor(
        quote=words[start:end], before=words[max(0, start - AROUND) : start], after=words[end : end + AROUND]
    )


def of_quote(words: str, quote: str) -> Anchor | None:
    """Return the anchor of what somebody marked in a block, of the whole block where they marked nothing.

    None where the words do not stand in it. Blanks may differ: a browser gives a selection with line ends of its own.
    """
    wanted = [token for token in word_changes.tokens(quote) if not token.isspace()]
    places = [(token, at) for token, at in _with_places(words) if not token.isspace()]
    if not wanted:
        return whole(words)
    for first in range(len(places) - len(wanted) + 1):
        if [token for token, _ in places[first : first + len(wanted)]] == wanted:
            last_token, last = places[first + len(wanted) - 1]
            return anchor(words, places[first][1], last + len(last_token))
    return None


def whole(words: str) -> Anchor:
    """Return the anchor of a whole block."""
    return anchor(words, 0, len(words))


def find(wanted: Anchor, blocks: Sequence[str]) -> Place | None:
    """Return where a passage stands now, or None where nothing is like it any more.

    Where its words stand more than once, the words around it decide; where those say nothing, the first place.
    """
    if not wanted.quote:
        return None
    places = [
        Place(block=number, start=start, end=start + len(wanted.quote))
        for number, words in enumerate(blocks)
        for start in _starts(words, wanted.quote)
    ]
    if places:
        return max(places, key=lambda place: _fit(wanted, blocks[place.block], place))
    told = f"{wanted.before}{wanted.quote}{wanted.after}"
    alike = [max(word_changes.likeness(told, words), _held(wanted.quote, words)) for words in blocks]
    if not alike or max(alike) < _STILL_IT:
        return None
    block = alike.index(max(alike))
    return Place(block=block, start=0, end=len(blocks[block]), is_exact=False)


def _with_places(words: str) -> Iterable[tuple[str, int]]:
    at = 0
    for token in word_changes.tokens(words):
        yield token, at
        at += len(token)


def _starts(words: str, quote: str) -> Iterable[int]:
    at = words.find(quote)
    while at >= 0:
        yield at
        at = words.find(quote, at + 1)


def _fit(wanted: Anchor, words: str, place: Place) -> int:
    before, after = words[: place.start], words[place.end :]
    same_before = _same(reversed(wanted.before), reversed(before))
    return same_before + _same(wanted.after, after)


def _same(one: Iterable[str], other: Iterable[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _held(quote: str, words: str) -> float:
    """Return what share of the quote's words a block still has, in order."""
    wanted = [token for token in word_changes.tokens(quote) if not token.isspace()]
    there = [token for token in word_changes.tokens(words) if not token.isspace()]
    same = sum(end - start for tag, start, end, *_ in word_changes.opcodes(wanted, there) if tag == "equal")
    return same / len(wanted) if len(wanted) >= 4 else 0.0
