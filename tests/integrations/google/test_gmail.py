"""Gmail drafts through Google's own client library, against a local server (SPEC P2, 4.2)."""

import email
import email.policy
import re
from pathlib import Path

import httpx
import pytest

from csm_portal.env import BASE_DIR
from csm_portal.integrations.google import calls
from csm_portal.integrations.google.gmail import SCOPE, GmailDrafts, drafts_alone
from csm_portal.ports import mime
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.mail import Address, Draft
from csm_portal.simulators.google import tokens
from tests.google import MAILBOX, LocalGoogle

DRAFT = Draft(
    key="0b0f4f1e-7a53-4a86-9b0e-5e3a6f1f9c11",
    to=(
        Address(email="zoe@example.com", name="Zoë Ünal, “CTO”"),
        Address(email="li@example.com", name="李雷"),
    ),
    subject="Größe & Ziele: Q3 – what changed\r\nBcc: everybody@example.com",
    text="Hello Zoë,\n\nlogins fell by 45 %.\n",
    html="<p>Hello Zoë,</p><p>logins fell by 45 %.</p>",
)


def mailer(google: LocalGoogle, **changes: object) -> GmailDrafts:
    return GmailDrafts(google.mail(**changes), sleep=lambda seconds: None)


def test_a_draft_lies_in_the_mailbox_as_a_well_formed_message(google: LocalGoogle) -> None:
    identifier = mailer(google).draft(DRAFT)

    (row,) = google.look("drafts")
    assert (row["id"], row["mailbox"]) == (identifier, MAILBOX)
    raw = row["raw"].encode()
    head = raw.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert [(one.display_name, one.addr_spec) for one in parsed["To"].addresses] == [
        ("Zoë Ünal, “CTO”", "zoe@example.com"),
        ("李雷", "li@example.com"),
    ]
    assert parsed["Subject"] == "Größe & Ziele: Q3 – what changed Bcc: everybody@example.com"
    assert parsed["Bcc"] is None
    assert parsed["Message-ID"] == mime.message_id(DRAFT.key)
    assert not parsed.defects
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().replace("\r\n", "\n").rstrip("\n") for part in parsed.iter_parts()] == [
        DRAFT.text.rstrip("\n"),
        DRAFT.html,
    ]


def test_the_same_draft_is_the_same_bytes_each_time() -> None:
    assert mime.as_bytes(DRAFT) == mime.as_bytes(Draft.from_json(DRAFT.to_json()))


def test_a_draft_is_found_by_its_message_id(google: LocalGoogle) -> None:
    mail = mailer(google)
    assert mail.find(DRAFT.key) is None
    identifier = mail.draft(DRAFT)

    assert mail.find(DRAFT.key) == identifier


def test_a_draft_whose_message_id_gmail_replaced_is_found_by_its_own_header(google: LocalGoogle) -> None:
    mail = mailer(google)
    identifier = mail.draft(DRAFT)
    with google.app.store.writing() as db:
        db.execute("UPDATE drafts SET message_id = '<CAFx@mail.gmail.com>'")

    assert mail.find(DRAFT.key) == identifier
    assert mail.find("another-key") is None


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 503}, {"status": 500}])
def test_an_answer_that_leaves_it_open_says_so_and_the_draft_is_found(
    google: LocalGoogle, fault: dict[str, object]
) -> None:
    google.lay(match="POST /gmail", after_commit=True, **fault)

    with pytest.raises(PortError) as caught:
        mailer(google).draft(DRAFT)

    assert caught.value.maybe_written
    assert not caught.value.permanent
    assert mailer(google).find(DRAFT.key) is not None
    assert len(google.look("drafts")) == 1


def test_a_limit_is_told_with_its_wait_and_nothing_is_in_doubt(google: LocalGoogle) -> None:
    google.lay(match="POST /gmail", status=429, retry_after=17)
    google.lay(match="POST /gmail", status=403, reason="userRateLimitExceeded")

    for wait in (17.0, None):
        with pytest.raises(PortError) as caught:
            mailer(google).draft(DRAFT)
        assert caught.value.trouble is Trouble.RATE_LIMITED
        assert (caught.value.retry_after, caught.value.maybe_written) == (wait, False)


def test_a_revoked_connection_is_not_tried_again(google: LocalGoogle) -> None:
    with pytest.raises(PortError) as caught:
        mailer(google, refresh_token=tokens.refresh_token(MAILBOX) + ".revoked").draft(DRAFT)

    assert caught.value.permanent
    assert "Connect it again" in str(caught.value)


def test_a_connection_without_the_right_to_draft_says_what_is_missing(google: LocalGoogle) -> None:
    read_only = tokens.refresh_token(MAILBOX, scope="https://www.googleapis.com/auth/gmail.readonly")

    with pytest.raises(PortError, match="was not given the right"):
        mailer(google, refresh_token=read_only).draft(DRAFT)


