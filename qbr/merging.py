"""Two people's texts of one section made into one, from the text that both began with. Pure.

Three-way, passage by passage and, where both rewrote the same passage, word by word. Where even that is not clear both
stand in the result, the one after the other: no word that somebody wrote is left out, and a person decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qbr import word_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Passages that hold both changes; ``clashes`` counts the places where both wrote, one after the other."""

    passages: tuple[str, ...]
    clashes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """What stands in each text between two places where all three agree."""

    base: tuple[str, ...]
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


def merge(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Merged:
    """Merge two texts that were made from ``base``, each given as its passages."""
    passages: list[str] = []
    clashes = 0
    for stretch in _stretches(base, mine, theirs):
        settled = _settled(stretch)
        if settled is None:
            settled = _by_words(stretch)
        if settled is None:
            clashes += 1
            settled = (*stretch.mine, *(one for one in stretch.theirs if one not in stretch.mine))
        passages += settled
    return Merged(passages=tuple(passages), clashes=clashes)


def _settled(stretch: _Stretch) -> tuple[str, ...] | None:
    if stretch.mine == stretch.theirs or stretch.theirs == stretch.base:
        return stretch.mine
    return stretch.theirs if stretch.mine == stretch.base else None


def _by_words(stretch: _Stretch) -> tuple[str, ...] | None:
    """Merge one passage that both rewrote, unless they touched the same words."""
    if not len(stretch.base) == len(stretch.mine) == len(stretch.theirs) == 1:
        return None
    told: list[str] = []
    sides = (word_changes.tokens(side[0]) for side in (stretch.base, stretch.mine, stretch.theirs))
    for words in _stretches(*sides):
        settled = _settled(words)
        if settled is None:
            return None
        told += settled
    return ("".join(told),)


def _stretches(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[_Stretch]:
    """Cut three texts at the places where all agree; what agrees is a stretch too."""
    a = b = c = 0
    in_mine, in_theirs = _kept(base, mine), _kept(base, theirs)
    for at in range(len(base)):
        if at not in in_mine or at not in in_theirs:
            continue
        yield _Stretch(
            base=tuple(base[a:at]), mine=tuple(mine[b : in_mine[at]]), theirs=tuple(theirs[c : in_theirs[at]])
        )
        same = (base[at],)
        yield _Stretch(base=same, mine=same, theirs=same)
        a, b, c = at + 1, in_mine[at] + 1, in_theirs[at] + 1
    yield _Stretch(base=tuple(base[a:]), mine=tuple(mine[b:]), theirs=tuple(theirs[c:]))


def _kept(base: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    """Return where each kept item of ``base`` stands in ``other``."""
    return {
        start + step: there + step
        for tag, start, end, there, _ in word_changes.opcodes(base, other)
        if tag == "equal"
        for step in range(end - start)
    }
