"""Two policies beside each other: versions or drafts, what differs and what that does to the book (SPEC 3.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts.models import PolicyVersion
from accounts.scoring.policy import POLICY_FIELD
from accounts.scoring.segments import STANDARD, PolicyBook
from accounts.selectors import policy_trial, thresholds
from accounts.selectors.policy_trial import PolicyTrial
from accounts.selectors.thresholds import InForce

MOST_CHOICES: Final = 50
"""So many of the newest versions can be chosen; an older one by its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: its word in the address, what it is called, its policies."""

    key: str
    label: str
    book: PolicyBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One setting that differs; of a segment that only one side has, the other shows its standard."""

    label: str
    unit: str
    one: int
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The standard, or one segment: where its rule differs in words, and the settings that hold for its accounts."""

    title: str
    rule_of_one: str
    rule_of_other: str
    differences: tuple[Difference, ...]

    @property
    def rules_differ(self) -> bool:
        return self.rule_of_one != self.rule_of_other


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage:
    """``parts`` are those that differ. ``trial`` goes from ``one`` to ``other``."""

    one: Side
    other: Side
    choices: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    trial: PolicyTrial


def page(one: str = "", other: str = "") -> ComparePage:
    """Compare two of ``v3``, ``v2`` or ``d`` and a draft's id; without words, what is in force and the newest draft.

    Six queries at most. Raises LookupError for a word that names nothing.
    """
    force = thresholds.in_force()
    versions = list(PolicyVersion.objects.order_by("-number")[:MOST_CHOICES])
    drafts = list(thresholds.open_drafts())
    choices = [(f"d{draft.pk}", f"Draft “{draft.name}”") for draft in drafts]
    choices += [(f"v{version.number}", _name(version, force)) for version in versions]
    if not versions:
        choices.append((f"v{force.number}", "Version 1, in force"))
    first = _side(one or f"v{force.number}", force)
    second = _side(other or _newest_other(choices, first.key), force)
    return ComparePage(
        one=first,
        other=second,
        choices=tuple(choices),
        parts=tuple(_parts(first.book, second.book)),
        trial=policy_trial.try_out(second.book, against=first.book),
    )


def _newest_other(choices: Sequence[tuple[str, str]], key: str) -> str:
    return next((choice for choice, _ in choices if choice != key), key)


def _name(version: PolicyVersion, force: InForce) -> str:
    return f"Version {version.number}" + (", in force" if version.number == force.number else "")


def _side(key: str, force: InForce) -> Side:
    if key == f"v{force.number}":
        return Side(key=key, label=f"Version {force.number}, in force", book=force.book)
    if key.startswith("d"):
        try:
            start = thresholds.start(force, draft=UUID(key[1:]))
        except ValueError as error:
            raise LookupError("There is no such draft.") from error
        assert start.draft is not None  # noqa: S101
        return Side(key=key, label=f"Draft “{start.draft.name}”", book=start.book)
    if key.startswith("v") and key[1:].isdecimal() and len(key) < 10:
        start = thresholds.start(force, version=int(key[1:]))
        return Side(key=key, label=f"Version {int(key[1:])}", book=start.book)
    raise LookupError("There is no such version or draft.")


def _parts(one: PolicyBook, other: PolicyBook) -> list[Part]:
    names = [STANDARD, *dict.fromkeys([part.name for book in (one, other) for part in book.segments])]
    parts = [_part(name, one, other) for name in names]
    return [part for part in parts if part.differences or part.rules_differ]


def _part(name: str, one: PolicyBook, other: PolicyBook) -> Part:
    (rule, values), (other_rule, other_values) = _told(name, one), _told(name, other)
    return Part(
        title=name or "Standard",
        rule_of_one=rule,
        rule_of_other=other_rule,
        differences=tuple(
            Difference(label=field.label, unit=field.unit, one=values[key], other=other_values[key])
            for key, field in POLICY_FIELD.items()
            if values[key] != other_values[key]
        ),
    )


def _told(name: str, book: PolicyBook) -> tuple[str, dict[str, int]]:
    """Return a segment's place and rule in words, and the settings that its accounts have."""
    if name == STANDARD:
        return "", book.standard.to_mapping()
    for place, segment in enumerate(book.segments, start=1):
        if segment.name == name:
            return f"Tried as number {place}, where {segment.rule.words}", book.policy(name).to_mapping()
    return "No such segment", book.standard.to_mapping()
