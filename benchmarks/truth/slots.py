"""What stands in the braces of a shape: a true figure, day, name or direction, and how each can be told wrongly."""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from benchmarks.truth import spellings
from benchmarks.truth.pools import Pool
from qbr.facts import MONTHS, FactSheet

Wrong = Callable[[random.Random], str | None]

_FIGURES: dict[str, tuple[str, str]] = {
    "used": ("seats.used", "count"),
    "bought": ("seats.purchased", "count"),
    "idle": ("seats.unused", "count"),
    "util": ("input.seats_utilization.now", "percent"),
    "util0": ("input.seats_utilization.at_start", "percent"),
    "adopt": ("input.feature_adoption_rate.now", "percent"),
    "adopt0": ("input.feature_adoption_rate.at_start", "percent"),
    "login": ("input.login_frequency_score.now", "percent"),
    "login0": ("input.login_frequency_score.at_start", "percent"),
    "engage": ("input.stakeholder_engagement_score.now", "percent"),
    "engage0": ("input.stakeholder_engagement_score.at_start", "percent"),
    "tickets": ("input.support_ticket_volume.now", "figure"),
    "tickets0": ("input.support_ticket_volume.at_start", "figure"),
    "nps": ("input.nps_score.now", "plain"),
    "nps0": ("input.nps_score.at_start", "plain"),
    "score": ("health.score_now", "plain"),
    "score0": ("health.score_at_start", "plain"),
    "esc": ("input.escalation_history_count.now", "figure"),
    "arr": ("contract.arr", "money"),
    "days": ("input.renewal_days_out.now", "figure"),
    "ndays": ("contract.days_to_notice", "figure"),
    "lastdays": ("input.last_interaction_days.now", "figure"),
    "median": ("benchmark.adoption_median", "percent"),
    "peers": ("benchmark.accounts", "figure"),
    "feats": ("features.licensed_count", "figure"),
    "fused": ("features.used_count", "figure"),
    "wg": ("health.weeks_green", "figure"),
    "wa": ("health.weeks_amber", "figure"),
    "wr": ("health.weeks_red", "figure"),
    "amber": ("policy.amber_threshold", "plain"),
    "red": ("policy.red_threshold", "plain"),
    "drv1p": ("driver.1.points", "figure"),
    "drv2p": ("driver.2.points", "figure"),
    "hours": ("roi.1", "count"),
    "savings": ("roi.2", "money"),
    "savings2": ("roi.3", "money"),
    "total": ("commitments.total", "figure"),
    "kept": ("commitments.kept", "figure"),
}
_DAYS = {
    "renewal": "contract.renewal_on", "notice": "contract.notice_on", "last": "input.last_interaction_on",
    "qstart": "quarter.start", "qend": "quarter.last_day", "asof": "quarter.as_of", "p1": "plan.first_step_by",
    "p2": "plan.second_step_by", "pr": "plan.next_review_on", "k1d": "commitment.1.due_on", "k2d": "commitment.2.due_on",
}  # fmt: skip
_NAMES = {
    "account": "account.name", "owner": "owner.name", "c1": "contact.1.name", "c2": "contact.2.name",
    "segment": "account.segment", "stage": "account.lifecycle_stage", "k1o": "commitment.1.owner",
    "k2o": "commitment.2.owner",
}  # fmt: skip
_PEOPLE = ("owner", "c1", "c2", "k1o", "k2o")
_LABELS = {"hlabel": "roi.1", "mlabel": "roi.2", "mlabel2": "roi.3"}
_LISTED = {"fu1": ("features.used", 0), "fu2": ("features.used", 1), "fn1": ("features.unused", 0), "fn2": ("features.unused", 1)}  # fmt: skip
_TEXTS = {"goal": "goals.text", "k1": "commitment.1.text", "k2": "commitment.2.text", "drv1": "driver.1.name", "drv2": "driver.2.name"}  # fmt: skip
_HISTORY = ("hday", "hscore", "hmin", "hmax")
# What makes a percentage of a number.
_PERCENT_SIGN = re.compile(r"\s*(?:%|per\s?cent)$")
_SUFFIXES = (" Ltd.", " Inc.", " GmbH", " SA", " SAS", " AB", " AG", " Lda")


