"""The cost of the pages as ratios: ``make bench``, or ``python -m benchmarks.pages``. See docs/benchmarks.md.

Two scratch databases, of 1,000 and of 10,000 scored accounts, in one process: what is compared is measured in
turn, in the same minute, on the same machine. Absolute times are printed; ratios and counts decide. Writes
``benchmarks/results/pages.json`` and exits 0 only where no target is missed.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import django

from benchmarks import targets
from benchmarks.targets import TARGETS, Figure

if TYPE_CHECKING:
    from benchmarks.measures import Cost, Measured

RESULT = Path(__file__).resolve().parent / "results" / "pages.json"
SIZES = (1_000, 10_000)
SMALLEST = 100
ROUNDS = 15
FEWEST_ROUNDS = 5


def main(arguments: Sequence[str]) -> int:
    """Measure and return the exit status: 1 if anything falls short, 2 if nothing can be measured."""
    parser = argparse.ArgumentParser(description="Measure what the portal's pages cost, as ratios.")
    parser.add_argument("--sizes", nargs=2, type=int, default=SIZES, metavar=("SMALL", "LARGE"))
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each page is asked for")
    parser.add_argument("--output", type=Path, default=RESULT, help="the JSON file to write")
    parser.add_argument(
        "--postgres", action="store_true", help="measure on a PostgreSQL that lives for this run alone"
    )
    given = parser.parse_args(arguments)
    small, large = given.sizes
    if not SMALLEST <= small < large:
        parser.error(f"The smaller size must be at least {SMALLEST}, and the larger one larger than it.")
    if given.rounds < FEWEST_ROUNDS:
        parser.error(f"A median of fewer than {FEWEST_ROUNDS} rounds says little. Ask for more.")
    with ExitStack() as stack:
        if given.postgres:
            from tests.services import packages, postgres

            try:
                os.environ["DATABASE_URL"] = stack.enter_context(postgres.cluster())
            except packages.Missing as missing:
                print(missing, file=sys.stderr)
                return 2
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-bench-")))
        measured = _measure((small, large), rounds=given.rounds, folder=folder)
    _print(measured)
    is_reached, line = targets.verdict(measured.figures)
    _write(measured, rounds=given.rounds, line=line, output=given.output)
    print(line)
    return 0 if is_reached else 1


def _measure(sizes: tuple[int, int], *, rounds: int, folder: Path) -> "Measured":
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    django.setup()
    # Models can be imported only now.
    from benchmarks import measures

    print(f"Filling two databases, then {rounds} rounds; this takes a minute or two.", flush=True)
    return measures.measure(
        sizes=sizes, rounds=rounds, folder=folder, tell=lambda what: print(f"  {what}", flush=True)
    )


def _print(measured: "Measured") -> None:
    print(f"\n{measured.database}, Python {platform.python_version()}, Django {django.__version__}")
    print("\nMedians in milliseconds (they say nothing across machines)")
    print(f"  {'page':<26}{'accounts':>9}{'whole':>9}{'SQL':>9}{'Python':>9}{'statements':>12}")
    for cost in sorted(measured.costs, key=lambda cost: cost.size):
        print(
            f"  {cost.page:<26}{cost.size:>9,}{cost.whole * 1000:>9.1f}{cost.sql * 1000:>9.1f}"
            f"{cost.python * 1000:>9.1f}{cost.statements:>12}"
        )
    print(f"\n  {'':<4}{'what':<52}{'page':<22}{'value':>7}{'target':>9}{'stretch':>9}")
    for figure in measured.figures:
        print(_line(figure))
    print()


def _line(figure: Figure) -> str:
    against = TARGETS[figure.target]
    return (
        f"  {against.measure:<4}{against.what:<52}{figure.page:<22}{figure.written:>7}"
        f"{against.at_most:>9g}{against.stretch:>9g}  {figure.reached or 'FALLS SHORT'}"
    )


def _write(measured: "Measured", *, rounds: int, line: str, output: Path) -> None:
    result = {
        "database": measured.database,
        "rounds": rounds,
        "costs": [_costs(cost) for cost in measured.costs],
        "figures": [figure.to_mapping() for figure in measured.figures],
        "verdict": line,
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _costs(cost: "Cost") -> dict[str, object]:
    return {
        "page": cost.page,
        "accounts": cost.size,
        "milliseconds": round(cost.whole * 1000, 2),
        "milliseconds_of_sql": round(cost.sql * 1000, 2),
        "statements": cost.statements,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
