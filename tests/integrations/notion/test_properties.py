import contextlib
import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_portal.integrations.notion import atoms, fields, properties
from csm_portal.integrations.notion.answers import DataSourceAnswer, PageAnswer
from csm_portal.ports.workspace import ACCOUNT_FIELDS, FieldIssue, FieldSpec, Person, ValueKind
from tests.integrations.notion import recorded

SPECS = {spec.name: spec for spec in ACCOUNT_FIELDS}
ANN = {
    "object": "user",
    "id": "1",
    "type": "person",
    "name": "Ann Lee",
    "person": {"email": "ann@example.com"},
}


def held(kind, value):
    return {"id": "abcd", "type": kind, kind: value}


def words(text):
    return [{"type": "text", "plain_text": text, "text": {"content": text}}]


def rollup(*values):
    return held("rollup", {"type": "array", "function": "show_original", "array": list(values)})


def formula(kind, value):
    return held("formula", {"type": kind, kind: value})


def day(start, end=None):
    return {"start": start, "end": end, "time_zone": None}


def read(field, value):
    return properties.read(value, SPECS[field], property_name="Column")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", held("title", words(" Acme ")), "Acme"),
        ("name", held("title", []), None),
        ("segment", held("select", {"name": "Enterprise"}), "Enterprise"),
        ("segment", held("number", 2), "2"),
        ("segment", held("multi_select", [{"name": "EU"}, {"name": "Gold"}]), "EU, Gold"),
        ("segment", held("people", [ANN]), "Ann Lee"),
        ("segment", rollup(held("select", {"name": "SMB"})), "SMB"),
        ("arr", held("number", 120000), Decimal("120000")),
        ("arr", held("number", 0.1), Decimal("0.1")),
        ("arr", formula("number", 84), Decimal(84)),
        ("arr", held("rollup", {"type": "number", "number": 7.5, "function": "sum"}), Decimal("7.5")),
        ("arr", rollup(held("number", 12)), Decimal(12)),
        ("arr", held("unique_id", {"prefix": None, "number": 3}), Decimal(3)),
        ("arr", held("number", None), None),
        ("support_ticket_volume", held("number", 74.0), 74),
        ("feature_adoption_rate", held("number", 0.45), Decimal("0.45")),
        ("feature_adoption_rate", held("number", 1), Decimal(1)),
        ("renewal_on", held("date", day("2026-05-01")), date(2026, 5, 1)),
        ("renewal_on", held("date", day("2026-06-27T23:57:00.000-08:00")), date(2026, 6, 27)),
        ("renewal_on", held("date", None), None),
        ("renewal_on", formula("date", day("2024-01-01")), date(2024, 1, 1)),
        ("renewal_on", held("rollup", {"type": "date", "date": None, "function": "latest_date"}), None),
        ("renewal_on", held("created_time", "2026-06-26T13:45:00.000Z"), date(2026, 6, 26)),
        ("payment_current", held("checkbox", False), False),
        ("payment_current", held("checkbox", True), True),
        ("payment_current", formula("boolean", True), True),
        ("payment_current", held("select", {"name": "Yes"}), True),
        ("payment_current", held("status", {"name": " no "}), False),
        ("payment_current", held("select", None), None),
        ("support_sentiment", held("select", {"name": " Positive "}), "positive"),
        ("support_sentiment", held("multi_select", [{"name": "NEUTRAL"}]), "neutral"),
        ("tam_health_rag", held("rich_text", words("green")), "Green"),
        ("usage_trend", formula("string", "Declining"), "declining"),
        ("owner", held("people", [ANN]), Person(name="Ann Lee", email="ann@example.com")),
        ("owner", held("people", []), None),
        ("owner", held("rich_text", words("Ann Lee")), Person(name="Ann Lee")),
        ("owner", held("rich_text", words("Ann <ann@x.io>")), Person(name="Ann", email="ann@x.io")),
        ("owner", held("email", "ann@x.io"), Person(name="ann@x.io", email="ann@x.io")),
        ("owner", held("select", {"name": "Ann"}), Person(name="Ann")),
        ("owner", held("created_by", {**ANN, "type": "bot", "person": None}), Person(name="Ann Lee")),
        ("owner", rollup(held("people", [ANN])), Person(name="Ann Lee", email="ann@example.com")),
        ("primary_contacts", held("multi_select", [{"name": "Bo"}, {"name": "Cy"}]), ("Bo", "Cy")),
        ("primary_contacts", held("rich_text", words("- Bo\n\n• Cy, CFO\n")), ("Bo", "Cy, CFO")),
        ("primary_contacts", held("people", [ANN]), ("Ann Lee",)),
        ("primary_contacts", rollup(held("title", words("Bo")), held("title", words("Cy"))), ("Bo", "Cy")),
        ("primary_contacts", held("multi_select", []), None),
    ],
)
def test_every_type_that_can_carry_the_value_is_read(field, value, expected):
    found = read(field, value)

    assert found == expected
    assert type(found) is type(expected)


