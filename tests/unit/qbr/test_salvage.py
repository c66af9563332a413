"""What is good of a writer's answers, section by section."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbr import salvage
from qbr.document import SectionKey
from qbr.schemas import QBRAnswer
from tests.unit.qbr import portfolio

KEY = SectionKey.ADOPTION
SECTION: dict[str, Any] = {"narrative": ["They use {{seats.used}} seats."], "bullets": [], "internal": []}
STEPS: dict[str, Any] = {"narrative": ["Next."], "steps": [{"what": "Meet."}]}


def whole(**changes: Any) -> dict[str, Any]:
    answer = {key.value: STEPS if key is SectionKey.NEXT_STEPS else SECTION for key in SectionKey}
    return {**answer, **changes}


def fault(section: Any) -> str:
    found = salvage.salvage([json.dumps(whole(**{KEY.value: section}))], portfolio.harbour())
    assert len(found.sections) + len(found.faults) == 4
    return found.faults.get(KEY, "")


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (SECTION, ""),
        (None, "gave it in a wrong form"),
        (["a"], "gave it in a wrong form"),
        ({}, "left out the paragraphs"),
        ({**SECTION, "narrative": []}, "gave no paragraphs"),
        ({**SECTION, "narrative": "One."}, "gave paragraphs in a wrong form"),
        ({**SECTION, "narrative": [""]}, "gave paragraphs without a word"),
        ({**SECTION, "narrative": ["**"]}, "wrote nothing that can be read"),
        ({**SECTION, "bullets": ["a"] * 9}, "gave more than 8 points"),
        ({**SECTION, "bullets": ["a" * 401, 7]}, "gave points of more than 400 characters, and 1 more fault"),
        ({**SECTION, "approve": True}, "added “approve”, which nobody asked for"),
        ({**SECTION, "internal": ["{{no.such}}"]}, "cited “no.such”, which is no fact of this review"),
        ({**SECTION, "bullets": ["{{}} seats"]}, "cited “”, which is no fact of this review"),
    ],
)
def test_each_fault_is_told_in_words(section: Any, told: str) -> None:
    assert fault(section) == told


@pytest.mark.parametrize(
    "text", ["", "No.", "[]", "{", '{"note": 1}', '{"account_health_summary"', "9" * 200_001]
)
def test_where_there_is_no_section_at_all_there_is_nothing_to_tell(text: str) -> None:
    assert salvage.salvage([text], portfolio.harbour()) == salvage.Salvaged()


def test_what_a_model_adds_around_its_sections_costs_none_of_them() -> None:
    found = salvage.salvage([json.dumps(whole(state="published"))], portfolio.harbour())

    assert len(found.sections) == 4
    assert found.faults == {}


def test_an_answer_of_four_sections_is_put_together_again() -> None:
    answer = QBRAnswer.model_validate(whole())

    assert salvage.answer_of(salvage.sections_of(answer)) == answer


def test_the_writer_is_told_of_every_fact_that_is_none() -> None:
    answer = QBRAnswer.model_validate(
        whole(
            expansion_next_steps={
                **STEPS,
                "steps": [{"what": "Meet {{a.b}}.", "owner": "{{Jonas}}", "due": "soon"}],
            }
        )
    )

    (told,) = salvage.objections(answer, portfolio.harbour())

    assert told.startswith("expansion_next_steps: there is no fact “a.b”, “Jonas”, “soon”.")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["{{seats.used}}", "{{no}}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["narrative", "bullets", "internal", "steps", "what", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([key.value for key in SectionKey]), JSON), JSON)
def test_whatever_a_model_says_each_section_is_good_or_has_its_fault(first: Any, second: Any) -> None:
    texts = [json.dumps(first), json.dumps(second)]

    found = salvage.salvage(texts, portfolio.harbour())

    assert len(found.sections) + len(found.faults) == (4 if first else 0)
    assert all(found.faults.values())
    for key, fault in found.faults.items():
        assert "\n" not in salvage.sentence("a-model", key, fault)


def test_an_invented_id_of_any_length_stays_a_short_sentence() -> None:
    assert len(fault({**SECTION, "bullets": ["{{" + "x\u200b" * 55 + "}}"]})) < 130
