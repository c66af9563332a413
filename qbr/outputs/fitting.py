"""How much room words take on a slide, measured with the letters of the PDF's font. Pure.

A company's template has its own font; Noto Sans is wider than most, so that what fits here fits there.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any, Final

_FONT: Final = Path(__file__).parent / "fonts" / "NotoSans-Regular.ttf"
_MEASURED_AT: Final = 100
LEADING: Final = 1.2


def line_count(words: str, *, size: float, width: float) -> int:
    """Return how many lines words take that are written ``size`` points high in ``width`` points."""
    lines, room = 1, width
    for word in words.split(" "):
        taken = _width(word) * size
        # A word that is wider than the line is cut wherever the line ends.
        if taken > width:
            lines += int(taken // width) + (room < width)
            room = width - taken % width
        elif taken > room:
            lines, room = lines + 1, width - taken
        else:
            room -= taken
        room -= _width(" ") * size
    return lines


def height(words: str, *, size: float, width: float, after: float = 0) -> float:
    """Return the height in points, with the space ``after`` the paragraph."""
    return line_count(words, size=size, width=width) * size * LEADING + after


def pieces(words: str, *, size: float, width: float, lines: int) -> Iterator[str]:
    """Cut words into pieces of at most so many lines, between words where there are any; none is lost."""
    rest = words.strip()
    while line_count(rest, size=size, width=width) > lines:
        least, most = 1, len(rest)
        while least < most:
            middle = (least + most + 1) // 2
            if line_count(rest[:middle], size=size, width=width) <= lines:
                least = middle
            else:
                most = middle - 1
        cut = rest.rfind(" ", 0, least + 1)
        cut = cut if cut > 0 else least
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


def columns(cells: Sequence[Sequence[float]], *, room: float) -> tuple[float, ...]:
    """Share out the room of a table among its columns, given the width that each cell would need on one line.

    A column that needs no more than an equal share gets what it needs; the longer ones share the rest, one long
    cell counting less than many.
    """
    wanted = [max(column) for column in cells]
    if sum(wanted) <= room:
        return tuple(one * room / sum(wanted) for one in wanted)
    share = room / len(cells)
    kept = {at: one for at, one in enumerate(wanted) if one <= share}
    weights = [sqrt(max(column) * sum(column) / len(column)) for column in cells]
    rest = sum(weight for at, weight in enumerate(weights) if at not in kept)
    left = room - sum(kept.values())
    return tuple(kept.get(at, left * weight / rest) for at, weight in enumerate(weights))


def width(words: str, *, size: float) -> float:
    """Return the width of words on one line, in points."""
    return _width(words) * size


def _width(word: str) -> float:
    """Return the width of a word, as a multiple of the letters' height."""
    return sum(map(_letter, word))


@cache
def _letter(char: str) -> float:
    if unicodedata.east_asian_width(char) in {"W", "F"}:
        return 1.0
    width: float = _face().getlength(char) / _MEASURED_AT
    return width


@cache
def _face() -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(_FONT), _MEASURED_AT)