def test_a_mention_of_a_person_is_that_person():
    mention = {"type": "mention", "plain_text": "@Ann Lee", "mention": {"type": "user", "user": ANN}}

    assert read("owner", held("rich_text", [mention, *words(" ")])) == Person(
        name="Ann Lee", email="ann@example.com"
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("arr", held("rich_text", words("about 40")), "“Column” holds “about 40”, and a number is expected."),
        ("arr", held("checkbox", True), "“Column” holds a tick, and a number is expected."),
        ("arr", held("number", -5), "“Column” holds -5, and a number from 0 up is expected."),
        ("arr", held("number", 1e300), "too large to be a figure of an account."),
        (
            "arr",
            rollup(held("number", 1), held("number", 2)),
            "holds 2 values, the first of them 1, and a number",
        ),
        ("arr", formula("unsupported", {}), "a formula whose result Notion does not hand out."),
        ("arr", held("rollup", {"type": "incomplete", "incomplete": {}}), "a rollup whose result"),
        ("support_ticket_volume", held("number", 74.5), "holds 74.5, and a whole number is expected."),
        ("feature_adoption_rate", held("number", 45), "from 0 to 1 is expected. Write 45 % as 0.45, or"),
        ("nps_score", held("number", 11), "holds 11, and a number from 0 to 10 is expected."),
        ("renewal_on", held("rich_text", words("soon")), "holds “soon”, and one date is expected."),
        (
            "renewal_on",
            held("date", day("2026-01-01", "2026-12-31")),
            "the days from 2026-01-01 to 2026-12-31",
        ),
        (
            "payment_current",
            held("select", {"name": "Overdue"}),
            "“Overdue”, and a tick, Yes or No is expected.",
        ),
        (
            "support_sentiment",
            held("select", {"name": "Angry"}),
            "“Angry”, and positive, neutral or negative is expected.",
        ),
        (
            "owner",
            held("people", [ANN, ANN]),
            "holds 2 values, the first of them “Ann Lee”, and one person is expected.",
        ),
        ("owner", held("people", [{"object": "user", "id": "1"}]), "switch on “Read user information”"),
        ("segment", held("relation", [{"id": "1"}]), "links to pages that the integration may not see"),
        ("notes", held("hologram", {}), "is of a type that the portal does not know."),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence_and_never_guessed(field, value, sentence):
    found = read(field, value)

    assert isinstance(found, FieldIssue)
    assert found.field == field
    assert found.property_name == "Column"
    assert found.message.startswith("The property “Column” ")
    assert sentence in found.message
    assert found.message.endswith(".")


def test_characters_that_no_database_stores_are_left_out():
    assert read("notes", held("rich_text", words("a\x00b\ud800c"))) == "ab?c"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "id",
                    "name",
                    "start",
                    "end",
                    "number",
                    "array",
                    "plain_text",
                    "person",
                    "string",
                    "date",
                    "mention",
                    "user",
                ]
            )
            | st.text(max_size=6),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
inner_kinds = st.sampled_from(["number", "string", "boolean", "date", "array", "incomplete"])


@st.composite
def nearly_properties(draw):
    """A property of a known type that holds anything at all."""
    kind = draw(st.sampled_from(sorted(atoms._READERS)))
    value = draw(
        json_values
        | st.builds(lambda inner, json_value: {"type": inner, inner: json_value}, inner_kinds, json_values)
    )
    return held(kind, value)


