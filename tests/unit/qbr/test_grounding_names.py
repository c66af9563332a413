"""The truth check on names: which capitals are headings, shortened words and standards, and which claim a name."""

import datetime as dt

import pytest

from qbr import catalogue
from qbr.facts import FactSheet
from qbr.grounding import check
from tests.unit.qbr import planting

AS_OF = dt.date(2026, 3, 31)


def _fact(fact_id, value, **more):
    return catalogue.fact(fact_id, value, source="Notion", as_of=AS_OF, **more)


KNOWN = check.prepare(
    FactSheet(
        [
            _fact("quarter.as_of", AS_OF),
            _fact("account.name", "Harbour Logistics"),
            _fact("account.segment", "Mid-Market"),
            _fact("account.lifecycle_stage", "Adopting"),
            _fact("contact.1.name", "Mark Stone"),
            _fact("contact.2.name", "May Chen"),
            _fact("features.licensed", ("Slot Board", "Claims Desk", "Archive Plus")),
            _fact("features.used", ("Slot Board", "Claims Desk")),
            _fact("features.unused", ("Archive Plus",)),
            _fact("health.band_now", "Amber"),
            _fact("commitment.1.text", "Switch the evidence to Access Log"),
            _fact("commitment.1.due_on", dt.date(2026, 1, 20)),
        ]
    )
)


def _marked(sentence):
    return [sentence[start:end] for start, end, *_ in check.read(planting.block(sentence), KNOWN).untraced]


@pytest.mark.parametrize(
    "sentence",
    [
        "**Commercials:** nothing new",
        "**Efficiency:** much better",
        "**What went well:** Slot Board.",
        "**Whitespace:** Archive Plus",
        "AOB: none.",
        "FYI, the ETA is TBC.",
        "Growth is told YoY, QoQ and MoM.",
        "The method follows ISO 20252.",
        "They want WCAG 2.2 and SOC 2 reports.",
        "The deck is in the usual folder, v2",
        "Weeks in Green/Amber/Red are told below.",
        "Owner / Action / Due: Mark Stone",
        "👥 Active seats are many.",
        "Metric | Start | Now",
        "Largest driver of all: habits.",
        "Um, peers do better.",
        "Open Tickets fell.",
        "Dear Team, all is well.",
        "A Mid-Market account in the Adopting stage.",
        "Switch the evidence to Access Log: kept.",
        "We promised to bring Access Log to them.",
        "Switch beside the adoption of others and it is fine.",
        "Good: habits. Ugly: the rest.",
        "P.S. Slot Board is loved.",
        "Appendix A lists them, Annex B the rest.",
        "Mr Stone has asked for Archive Plus.",
    ],
)
def test_a_capital_that_names_nobody_is_not_marked(sentence):
    assert _marked(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("Dispute Center is the workhorse.", "Dispute Center"),
        ("Two of the features are dark, incl. Dispute Center", "Dispute Center"),
        ("Imagine what Sign-On could do.", "Sign-On"),
        ("A Strategic account in the Adopting stage.", "Strategic"),
        ("They are in the Onboarding stage.", "Onboarding"),
        ("A Key Account account wants more.", "Key Account"),
        ("They are in Adopting, segment Enterprise, and content.", "Enterprise"),
        ("Access Log and Claims Desk are part of the daily routine.", "Access Log"),
        ("Licensed but not deployed: Access Log.", "Access Log"),
        ("The account is in Enterprise, and content.", "Enterprise"),
        ("Man Chen signs.", "Man Chen"),
        ("Priya Patel wants Forecast v2.", "Priya Patel"),
    ],
)
def test_a_name_that_no_fact_knows_is_marked(sentence, name):
    assert any(name in words for words in _marked(sentence))