class Unfit(Exception):
    """The account's facts do not fit the shape: nothing doubled, no second feature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One claim as it is written. ``group`` is number, date, name, direction, or "" for words that claim nothing.

    ``errors`` are the ways of telling it wrongly, by kind; each may return None where it finds no wrong one.
    """

    text: str
    group: str = ""
    errors: Mapping[str, Wrong] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The facts that are told of, another account's, and the names of its half."""

    facts: FactSheet
    other: FactSheet
    pool: Pool

    def number(self, alias: str) -> Decimal:
        fact_id, form = _FIGURES[alias]
        value = self.facts[fact_id].value
        assert isinstance(value, Decimal)
        return value * 100 if form == "percent" else value

    def day(self, alias: str) -> date:
        value = self.facts[_DAYS[alias]].value
        assert isinstance(value, date)
        return value


def tell(slot: str, ground: Ground, chance: random.Random) -> Told:
    """Tell what a slot asks for. Raises Unfit where the facts do not allow it, KeyError for an unknown slot."""
    name, _, style = slot.partition("!")
    if slot.startswith("<"):
        return _direction(slot[1:-1], ground)
    if name in _HISTORY:
        return _history(name, ground, chance)
    if name in _FIGURES:
        return _figure(name, style, ground, chance)
    if name in _DAYS:
        return _day(name, style, ground, chance)
    if name in _NAMES or name in _LISTED:
        return _name(name, ground, chance)
    if name in _LABELS:
        label = ground.facts[_LABELS[name]].label
        return Told(text=label[0].lower() + label[1:] if name == "hlabel" else label.lower())
    if name in _TEXTS:
        return Told(text=str(ground.facts[_TEXTS[name]].value))
    if name in ("q", "nextq"):
        return _quarter(name, ground, chance)
    return _derived(name, ground, chance)


def _figure(name: str, style: str, ground: Ground, chance: random.Random) -> Told:
    value, (fact_id, form) = ground.number(name), _FIGURES[name]
    currency = ground.facts[fact_id].currency
    if style == "~":
        return _approximate(value, form, currency, chance)
    if style == "r":
        text, said = spellings.between(value, chance)
        return Told(text=text, group="number", errors={"range": lambda c: spellings.other_range(said, c)})
    if style in ("weeks", "months"):
        return _turned(value, style, chance)
    if style == "w":
        spell: spellings.Spell = lambda v: spellings.words(int(v))  # noqa: E731
    elif form == "money":
        spell = spellings.money(value, currency, chance)
    else:
        spell = {
            "count": spellings.count,
            "figure": spellings.figure,
            "percent": spellings.percent,
            "plain": spellings.plain,
        }[form](value, chance)
    errors = dict(_wrong_values(value, spell))
    twin = name[:-1] if name.endswith("0") else f"{name}0"
    if twin in _FIGURES:
        errors["period"] = _telling(lambda _: ground.number(twin), value, spell)
    errors["other account"] = _telling(lambda _: _of_other(ground, fact_id, form), value, spell)
    if form == "money":
        errors["unit"] = _other_currency(value, currency)
    if form == "percent":
        errors["unit"] = lambda c: (
            _PERCENT_SIGN.sub("", spell(value)) + c.choice((" points", " days", " tickets"))
        )
    return Told(text=spell(value), group="number", errors=errors)


def _of_other(ground: Ground, fact_id: str, form: str) -> Decimal:
    value = ground.other[fact_id].value
    assert isinstance(value, Decimal)
    return value * 100 if form == "percent" else value


def _wrong_values(
    value: Decimal, spell: spellings.Spell, *, gap: Decimal = Decimal(0)
) -> Iterator[tuple[str, Wrong]]:
    yield "digit", _telling(lambda c: _other_digit(value, c), value, spell, gap)
    yield "swapped digits", _telling(lambda c: _swapped_digits(value), value, spell, gap)
    yield (
        "scale",
        _telling(lambda c: value * c.choice((10, 100)) if value < 1000 else value * 10, value, spell),
    )
    yield "off by a little", _telling(lambda c: value + c.choice((-2, -1, 1, 2)), value, spell, gap)


