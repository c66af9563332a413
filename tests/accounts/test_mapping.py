"""Which property feeds which field: found by name once, then followed by id (SPEC 2.3)."""

from datetime import UTC, datetime

import pytest

from accounts.models import PropertyMapping
from accounts.services import mapping
from csm_portal.core.models import AuditEvent, User
from csm_portal.ports.workspace import ACCOUNT_FIELDS
from csm_portal.simulators.notion import seed
from tests.workspace import Connected

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)


def test_the_first_look_finds_every_field_by_its_name_and_keeps_its_id(notion: Connected) -> None:
    mapped = mapping.refresh(workspace=notion.workspace())

    assert set(mapped.properties) == {spec.name for spec in ACCOUNT_FIELDS}
    assert (mapped.problems, mapped.unmapped, mapped.sentences()) == ((), [], [])
    assert PropertyMapping.objects.count() == len(ACCOUNT_FIELDS)
    arr = PropertyMapping.objects.get(field="arr")
    assert (arr.property_name, arr.property_type) == ("ARR", "number")


def test_a_second_look_writes_nothing_new(notion: Connected) -> None:
    mapping.refresh(workspace=notion.workspace())
    before = list(PropertyMapping.objects.order_by("field").values())

    mapping.refresh(workspace=notion.workspace())

    assert list(PropertyMapping.objects.order_by("field").values()) == before


def test_a_rename_changes_the_name_that_is_shown_and_nothing_else(notion: Connected) -> None:
    before = mapping.refresh(workspace=notion.workspace())
    notion.change_schema({"NPS Score": {"name": "Would they recommend us"}})

    after = mapping.refresh(workspace=notion.workspace())

    assert after.properties == before.properties
    assert after.names["nps_score"] == "Would they recommend us"
    assert after.problems == ()


def test_a_new_property_does_not_take_the_place_of_a_renamed_one(notion: Connected) -> None:
    before = mapping.refresh(workspace=notion.workspace())
    notion.change_schema({"ARR": {"name": "Old money"}})
    notion.change_schema({"ARR": {"number": {"format": "number"}}})

    after = mapping.refresh(workspace=notion.workspace())

    assert after.properties["arr"] == before.properties["arr"]
    assert after.names["arr"] == "Old money"


def test_a_property_that_is_gone_is_named_and_frozen_and_the_rest_is_read(notion: Connected) -> None:
    mapping.refresh(workspace=notion.workspace())
    notion.change_schema({"ARR": None})

    mapped = mapping.refresh(workspace=notion.workspace())

    assert mapped.frozen == {"arr"}
    assert "arr" not in mapped.readable
    assert "nps_score" in mapped.readable
    (sentence,) = mapped.sentences()
    assert "ARR" in sentence
    assert sentence.endswith("Until then ARR keeps its last known values.")


def test_a_property_that_comes_later_is_found_by_itself(notion: Connected) -> None:
    notion.change_schema({"NPS Score": None})
    assert mapping.refresh(workspace=notion.workspace()).unmapped == ["nps_score"]
    notion.change_schema({"NPS": {"number": {"format": "number"}}})

    assert mapping.refresh(workspace=notion.workspace()).names["nps_score"] == "NPS"


def test_a_chosen_property_stays_chosen_and_a_field_set_to_none_stays_empty(
    notion: Connected, ada: User
) -> None:
    notion.change_schema({"Yearly money": {"number": {"format": "number"}}})
    source = mapping.refresh(workspace=notion.workspace()).source
    yearly = next(info for info in source.properties if info.name == "Yearly money")

    changed = mapping.choose(
        {"arr": yearly, "nps_score": None}, connection=notion.connection, actor=ada, now=NOW
    )

    mapped = mapping.refresh(workspace=notion.workspace())
    assert changed == ["arr", "nps_score"]
    assert mapped.names["arr"] == "Yearly money"
    assert "nps_score" not in mapped.properties
    (event,) = AuditEvent.objects.all()
    assert (event.verb, event.actor) == ("notion.mapping_changed", ada)
    assert event.data == {"fields": {"arr": "Yearly money", "nps_score": None}}


def test_choosing_what_is_chosen_already_changes_nothing(notion: Connected, ada: User) -> None:
    mapped = mapping.refresh(workspace=notion.workspace())
    same = {
        field: next(info for info in mapped.source.properties if info.id == key)
        for field, key in mapped.properties.items()
    }

    assert mapping.choose(same, connection=notion.connection, actor=ada, now=NOW) == []
    assert not AuditEvent.objects.exists()


def test_another_data_source_is_mapped_anew(notion: Connected) -> None:
    mapping.refresh(workspace=notion.workspace())
    database, _ = seed.create_database(
        notion.app.store,
        notion.seeded.bot_id,
        title="Clients",
        properties={"Client": {"title": {}}, "ARR": {"number": {"format": "number"}}},
    )
    notion.reconnect(accounts_database_id=database)

    mapped = mapping.refresh(workspace=notion.workspace())

    assert mapped.names == {"name": "Client", "arr": "ARR"}
    assert mapped.problems == ()


def test_naming_the_data_source_that_was_meant_anyway_keeps_what_was_chosen(
    notion: Connected, ada: User
) -> None:
    mapping.refresh(workspace=notion.workspace())
    mapping.choose({"arr": None}, connection=notion.connection, actor=ada, now=NOW)
    notion.reconnect(accounts_data_source_id=notion.seeded.accounts_data_source_id)

    assert "arr" not in mapping.refresh(workspace=notion.workspace()).properties
