"""QBR pages written through the adapter into the simulator, and read back (SPEC 2.6)."""

import re
from dataclasses import replace
from datetime import date

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from csm_portal.ports.documents import Document, Paragraph, Span
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import QBREntry
from csm_portal.simulators.notion import filling, seed
from tests.integrations.notion import documents, recorded


@pytest.fixture
def entry(sim):
    (account_id,) = sim.add({"name": "Acme"})
    return QBREntry(
        key="qbr-4711",
        account_id=account_id,
        account_name="Acme",
        quarter="Q3 2026",
        health_score=72,
        created_on=date(2026, 10, 1),
    )


def publish(adapter, entry, document):
    """Publish as the portal does: create, append until nothing is left, read back, mark Ready."""
    reference, block_ids = adapter.create_qbr_page(entry, document)
    while appended := adapter.append_qbr_body(reference.id, document, after=len(block_ids)):
        block_ids += appended
    assert adapter.qbr_block_ids(reference.id) == block_ids
    return reference, block_ids


def in_notion(sim, page_id):
    properties = sim.ask("GET", f"pages/{page_id}")["properties"]
    return {name: value[value["type"]] for name, value in properties.items()}


def test_an_entry_holds_what_the_contract_says(sim, entry):
    reference, _ = sim.adapter().create_qbr_page(entry, documents.QBR)

    held = in_notion(sim, reference.id)
    title = next(
        value for value in held.values() if isinstance(value, list) and value and "plain_text" in value[0]
    )
    assert title[0]["plain_text"] == "QBR - Acme - Q3 2026"
    assert held["Account"] == [{"id": entry.account_id}]
    assert held["Quarter"]["name"] == "Q3 2026"
    assert held["Status"]["name"] == "Draft"
    assert held["Health Score"] == 72
    assert held["Created Date"]["start"] == "2026-10-01"
    assert held["QBR Key"][0]["plain_text"] == "qbr-4711"
    assert (reference.key, reference.status) == ("qbr-4711", "Draft")
    assert reference.url


def test_an_entry_without_a_score_has_none(sim, entry):
    reference, _ = sim.adapter().create_qbr_page(replace(entry, health_score=None), documents.QBR)

    assert in_notion(sim, reference.id)["Health Score"] is None


def test_the_body_is_read_back_as_it_was_approved(sim, entry):
    adapter = sim.adapter()

    reference, block_ids = publish(adapter, entry, documents.QBR)

    assert len(block_ids) == 6
    assert adapter.read_qbr_lines(reference.id) == documents.QBR.plain_lines()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(document=documents.documents)
def test_any_document_is_published_and_read_back_the_same(sim, entry, document):
    adapter = sim.adapter()

    reference, _ = publish(adapter, entry, document)

    assert adapter.read_qbr_lines(reference.id) == document.plain_lines()


def test_a_long_body_goes_up_in_hundreds(sim, entry):
    document = documents.of_paragraphs(250)
    adapter = sim.adapter()

    reference, block_ids = publish(adapter, entry, document)

    assert len(block_ids) == 250
    assert adapter.read_qbr_lines(reference.id) == document.plain_lines()
    writes = [
        len(sent.body["children"])
        for sent in sim.wire.sent
        if sent.method in ("POST", "PATCH") and "children" in (sent.body or {})
    ]
    assert writes == [100, 100, 50]


def test_a_body_that_was_interrupted_goes_on_where_it_stopped(sim, entry):
    document = documents.of_paragraphs(250)
    reference, block_ids = sim.adapter().create_qbr_page(entry, document)

    adapter = sim.adapter()
    known = adapter.qbr_block_ids(reference.id)
    while appended := adapter.append_qbr_body(reference.id, document, after=len(known)):
        known += appended

    assert known[:100] == block_ids
    assert adapter.read_qbr_lines(reference.id) == document.plain_lines()


def test_an_empty_document_is_an_entry_without_a_body(sim, entry):
    adapter = sim.adapter()
    empty = Document(title="", blocks=())

    reference, block_ids = adapter.create_qbr_page(entry, empty)

    assert block_ids == []
    assert adapter.append_qbr_body(reference.id, empty, after=0) == []
    assert adapter.read_qbr_lines(reference.id) == []


def test_a_page_is_found_by_its_key_and_by_nothing_else(sim, entry):
    adapter = sim.adapter()
    reference, _ = adapter.create_qbr_page(entry, documents.QBR)
    adapter.create_qbr_page(replace(entry, key="qbr-47110"), documents.QBR)

    assert adapter.find_qbr_pages("qbr-4711") == [reference]
    assert adapter.find_qbr_pages("qbr-471") == []