def _telling(
    wrong: Callable[[random.Random], Decimal],
    value: Decimal,
    spell: spellings.Spell,
    gap: Decimal = Decimal(0),
) -> Wrong:
    """Spell a wrong value as the right one is spelled; None where the two read the same.

    ``gap`` is how far off it must be at least: of a share, no one can say how it was rounded.
    """

    def told(chance: random.Random) -> str | None:
        for _ in range(8):
            other = wrong(chance)
            # One is another word ("one ticket"), and of "1.2k" no one can say how it was rounded.
            least = max(gap, value / 50) if spell(value).endswith(("k", "m", "million")) else gap
            if other > 1 and other != value and other < 10**9 and abs(other - value) > least:
                text = spell(other)
                if text != spell(value) and not text.startswith("0"):
                    return text
        return None

    return told


def _other_digit(value: Decimal, chance: random.Random) -> Decimal:
    digits = f"{value.normalize():f}"
    at = chance.choice([index for index, char in enumerate(digits) if char.isdigit()])
    choices = [digit for digit in "0123456789" if digit != digits[at] and (at or digit != "0")]
    return Decimal(digits[:at] + chance.choice(choices) + digits[at + 1 :])


def _swapped_digits(value: Decimal) -> Decimal:
    digits = f"{int(value)}"
    for at in range(len(digits) - 1):
        if digits[at] != digits[at + 1] and (at or digits[1] != "0"):
            return Decimal(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])
    return value


def _other_currency(value: Decimal, currency: str) -> Wrong:
    def told(chance: random.Random) -> str:
        other = chance.choice([code for code in ("EUR", "USD", "GBP", "CHF") if code != currency])
        return spellings.money(value, other, chance)(value)

    return told


def _approximate(value: Decimal, form: str, currency: str, chance: random.Random) -> Told:
    if form == "percent":
        hedge, said, fits = spellings.about(value, chance, grain=Decimal(5))
        spell = spellings.percent(said, chance)
    else:
        grain = Decimal(10) ** max(0, len(str(int(value))) - 2)
        hedge, said, fits = spellings.about(value, chance, grain=grain)
        spell = spellings.money(said, currency, chance) if form == "money" else spellings.plain(said, chance)

    def wrong(c: random.Random) -> str | None:
        factor = Decimal(c.choice((60, 75, 85, 120, 135, 200))) / 100
        grain = Decimal(5) if form == "percent" else Decimal(10) ** max(0, len(str(int(value * factor))) - 2)
        other = (value * factor / grain).to_integral_value(ROUND_HALF_UP) * grain
        if abs(other - value) < value / 12:
            return None
        return f"{hedge} {spell(other)}".strip()

    def wrong_side(c: random.Random) -> str | None:
        if fits.low == fits.high or abs(said - value) < value / 50:
            return None
        return f"{'less than' if value > said else 'more than'} {spell(said)}"

    text = f"{hedge} {spell(said)}".strip()
    return Told(text=text, group="number", errors={"approximation": wrong, "wrong side": wrong_side})


def _turned(days: Decimal, unit: str, chance: random.Random) -> Told:
    """Tell days in weeks or months."""
    length = Decimal(7) if unit == "weeks" else Decimal("30.44")
    exact = days / length
    whole = exact.to_integral_value(ROUND_HALF_UP)
    if whole < 2 or (unit == "months" and abs(exact - whole) > Decimal("0.25")):
        raise Unfit
    hedge = ""
    if abs(exact - whole) > Decimal("0.05"):
        hedge = "just over " if exact > whole else "just under "
        if abs(exact - whole) < Decimal("0.2"):
            hedge = chance.choice((hedge, "about ", "roughly "))
    spell = spellings.figure(whole, chance)
    wrong = _telling(lambda c: whole + c.choice((-3, -2, 2, 3, 4)), whole, spell)
    return Told(
        text=hedge + spell(whole),
        group="number",
        errors={"approximation": lambda c: (text := wrong(c)) and hedge + text},
    )


