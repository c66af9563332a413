"""The parts of the number check: numbers, dates and names as people write them; findings and vouches."""

import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_portal.ports.documents import Span
from qbr import editing
from qbr.document import Audience, Content, Section, SectionKey, TextBlock
from qbr.grounding import check, dates, names, numerals, quantities, spelling
from qbr.grounding.check import FindingKind, Vouch
from tests.unit.qbr import portfolio
from tests.unit.qbr.drafts import template_draft
from tests.unit.qbr.planting import block

HARBOUR = portfolio.harbour()
KNOWN = check.prepare(HARBOUR)


def read_numbers(text):
    return [
        [str(value.normalize()) for value, _ in found.readings]
        for found in numerals.find(spelling.levelled(text))
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,200", [["1.2E+3"]]),
        ("1.200", [["1.2E+3", "1.2"]]),
        ("1 200 and 1'200 and 1 200", [["1.2E+3"]] * 3),
        ("1.2k, 1.2 million, 3bn", [["1.2E+3"], ["1.2E+6"], ["3E+9"]]),
        ("48.000,50 or 48,000.50", [["48000.5"], ["48000.5"]]),
        ("twelve hundred", [["1.2E+3"]]),
        ("one hundred and twenty-three thousand four hundred", [["1.234E+5"]]),
        ("two and three", [["2"], ["3"]]),
        ("half a million, half a dozen, a dozen", [["5E+5"], ["6"], ["12"]]),
        ("two and a half", [["2.5"]]),
        ("1½ and ¾", [["1.5"], ["0.75"]]),
        ("two thirds of them, half of them, three quarters of them", [["0.6666666666666666666666666667"], ["0.5"], ["0.75"]]),
        ("doubled, 3x, twofold, halved", [["2"], ["3"], ["2"], ["0.5"]]),
        ("10-12", [["1E+1"], ["12"]]),
        ("hundreds, the 3rd, the fourth", [[], [], []]),
        ("one in ten", [["0.1"]]),
        ("٤٢ and ４２", [["42"], ["42"]]),
        ("third-party, this quarter, the first half", []),
        ("v2, B2B, Q3x", []),
    ],
)  # fmt: skip
def test_numbers_are_read_in_the_usual_spellings(text, values):
    assert read_numbers(text) == values


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("€ 48k, 48 EUR, $5, 5 dollars", ["money/EUR", "money/EUR", "money/USD", "money/USD"]),
        ("12 %, 12 percent, 12 per cent, 5 pp", ["percent/", "percent/", "percent/", "percent points/"]),
        ("from 54 to 61 points", ["point/", "point/"]),
        ("between 3 and 5 open tickets", ["ticket/", "ticket/"]),
        ("96 of 120 seats", ["seat/", "seat/"]),
        ("no open tickets", ["ticket/"]),
        ("one of them, this one, one-page, one ticket", ["ticket/"]),
        ("five support requests", ["ticket/"]),
        ("1,200 hours", ["hour/"]),
    ],
)
def test_a_number_knows_what_it_counts(text, units):
    found = quantities.find(spelling.levelled(text), nouns=["hours"])

    assert [f"{item.unit}/{item.currency}" for item in found] == units


@settings(deadline=None)
@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)))
def test_a_day_is_read_in_every_usual_spelling(day):
    month = day.strftime("%B")
    nth = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}.get(day.day, "th")
    for text in (
        f"on {day.day} {month} {day.year}.",
        f"on {month} {day.day}, {day.year}",
        f"on {month} {day.day}{nth}, {day.year}",
        f"the {day.day}{nth} of {month} {day.year}",
        f"on {day.isoformat()},",
        f"on {day.day:02}.{day.month:02}.{day.year}",
        f"on {day.strftime('%A')}, {day.day} {day.strftime('%b')} {day.year}",
    ):
        (found,) = dates.find(text)
        assert found.agrees_with(day), text


@pytest.mark.parametrize(
    "text", ["31 June 2026", "2026-02-30", "31/31/2026", "Monday, 14 May 2026", "on Friday"]
)
def test_a_day_that_cannot_be_agrees_with_nothing(text):
    (found,) = dates.find(text)

    assert found.is_impossible


def test_may_and_march_are_words_too():
    assert dates.find("It may be that they march on.") == []
    assert [found.month for found in dates.find("It fell in March and rose by May.")] == [3, 5]


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Alice Moreno met Priya Nair.", []),
        ("Alice met Priya, and Mr Weber came.", []),
        ("Alice Nair met Priya Moreno.", ["Alice Nair", "Priya Moreno"]),
        ("Harbour Logistics Ltd is new.", ["Ltd"]),
        ("Harbour's team; HARBOUR LOGISTICS.", []),
        ("The Carrier Portal and the Claims Portal.", ["Claims Portal"]),
        ("They use iPlan and OAuth2.", ["iPlan", "OAuth2"]),
        ("Talks with Дмитрий Орлов and 東京電子 began.", ["Дмитрий Орлов", "東京電子"]),
        ("Globex grew. Growth is good.", ["Globex"]),
        ("Weber, Nair and Klein agreed.", ["Klein"]),
    ],
)
def test_names_are_held_against_the_facts(text, unknown):
    found = names.find(spelling.levelled(text), KNOWN.names)

    assert [text[name.start : name.end] for name in found if not name.facts] == unknown


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_read(text):
    reading = check.read(block(text), KNOWN)

    for start, end, _, message in reading.untraced:
        assert 0 <= start < end <= len(text)
        assert message.endswith(".")
    for item in reading.traced:
        assert 0 <= item.start < item.end <= len(text)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "0",
                "1",
                "2",
                "9",
                ",",
                ".",
                "-",
                "%",
                "€",
                "$",
                "k",
                "of",
                "the",
                "to",
                "and",
                "in",
                "May",
                "14",
                "2026",
                "Q2",
                "half",
                "twice",
                "one",
                "ten",
                "'x",
                "/",
                "seats",
                "tickets",
                "Harbour",
                "½",
                "",
            ]
        ),
        max_size=14,
    )
)
def test_any_heap_of_figures_can_be_read(parts):
    for glue in ("", " "):
        check.read(block(glue.join(parts)), KNOWN)