def test_two_pages_of_one_key_are_both_found(sim, entry):
    adapter = sim.adapter()
    ids = {adapter.create_qbr_page(entry, documents.QBR)[0].id for _ in range(2)}

    assert {page.id for page in adapter.find_qbr_pages(entry.key)} == ids


def test_a_page_in_the_trash_is_not_found_by_its_key_and_told_by_its_id(sim, entry):
    adapter = sim.adapter()
    reference, _ = adapter.create_qbr_page(entry, documents.QBR)
    sim.ask("PATCH", f"pages/{reference.id}", {"in_trash": True})

    assert adapter.find_qbr_pages(entry.key) == []
    assert adapter.read_qbr_page(reference.id).is_in_trash


def test_an_archived_page_is_found_after_the_others_and_told_to_be_archived(sim, entry):
    adapter = sim.adapter()
    first, second = (adapter.create_qbr_page(entry, documents.QBR)[0] for _ in range(2))
    sim.ask("PATCH", f"pages/{first.id}", {"is_archived": True})

    found = adapter.find_qbr_pages(entry.key)

    assert [(page.id, page.is_archived) for page in found] == [(second.id, False), (first.id, True)]
    assert adapter.read_qbr_page(first.id).is_archived


def test_a_page_is_read_by_its_id_with_title_and_properties(sim, entry):
    adapter = sim.adapter()
    reference, _ = adapter.create_qbr_page(entry, documents.QBR)

    state = adapter.read_qbr_page(reference.id)

    assert state.is_in_database
    assert (state.title, state.status, state.url) == (entry.title, "Draft", reference.url)
    assert state.values == {
        "Title": "QBR - Acme - Q3 2026",
        "Account": entry.account_id,
        "Quarter": "Q3 2026",
        "Status": "Draft",
        "Health Score": "72",
        "Created Date": "2026-10-01",
        "QBR Key": "qbr-4711",
    }


def test_a_page_that_was_moved_elsewhere_is_told_of(sim, entry):
    adapter = sim.adapter()
    reference, _ = adapter.create_qbr_page(entry, documents.QBR)
    elsewhere = {"type": "data_source_id", "data_source_id": sim.workspace.accounts_data_source_id}
    sim.ask("POST", f"pages/{reference.id}/move", {"parent": elsewhere})

    assert not adapter.read_qbr_page(reference.id).is_in_database
    assert adapter.find_qbr_pages(entry.key) == []


def test_a_page_that_the_integration_does_not_see_is_not_found(sim, entry):
    with pytest.raises(PortError) as failed:
        sim.adapter().read_qbr_page("0" * 32)

    assert failed.value.trouble is Trouble.NOT_FOUND


def test_properties_that_are_to_be_left_are_not_sent(sim, entry):
    adapter = sim.adapter()
    reference, _ = adapter.create_qbr_page(entry, documents.QBR)
    other = replace(entry, account_name="Other", quarter="Q4 2026", health_score=1)

    state = adapter.update_qbr_page(reference.id, other, status="Ready", leave=["Title", "Health Score"])

    assert (state.title, state.status) == ("QBR - Acme - Q3 2026", "Ready")
    assert (state.values["Health Score"], state.values["Quarter"]) == ("72", "Q4 2026")
    assert set(sim.wire.sent[-1].body["properties"]) == {
        "Account",
        "Quarter",
        "Status",
        "Created Date",
        "QBR Key",
    }


def test_ready_is_the_last_write(sim, entry):
    adapter = sim.adapter()
    reference, _ = publish(adapter, entry, documents.QBR)

    adapter.update_qbr_page(reference.id, replace(entry, health_score=40), status="Ready")

    (found,) = adapter.find_qbr_pages(entry.key)
    assert found.status == "Ready"
    assert in_notion(sim, reference.id)["Health Score"] == 40


def test_what_a_person_added_to_the_page_is_seen(sim, entry):
    adapter = sim.adapter()
    reference, block_ids = publish(adapter, entry, documents.QBR)
    paragraph = {
        "type": "paragraph",
        "paragraph": {"rich_text": [{"type": "text", "text": {"content": "Mine"}}]},
    }
    sim.ask("PATCH", f"blocks/{reference.id}/children", {"children": [paragraph]})

    assert adapter.read_qbr_lines(reference.id) == [*documents.QBR.plain_lines(), "Mine"]
    assert len(adapter.qbr_block_ids(reference.id)) == len(block_ids) + 1


