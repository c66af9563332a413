"""Accounts read through the adapter from the simulator."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from csm_portal.integrations.notion import connect
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import ACCOUNT_FIELDS, Person, WorkspaceConfig
from csm_portal.simulators.notion import filling, seed
from tests.integrations.notion.conftest import BASE_URL

ACME = {
    "name": "Acme",
    "owner": Person(name="Alice", email="alice@northwind.example"),
    "segment": "Enterprise",
    "lifecycle_stage": "Adoption",
    "arr": 120_000,
    "currency": "EUR",
    "feature_adoption_rate": 0.45,
    "support_ticket_volume": 3,
    "support_sentiment": "positive",
    "last_interaction_on": date(2026, 11, 1),
    "login_frequency_score": 0.8,
    "usage_trend": "growing",
    "payment_current": True,
    "stakeholder_engagement_score": 1,
    "nps_score": 9,
    "renewal_on": date(2027, 3, 31),
    "notice_on": date(2026, 12, 31),
    "seats_used": 40,
    "seats_purchased": 50,
    "escalation_history_count": 0,
    "tam_health_rag": "Green",
    "primary_contacts": ["Bo Berg", "Cy Cole"],
    "notes": "Likes the\nnew dashboard.",
    "features_licensed": ["Reports", "API"],
    "features_used": ["Reports"],
    "customer_goals": "Onboard two more teams.",
    "outcome": "renewed",
    "outcome_on": date(2026, 3, 31),
    "outcome_reason": "They grew.",
}


def columns_of(sim, adapter):
    return {info.name: info for info in adapter.describe_accounts().properties}


def add_property(sim, name, config):
    sim.ask("PATCH", f"data_sources/{sim.workspace.accounts_data_source_id}", {"properties": {name: config}})


def set_property(sim, page_id, name, value):
    sim.ask("PATCH", f"pages/{page_id}", {"properties": {name: value}})


def test_the_name_of_the_integration_answers_for_its_token(sim):
    assert sim.adapter().check_access() == "CSM Portal"


def test_every_field_of_an_account_is_read(sim):
    (page_id,) = sim.add(ACME)

    record = sim.adapter().get_account(page_id)

    assert record.issues == ()
    assert set(record.values) == {spec.name for spec in ACCOUNT_FIELDS}
    assert record.values == {
        **ACME,
        "arr": Decimal(120_000),
        "feature_adoption_rate": Decimal("0.45"),
        "login_frequency_score": Decimal("0.8"),
        "stakeholder_engagement_score": Decimal(1),
        "nps_score": Decimal(9),
        "primary_contacts": ("Bo Berg", "Cy Cole"),
        "features_licensed": ("Reports", "API"),
        "features_used": ("Reports",),
    }


def test_a_record_has_both_ids_and_reads_as_a_mapping(sim):
    (page_id,) = sim.add(ACME)

    record = sim.adapter().get_account(page_id)

    assert record.id == record.account_id == record["id"] == record["account_id"] == page_id
    assert record["name"] == "Acme"
    assert record.url.startswith("https://www.notion.so/")
    assert record.created_at.tzinfo is not None
    assert not record.is_archived


def test_an_empty_account_has_every_field_and_nothing_in_it(sim):
    (page_id,) = sim.add({"name": "Empty"})

    record = sim.adapter().get_account(page_id)

    # An unchecked box is a No: Notion knows no empty checkbox.
    assert {name for name, value in record.values.items() if value is not None} == {"name", "payment_current"}
    assert record.values["payment_current"] is False


def test_all_accounts_are_read_once_archived_ones_too(sim):
    ids = sim.add(*({"name": f"Account {number}"} for number in range(230)))
    archived = sim.add({"name": "Old"}, {"name": "Older"}, is_archived=True)

    adapter = sim.adapter()
    found = adapter.query_all_accounts()

    assert Counter(record.id for record in found) == Counter([*ids, *archived])
    assert {record.id for record in found if record.is_archived} == set(archived)


def test_the_exact_bodies_of_a_scan_are_sent(sim):
    """The SDK drops keys that it does not know without a word, the one for archived rows among them."""
    sim.add(*({"name": f"Account {number}"} for number in range(150)))
    adapter = sim.adapter()
    mapping = adapter.default_mapping(adapter.describe_accounts())
    sim.wire.sent.clear()

    pages = list(adapter.scan_accounts(mapping))

    queries = [sent for sent in sim.wire.sent if sent.path.endswith("/query")]
    cursor = queries[1].body["start_cursor"]
    in_order = {"sorts": [{"timestamp": "created_time", "direction": "ascending"}], "page_size": 100}
    assert [sent.body for sent in queries] == [
        in_order,
        {**in_order, "start_cursor": cursor},
        {**in_order, "is_archived": True},
    ]
    assert {sent.headers["Notion-Version"] for sent in sim.wire.sent} == {"2026-03-11"}
    assert [len(page.records) for page in pages] == [100, 50, 0]
    assert not any(page.is_incomplete for page in pages)


def test_a_scan_costs_one_request_for_each_hundred_rows(sim):
    sim.add(*(ACME for _ in range(250)))
    adapter = sim.adapter()
    mapping = adapter.default_mapping(adapter.describe_accounts())
    before = adapter.usage.requests

    list(adapter.scan_accounts(mapping))

    # The schema, three pages of rows, one of archived rows.
    assert adapter.usage.requests - before == 5
    assert adapter.usage.waited_seconds == 0


def test_a_row_that_cannot_be_read_in_one_field_is_not_lost(sim):
    sim.add({"name": "Good", "nps_score": 9}, {"name": "Odd", "nps_score": 11, "arr": 5})

    found = {record["name"]: record for record in sim.adapter().query_all_accounts()}

    assert found["Good"].values["nps_score"] == 9
    assert "nps_score" not in found["Odd"].values
    assert found["Odd"].values["arr"] == 5
    (issue,) = found["Odd"].issues
    assert issue.field == "nps_score"
    assert issue.message == "The property “NPS Score” holds 11, and a number from 0 to 10 is expected."


def test_a_renamed_property_keeps_feeding_its_field(sim):
    (page_id,) = sim.add({"name": "Acme", "arr": 7})
    adapter = sim.adapter()
    mapping = adapter.default_mapping(adapter.describe_accounts())
    add_property(sim, "ARR", {"name": "Umsatz"})

    record = adapter.get_account(page_id, mapping)

    assert record["arr"] == 7
    assert adapter.check_mapping(adapter.describe_accounts(), mapping) == []


def test_a_removed_property_leaves_its_field_unknown_and_is_named(sim):
    (page_id,) = sim.add({"name": "Acme", "arr": 7, "nps_score": 8})
    adapter = sim.adapter()
    mapping = adapter.default_mapping(adapter.describe_accounts())
    add_property(sim, "ARR", None)

    record = adapter.get_account(page_id, mapping)
    problems = adapter.check_mapping(adapter.describe_accounts(), mapping)

    assert "arr" not in record.values
    assert record["nps_score"] == 8
    assert [issue.message for issue in record.issues] == [
        "The property “ARR” is no longer in Notion. Choose another for ARR."
    ]
    assert [(problem.field, problem.message) for problem in problems] == [
        (
            "arr",
            "The property chosen for ARR is no longer in “Accounts”. Choose another, or add the property “ARR” in Notion.",
        )
    ]


def test_a_mistyped_property_is_named_by_the_set_up(sim):
    add_property(sim, "Umsatz", {"rich_text": {}})
    adapter = sim.adapter()
    source = adapter.describe_accounts()
    mapping = {**adapter.default_mapping(source), "arr": columns_of(sim, adapter)["Umsatz"].id}

    (problem,) = adapter.check_mapping(source, mapping)

    assert problem.field == "arr"
    assert problem.property_name == "Umsatz"
    assert problem.message == (
        "The property “Umsatz” is of type text and cannot carry ARR. Choose a number, a formula or a rollup."
    )


def test_a_mapping_without_a_name_is_a_problem(sim):
    adapter = sim.adapter()
    source = adapter.describe_accounts()

    assert [problem.field for problem in adapter.check_mapping(source, {})] == ["name"]
    (unknown,) = adapter.check_mapping(source, {"name": "title", "shoe_size": "abcd"})
    assert unknown.field == "shoe_size"


def test_the_default_mapping_finds_every_field_and_reads_as_described(sim):
    adapter = sim.adapter()
    source = adapter.describe_accounts()

    mapping = adapter.default_mapping(source)

    assert set(mapping) == {spec.name for spec in ACCOUNT_FIELDS}
    assert adapter.check_mapping(source, mapping) == []
    assert source.title == "Accounts"
    assert source.database_id == sim.workspace.accounts_database_id
    options = {info.name: info.options for info in source.properties}
    assert set(options["Health Status"]) == {"Red", "Amber", "Green"}


def test_a_title_of_any_name_is_the_name_of_the_account(sim):
    database_id, source_id = seed.create_database(
        sim.store, sim.workspace.bot_id, title="Kunden", properties={"Kunde": {"title": {}}, "ARR": {"number": {"format": "euro"}}}
    )  # fmt: skip
    filling.add_rows(sim.store, source_id, [{"Kunde": "Acme", "ARR": 5}])

    (record,) = sim.adapter(accounts_database_id=database_id).query_all_accounts()

    assert dict(record.values) == {"name": "Acme", "arr": Decimal(5)}


def test_a_relation_is_read_by_the_titles_behind_it(sim):
    _, contacts_source = seed.create_database(
        sim.store, sim.workspace.bot_id, title="Contacts", properties={"Name": {"title": {}}}
    )
    people = filling.add_rows(sim.store, contacts_source, [{"Name": f"Contact {n}"} for n in range(60)])
    add_property(sim, "People", {"relation": {"data_source_id": contacts_source, "single_property": {}}})
    first, second = sim.add({"name": "Acme"}, {"name": "Bolt"})
    set_property(sim, first, "People", {"relation": [{"id": person} for person in people]})
    set_property(sim, second, "People", {"relation": [{"id": person} for person in people[:2]]})
    adapter = sim.adapter()
    mapping = {"name": "title", "primary_contacts": columns_of(sim, adapter)["People"].id}
    sim.wire.sent.clear()

    found = {record["name"]: record for page in adapter.scan_accounts(mapping) for record in page.records}

    # 60 is more than the 25 that a page object carries.
    assert found["Acme"]["primary_contacts"] == tuple(f"Contact {n}" for n in range(60))
    assert found["Bolt"]["primary_contacts"] == ("Contact 0", "Contact 1")
    assert sum("/properties/" in path for path in sim.wire.paths()) == 1
    assert sum(f"/data_sources/{contacts_source}/query" in path for path in sim.wire.paths()) == 1
    assert not any(f"/pages/{person}" in path for path in sim.wire.paths() for person in people)
    assert adapter.get_account(second, mapping)["primary_contacts"] == ("Contact 0", "Contact 1")


def test_more_people_than_a_page_carries_are_all_read(sim):
    (page_id,) = sim.add({"name": "Acme"})
    add_property(sim, "Everyone", {"people": {}})
    ids = [seed.add_person(sim.store, f"Person {n:02}", f"p{n}@x.example") for n in range(30)]
    set_property(sim, page_id, "Everyone", {"people": [{"object": "user", "id": person} for person in ids]})
    adapter = sim.adapter()
    mapping = {"primary_contacts": columns_of(sim, adapter)["Everyone"].id}

    record = adapter.get_account(page_id, mapping)

    assert record["primary_contacts"] == tuple(f"Person {n:02}" for n in range(30))


def test_a_page_of_another_database_is_no_account(sim):
    _, source = seed.create_database(
        sim.store, sim.workspace.bot_id, title="Other", properties={"Name": {"title": {}}}
    )
    (page_id,) = filling.add_rows(sim.store, source, [{"Name": "Stray"}])

    with pytest.raises(PortError, match="is not in the accounts database") as refused:
        sim.adapter().get_account(page_id)

    assert refused.value.trouble is Trouble.NOT_FOUND


def test_an_account_in_the_trash_is_gone(sim):
    kept, thrown = sim.add({"name": "Kept"}, {"name": "Thrown"})
    sim.ask("PATCH", f"pages/{thrown}", {"in_trash": True})
    adapter = sim.adapter()

    assert [record.id for record in adapter.query_all_accounts()] == [kept]
    with pytest.raises(PortError, match="is in Notion's trash") as refused:
        adapter.get_account(thrown)

    assert refused.value.trouble is Trouble.NOT_FOUND


def test_connect_takes_what_a_tenant_has_set(sim):
    sim.add(ACME)
    config = WorkspaceConfig(
        token=f" {sim.workspace.token}\n",
        accounts_database_id=f"https://www.notion.so/acme/Accounts-{sim.workspace.accounts_database_id.replace('-', '')}?v=1",
        qbr_database_id="",
        base_url=f"{BASE_URL}/",
        transport=sim.wire,
    )

    with connect(config) as adapter:
        assert [record["name"] for record in adapter.query_all_accounts()] == ["Acme"]