@settings(max_examples=400)
@given(value=json_values | nearly_properties(), spec=st.sampled_from(ACCOUNT_FIELDS))
def test_anything_at_all_yields_a_value_or_an_issue(value, spec):
    found = properties.read(value, spec, property_name="Column")

    if isinstance(found, FieldIssue):
        assert found.message.endswith(".")
    elif found is not None:
        assert isinstance(found, PYTHON_TYPES[spec.kind])
    with contextlib.suppress(atoms.Unreadable):
        properties.plain_value(value)


PYTHON_TYPES = {
    ValueKind.TEXT: str,
    ValueKind.NUMBER: Decimal,
    ValueKind.COUNT: int,
    ValueKind.RATIO: Decimal,
    ValueKind.DATE: date,
    ValueKind.BOOL: bool,
    ValueKind.CHOICE: str,
    ValueKind.PERSON: Person,
    ValueKind.TEXTS: tuple,
}


@given(st.floats(min_value=0, max_value=1))
def test_a_ratio_keeps_the_digits_that_notion_shows(number):
    sent = json.loads(json.dumps(number))

    assert float(read("feature_adoption_rate", held("number", sent))) == number


@recorded.needs_recordings
def test_every_recorded_property_can_be_shown():
    seen = set()
    for page in recorded.pages():
        for value in PageAnswer.model_validate(page).properties.values():
            properties.plain_value(value)
            seen.add(value["type"])

    assert seen >= {
        "title",
        "rich_text",
        "number",
        "formula",
        "rollup",
        "relation",
        "people",
        "unique_id",
        "place",
    }
    assert len(seen) >= 22


@recorded.needs_recordings
@pytest.mark.parametrize("spec", ACCOUNT_FIELDS, ids=lambda spec: spec.name)
def test_every_recorded_property_is_a_value_or_an_issue_for_every_field(spec):
    count = 0
    for page in recorded.pages():
        for name, value in page["properties"].items():
            found = properties.read(value, spec, property_name=name)
            assert found is None or isinstance(found, FieldIssue | PYTHON_TYPES[spec.kind])
            count += 1

    assert count > 300


@recorded.needs_recordings
def test_pages_are_read_with_and_without_the_key_that_notion_dropped():
    keys = {("archived" in page) for page in recorded.pages()}

    assert keys == {True, False}


@recorded.needs_recordings
def test_every_recorded_schema_is_described():
    described = [
        fields.describe(DataSourceAnswer.model_validate(answer)) for answer in recorded.data_sources()
    ]

    assert len(described) == 12
    assert all(source.title and source.id and source.database_id for source in described)
    types = {info.type for source in described for info in source.properties}
    assert len(types) >= 20
    statuses = [info for source in described for info in source.properties if info.type == "status"]
    assert all(info.options for info in statuses)


def test_every_kind_has_types_that_carry_it_and_no_type_is_unknown_to_the_reader():
    assert set(properties.CARRIERS) == set(ValueKind)
    assert frozenset().union(*properties.CARRIERS.values()) <= set(atoms._READERS)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 10**400, -(10**15)])
def test_what_is_no_figure_is_an_issue(number):
    spec = FieldSpec(name="x", kind=ValueKind.NUMBER, property_names=("X",), label="X")

    assert isinstance(properties.read(held("number", number), spec, property_name="X"), FieldIssue)


@pytest.mark.parametrize("number", [-1, 10**9])
def test_a_count_fits_the_column_that_keeps_it(number):
    spec = FieldSpec(name="x", kind=ValueKind.COUNT, property_names=("X",), label="X")

    assert isinstance(properties.read(held("number", number), spec, property_name="X"), FieldIssue)


def test_an_id_is_the_same_however_it_is_encoded():
    source = DataSourceAnswer(
        id="1", title=[], parent={}, properties={"ARR": {"id": "a%3AB%5B", "type": "number", "number": {}}}
    )

    assert fields.find(fields.describe(source), "a:B[") is not None
    assert [problem.field for problem in fields.problems(fields.describe(source), {"arr": "a:B["})] == [
        "name"
    ]


def test_an_unbounded_number_may_be_negative():
    spec = FieldSpec(name="x", kind=ValueKind.NUMBER, property_names=("X",), label="X")

    assert properties.read(held("number", -3), spec, property_name="X") == Decimal(-3)