def _content(text, *, audience=Audience.BOTH, key=SectionKey.ROI):
    section = Section(key=key, text=(TextBlock(spans=(Span(text=text),), audience=audience),))
    return Content(account_name="Harbour Logistics", quarter="Q2 2026", sections=(section,))


def test_a_finding_says_what_where_and_what_to_do():
    (finding,) = check.check(_content("They use 1,420 seats."), HARBOUR)

    assert (finding.section, finding.block, finding.text, finding.kind) == (
        SectionKey.ROI,
        0,
        "1,420 seats",
        FindingKind.NUMBER,
    )
    assert (
        finding.message
        == "“1,420 seats” follows from no fact; Seats used is 1,240 seats. Correct it, or vouch for it."
    )
    assert finding.is_open


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("It is 91 %.", FindingKind.PERCENTAGE),
        ("They paid € 5.", FindingKind.AMOUNT),
        ("It renews on 3 March 2031.", FindingKind.DATE),
        ("Globex joined.", FindingKind.NAME),
        ("See www.example.org now.", FindingKind.LINK),
        ("It is [no such fact: x.y].", FindingKind.CITATION),
        ("It is {{x.y}}.", FindingKind.CITATION),
        ("They may churn.", FindingKind.WORDING),
        ("They are in Amber now.", FindingKind.WORDING),
    ],
)
def test_each_kind_of_finding(text, kind):
    findings = check.check(_content(text), HARBOUR)

    assert [finding.kind for finding in findings] == [kind]


def test_risk_words_are_fine_among_colleagues():
    assert (
        check.check(_content("They may churn; the account is in Amber.", audience=Audience.INTERNAL), HARBOUR)
        == []
    )


def test_a_vouch_settles_its_words_in_its_section_only():
    vouch = Vouch(section=SectionKey.ROI, text="1,420  SEATS", person="Bob", reason="Counted on site.")

    (here,) = check.check(_content("They use 1,420 seats."), HARBOUR, [vouch])
    (there,) = check.check(_content("They use 1,420 seats.", key=SectionKey.HEALTH), HARBOUR, [vouch])

    assert here.vouch == vouch
    assert check.open_findings([here, there]) == [there]


def test_nobody_can_vouch_for_a_citation_of_nothing():
    vouch = Vouch(section=SectionKey.ROI, text="[no such fact: x.y]", person="Bob", reason="Trust me.")

    (finding,) = check.check(_content("It is [no such fact: x.y]."), HARBOUR, [vouch])

    assert finding.is_open


def test_without_facts_every_figure_is_a_finding():
    content = template_draft(HARBOUR)

    findings = check.check(content, portfolio.kitsune())

    assert len(findings) > 20


def test_a_whole_review_is_checked_in_a_moment():
    content = template_draft(HARBOUR)
    started = time.perf_counter()

    check.check(content, HARBOUR)

    # Pages check on every view; this is a guard against a runaway pattern, not a measurement.
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "1," * 3000,
        "a" * 20_000,
        "A " * 5000,
        "€" * 5000,
        "1 2 " * 2500,
        "one hundred " * 1500,
        "[" * 5000,
        "Q1 " * 3000,
        "#" * 20_000 + " 4/5 ",
    ],
)
def test_no_text_takes_for_ever(text):
    started = time.perf_counter()

    check.read(block(text), KNOWN)

    assert time.perf_counter() - started < 30


def test_a_share_is_decimal_all_the_way():
    (found,) = numerals.find("one in four")

    assert found.readings[0][0] == Decimal("0.25")


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("Adoption fell from 46 % to 58 %.", True),
        ("Adoption rose from 46 % to 58 %.", False),
        ("Open tickets increased from 26 to 17.", True),
        ("Open tickets fell from 26 to 17.", False),
        ("The score dropped from 54 (Amber) to 67 (Amber).", True),
        ("It went from 54 to 67.", False),
    ],
)
def test_a_movement_goes_where_its_figures_go(text, is_wrong):
    typed = block(text)
    tied = editing.from_editable(text, HARBOUR, Section(key=SectionKey.HEALTH)).text[0]

    for form in (typed, tied):
        messages = [message for *_, message in check.read(form, KNOWN).untraced]
        assert any("says the opposite" in message for message in messages) is is_wrong, messages
