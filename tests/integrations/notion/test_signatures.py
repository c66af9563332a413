"""The signature on what Notion posts, the hand-shake, and the events: told apart byte by byte, read tolerantly."""

import json
import random
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_portal.integrations.notion import signatures
from csm_portal.integrations.notion.events import NotionHooks
from csm_portal.ports.hooks import About, Unreadable
from csm_portal.simulators.notion import webhooks as simulated

KEY = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"
PAGE = "153104cd-477e-809d-8dc4-ff2d96ae3090"
SOURCE = "2a5104cd-477e-8021-9b3c-000b1e2d4c5f"
PERSON = "c7c11cca-1d73-471d-9b6e-bdef51470190"


def event(**fields: Any) -> dict[str, Any]:
    return {
        "id": "367cba44-b6f3-4c92-81e7-6a2e9659efd4",
        "timestamp": "2026-11-22T09:30:15.123Z",
        "workspace_id": str(uuid.uuid4()),
        "workspace_name": "Northwind",
        "subscription_id": str(uuid.uuid4()),
        "integration_id": str(uuid.uuid4()),
        "authors": [{"id": PERSON, "type": "person"}],
        "attempt_number": 1,
        "api_version": "2026-03-11",
        "entity": {"id": PAGE, "type": "page"},
        "type": "page.properties_updated",
        "data": {
            "parent": {"id": str(uuid.uuid4()), "type": "database", "data_source_id": SOURCE},
            "updated_properties": ["XGe%40", "title"],
        },
        **fields,
    }


def body(**fields: Any) -> bytes:
    return json.dumps(event(**fields)).encode()


def test_what_the_simulator_signs_is_authentic() -> None:
    sent = body()

    assert signatures.sign(sent, key=KEY) == simulated.sign(sent, verification_token=KEY)
    assert NotionHooks().is_authentic(sent, signature=simulated.sign(sent, verification_token=KEY), key=KEY)


def test_a_change_of_any_byte_is_noticed() -> None:
    sent = body()
    signature = signatures.sign(sent, key=KEY)
    source = random.Random(38)

    for place in source.sample(range(len(sent)), 100):
        tampered = bytearray(sent)
        tampered[place] ^= 1 << source.randrange(8)
        assert not signatures.is_valid(bytes(tampered), signature=signature, key=KEY)
    assert not signatures.is_valid(sent + b" ", signature=signature, key=KEY)
    assert not signatures.is_valid(sent[:-1], signature=signature, key=KEY)


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha256", "sha1=00", "é", "\udcff", "sha256=" + "0" * 64, "sha256=" + "0" * 100_000],
)
def test_no_signature_that_is_none_is_taken_for_one(signature: str) -> None:
    assert not signatures.is_valid(body(), signature=signature, key=KEY)


def test_the_bare_digest_and_another_key_are_refused() -> None:
    sent = body()
    signature = signatures.sign(sent, key=KEY)

    assert not signatures.is_valid(sent, signature=signature.removeprefix("sha256="), key=KEY)
    assert not signatures.is_valid(sent, signature=signature, key=KEY + "x")
    assert not signatures.is_valid(sent, signature=signatures.sign(sent, key=""), key="")


@given(st.binary(max_size=200), st.text(max_size=80))
def test_strange_bodies_and_signatures_are_refused_and_break_nothing(sent: bytes, signature: str) -> None:
    assert not signatures.is_valid(sent, signature=signature, key=KEY)
    assert signatures.handshake(sent) is None


def test_the_hand_shake_hands_over_its_token() -> None:
    assert signatures.handshake(json.dumps({"verification_token": KEY}).encode()) == KEY


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b"null",
        b'"verification_token"',
        b"{}",
        b"[" * 100_000,
        b'{"verification_token": null}',
        b'{"verification_token": ""}',
        b'{"verification_token": "two words"}',
        b'{"verification_token": "caf\xc3\xa9"}',
        b'{"verification_token": ["secret"]}',
        json.dumps({"verification_token": "x" * 301}).encode(),
        json.dumps({**event(), "verification_token": KEY}).encode(),
    ],
)
def test_nothing_else_is_a_hand_shake(sent: bytes) -> None:
    assert signatures.handshake(sent) is None


def test_an_event_of_a_page_says_where_to_look() -> None:
    change = NotionHooks().read(body())

    assert (change.event_id, change.type) == (event()["id"], "page.properties_updated")
    assert (change.about, change.page_id, change.source_id) == (About.PAGE, PAGE, SOURCE)
    assert (change.author_id, change.property_ids) == (PERSON, ("XGe%40", "title"))
    assert change.happened_at == datetime(2026, 11, 22, 9, 30, 15, 123000, tzinfo=UTC)


def test_ids_come_hyphenated_however_they_were_sent() -> None:
    change = NotionHooks().read(body(entity={"id": PAGE.replace("-", "").upper(), "type": "page"}))

    assert change.page_id == PAGE


def test_several_authors_are_nobody_in_particular() -> None:
    authors = [{"id": PERSON, "type": "person"}, {"id": str(uuid.uuid4()), "type": "bot"}]

    assert NotionHooks().read(body(authors=authors)).author_id == ""


def test_an_event_of_a_schema_names_the_data_source() -> None:
    change = NotionHooks().read(
        body(
            type="data_source.schema_updated",
            entity={"id": SOURCE, "type": "data_source"},
            data={
                "parent": {"id": PAGE, "type": "page"},
                "updated_properties": [{"id": "a", "action": "deleted"}],
            },
        )
    )

    assert (change.about, change.page_id, change.source_id, change.property_ids) == (
        About.SCHEMA,
        "",
        SOURCE,
        (),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "comment.created"},
        {"type": "page.turned_upside_down"},
        {"type": "page.created", "entity": None},
        {"type": "page.created", "entity": {"id": "no id", "type": "page"}},
    ],
)
def test_what_is_not_known_is_about_nothing(fields: dict[str, Any]) -> None:
    change = NotionHooks().read(body(**fields))

    assert (change.about, change.page_id, change.source_id) == (About.OTHER, "", "")


def test_what_notion_adds_or_leaves_out_is_borne() -> None:
    sent = event(data={"parent": {"id": PAGE, "type": "agent", "data_source_id": None}, "new": [1]}, extra={})
    del sent["authors"], sent["attempt_number"], sent["workspace_name"]

    change = NotionHooks().read(json.dumps(sent).encode())

    assert (change.about, change.source_id, change.author_id) == (About.PAGE, "", "")


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        (b"", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b"{}", "“id”, “timestamp”, “type”"),
        (body(id=""), "“id”"),
        (body(id="x" * 65), "“id”"),
        (body(timestamp="yesterday"), "“timestamp”"),
        (body(type=7), "“type”"),
    ],
)
def test_a_body_that_is_no_event_is_named_without_its_values(sent: bytes, named: str) -> None:
    with pytest.raises(Unreadable) as raised:
        NotionHooks().read(sent)

    assert named in str(raised.value)
    assert "yesterday" not in str(raised.value)
