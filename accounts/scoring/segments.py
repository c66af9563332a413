"""Policies that differ per segment: ordered rules over what is known of an account, the first that fits wins (SPEC 3.6). Pure.

A *book* of policies is what one version holds: the standard settings, and segments with a rule each and the
settings in which they differ. Whatever a segment does not say follows the standard, so that a change of the
standard reaches all accounts except where somebody decided otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from accounts.scoring import wording
from accounts.scoring.policy import HealthPolicy, PolicyError

STANDARD: Final = ""
"""The name of the policy of every account that no rule fits."""

LONGEST_NAME: Final = 60
MOST_SEGMENTS: Final = 20
"""More rules than a person can hold in mind explain nothing any more."""


class SegmentError(ValueError):
    """A segment that cannot be one. ``problems`` holds a sentence for each field: name, rule, arr_from, settings."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What a rule may ask of an account. ``owner`` is the e-mail address, or the name where there is none."""

    segment: str = ""
    lifecycle_stage: str = ""
    owner: str = ""
    arr: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Conditions that must all hold; an empty one asks nothing, and a list asks for any of its words.

    ARR is compared within one currency only (SPEC 1): an account in another currency, or without ARR, does not
    fit. Words are compared without case. Raises SegmentError for a rule that asks nothing or contradicts itself.
    """

    segments: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    arr_from: int | None = None
    arr_below: int | None = None
    currency: str = ""
    _wanted: tuple[frozenset[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        asks_arr = self.arr_from is not None or self.arr_below is not None
        if not (self.segments or self.stages or self.owners or asks_arr):
            raise SegmentError(
                {"rule": "The rule asks nothing, so it would fit every account. Ask at least one thing."}
            )
        if asks_arr and not self.currency:
            raise SegmentError(
                {
                    "currency": "Say in which currency the ARR is meant: amounts of different currencies are never compared."
                }
            )
        if any(bound is not None and bound < 0 for bound in (self.arr_from, self.arr_below)):
            raise SegmentError({"arr_from": "An ARR cannot be under 0."})
        if self.arr_from is not None and self.arr_below is not None and self.arr_from >= self.arr_below:
            raise SegmentError(
                {
                    "arr_from": f"No ARR is at least {self.arr_from:,} and under {self.arr_below:,}. Swap or change the two."
                }
            )
        wanted = tuple(
            frozenset(_plain(word) for word in words) for words in (self.segments, self.stages, self.owners)
        )
        object.__setattr__(self, "_wanted", wanted)

    def fits(self, facts: AccountFacts) -> bool:
        """Whether all conditions hold for an account."""
        segments, stages, owners = self._wanted
        return (
            (not segments or _plain(facts.segment) in segments)
            and (not stages or _plain(facts.lifecycle_stage) in stages)
            and (not owners or _plain(facts.owner) in owners)
            and self._fits_arr(facts)
        )

    def _fits_arr(self, facts: AccountFacts) -> bool:
        if self.arr_from is None and self.arr_below is None:
            return True
        if facts.arr is None or _plain(facts.currency) != _plain(self.currency):
            return False
        return (self.arr_from is None or facts.arr >= self.arr_from) and (
            self.arr_below is None or facts.arr < self.arr_below
        )

    @property
    def words(self) -> str:
        """Say what the rule asks: ``segment is Enterprise or SMB, and ARR is at least 50,000 EUR``."""
        said = [
            f"{what} is {_either(words)}"
            for what, words in (
                ("segment", self.segments),
                ("lifecycle stage", self.stages),
                ("owner", self.owners),
            )
            if words
        ]
        if self.arr_from is not None and self.arr_below is not None:
            said.append(f"ARR is from {self.arr_from:,} to under {self.arr_below:,} {self.currency}")
        elif self.arr_from is not None:
            said.append(f"ARR is at least {self.arr_from:,} {self.currency}")
        elif self.arr_below is not None:
            said.append(f"ARR is under {self.arr_below:,} {self.currency}")
        return wording.listed(said) if len(said) < 3 else f"{', '.join(said[:-1])}, and {said[-1]}"

    def to_mapping(self) -> dict[str, Any]:
        """Return JSON values; ``from_mapping`` gives back an equal rule."""
        lists = {"segments": self.segments, "stages": self.stages, "owners": self.owners}
        said: dict[str, Any] = {name: list(words) for name, words in lists.items() if words}
        for name in ("arr_from", "arr_below"):
            if getattr(self, name) is not None:
                said[name] = getattr(self, name)
        if self.currency:
            said["currency"] = self.currency
        return said

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Rule":
        """Rebuild what ``to_mapping`` wrote. Raises SegmentError or TypeError on anything else."""
        lists = {name: tuple(values.get(name, ())) for name in ("segments", "stages", "owners")}
        return cls(**{**values, **lists})


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A rule with a name, and the settings in which its accounts' policy differs from the standard."""

    name: str
    rule: Rule
    changes: Mapping[str, int]

    def __post_init__(self) -> None:
        name = " ".join(self.name.split())
        if not name or len(name) > LONGEST_NAME:
            raise SegmentError(
                {
                    "name": f"Give the segment a name of at most {LONGEST_NAME} characters: the account's page says it."
                }
            )
        object.__setattr__(self, "name", name)

    def to_mapping(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"name": self.name, "rule": self.rule.to_mapping(), "changes": dict(self.changes)}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Segment":
        """Rebuild what ``to_mapping`` wrote."""
        return cls(
            name=values["name"], rule=Rule.from_mapping(values["rule"]), changes=dict(values["changes"])
        )


