"""Prose of a model: figures come from facts, and what has none is refused (SPEC P1, 4.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import cited
from accounts.cited import Fact

FACTS = {
    fact.id: fact
    for fact in (
        Fact(id="risk.level", label="risk", shown="high"),
        Fact(id="account.name", label="name", shown="Harbour & Sons Ltd."),
        Fact(id="contact.1.name", label="contact", shown="Jana Weiß"),
        Fact(id="fact.fall", label="fall", shown="the score fell from 71 on 2 Sep. 2026 to 52", goes="down"),
        Fact(
            id="fact.silence", label="silence", shown="there was no meaningful interaction since 3 May 2026"
        ),
        Fact(id="fact.arrears", label="payment", shown="payment is in arrears"),
    )
}


def test_facts_are_put_in_and_sentences_begin_with_a_capital() -> None:
    prose = "{{fact.fall}}. {{fact.silence}}, so nobody at {{account.name}} has told us why! Because of that {{contact.1.name}} should hear from us."

    text = cited.rendered(prose, FACTS)

    assert text == (
        "The score fell from 71 on 2 Sep. 2026 to 52. There was no meaningful interaction since 3 May 2026, so nobody at "
        "Harbour & Sons Ltd. has told us why! Because of that Jana Weiß should hear from us."
    )
    assert len(cited.sentences(prose)) == 3
    assert cited.problems(prose, FACTS) == []


def test_a_fact_that_is_not_there_is_named_and_cannot_be_put_in() -> None:
    assert "fact.usage" in cited.problems("{{fact.usage}}, which worries us.", FACTS)[0]
    with pytest.raises(KeyError):
        cited.rendered("{{fact.usage}}.", FACTS)


@pytest.mark.parametrize(
    "prose",
    [
        "{{fact.arrears}} for 30 days.",
        "{{fact.arrears}} for ３０ days.",
        "{{fact.arrears}}, ½ of it.",
        "{{fact.arrears}} for thirty days.",
        "Half of the users are gone, and {{fact.arrears}}.",
        "{{fact.arrears}}, about 5 percent.",
        "{{fact.arrears}}, some € worth.",
        "{{fact.arrears}} since Monday.",
        "{{fact.arrears}} since last quarter.",
        "{{fact.arrears}} since November.",
        "In early May nobody answered, and {{fact.arrears}}.",
        "{{fact.arrears}}, two weeks ago.",
        "Siemens offers a pilot, and {{fact.arrears}}.",
        "{{fact.arrears}}, says Peter.",
        "{{contact.1.name}} Müller left, and {{fact.arrears}}.",
        "{{fact.arrears}}, but usage is growing.",
        "Engagement improved, although {{fact.arrears}}.",
        "{{fact.arrears}}, and logins dropped.",
        "The account carries a critical risk: {{fact.arrears}}.",
        "The customer is happy, {{fact.arrears}}.",
        "They will leave: {{fact.arrears}}.",
        "They will probably stay: {{fact.arrears}}.",
        "{{fact.arrears}}, **act now**.",
        "{{fact.arrears}}, see https://example.com.",
        "{{fact.arrears}} <img src=x>.",
        "{{fact.arrears}}\u200b and so on.",
        "{{fact.arrears}} \U000e0041.",
    ],
)
def test_what_no_fact_says_is_refused(prose: str) -> None:
    assert cited.problems(prose, FACTS) != []


@pytest.mark.parametrize(
    "prose",
    [
        "{{account.name}} is at {{risk.level}} risk: {{fact.fall}}, and {{fact.arrears}}.",
        "Since {{fact.silence}}, nobody knows what stands behind it.",
        "“{{fact.arrears}}” is what speaks for it.",
        "The fall matters: {{fact.fall}}, a drop that nobody has explained.",
    ],
)
def test_what_the_facts_say_passes(prose: str) -> None:
    assert cited.problems(prose, FACTS) == []


def test_advice_may_speak_of_this_week_and_of_what_shall_rise_and_of_no_figure() -> None:
    assert (
        cited.problems(
            "Call {{contact.1.name}} this week and offer to raise adoption again.", FACTS, is_advice=True
        )
        == []
    )
    assert cited.problems("Offer a discount of ten percent.", FACTS, is_advice=True) != []
    assert cited.problems("Write to Peter.", FACTS, is_advice=True) != []


@given(st.text(max_size=200))
def test_any_text_is_either_refused_or_holds_no_figure(text: str) -> None:
    if not cited.problems(text, FACTS):
        assert not any(char.isnumeric() for char in text)
        assert "http" not in text.casefold()
        assert "<" not in text


@given(
    st.lists(
        st.sampled_from(["{{fact.fall}}", "{{account.name}}", "and", "so. ", "Why? ", "!", "…"]), max_size=12
    )
)
def test_putting_facts_in_loses_none_of_them(parts: list[str]) -> None:
    prose = " ".join(parts)

    text = cited.rendered(prose, FACTS).casefold()

    assert text.count("the score fell from 71 on 2 sep. 2026 to 52") == prose.count("{{fact.fall}}")
    assert text.count("harbour & sons ltd.") == prose.count("{{account.name}}")
