"""Runs the check over the drafts of both halves and counts what it found, what it missed and what it marked in vain."""

import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import median
from typing import Any

from benchmarks.truth import accounts, drafts
from benchmarks.truth.drafts import Half, Paragraph, Planted
from benchmarks.truth.slots import Ground
from csm_portal.ports.documents import Span
from qbr.document import Audience, TextBlock
from qbr.grounding import check
from qbr.grounding.check import Knowledge

PARAGRAPHS = 10
ERRORS_A_DRAFT = 12
_SEED = 20260701
MOST_FALSE_ALARMS = 0.03
# Title, groups of errors, and the share of them that has to be found (CHECK 19); None where nothing is demanded.
TARGETS_FOUND: tuple[tuple[str, tuple[str, ...], float | None], ...] = (
    ("wrong numbers", ("number",), 0.99),
    ("wrong dates", ("date",), None),
    ("wrong names", ("name",), None),
    ("wrong dates and names", ("date", "name"), 0.97),
    ("wrong directions", ("direction",), None),
)
_PLAIN = re.compile(r"[^\W\d_]+|\d[\d.,]*|\S")


@dataclass(slots=True, kw_only=True)
class Counted:
    """What was counted on one half.

    ``claims`` and ``alarms`` are of true text: claims told, and findings in them. ``planted`` and ``found`` are by
    (group, kind); groups are number, date, name and direction. ``examples`` are for whoever mends the check.
    """

    half: str
    drafts: int = 0
    shapes: int = 0
    sentences: int = 0
    marked_sentences: int = 0
    claims: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    planted: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    false_examples: list[str] = field(default_factory=list)
    missed_examples: list[tuple[str, str, str]] = field(default_factory=list)

    def count(self, *groups: str) -> tuple[int, int]:
        """Return how many errors of these groups were planted, and how many found."""
        planted = sum(count for (group, _), count in self.planted.items() if group in groups)
        return planted, sum(count for (group, _), count in self.found.items() if group in groups)

    def share_found(self, *groups: str) -> float:
        """Return the share of planted errors of these groups that were found; 1 where none was planted."""
        planted, found = self.count(*groups)
        return found / planted if planted else 1.0

    @property
    def false_alarm_rate(self) -> float:
        """Findings in true text for each claim in it."""
        return self.alarms.total() / max(1, self.claims.total())

    @property
    def marked_sentence_rate(self) -> float:
        return self.marked_sentences / max(1, self.sentences)


def interval(found: int, planted: int) -> tuple[float, float]:
    """Return where a share lies with 95 % confidence (Wilson's interval); 0 to 1 where nothing was counted."""
    if not planted:
        return 0.0, 1.0
    share, z = found / planted, 1.96
    middle = (share + z * z / (2 * planted)) / (1 + z * z / planted)
    half = z * sqrt(share * (1 - share) / planted + z * z / (4 * planted * planted)) / (1 + z * z / planted)
    return max(0.0, middle - half), min(1.0, middle + half)


def shortfalls(counted: Counted) -> list[str]:
    """Say in sentences what misses its target; empty where nothing does."""
    found = []
    for title, groups, target in TARGETS_FOUND:
        share = counted.share_found(*groups)
        if target is not None and share < target:
            found.append(
                f"Of the {title} of the {counted.half} half {share:.2%} were found, not {target:.0%}."
            )
    if counted.false_alarm_rate > MOST_FALSE_ALARMS:
        rate = f"{counted.false_alarm_rate:.2%}"
        found.append(
            f"Of the true claims of the {counted.half} half {rate} were marked, more than {MOST_FALSE_ALARMS:.0%}."
        )
    return found


def together(halves: Sequence[Counted]) -> Counted:
    """Add the counts of both halves up."""
    total = Counted(half="both halves")
    for half in halves:
        total.drafts += half.drafts
        total.shapes += half.shapes
        total.sentences += half.sentences
        total.marked_sentences += half.marked_sentences
        for mine, theirs in ((total.claims, half.claims), (total.alarms, half.alarms)):
            mine.update(theirs)
        total.planted.update(half.planted)
        total.found.update(half.found)
        total.seconds += half.seconds
        total.ratios += half.ratios
    return total


