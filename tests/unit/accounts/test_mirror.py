"""From a record of the workspace to the columns of its row: nothing is invented, nothing is lost to one value."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import mirror, notion_links
from accounts.mirror import Surroundings
from csm_portal.ports.workspace import ACCOUNT_FIELDS, AccountRecord, FieldIssue, Person, ValueKind

ALICE = UUID(int=1)
AROUND = Surroundings(
    owners={"alice@northwind.example": ALICE}, currency="EUR", property_names={"arr": "Money"}
)
MOMENT = datetime(2026, 5, 14, tzinfo=UTC)


def record(issues: tuple[FieldIssue, ...] = (), **values: Any) -> AccountRecord:
    return AccountRecord(
        id="p",
        url="https://www.notion.so/p",
        created_at=MOMENT,
        last_edited_at=MOMENT,
        is_archived=False,
        values={"name": "Acme", **values},
        issues=issues,
    )


def row(given: AccountRecord, around: Surroundings = AROUND, **kept: Any) -> mirror.Row:
    return mirror.row(given, around, kept=kept)


def test_an_owner_is_matched_whatever_the_case_of_the_address() -> None:
    columns = row(record(owner=Person(name="Alice", email=" ALICE@northwind.example "))).columns

    assert columns["owner_id"] == ALICE
    assert columns["owner_name"] == "Alice"


def test_a_page_without_a_title_is_untitled() -> None:
    assert row(record(name=None)).columns["name"] == "Untitled"


def test_what_no_database_keeps_is_taken_out_of_texts() -> None:
    columns = row(record(name="A\x00b\ud800", notes="\x00", primary_contacts=("\x00", "D\x00ana"))).columns

    assert columns["name"] == "Ab?"
    assert columns["notes"] == ""
    assert columns["primary_contacts"] == ["Dana"]


@pytest.mark.parametrize("arr", [Decimal("NaN"), Decimal("Infinity"), Decimal(10) ** 14])
def test_an_amount_that_no_column_holds_is_an_issue_with_the_propertys_name(arr: Decimal) -> None:
    made = row(record(arr=arr, nps_score=Decimal(9)))

    assert made.columns["arr"] is None
    assert made.columns["nps_score"] == 9
    (issue,) = made.columns["field_issues"]
    assert (issue["field"], issue["property"]) == ("arr", "Money")
    assert issue["message"].startswith("The property “Money” holds")


def test_a_link_that_is_no_web_address_is_not_kept() -> None:
    assert row(replace(record(), url="javascript:alert(1)")).columns["url"] == ""
    assert row(record()).columns["url"] == "https://www.notion.so/p"


def test_halves_are_rounded_up() -> None:
    assert row(record(arr=Decimal("0.125"))).columns["arr"] == Decimal("0.13")
    assert row(record(feature_adoption_rate=Decimal("0.00005"))).columns["feature_adoption_rate"] == Decimal(
        "0.0001"
    )


def test_a_name_too_long_is_cut_and_a_segment_too_long_is_told() -> None:
    columns = row(record(name="n" * 600, segment="s" * 300)).columns

    assert len(columns["name"]) == 500
    assert columns["segment"] == ""
    assert "300 characters" in columns["field_issues"][0]["message"]


@pytest.mark.parametrize(
    ("said", "kept"), [("eur", "EUR"), ("€", "EUR"), ("£", "GBP"), ("$", ""), ("dollars", ""), (None, "EUR")]
)
def test_a_currency_is_a_code_or_unknown_and_the_tenants_only_where_none_is_said(
    said: str | None, kept: str
) -> None:
    assert row(record(currency=said)).columns["currency"] == kept


def test_a_currency_that_could_not_be_read_stays_unknown() -> None:
    issue = FieldIssue(field="currency", property_name="Currency", message="No.")

    assert row(record(issues=(issue,))).columns["currency"] == ""


def test_a_frozen_field_keeps_what_is_stored_and_is_no_issue() -> None:
    around = replace(AROUND, frozen=frozenset({"arr", "owner"}))
    issue = FieldIssue(field="arr", property_name="ARR", message="Gone.")

    columns = row(
        record(issues=(issue,)), around, arr=Decimal("5.00"), owner_id=ALICE, owner_name="Alice"
    ).columns

    assert columns["arr"] == Decimal("5.00")
    assert (columns["owner_id"], columns["owner_name"], columns["owner_email"]) == (ALICE, "Alice", "")
    assert columns["field_issues"] == []
    assert around.frozen_columns == ("arr", "owner_id", "owner_name", "owner_email")


def test_freezing_what_is_stored_changes_no_hash() -> None:
    full = row(record(arr=Decimal(5), owner=Person(name="Alice", email="alice@northwind.example")))
    around = replace(AROUND, frozen=frozenset({"arr", "owner"}))
    kept = {name: full.columns[name] for name in around.frozen_columns}

    assert row(record(), around, **kept).content_hash == full.content_hash


def test_every_field_of_the_port_has_its_columns() -> None:
    assert set(mirror.COLUMNS_OF) == {spec.name for spec in ACCOUNT_FIELDS}
    assert set(row(record()).columns) > {name for names in mirror.COLUMNS_OF.values() for name in names}


_VALUES = {
    ValueKind.TEXT: st.text(max_size=700),
    ValueKind.NUMBER: st.decimals(),
    ValueKind.RATIO: st.decimals(),
    ValueKind.COUNT: st.integers(-5, 2**40),
    ValueKind.DATE: st.dates(),
    ValueKind.BOOL: st.booleans(),
    ValueKind.CHOICE: st.sampled_from(["positive", "neutral", "Red", "growing", "far too long a word"]),
    ValueKind.PERSON: st.builds(Person, name=st.text(), email=st.none() | st.text()),
    ValueKind.TEXTS: st.lists(st.text(), max_size=4).map(tuple),
}
RECORDS = st.fixed_dictionaries(
    {}, optional={spec.name: st.none() | _VALUES[spec.kind] for spec in ACCOUNT_FIELDS}
).map(lambda values: record(**values))


@given(RECORDS)
def test_whatever_a_record_holds_its_row_can_be_stored(given_record: AccountRecord) -> None:
    columns = row(given_record).columns

    json.dumps(columns["field_issues"]).encode()
    assert 0 < len(columns["name"]) <= 500
    assert len(columns["segment"]) <= 200
    assert len(columns["owner_email"]) <= 320
    assert len(columns["support_sentiment"]) <= 8
    assert columns["arr"] is None or (columns["arr"].is_finite() and abs(columns["arr"]) <= Decimal(10) ** 14)
    for name in ("seats_used", "support_ticket_volume"):
        assert columns[name] is None or 0 <= columns[name] < 2**31
    assert columns["renewal_on"] is None or type(columns["renewal_on"]) is date
    for value in columns.values():
        if isinstance(value, str):
            value.encode()
            assert "\x00" not in value
    assert {issue["field"] for issue in columns["field_issues"]} <= set(given_record.values)


@given(RECORDS)
def test_a_row_depends_on_its_record_alone(given_record: AccountRecord) -> None:
    shuffled = replace(given_record, values=dict(reversed(list(given_record.values.items()))))

    assert row(given_record) == row(shuffled)


@pytest.mark.parametrize(
    "text",
    [
        "0e790e89-6c18-45ff-bdf3-5fb5e377156d",
        "0E790E896C1845FFBDF35FB5E377156D",
        "https://www.notion.so/northwind/Accounts-0e790e896c1845ffbdf35fb5e377156d?v=1234567890abcdef1234567890abcdef",
        "https://app.notion.com/p/0e790e896c1845ffbdf35fb5e377156d#block",
        " <https://www.notion.so/0e790e896c1845ffbdf35fb5e377156d> ",
    ],
)
def test_every_form_of_a_link_means_the_same_database(text: str) -> None:
    assert notion_links.find_id(text) == "0e790e896c1845ffbdf35fb5e377156d"
    assert notion_links.is_same(text, "0e790e89-6c18-45ff-bdf3-5fb5e377156d")


@pytest.mark.parametrize("text", ["", "hello", "https://www.notion.so/Accounts", "0e790e89", "x" * 32])
def test_a_text_without_an_id_has_none(text: str) -> None:
    assert notion_links.find_id(text) is None


@given(st.uuids())
def test_the_form_takes_what_the_adapter_takes(key: UUID) -> None:
    from csm_portal.integrations.notion import notion_id

    for text in (str(key), key.hex, f"https://www.notion.so/a/B-{key.hex}?v={key.hex}", f"notion.so/{key}"):
        assert notion_links.find_id(text) == UUID(notion_id.parse(text)).hex
