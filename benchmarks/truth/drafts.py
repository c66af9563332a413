"""Drafts: paragraphs put together from the shapes of one half, true to the last figure; and the same with one error."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.truth import pools, slots
from benchmarks.truth.pools import Pool
from benchmarks.truth.slots import Ground, Told, Unfit

_FOLDER = Path(__file__).resolve().parent / "shapes"
_SLOT = re.compile(r"(\{[^{}]+\}|<[^<>]+>)")
# Notes and bullets are lines of their own; prose comes in paragraphs.
_LINES = ("notes", "bullets", "chat", "hurried")
_LONGEST_PARAGRAPH = 4
# A shape that says nothing without the one before it.
_LEANS = "+ "


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """One half of the corpus: its shapes by voice, and the names of its accounts."""

    name: str
    voices: dict[str, tuple[str, ...]]
    pool: Pool

    @property
    def shapes(self) -> list[str]:
        return [shape for shapes in self.voices.values() for shape in shapes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One shape that was filled in."""

    shape: str
    parts: tuple[Told, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A paragraph with one error, from ``start`` to ``end``; the sentence that holds it ends at ``sentence_end``."""

    text: str
    kind: str
    group: str
    start: int
    end: int
    sentence_start: int
    sentence_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def claims(self) -> list[tuple[int, int, Told]]:
        """Return where each claim stands, from start to end."""
        found = []
        at = 0
        for sentence in self.sentences:
            for part in sentence.parts:
                if part.group:
                    found.append((at, at + len(part.text), part))
                at += len(part.text)
            at += 1
        return found


def load(name: str) -> Half:
    """Read one half: ``tuning`` or ``heldout``."""
    voices: dict[str, list[str]] = {}
    voice = ""
    for file in sorted((_FOLDER / name).glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):
                voice = line[2:]
            elif line.strip():
                voices.setdefault(voice, []).append(line)
    pool = {"tuning": pools.TUNING, "heldout": pools.HELD_OUT}[name]
    return Half(name=name, voices={key: tuple(lines) for key, lines in voices.items()}, pool=pool)


def paragraphs(half: Half, ground: Ground, *, chance: random.Random, count: int) -> list[Paragraph]:
    """Return paragraphs of one account's draft; shapes that do not fit the account are passed over."""
    written: list[Paragraph] = []
    while len(written) < count:
        voice = chance.choice(sorted(half.voices))
        length = 1 if any(word in voice for word in _LINES) else chance.randint(1, _LONGEST_PARAGRAPH)
        # Neighbours, in their order: what "it" is stands in the sentence before.
        shapes = _neighbours(half.voices[voice], length, chance)
        sentences = [sentence for shape in shapes if (sentence := fill(shape, ground, chance)) is not None]
        if sentences:
            written.append(Paragraph(sentences=tuple(sentences)))
    return written


def _neighbours(shapes: Sequence[str], length: int, chance: random.Random) -> Sequence[str]:
    first = chance.randrange(len(shapes))
    end = first + length
    while first and shapes[first].startswith(_LEANS):
        first -= 1
    return [shape.removeprefix(_LEANS) for shape in shapes[first:end]]


def fill(shape: str, ground: Ground, chance: random.Random) -> Sentence | None:
    """Fill a shape in, or return None where the account's facts do not fit it."""
    parts = []
    try:
        for piece in _pieces(shape):
            if piece.startswith("{"):
                parts.append(slots.tell(piece[1:-1], ground, chance))
            elif piece.startswith("<"):
                parts.append(slots.tell(piece, ground, chance))
            else:
                parts.append(Told(text=piece))
    except Unfit:
        return None
    if parts[0].text.startswith("- "):
        parts[0] = Told(text=parts[0].text[2:])
    if shape[0].isupper() or shape[0] in "{<":
        parts[0] = _capitalised(parts[0], shape)
    return Sentence(shape=shape, parts=tuple(parts))


def plant(paragraph: Paragraph, *, chance: random.Random, kinds: Sequence[str] = ()) -> Iterator[Planted]:
    """Yield the paragraph with one claim told wrongly, once for each way of each claim."""
    at = 0
    for index, sentence in enumerate(paragraph.sentences):
        inside = at
        for number, part in enumerate(sentence.parts):
            for kind, tell in part.errors.items():
                wrong = tell(chance) if not kinds or kind in kinds else None
                if wrong is None or wrong == part.text:
                    continue
                told = Told(text=wrong)
                if number == 0 and part.text[:1].isupper():
                    told = Told(text=wrong[:1].upper() + wrong[1:])
                parts = (*sentence.parts[:number], told, *sentence.parts[number + 1 :])
                changed = Sentence(shape=sentence.shape, parts=parts)
                sentences = (*paragraph.sentences[:index], changed, *paragraph.sentences[index + 1 :])
                yield Planted(
                    text=Paragraph(sentences=sentences).text,
                    kind=kind,
                    group=part.group,
                    start=inside,
                    end=inside + len(told.text),
                    sentence_start=at,
                    sentence_end=at + len(changed.text),
                )
            inside += len(part.text)
        at += len(sentence.text) + 1


@cache
def _pieces(shape: str) -> tuple[str, ...]:
    return tuple(piece for piece in _SLOT.split(shape) if piece)


def _capitalised(part: Told, shape: str) -> Told:
    if not shape.startswith(("{", "<")) or part.group == "name":
        return part
    return Told(text=part.text[:1].upper() + part.text[1:], group=part.group, errors=part.errors)