def test_a_block_that_is_removed_goes_alone_and_a_second_time_does_no_harm(sim, entry):
    adapter = sim.adapter()
    reference, block_ids = publish(adapter, entry, documents.QBR)

    for _ in range(2):
        adapter.remove_qbr_block(block_ids[3])
    adapter.remove_qbr_block("0" * 32)

    assert adapter.qbr_block_ids(reference.id) == [*block_ids[:3], *block_ids[4:]]
    assert sim.ask("GET", f"blocks/{block_ids[3]}")["in_trash"]


def test_a_body_is_read_with_what_each_block_says_and_without_what_is_left_out(sim, entry):
    adapter = sim.adapter()
    reference, block_ids = publish(adapter, entry, documents.QBR)

    body = adapter.read_qbr_body(reference.id, without=block_ids[:2])

    assert [block.id for block in body.blocks] == block_ids
    assert list(body.lines) == documents.QBR.plain_lines()[2:]
    assert [line for block in body.blocks for line in block.lines] == documents.QBR.plain_lines()
    assert len({block.fingerprint for block in body.blocks}) == len(block_ids)


def test_two_pages_that_read_the_same_have_the_same_fingerprints(sim, entry):
    adapter = sim.adapter()
    first, second = (adapter.create_qbr_page(entry, documents.QBR)[0].id for _ in range(2))

    prints = [[block.fingerprint for block in adapter.read_qbr_body(page).blocks] for page in (first, second)]

    assert prints[0] == prints[1]


def test_how_many_blocks_a_document_becomes_is_known_without_asking(sim, entry):
    adapter = sim.adapter()
    for document in (documents.QBR, documents.of_paragraphs(130), documents.of_tables(2, 250)):
        before = len(sim.wire.sent)
        count = adapter.count_qbr_blocks(document)
        assert len(sim.wire.sent) == before
        _, block_ids = publish(adapter, entry, document)
        assert len(block_ids) == count


def test_a_sub_page_that_a_person_put_there_is_not_read(sim, entry):
    adapter = sim.adapter()
    reference, _ = publish(adapter, entry, documents.QBR)
    inside = {
        "type": "paragraph",
        "paragraph": {"rich_text": [{"type": "text", "text": {"content": "Inside"}}]},
    }
    title = {"title": {"title": [{"type": "text", "text": {"content": "Notes"}}]}}
    parent = {"type": "page_id", "page_id": reference.id}
    sim.ask("POST", "pages", {"parent": parent, "properties": title, "children": [inside]})

    assert adapter.read_qbr_lines(reference.id) == [*documents.QBR.plain_lines(), "[child_page]"]


def test_a_page_that_was_saved_and_denied_is_known_by_its_id(sim, entry):
    sim.fault(status=503, after_commit=True, method="POST", match="/v1/pages")

    with pytest.raises(PortError) as failed:
        sim.adapter().create_qbr_page(entry, documents.QBR)

    assert failed.value.maybe_written
    (found,) = sim.adapter().find_qbr_pages(entry.key)
    assert failed.value.committed_id == found.id


def test_a_page_whose_blocks_could_not_be_listed_is_known_by_its_id(sim, entry):
    sim.fault(status=404, match="/children")

    with pytest.raises(PortError) as failed:
        sim.adapter().create_qbr_page(entry, documents.QBR)

    (found,) = sim.adapter().find_qbr_pages(entry.key)
    assert (failed.value.maybe_written, failed.value.committed_id) == (True, found.id)


def test_an_append_that_lost_its_answer_is_never_made_twice(sim, entry):
    document = documents.of_paragraphs(150)
    adapter = sim.adapter()
    reference, block_ids = adapter.create_qbr_page(entry, document)

    def lose(sent):
        if sent.method == "PATCH":
            raise httpx.ReadTimeout("gone")

    sim.wire.lose = lose
    with pytest.raises(PortError) as failed:
        adapter.append_qbr_body(reference.id, document, after=len(block_ids))

    assert failed.value.maybe_written
    assert len(adapter.qbr_block_ids(reference.id)) == 150