def test_a_service_account_speaks_for_a_person_and_asks_google_alone_for_its_token(
    google: LocalGoogle,
) -> None:
    mail = mailer(google, service_account=google.service_account(), refresh_token="")

    mail.draft(DRAFT)

    # The key file names an address of the metadata service; it is never asked.
    assert google.look("drafts")[0]["mailbox"] == MAILBOX


def test_a_service_account_that_google_does_not_know_is_refused(google: LocalGoogle) -> None:
    key = google.service_account(is_known=False)

    with pytest.raises(PortError) as caught:
        mailer(google, service_account=key, refresh_token="").draft(DRAFT)

    assert caught.value.trouble is Trouble.UNAUTHORIZED


def test_a_key_file_that_is_none_says_so(google: LocalGoogle) -> None:
    with pytest.raises(PortError, match="JSON key"):
        mailer(google, service_account={"client_email": "x"}, refresh_token="").check()


# --- SPEC P2: nothing is ever sent ------------------------------------------------------------------------------------

SENDING = re.compile(r"/send\b|/upload/|/messages(/|$)|/import\b")


def test_nothing_that_the_adapter_can_do_asks_for_a_way_to_send(google: LocalGoogle) -> None:
    mail = mailer(google)
    methods = [name for name in dir(mail) if not name.startswith("_")]
    assert methods == ["check", "draft", "find"]

    mail.check()
    mail.draft(DRAFT)
    mail.find(DRAFT.key)
    mail.find("nothing")
    google.lay(match="POST /gmail", drop=True, after_commit=True)
    with pytest.raises(PortError):
        mail.draft(DRAFT)
    mail.find(DRAFT.key)

    asked = [(row["method"], row["path"]) for row in google.look("requests")]
    assert len(asked) > 6
    assert not [path for _, path in asked if SENDING.search(path)]
    assert {path for method, path in asked if method == "POST"} == {"/token", "/gmail/v1/users/me/drafts"}
    assert google.look("sent") == []


@pytest.mark.parametrize(
    "path",
    [
        "/gmail/v1/users/me/messages/send",
        "/gmail/v1/users/me/drafts/send",
        "/upload/gmail/v1/users/me/messages/send",
        "/resumable/upload/gmail/v1/users/me/drafts/send",
    ],
)
def test_the_local_server_does_send_so_that_the_test_above_could_fail(google: LocalGoogle, path: str) -> None:
    token = httpx.post(
        f"{google.address}/token",
        data={"grant_type": "refresh_token", "refresh_token": tokens.refresh_token(MAILBOX)},
    )
    answer = httpx.post(
        f"{google.address}{path}",
        json={"raw": "SGVsbG8="},
        headers={"Authorization": f"Bearer {token.json()['access_token']}"},
    )

    assert answer.status_code == 200
    assert [row["path"] for row in google.look("sent")] == [path]


def test_the_guard_stops_every_way_to_send_before_the_wire(google: LocalGoogle) -> None:
    config = google.mail()
    http = calls.guarded(drafts_alone(config))
    base = f"{config.endpoint}/gmail/v1/users"
    off = [
        ("POST", f"{base}/me/drafts/send"),
        ("POST", f"{base}/me/drafts/send?alt=json"),
        ("GET", f"{base}/me/drafts/../messages/send"),
        ("POST", f"{base}/me/drafts/"),
        ("POST", f"{base}/me/drafts/x"),
        ("PUT", f"{base}/me/drafts/x"),
        ("DELETE", f"{base}/me/drafts/x"),
        ("POST", f"{base}/me/messages/send"),
        ("POST", f"{base}/me/messages"),
        ("POST", f"{base}/me/messages/import"),
        ("GET", f"{base}/me/messages"),
        ("POST", f"{base}/bob@northwind.example/drafts"),
        ("POST", f"{config.endpoint}/upload/gmail/v1/users/me/drafts"),
        ("POST", f"{config.endpoint}/batch"),
        ("POST", "https://example.com/gmail/v1/users/me/drafts"),
        ("GET", config.token_url),
    ]

    for method, address in off:
        with pytest.raises(calls.OffTheList):
            http.request(address, method)

    assert google.look("requests") == []


def test_no_code_of_the_portal_names_a_way_to_send() -> None:
    named = re.compile(
        r"\.send\(userId|drafts\(\)\.send|messages\(\)\.send|drafts/send|messages/send|gmail\.send|smtplib|(?<!def )send_mail\(|EmailMultiAlternatives"
    )
    files = [
        path
        for folder in ("csm_portal", "accounts", "qbr")
        for path in (BASE_DIR / folder).rglob("*.py")
        # The local server has to know them, so that a test can tell that they were not used.
        if "simulators" not in path.parts
    ]

    assert len(files) > 150
    assert [str(path.relative_to(BASE_DIR)) for path in files if named.search(Path(path).read_text())] == []


def test_the_only_scope_is_the_narrowest_that_may_draft() -> None:
    scopes = {
        found
        for path in (BASE_DIR / "csm_portal" / "integrations").rglob("*.py")
        for found in re.findall(
            r"https://www\.googleapis\.com/auth/gmail[\w.]*|https://mail\.google\.com/", path.read_text()
        )
    }

    assert scopes == {SCOPE}
