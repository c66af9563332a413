"""Google Chat by an app and by an incoming webhook, against a local server (SPEC 4.2)."""

import uuid

import pytest

from csm_portal.integrations.google.chat import GoogleChat
from csm_portal.ports.chat import ChatMessage, ChatMode
from csm_portal.ports.errors import PortError, Trouble
from tests.google import SPACE, LocalGoogle

MESSAGE = ChatMessage(key=str(uuid.UUID(int=7)), text="*Acme* is at risk – 李雷", thread="account-7")


def chat(google: LocalGoogle, mode: ChatMode = ChatMode.WEBHOOK, **changes: object) -> GoogleChat:
    if mode is ChatMode.API:
        changes.setdefault("service_account", google.service_account())
    return GoogleChat(google.chat(mode, **changes), sleep=lambda seconds: None)


@pytest.mark.parametrize("mode", [ChatMode.WEBHOOK, ChatMode.API])
def test_a_message_stands_in_the_space_in_its_thread(google: LocalGoogle, mode: ChatMode) -> None:
    name = chat(google, mode).post(MESSAGE)

    (row,) = google.look("messages")
    assert (row["name"], row["space"], row["text"]) == (name, SPACE, MESSAGE.text)
    assert row["thread"] == f"{SPACE}/threads/account-7"
    assert row["request_id"] == MESSAGE.key


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 503}])
def test_by_an_app_a_doubtful_answer_is_asked_for_again_and_leaves_one_message(
    google: LocalGoogle, fault: dict[str, object]
) -> None:
    google.lay(match="POST /v1/spaces", after_commit=True, **fault)

    name = chat(google, ChatMode.API).post(MESSAGE)

    assert [row["name"] for row in google.look("messages")] == [name]


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 503}])
def test_by_a_webhook_a_doubtful_answer_is_told_as_one(google: LocalGoogle, fault: dict[str, object]) -> None:
    google.lay(match="POST /v1/spaces", after_commit=True, **fault)

    with pytest.raises(PortError) as caught:
        chat(google).post(MESSAGE)

    assert caught.value.maybe_written
    assert not chat(google).is_exact


def test_a_limit_is_told_with_its_wait(google: LocalGoogle) -> None:
    google.lay(match="POST /v1/spaces", status=429, retry_after=9)

    with pytest.raises(PortError) as caught:
        chat(google).post(MESSAGE)

    assert (caught.value.trouble, caught.value.retry_after) == (Trouble.RATE_LIMITED, 9.0)
    assert not caught.value.maybe_written


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/v1/spaces/AAAA/messages?key=a&token=b",
        "{address}/v1/spaces/AAAA/members?key=a&token=b",
        "{address}@example.com/v1/spaces/AAAA/messages?key=a&token=b",
        "{address}/v1/spaces/../spaces/AAAA/messages?key=a&token=b",
        "{address}/v1/spaces/AAAA/messages?key=a",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_is_no_webhook_of_google_chat_is_never_asked(google: LocalGoogle, url: str) -> None:
    with pytest.raises(PortError) as caught:
        chat(google, webhook_url=url.format(address=google.address)).post(MESSAGE)

    assert caught.value.trouble is Trouble.NOT_CONFIGURED
    assert google.look("requests") == []


def test_a_webhook_that_was_deleted_is_not_tried_again(google: LocalGoogle) -> None:
    gone = google.chat().webhook_url.replace("sim-token", "another")

    with pytest.raises(PortError) as caught:
        chat(google, webhook_url=gone).post(MESSAGE)

    assert caught.value.permanent
    assert "another" not in str(caught.value)
