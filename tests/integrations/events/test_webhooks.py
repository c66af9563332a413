"""Events as signed webhooks (Standard Webhooks), and where they are never posted (CHECK 37)."""

import ipaddress
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from csm_portal.integrations.events.webhooks import SignedWebhooks
from csm_portal.ports import outbound
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.events import AgentEvent, BusConfig, EventType, Priority
from tests.google import LocalGoogle, local_google

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = AgentEvent(
    key="7c9e6679-7425-40de-944b-e07fc1f90ae7",
    type=EventType.AGENT_HEALTH,
    priority=Priority.HIGH,
    source="csm_agent",
    happened_at=datetime(2026, 5, 14, 9, 30, tzinfo=UTC),
    data={"account_id": "a", "score": 31, "name": "Größe"},
)


@pytest.fixture
def google(tmp_path: Path) -> Iterator[LocalGoogle]:
    with local_google(tmp_path) as served:
        yield served


def bus(url: str, **options: object) -> SignedWebhooks:
    return SignedWebhooks(BusConfig(url=url, secret=SECRET, allows_local=True), **options)


def test_the_published_vector_of_the_standard() -> None:
    moment = datetime.fromtimestamp(1614265330, tz=UTC)

    signed = Webhook(SECRET).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", moment, '{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_that_follows_the_standard_verifies_what_came(google: LocalGoogle) -> None:
    bus(f"{google.address}/receiver/events?tenant=1").publish(EVENT)

    (row,) = google.look("events")
    headers = json.loads(row["headers"])
    told = Webhook(SECRET).verify(row["body"], headers)
    assert AgentEvent.from_json(told) == EVENT
    assert (headers["webhook-id"], headers["host"]) == (EVENT.key, google.address.removeprefix("http://"))
    assert set(told) == {"id", "type", "priority", "source", "timestamp", "data"}


@pytest.mark.parametrize(
    ("fault", "is_permanent", "is_doubtful"),
    [
        ({"status": 503}, False, True),
        ({"status": 429, "retry_after": 30}, False, False),
        ({"status": 404}, False, False),
        ({"status": 410}, True, False),
        ({"drop": True}, False, True),
    ],
)
def test_what_a_refusal_means(
    google: LocalGoogle, fault: dict[str, object], is_permanent: bool, is_doubtful: bool
) -> None:
    google.lay(match="/receiver", **fault)

    with pytest.raises(PortError) as caught:
        bus(f"{google.address}/receiver").publish(EVENT)

    assert (caught.value.permanent, caught.value.maybe_written) == (is_permanent, is_doubtful)
    assert caught.value.retry_after == fault.get("retry_after")


REFUSED = [
    "",
    "http://hooks.example.com/x",
    "https://localhost/x",
    "https://portal.localhost/x",
    "https://127.0.0.1/x",
    "https://[::1]/x",
    "https://169.254.169.254/latest/meta-data",
    "https://metadata.google.internal/x",
    "https://2130706433/x",
    "https://0x7f000001/x",
    "https://0177.0.0.1/x",
    "https://127.1/x",
    "https://printer.local/x",
    "https://intranet/x",
    "https://user:secret@hooks.example.com/x",
    "https://hooks.example.com:99999/x",
    "https:///x",
    "ftp://hooks.example.com/x",
    "file:///etc/passwd",
    "gopher://hooks.example.com/x",
    "javascript:alert(1)",
    "//hooks.example.com/x",
    "hooks.example.com/x",
    "https://hooks.example.com/a b",
    "",
][1:-1]


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_leads_nowhere_good_is_refused_when_it_is_typed(url: str) -> None:
    with pytest.raises(outbound.Refused):
        outbound.host_and_port(url, allows_local=False)


PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.9", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
    "2002:0a00:0001::", "64:ff9b::7f00:1",
    str(ipaddress.IPv4Address(0)),
]  # fmt: skip


@pytest.mark.parametrize("url", ["http://10.0.0.1/x", "http://printer.local/x", "https://169.254.169.254/x"])
def test_what_is_allowed_for_tests_is_this_machine_alone(url: str) -> None:
    assert outbound.host_and_port("http://127.0.0.1:8001/x", allows_local=True) == ("127.0.0.1", 8001)
    with pytest.raises(outbound.Refused):
        outbound.host_and_port(url, allows_local=True)
    with pytest.raises(PortError, match="private network"):
        bus("https://hooks.example.com/x", resolve=lambda host, port: ["10.0.0.1"]).publish(EVENT)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_into_a_private_network_is_never_connected_to(address: str) -> None:
    posted = SignedWebhooks(
        BusConfig(url="https://hooks.example.com/x", secret=SECRET),
        # A public answer beside it does not help: whoever connects may get either.
        resolve=lambda host, port: ["93.184.216.34", address],
    )

    with pytest.raises(PortError, match="private network") as caught:
        posted.publish(EVENT)

    assert caught.value.permanent


def test_the_connection_goes_to_the_address_that_was_looked_at(google: LocalGoogle) -> None:
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    port = google.address.rsplit(":", 1)[1]
    bus(f"http://hooks.example.com:{port}/receiver", resolve=resolve).publish(EVENT)

    assert asked == ["hooks.example.com"]
    assert len(google.look("events")) == 1


def test_a_redirect_is_followed_nowhere(google: LocalGoogle) -> None:
    google.lay(match="/receiver", status=302)

    with pytest.raises(PortError, match="follows nobody") as caught:
        bus(f"{google.address}/receiver").publish(EVENT)

    assert caught.value.permanent
    assert len(google.look("requests")) == 1


def test_a_secret_that_is_none_says_so(google: LocalGoogle) -> None:
    with pytest.raises(PortError) as caught:
        SignedWebhooks(
            BusConfig(url=f"{google.address}/receiver", secret="whsec_", allows_local=True)
        ).publish(EVENT)

    assert caught.value.trouble is Trouble.NOT_CONFIGURED