def as_json(counted: Counted) -> dict[str, Any]:
    """Return the figures as they are written to the results."""
    return {
        "half": counted.half,
        "drafts": counted.drafts,
        "shapes": counted.shapes,
        "claims": counted.claims.total(),
        "marked_in_vain": counted.alarms.total(),
        "false_alarm_rate": round(counted.false_alarm_rate, 4),
        "false_alarm_interval": [
            round(end, 4)
            for end in interval(min(counted.alarms.total(), counted.claims.total()), counted.claims.total())
        ],
        "true_sentences": counted.sentences,
        "marked_sentences": counted.marked_sentences,
        "found": {
            title: {
                "planted": planted,
                "found": found,
                "share": round(counted.share_found(*groups), 4),
                "interval": [round(end, 4) for end in interval(found, planted)],
            }
            for title, groups, _ in TARGETS_FOUND
            for planted, found in (counted.count(*groups),)
        },
        "kinds": {
            f"{group}: {kind}": {"planted": count, "found": counted.found[group, kind]}
            for (group, kind), count in sorted(counted.planted.items())
        },
        "milliseconds_a_draft": round(median(counted.seconds) * 1000, 1),
        "times_a_plain_pass": round(median(counted.ratios), 1),
    }


def run(half: Half, *, count: int, seed: int = _SEED) -> Counted:
    """Check ``count`` drafts of a half, each once as it is and once for each of its errors."""
    chance = random.Random(seed)
    counted = Counted(half=half.name, shapes=len(half.shapes))
    for number in range(count):
        ground = Ground(
            facts=accounts.make(half.pool, seed=seed + 2 * number),
            other=accounts.make(half.pool, seed=seed + 2 * number + 1),
            pool=half.pool,
        )
        written = drafts.paragraphs(half, ground, chance=chance, count=PARAGRAPHS)
        started = time.perf_counter()
        known = check.prepare(ground.facts)
        marks = [_marks(paragraph.text, known) for paragraph in written]
        counted.seconds.append(time.perf_counter() - started)
        counted.ratios.append(counted.seconds[-1] / _plain_pass(written))
        counted.drafts += 1
        for paragraph, found in zip(written, marks, strict=True):
            _count_alarms(paragraph, found, counted)
        # The kind is drawn first, so that rare kinds are as well covered as common ones.
        ways: dict[str, list[tuple[Planted, int]]] = {}
        for index, paragraph in enumerate(written):
            for error in drafts.plant(paragraph, chance=chance):
                ways.setdefault(f"{error.group} {error.kind}", []).append((error, index))
        kinds = sorted(ways)
        for kind in chance.sample(kinds, min(len(kinds), ERRORS_A_DRAFT)):
            error, index = chance.choice(ways[kind])
            _count_error(error, marks[index], known, counted)
    return counted


def _plain_pass(written: Sequence[Paragraph]) -> float:
    """Return the seconds that one plain pattern takes over a draft: what a machine's speed is told by."""
    started = time.perf_counter()
    for paragraph in written:
        _PLAIN.findall(paragraph.text)
    return time.perf_counter() - started


def _marks(text: str, known: Knowledge) -> list[tuple[int, int, str]]:
    block = TextBlock(spans=(Span(text=text),), audience=Audience.INTERNAL)
    return [(start, end, message) for start, end, _, message in check.read(block, known).untraced]


def _count_alarms(paragraph: Paragraph, found: list[tuple[int, int, str]], counted: Counted) -> None:
    counted.claims.update(told.group for *_, told in paragraph.claims if told.group != "direction")
    at = 0
    for sentence in paragraph.sentences:
        end = at + len(sentence.text)
        counted.sentences += 1
        counted.marked_sentences += any(start < end and at < stop for start, stop, _ in found)
        at = end + 1
    for start, end, _ in found:
        group = next((told.group for a, b, told in paragraph.claims if start < b and a < end), "prose")
        counted.alarms[group] += 1
        counted.false_examples.append(f"⟦{paragraph.text[start:end]}⟧ in {paragraph.text}")


def _count_error(
    error: Planted, before: list[tuple[int, int, str]], known: Knowledge, counted: Counted
) -> None:
    key = (error.group, error.kind)
    counted.planted[key] += 1
    after = _marks(error.text, known)
    if error.group == "direction":
        # What is wrong there is the sentence: its verb or its figures may carry the mark, but a new one.
        is_found = any(
            start < error.sentence_end
            and error.sentence_start < end
            and not any(message == old for *_, old in before)
            for start, end, message in after
        )
    else:
        is_found = any(start < error.end and error.start < end for start, end, _ in after)
    if is_found:
        counted.found[key] += 1
    else:
        counted.missed_examples.append(
            (error.group, error.kind, f"⟦{error.text[error.start : error.end]}⟧ in {error.text}")
        )