def _day(name: str, style: str, ground: Ground, chance: random.Random) -> Told:
    value = ground.day(name)
    if style in ("month", "monthonly"):
        spell = lambda d: MONTHS[d.month - 1] + (f" {d.year}" if style == "month" else "")  # noqa: E731
        shifts: tuple[int, ...] = (-92, -61, 61, 92, 122)
    else:
        spell = (spellings.day_and_month if style else spellings.day)(value, chance)
        shifts = (-31, -9, -7, -3, -2, -1, 1, 2, 4, 10, 31, 61)
    mirrored = value.replace(month=value.day, day=value.month) if value.day <= 12 else None

    def told_otherwise(other: date) -> str | None:
        return spell(other) if other != mirrored and spell(other) != spell(value) else None

    def of_another_thing(c: random.Random) -> str | None:
        return told_otherwise(
            ground.day(c.choice([alias for alias in ("renewal", "notice", "last") if alias != name]))
        )

    errors: dict[str, Wrong] = {
        "day": lambda c: told_otherwise(value + timedelta(days=c.choice(shifts))),
        "year": lambda c: told_otherwise(value + timedelta(days=365 * c.choice((-1, 1)))),
    }
    if name in ("renewal", "notice", "last"):
        errors["another thing's day"] = of_another_thing
    return Told(text=spell(value), group="date", errors=errors)


def _history(name: str, ground: Ground, chance: random.Random) -> Told:
    """Tell of the third day of the history, or of its lowest or highest score."""
    scores = [fact for fact in ground.facts.family("history.") if fact.id.endswith(".score")]
    if name == "hday":
        known = {fact.as_of for fact in scores}
        value = scores[2].as_of
        spell = spellings.day(value, chance)

        def wrong(c: random.Random) -> str | None:
            other = value + timedelta(days=c.choice((-9, -5, -2, 1, 3, 6, 12)))
            return None if other in known else spell(other)

        return Told(text=spell(value), group="date", errors={"day": wrong})
    values = [fact.value for fact in scores if isinstance(fact.value, Decimal)]
    score = {"hscore": values[2], "hmin": min(values), "hmax": max(values)}[name]
    spell_score = spellings.plain(score, chance)
    return Told(text=spell_score(score), group="number", errors=dict(_wrong_values(score, spell_score)))


def _quarter(name: str, ground: Ground, chance: random.Random) -> Told:
    label = str(ground.facts["quarter.label" if name == "q" else "quarter.next_label"].value)
    spell = spellings.quarter(label, chance)
    known = {str(ground.facts[fact].value) for fact in ("quarter.label", "quarter.next_label")}

    def wrong(c: random.Random) -> str | None:
        other = f"Q{c.randint(1, 4)} {int(label[3:]) + c.choice((-1, 0, 0, 1))}"
        return None if other in known or spell(other) in {spell(item) for item in known} else spell(other)

    return Told(text=spell(label), group="date", errors={"quarter": wrong})


def _name(name: str, ground: Ground, chance: random.Random) -> Told:
    if name in _LISTED:
        fact_id, at = _LISTED[name]
        values = ground.facts[fact_id].value
        assert isinstance(values, tuple)
        if at >= len(values):
            raise Unfit
        value, others = values[at], ground.pool.features
        known: set[str] = set(ground.facts["features.licensed"].value)  # type: ignore[arg-type]
    else:
        value = str(ground.facts[_NAMES[name]].value)
        others = {
            "account": ground.pool.companies, "segment": ground.pool.segments, "stage": ground.pool.stages
        }.get(name, ground.pool.people)  # fmt: skip
        known = {str(ground.facts[fact_id].value) for fact_id in _NAMES.values() if fact_id in ground.facts}
    strangers = [other for other in others if other not in known]
    errors: dict[str, Wrong] = {"stranger": lambda c: c.choice(strangers)}
    if value.isascii() and len(value) > 6 and name not in ("segment", "stage"):
        errors["misspelt"] = lambda c: _misspelt(value, c)
    text = value
    if name in _PEOPLE:
        first, _, last = value.partition(" ")
        errors["mixed up"] = lambda c: f"{first} {c.choice(strangers).partition(' ')[2]}"
        if first.isascii():
            text = chance.choice((value, value, value, first, f"{chance.choice(('Ms', 'Mr'))} {last}"))
    elif name == "account" and chance.random() < 0.4:
        text = next((value.removesuffix(end) for end in _SUFFIXES if value.endswith(end)), value)
    return Told(text=text, group="name", errors=errors)


