"""What the pages must hold, and what was reached of it. The table of ``docs/benchmarks.md`` says the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log10
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The largest value that is allowed, the one to strive for, and how a value is written."""

    measure: str
    what: str
    at_most: float
    stretch: float
    form: str = "{:.2f}"


TARGETS: Final[Mapping[str, Target]] = {
    "admin": Target(measure="P1", what="list ÷ Django admin's change list", at_most=0.25, stretch=0.10),
    "sql": Target(measure="P2", what="page ÷ its statements alone", at_most=8, stretch=5, form="{:.1f}"),
    "python": Target(measure="P2", what="Python part ÷ the admin's", at_most=0.25, stretch=0.10),
    "growth": Target(measure="P3", what="growth exponent", at_most=0.12, stretch=0.06, form="{:+.2f}"),
    "more queries": Target(
        measure="P4", what="queries at 100 rows − at 10", at_most=0, stretch=0, form="{:+.0f}"
    ),
    "list queries": Target(measure="P4", what="queries of a list", at_most=6, stretch=3, form="{:.0f}"),
    "account queries": Target(
        measure="P4", what="queries of the account", at_most=12, stretch=8, form="{:.0f}"
    ),
    "scoring": Target(measure="P5", what="scoring accounts ÷ reading their rows", at_most=1, stretch=0.5),
    "trial": Target(
        measure="P5", what="trial of a policy ÷ its statements alone", at_most=5, stretch=3, form="{:.1f}"
    ),
    "movers": Target(
        measure="P5", what="movers ÷ their statements alone", at_most=5, stretch=3, form="{:.1f}"
    ),
    "scan": Target(measure="P5", what="scan × 1,000 ÷ one read and one write each", at_most=1, stretch=0.25),
    "bytes": Target(measure="P8", what="50 rows, compressed, in KB", at_most=12, stretch=6, form="{:.1f}"),
    "swap": Target(measure="P8", what="fragment ÷ whole page, compressed", at_most=0.8, stretch=0.6),
    "static": Target(
        measure="P8", what="files of the first visit, compressed, ÷ 60 KB", at_most=1.0, stretch=0.7
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured ratio or count: which target it is held against, and on which page it was taken."""

    target: str
    page: str
    value: float

    @property
    def reached(self) -> str:
        """Return what was reached: ``stretch``, ``target`` or nothing."""
        against = TARGETS[self.target]
        # What is printed is what decides: nobody should read "0.12, wanted at most 0.12" as a miss.
        value = float(against.form.format(self.value))
        if value <= against.stretch:
            return "stretch"
        return "target" if value <= against.at_most else ""

    @property
    def written(self) -> str:
        return TARGETS[self.target].form.format(self.value)

    def to_mapping(self) -> dict[str, object]:
        """Return JSON values, with the target beside the figure."""
        against = TARGETS[self.target]
        return {
            "measure": against.measure,
            "what": against.what,
            "page": self.page,
            "value": round(self.value, 4),
            "at_most": against.at_most,
            "stretch": against.stretch,
            "reached": self.reached or "falls short",
        }


def exponent(*, small: float, large: float, sizes: tuple[int, int]) -> float:
    """Return how a cost grows with size: 0 not at all, 1 in proportion."""
    return log10(large / small) / log10(sizes[1] / sizes[0])


def verdict(figures: Iterable[Figure]) -> tuple[bool, str]:
    """Return whether every target was reached, and the one line that says what was and what was not."""
    figures = list(figures)
    stretched = sum(figure.reached == "stretch" for figure in figures)
    held = sum(bool(figure.reached) for figure in figures)
    said = f"{held} of {len(figures)} targets reached, {stretched} of them beyond the stretch"
    short = [
        f"{TARGETS[figure.target].measure} {figure.page}, {TARGETS[figure.target].what}: "
        f"{figure.written}, wanted at most {TARGETS[figure.target].at_most:g}"
        for figure in figures
        if not figure.reached
    ]
    if short:
        return False, f"Falls short: {'; '.join(short)}. {said}."
    return True, f"Reached: {said}."