@recorded.needs_recordings
def test_what_is_sent_is_what_the_official_types_allow(sim, entry):
    """The SDK's own types, as a schema, are stricter than the simulator and know nothing of it."""
    publish(sim.adapter(), entry, documents.QBR)
    sim.adapter().query_all_accounts()
    sim.adapter().update_qbr_page(sim.adapter().find_qbr_pages(entry.key)[0].id, entry, status="Ready")
    long = publish(sim.adapter(), replace(entry, key="long"), documents.of_paragraphs(120))
    sim.adapter().remove_qbr_block(long[1][0])

    checked = []
    for sent in sim.wire.sent:
        for method, path, name, where in SCHEMAS:
            if sent.method == method and (found := re.fullmatch(path, sent.path)):
                value = {**sent.body, **({where: found[1]} if where else {})}
                recorded.validator(name).validate({"v": value})
                checked.append(name)

    assert {name: checked.count(name) > 0 for *_, name, _ in SCHEMAS} == {
        name: True for *_, name, _ in SCHEMAS
    }
    assert len(checked) >= 8
    assert [sent.body for sent in sim.wire.sent if sent.method == "DELETE"] == [None]


SCHEMAS = [
    ("POST", r"/v1/pages", "XCreatePageParameters", None),
    ("PATCH", r"/v1/pages/(.+)", "XUpdatePageParameters", "page_id"),
    ("PATCH", r"/v1/blocks/(.+)/children", "XAppendBlockChildrenParameters", "block_id"),
    ("POST", r"/v1/data_sources/(.+)/query", "XQueryDataSourceParameters", "data_source_id"),
]


def test_a_missing_qbr_database_is_told_where_it_is_needed(sim, entry):
    adapter = sim.adapter(qbr_database_id="")

    for call in (adapter.describe_qbrs, lambda: adapter.create_qbr_page(entry, documents.QBR)):
        with pytest.raises(PortError, match="No id of the QBR database is set") as refused:
            call()
        assert refused.value.trouble is Trouble.NOT_CONFIGURED


def test_everything_that_a_qbr_database_lacks_is_told_in_one_sentence(sim, entry):
    properties = {"Name": {"title": {}}, "Quarter": {"select": {}}, "Health Score": {"rich_text": {}},
                  "Account": {"relation": {"data_source_id": sim.workspace.accounts_data_source_id, "single_property": {}}}}  # fmt: skip
    bare, _ = seed.create_database(sim.store, sim.workspace.bot_id, title="Reviews", properties=properties)

    with pytest.raises(PortError) as refused:
        sim.adapter(qbr_database_id=bare).create_qbr_page(entry, documents.QBR)

    assert refused.value.trouble is Trouble.NOT_CONFIGURED
    assert str(refused.value) == (
        "The QBR database “Reviews” cannot take a QBR: it has no property “Status” (select), “Created Date” (date) and "
        "“QBR Key” (text); its property “Health Score” is of type text where number is needed. "
        "An admin puts this right on the portal's Notion page."
    )


def test_a_relation_that_leads_elsewhere_is_told(sim, entry):
    _, elsewhere = seed.create_database(
        sim.store, sim.workspace.bot_id, title="Other", properties={"Name": {"title": {}}}
    )
    change = {"properties": {"Account": {"relation": {"data_source_id": elsewhere, "single_property": {}}}}}
    sim.ask("PATCH", f"data_sources/{sim.workspace.qbr_data_source_id}", change)

    with pytest.raises(PortError, match="its relation “Account” does not lead to the accounts database"):
        sim.adapter().create_qbr_page(entry, documents.QBR)


def test_the_title_of_the_qbr_database_may_have_any_name(sim, entry):
    sim.ask(
        "PATCH",
        f"data_sources/{sim.workspace.qbr_data_source_id}",
        {"properties": {"title": {"name": "Titel"}}},
    )

    reference, _ = sim.adapter().create_qbr_page(entry, documents.QBR)

    assert in_notion(sim, reference.id)["Titel"][0]["plain_text"] == entry.title


def test_an_account_name_beyond_one_text_item_is_no_trouble(sim, entry):
    adapter = sim.adapter()
    long_name = replace(entry, account_name="A😀" * 1_500)

    reference, _ = adapter.create_qbr_page(long_name, documents.QBR)

    assert adapter.find_qbr_pages(entry.key)[0].id == reference.id


def test_a_qbr_of_the_bulk_is_paged_when_its_key_is_looked_for(sim, entry):
    rows = [{"QBR Key": "qbr-4711"} for _ in range(130)]
    filling.add_rows(sim.store, sim.workspace.qbr_data_source_id, rows)

    assert len(sim.adapter().find_qbr_pages("qbr-4711")) == 130


def test_a_small_body_costs_few_requests(sim, entry):
    adapter = sim.adapter()
    adapter.find_qbr_pages(entry.key)
    before = adapter.usage.requests

    adapter.create_qbr_page(entry, Document(title="", blocks=(Paragraph(spans=(Span(text="x"),)),)))

    # The page and the ids of its blocks; the schema is known by then.
    assert adapter.usage.requests - before == 2