class NoSuchSegment(LookupError):
    """A score names a segment that its version of the policy does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyBook:
    """One version's policies. ``segments`` are tried in their order; whom none fits has the standard.

    Raises SegmentError for two segments of one name or too many, PolicyError where a segment's settings
    contradict each other or the standard that they stand on.
    """

    standard: HealthPolicy
    segments: tuple[Segment, ...] = ()
    _policies: Mapping[str, HealthPolicy] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.segments) > MOST_SEGMENTS:
            raise SegmentError(
                {"name": f"There can be at most {MOST_SEGMENTS} segments. Join or delete some."}
            )
        policies = {STANDARD: self.standard}
        for segment in self.segments:
            if any(_plain(segment.name) == _plain(name) for name in policies):
                raise SegmentError(
                    {"name": f"There is a segment {segment.name} already. Choose another name."}
                )
            policies[segment.name] = _merged(self.standard, segment)
        object.__setattr__(self, "_policies", policies)

    @classmethod
    def from_mapping(
        cls, values: Mapping[str, Any], segments: Iterable[Mapping[str, Any]] = ()
    ) -> "PolicyBook":
        """Build a book from the stored settings and segments; settings that are left out have their defaults."""
        return cls(
            standard=HealthPolicy.from_mapping(values),
            segments=tuple(Segment.from_mapping(one) for one in segments),
        )

    def segments_mapping(self) -> list[dict[str, Any]]:
        """Return the segments as JSON values, in their order."""
        return [segment.to_mapping() for segment in self.segments]

    def chosen(self, facts: AccountFacts) -> str:
        """Return the name of the first segment whose rule fits, STANDARD where none does."""
        for segment in self.segments:
            if segment.rule.fits(facts):
                return segment.name
        return STANDARD

    def policy(self, name: str) -> HealthPolicy:
        """Return the settings of a segment, or the standard ones. Raises NoSuchSegment."""
        try:
            return self._policies[name]
        except KeyError:
            raise NoSuchSegment(f"The policy has no segment {name}.") from None

    def segment(self, name: str) -> Segment:
        """Return a segment by its name. Raises NoSuchSegment, for the standard too."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        raise NoSuchSegment(f"The policy has no segment {name}.")

    def with_settings(self, name: str, settings: Mapping[str, int]) -> "PolicyBook":
        """Return the book with all settings of a segment, or of the standard, as given.

        Of a segment only what differs from the standard is kept: the rest follows it.
        """
        if name == STANDARD:
            return PolicyBook(standard=HealthPolicy.from_mapping(settings), segments=self.segments)
        standard = self.standard.to_mapping()
        changes = {key: value for key, value in settings.items() if value != standard.get(key)}
        HealthPolicy.from_mapping(settings)
        changed = Segment(name=name, rule=self.segment(name).rule, changes=changes)
        return self._with([changed if one.name == name else one for one in self.segments])

    def with_segment(self, segment: Segment, *, place: int, instead_of: str = "") -> "PolicyBook":
        """Return the book with a segment at a place of the order, 1 being the first to be tried.

        ``instead_of`` names the segment that it takes the place of: a rule that was changed, renamed or moved.
        """
        others = [one for one in self.segments if one.name != instead_of]
        at = max(0, min(place - 1, len(others)))
        return self._with([*others[:at], segment, *others[at:]])

    def without(self, name: str) -> "PolicyBook":
        """Return the book without a segment: its accounts follow the next rule that fits, or the standard."""
        self.segment(name)
        return self._with([one for one in self.segments if one.name != name])

    def _with(self, segments: Sequence[Segment]) -> "PolicyBook":
        return PolicyBook(standard=self.standard, segments=tuple(segments))


def _merged(standard: HealthPolicy, segment: Segment) -> HealthPolicy:
    try:
        return HealthPolicy.from_mapping({**standard.to_mapping(), **segment.changes})
    except PolicyError as error:
        raise PolicyError(
            {name: f"In the segment {segment.name}: {sentence}" for name, sentence in error.problems.items()}
        ) from error


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
