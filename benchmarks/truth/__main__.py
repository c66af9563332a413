"""``make bench-truth``: 500 drafts with planted errors, half of them of sentences that the check was never tuned to.

Prints, for each half and for both, what share of the planted errors the check finds, by kind, how often it marks a
claim that is true, and what a draft's check takes beside reading the same text with one plain pattern. Writes
``benchmarks/results/truth.json`` and exits 0 only where nothing falls short. See docs/number-check.md.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.truth import drafts, measured
from benchmarks.truth.measured import Counted

RESULT = Path(__file__).resolve().parent.parent / "results" / "truth.json"
DRAFTS = 500
HALVES = ("tuning", "heldout")


def main(arguments: Sequence[str]) -> int:
    """Measure, print and return the exit status: 1 if anything falls short."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.truth", description="Measure the truth check."
    )
    parser.add_argument(
        "--drafts", type=int, default=DRAFTS, help="how many drafts, half of them for each half"
    )
    parser.add_argument("--examples", type=int, default=0, help="show so many of the tuning half's mistakes")
    parser.add_argument("--output", type=Path, default=RESULT, help="the JSON file to write")
    given = parser.parse_args(arguments)
    counted = [measured.run(drafts.load(name), count=max(1, given.drafts // 2)) for name in HALVES]
    for half in counted:
        _tell(half)
    both = measured.together(counted)
    _tell(both)
    if given.examples:
        # Never of the held-out half: who sees its mistakes tunes to them.
        print("\nMarked in vain:", *counted[0].false_examples[: given.examples], sep="\n  ")
        print("\nMissed:", *counted[0].missed_examples[: given.examples], sep="\n  ")
    # The held-out half alone decides: the other one has been learned by heart.
    shortfalls = measured.shortfalls(counted[1])
    given.output.write_text(
        json.dumps([measured.as_json(half) for half in (*counted, both)], indent=2) + "\n", encoding="utf-8"
    )
    print("\n" + ("\n".join(shortfalls) or "Every target is met on the held-out half."))
    return 1 if shortfalls else 0


def _tell(counted: Counted) -> None:
    print(f"\n{counted.half}: {counted.drafts} drafts of {counted.shapes} sentence shapes")
    for title, groups, target in measured.TARGETS_FOUND:
        planted, found = counted.count(*groups)
        aim = f" (target {target:.0%})" if target else ""
        print(
            f"  {title:<28} {found:>5} of {planted:>5} found  {counted.share_found(*groups):>7.2%}"
            f" {_between(found, planted)}{aim}"
        )
        for (group, kind), count in sorted(counted.planted.items()):
            if group in groups and title != "wrong dates and names":
                print(f"      {kind:<26} {counted.found[group, kind]:>5} of {count:>5}")
    print(
        f"  {'marked in vain':<28} {counted.alarms.total():>5} of {counted.claims.total():>5} claims"
        f" {counted.false_alarm_rate:>7.2%} {_between(counted.alarms.total(), counted.claims.total())} (target {measured.MOST_FALSE_ALARMS:.0%} at most)"
    )
    print(
        f"  {'':<28} {counted.marked_sentences:>5} of {counted.sentences:>5} true sentences {counted.marked_sentence_rate:.2%}"
    )
    print(
        f"  {'a whole draft is checked in':<28} {median(counted.seconds) * 1000:.0f} ms,"
        f" {median(counted.ratios):.0f} times one pass of a plain pattern over it"
    )


def _between(found: int, planted: int) -> str:
    low, high = measured.interval(min(found, planted), planted)
    return f"[{low:.2%}, {high:.2%}]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
