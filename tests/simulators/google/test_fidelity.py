"""The local Gmail and Chat against Google's own description of both, which comes with its client library."""

import json
from typing import Any

import pytest
from googleapiclient.discovery_cache import get_static_doc

from csm_portal.simulators.google import tokens


def described(name: str, *path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get_static_doc(name, "v1"))
    for step in path[:-1]:
        found = found["resources"][step]
    return found["methods"][path[-1]]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("method", "verb", "path"),
    [
        ("create", "POST", "gmail/v1/users/{userId}/drafts"),
        ("list", "GET", "gmail/v1/users/{userId}/drafts"),
        ("get", "GET", "gmail/v1/users/{userId}/drafts/{id}"),
        ("send", "POST", "gmail/v1/users/{userId}/drafts/send"),
    ],
)
def test_drafts_are_where_google_has_them_and_the_one_scope_is_enough(
    method: str, verb: str, path: str
) -> None:
    found = described("gmail", "users", "drafts", method)

    assert (found["httpMethod"], found["path"]) == (verb, path)
    # It would allow sending too: that is why the adapter has a guard (SPEC P2).
    assert tokens.GMAIL_COMPOSE in found["scopes"]


def test_drafts_can_be_searched() -> None:
    assert {"q", "maxResults"} <= set(described("gmail", "users", "drafts", "list")["parameters"])


def test_messages_are_where_google_has_them_and_take_a_request_id() -> None:
    found = described("chat", "spaces", "messages", "create")

    assert (found["httpMethod"], found["path"]) == ("POST", "v1/{+parent}/messages")
    assert {"requestId", "messageReplyOption", "messageId"} <= set(found["parameters"])
    assert tokens.CHAT_BOT in found["scopes"]
    assert "makes the request idempotent" in found["parameters"]["requestId"]["description"]
