"""What holds of the number check for any account: true figures, days and names pass, others are marked."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from qbr import catalogue
from qbr.facts import MONTHS, FactSheet
from qbr.grounding import check
from tests.unit.qbr import planting

AS_OF = date(2026, 6, 30)
_settings = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
_FIRST = ("Zoë", "Ágnes", "Bjørn", "Chloé", "D'Arcy", "Łukasz", "Mehmet", "Åsa", "Thandiwe")
_LAST = ("Żółkiewski", "O'Hara", "Nuñez", "Øvergård", "Şahin", "Van Dyck", "Müller-Lüdenscheidt")


def _fact(fact_id, value, **more):
    return catalogue.fact(fact_id, value, source="Notion", as_of=AS_OF, **more)


def _marked(sentence, *facts):
    known = check.prepare(
        FactSheet([_fact("quarter.as_of", AS_OF), _fact("quarter.last_day", AS_OF), *facts])
    )
    return [sentence[start:end] for start, end, *_ in check.read(planting.block(sentence), known).untraced]


@_settings
@given(
    value=st.integers(min_value=2, max_value=9_999_999),
    other=st.integers(min_value=2, max_value=9_999_999),
    spell=st.sampled_from(["{:,}", "{}", "{:,.2f}"]),
    frame=st.sampled_from(
        [
            "The contract is worth €{} a year.",
            "ARR: EUR {}",
            "Annual recurring revenue stands at {} euros today.",
        ]
    ),
)
def test_an_amount_is_that_of_its_fact_and_no_other(value, other, spell, frame):
    assume(value != other and value != other * 12)
    arr = _fact("contract.arr", value, currency="EUR")

    assert _marked(frame.format(spell.format(value)), arr) == []
    assert _marked(frame.format(spell.format(other)), arr) != []


@_settings
@given(now=st.integers(2, 900), start=st.integers(2, 900))
def test_both_ends_of_a_quarter_are_told_and_never_one_of_them_twice(now, start):
    assume(now != start)
    ends = (
        _fact("input.support_ticket_volume.now", now),
        _fact("input.support_ticket_volume.at_start", start),
    )

    assert (
        _marked(f"Support has {now} open tickets, against {start} at the start of the quarter.", *ends) == []
    )
    assert _marked(f"Open tickets: {now} (previously {start}).", *ends) == []
    assert _marked(f"Open tickets: {now} (previously {now}).", *ends) != []
    assert _marked(f"Support has {start} open tickets today.", *ends) != []


@_settings
@given(now=st.integers(2, 900), start=st.integers(2, 900))
def test_a_direction_is_the_one_of_the_figures(now, start):
    assume(now != start)
    ends = (
        _fact("input.support_ticket_volume.now", now),
        _fact("input.support_ticket_volume.at_start", start),
    )
    right, wrong = ("rose", "fell") if now > start else ("fell", "rose")

    assert _marked(f"Open tickets {right} from {start} to {now}.", *ends) == []
    assert _marked(f"Open tickets {wrong} from {start} to {now}.", *ends) != []


@_settings
@given(
    ahead=st.integers(20, 400),
    off=st.integers(-15, 400).filter(lambda days: days),
    spell=st.sampled_from(
        ["{d.day} {month} {d.year}", "{month} {d.day}, {d.year}", "{d:%Y-%m-%d}", "{d.day} {short} {d.year}"]
    ),
    frame=st.sampled_from(["The contract renews on {}.", "Renewal: {}", "Their agreement runs until {}."]),
)
def test_a_day_is_that_of_its_fact_and_no_other(ahead, off, spell, frame):
    day = AS_OF + timedelta(days=ahead)
    renewal = _fact("contract.renewal_on", day)

    def told(when):
        month = MONTHS[when.month - 1]
        return frame.format(spell.format(d=when, month=month, short=month[:3]))

    assert _marked(told(day), renewal) == []
    assert _marked(told(day + timedelta(days=off)), renewal) != []


@_settings
@given(
    first=st.sampled_from(_FIRST),
    last=st.sampled_from(_LAST),
    stranger=st.sampled_from(_LAST),
    frame=st.sampled_from(["We spoke with {}.", "{} asked for a date.", "It is {}'s decision.", "Owner: {}"]),
)
@example(first="Zoë", last="O'Hara", stranger="Şahin", frame="It is {}'s decision.")
def test_a_person_is_known_by_the_whole_name_or_a_part_and_never_by_a_mixture(first, last, stranger, frame):
    assume(stranger != last)
    contact = _fact("contact.1.name", f"{first} {last}")

    for known in (f"{first} {last}", first):
        assert _marked(frame.format(known), contact) == []
    assert _marked(frame.format(f"{first} {stranger}"), contact) != []


@pytest.mark.parametrize(
    "heading",
    [
        "What Went Well This Quarter",
        "Customer Success Plan",
        "Training and Change Management",
        "Next Steps and Owners",
    ],
)
def test_a_heading_names_nobody(heading):
    assert _marked(heading) == []


@_settings
@given(
    bought=st.integers(10, 5000),
    share=st.decimals(min_value=Decimal("0.1"), max_value=Decimal("0.9"), places=2),
)
def test_what_is_left_over_is_worked_out(bought, share):
    used = int(bought * share)
    assume(0 < used < bought and used * 2 != bought)
    seats = (
        _fact("seats.purchased", bought),
        _fact("seats.used", used),
        _fact("seats.unused", bought - used),
    )

    assert _marked(f"Of {bought} seats, {used} are in use and {bought - used} are idle.", *seats) == []
    assert _marked(f"Of {bought} seats, {used} are in use and {bought - used + 3} are idle.", *seats) != []