def _misspelt(value: str, chance: random.Random) -> str | None:
    at = chance.choice([index for index, char in enumerate(value) if char.isalpha() and char.islower()])
    other = (
        value[:at] + value[at + 1 :]
        if chance.random() < 0.5
        else value[:at] + chance.choice("aeiklmnrst") + value[at + 1 :]
    )
    return other if other != value else None


def _direction(name: str, ground: Ground) -> Told:
    """The word that fits where something went, of two: the first where it rose or is above."""
    ways, _, what = name.rpartition(":")
    rose, _, fell = ways.partition("/")
    one, _, other = what.partition("/")
    went = ground.number(one) - ground.number(other or f"{one}0")
    if went == 0:
        raise Unfit
    right, wrong = (rose, fell) if went > 0 else (fell, rose)
    return Told(text=right, group="direction", errors={"direction": lambda _: wrong})


def _derived(name: str, ground: Ground, chance: random.Random) -> Told:
    what, _, about = name.partition(":")
    one, _, other = about.partition("/")
    if what == "frac":
        said = spellings.share(ground.number(one), chance)
        if said is None:
            raise Unfit
        text, fraction = said
        return Told(
            text=text, group="number", errors={"fraction": lambda c: spellings.other_share(fraction, c)}
        )
    if what == "fold":
        factor = Fraction(ground.number(one)) / Fraction(ground.number(f"{one}0"))
        if factor not in spellings.FOLDS:
            raise Unfit
        others = [ways[0] for fold, ways in spellings.FOLDS.items() if fold != factor]
        return Told(
            text=spellings.FOLDS[factor][0], group="number", errors={"fold": lambda c: c.choice(others)}
        )
    value, spell = _worked_out(what, one, other, ground, chance)
    if value <= 0 or spell(value)[0] == "0":
        raise Unfit
    gap = Decimal(1) if what in ("share", "rel") else Decimal(0)
    errors = {f"derived, {kind}": wrong for kind, wrong in _wrong_values(value, spell, gap=gap)}
    return Told(text=spell(value), group="number", errors=errors)


def _worked_out(
    what: str, one: str, other: str, ground: Ground, chance: random.Random
) -> tuple[Decimal, spellings.Spell]:
    currency = ground.facts["contract.arr"].currency
    if what == "d":
        value = abs(ground.number(one) - ground.number(f"{one}0"))
    elif what == "gap":
        value = abs(ground.number(one) - ground.number(other))
    elif what == "span":
        value = Decimal(abs((ground.day(one) - ground.day(other)).days))
    elif what == "funused":
        value = ground.number("feats") - ground.number("fused")
    elif what == "rel":
        value = abs(ground.number(one) / ground.number(f"{one}0") - 1) * 100
        return value, spellings.rounded_percent(value, chance)
    elif what == "share":
        value = ground.number(one) / ground.number(other) * 100
        return value, spellings.rounded_percent(value, chance)
    elif what in ("perseat", "permonth", "msum"):
        value = {
            "perseat": lambda: ground.number("arr") / ground.number("bought"),
            "permonth": lambda: ground.number("arr") / 12,
            "msum": lambda: ground.number("savings") + ground.number("savings2"),
        }[what]()
        if value != value.to_integral_value():
            raise Unfit
        return value, spellings.money(value, currency, chance)
    else:
        raise KeyError(f"No slot is called {what}.")
    return value, spellings.figure(value, chance)
