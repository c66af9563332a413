"""``docs/signals.md``, written from the tables in the code.

    python -m accounts.scoring.docs [docs/signals.md]

A test holds the page against the tables, so run this after a change to either.
"""

import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from accounts.scoring import churn, curves
from accounts.scoring.health import ENGINE_VERSION
from accounts.scoring.policy import POLICY_FIELDS, HealthPolicy

_INTRODUCTION = """\
# Signals, score and churn risk

This page is made from the code by `python -m accounts.scoring.docs`; a test keeps the two the same.

## The score

A score starts at 100. Each input below takes away its penalty, a whole number of points (halves are rounded up),
and the result does not fall under 0. No database, network, clock, random number or model has a part in it, so the
same inputs under the same policy give the same score always. Every figure is a setting of the tenant's policy; the
figures here are the defaults, of engine version {engine}.

The red and amber thresholds, the three renewal and recency thresholds, and the penalties of payment, declining
usage and TAM health are the product's contract. The other figures are design. They were checked against real
portfolios with `make bench-health`, which shows that recency and login frequency carry most of the signal and that
complaints count where ticket volume does not. No public portfolio has NPS, seats, payment and TAM health of real
customers, so those figures rest on judgement alone.
"""

_BANDS = """\
## Bands and missing data

| score | computed band |
|---|---|
| under {red_threshold} | Red |
| {red_threshold} to {last_amber} | Amber |
| {amber_threshold} and more | Green |

What is not known costs nothing. The computed band is therefore the best that an account can be, and the
*coverage* beside it says how much was observed: the weights of the inputs that are known, as a share of all weights.
NPS, renewal and TAM health do not count in it, because many accounts rightly have none.

The *effective* band is the one that pages, alerts and Notion show:

1. An input that was known when the band was last known, and is not known now, is read as it was last seen. Losing
   data so never improves a band.
2. With a coverage under {minimum_coverage} % the band cannot improve at all: the last known one stands, or a worse
   one that today's data already call for.
3. With a coverage under {minimum_coverage} % and no last known band, the band is Unknown, beside the score.

A band of rule 1 or 2 is marked as last known. It ends when the data returns or when a person decides to go by what
there is.
"""

_CHURN = """\
## Churn risk

The level follows from how the account behaves (rows) and from how near its contract is (columns). The contract
counts to the notice date where there is one, else to the renewal; a renewal that is overdue always goes first, and
a notice date that has passed gives way to the renewal ahead.
"""

_CHURN_WORDS = """\
- *steady*: Green and not falling. *watch*: Amber, or Green and {fall} points down in {days} days, or Unknown.
  *serious*: Amber and {fall} points down, or {twice} points down in any band, or in arrears. *severe*: Red, or Unknown with a score
  that is Red already.
- *in sight*: {renewal_days_amber} days or less. *close*: {renewal_days_red} days or less. *imminent*: half of that.
  *far*: more, or no date is known.
- The trigger is `contract_proximity` where only the contract calls, `behavioral` where only the behaviour does,
  `combined` where both do, and none where neither does.
"""


def page() -> str:
    """Return the page as Markdown, with the default policy."""
    policy = HealthPolicy()
    figures = {
        **policy.to_mapping(),
        "engine": ENGINE_VERSION,
        "last_amber": policy.amber_threshold - 1,
        "fall": churn.FALL_POINTS,
        "twice": 2 * churn.FALL_POINTS,
        "days": churn.TREND_DAYS,
    }
    parts = [
        _INTRODUCTION.format_map(figures),
        "## The signals\n",
        _signals(policy),
        _BANDS.format_map(figures),
        "## The policy\n",
        _policy(),
        _CHURN.format_map(figures),
        _matrix(),
        _CHURN_WORDS.format_map(figures),
    ]
    return "\n".join(parts)


def _signals(policy: HealthPolicy) -> str:
    header = ("signal", "input", "takes", "costs from", "at most", "how the cost grows", "why")
    rows = [
        (
            row.label,
            f"`{row.input}`",
            row.takes if row.counts_in_coverage else f"{row.takes}, or none",
            row.threshold,
            str(row.at_most),
            row.curve,
            row.reason,
        )
        for row in curves.table(policy)
    ]
    return _table(header, rows)


def _policy() -> str:
    parts = []
    for group, items in groupby(POLICY_FIELDS, key=lambda item: item.group):
        rows = [
            (
                item.label,
                f"`{item.name}`",
                f"{item.default} {item.unit}",
                f"{item.minimum}–{item.maximum}",
                item.help,
            )
            for item in items
        ]
        parts.append(f"### {group}\n\n{_table(('setting', 'name', 'default', 'range', 'meaning'), rows)}")
    return "\n".join(parts)


def _matrix() -> str:
    header = ("", *(str(contract) for contract in churn.Contract))
    rows = [
        (f"*{behaviour}*", *(str(levels[contract]) for contract in churn.Contract))
        for behaviour, levels in churn.RULES.items()
    ]
    return _table(header, rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: Sequence[str]) -> None:
    """Write the page to the path given, ``docs/signals.md`` by default."""
    Path(arguments[0] if arguments else "docs/signals.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
