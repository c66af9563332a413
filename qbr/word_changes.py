"""What changed from one sentence to another, word by word. Pure; ``difflib`` finds what stayed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal, TypeAlias

Opcode: TypeAlias = tuple[str, int, int, int, int]

# A figure with its separators is one word; scripts that write no spaces go letter by letter.
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TOKEN: Final = re.compile(
    rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:[.,:'’/-][^\W{_UNSPACED}]+)*|\s+|.", re.DOTALL
)

# Beyond this a comparison would cost seconds: what differs is then told as a whole.
MOST_PAIRS: Final = 1_000_000
_ALIKE: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A stretch of text that both sides have, or one of them."""

    kind: Literal["same", "added", "removed"]
    text: str


def tokens(text: str) -> list[str]:
    """Split a text into words, blanks and signs; joined, they give the text again."""
    return _TOKEN.findall(text)


def opcodes(before: Sequence[str], after: Sequence[str]) -> list[Opcode]:
    """Return difflib's opcodes at a cost that is bounded: what is too large to compare is one replacement."""
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    found: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    if old and new and len(old) * len(new) <= MOST_PAIRS:
        matcher = SequenceMatcher(a=old, b=new, autojunk=False)
        found += [(tag, a + head, b + head, c + head, d + head) for tag, a, b, c, d in matcher.get_opcodes()]
    elif old or new:
        tag = "replace" if old and new else "delete" if old else "insert"
        found.append((tag, head, head + len(old), head, head + len(new)))
    if tail:
        found.append(("equal", len(before) - tail, len(before), len(after) - tail, len(after)))
    return found


def likeness(before: str, after: str) -> float:
    """Return what share of their words two texts have in common, in order: 0 to 1."""
    old = [token for token in tokens(before) if not token.isspace()]
    new = [token for token in tokens(after) if not token.isspace()]
    if not old and not new:
        return 1.0
    same = sum(end - start for tag, start, end, *_ in opcodes(old, new) if tag == "equal")
    return 2 * same / (len(old) + len(new))


def changes(before: str, after: str) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    """Return both sides, each as what stayed and what did not.

    Two sentences that have little in common are told as one that went and one that came, not as confetti.
    """
    if before == after:
        same = (Words(kind="same", text=before),) if before else ()
        return same, same
    if likeness(before, after) < _ALIKE:
        return _whole(before, "removed"), _whole(after, "added")
    old, new = tokens(before), tokens(after)
    codes = list(_without_lone_blanks(opcodes(old, new), old))
    left = [("same" if tag == "equal" else "removed", "".join(old[a:b])) for tag, a, b, _, _ in codes]
    right = [("same" if tag == "equal" else "added", "".join(new[c:d])) for tag, _, _, c, d in codes]
    return _joined(left), _joined(right)


def _whole(text: str, kind: Literal["added", "removed"]) -> tuple[Words, ...]:
    return (Words(kind=kind, text=text),) if text else ()


def _without_lone_blanks(codes: Sequence[Opcode], old: Sequence[str]) -> Iterator[Opcode]:
    """A blank that stayed between two changes is read as part of them."""
    for number, (tag, a, b, c, d) in enumerate(codes):
        is_between = 0 < number < len(codes) - 1
        if tag == "equal" and is_between and not "".join(old[a:b]).strip():
            yield "replace", a, b, c, d
        else:
            yield tag, a, b, c, d


def _joined(parts: Sequence[tuple[str, str]]) -> tuple[Words, ...]:
    joined: list[Words] = []
    for kind, text in parts:
        if not text:
            continue
        if joined and joined[-1].kind == kind:
            text = joined.pop().text + text
        joined.append(Words(kind=kind, text=text))  # type: ignore[arg-type]
    return tuple(joined)
