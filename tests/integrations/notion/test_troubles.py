"""Limits, outages and answers that are none (SPEC 2.4)."""

import itertools
import threading

import httpx
import pytest

from csm_portal.integrations.notion import client as notion
from csm_portal.integrations.notion.pacing import Pacer
from csm_portal.ports.errors import PortError, Trouble
from tests.integrations.notion.conftest import BASE_URL


def failure(call):
    with pytest.raises(PortError) as failed:
        call()
    assert str(failed.value).endswith(".")
    return failed.value


def test_a_rate_limit_is_waited_for_in_full_and_then_forgotten(sim):
    sim.fault(status=429, retry_after=90)
    adapter = sim.adapter()

    assert adapter.check_access() == "CSM Portal"

    assert 90 <= sum(sim.time.slept) <= 91
    assert adapter.usage.requests == 2
    assert adapter.usage.waited_seconds == pytest.approx(sum(sim.time.slept))


def test_no_request_leaves_before_a_rate_limit_is_over(sim):
    sim.fault(status=429, retry_after=30, times=3)
    leaving = []
    sim.wire.refuse = lambda sent: leaving.append(sim.time.now())

    sim.adapter().check_access()

    assert len(leaving) == 4
    assert all(later - earlier >= 30 for earlier, later in itertools.pairwise(leaving))


def test_a_rate_limit_without_a_time_is_waited_for_with_growing_steps(sim):
    sim.fault(status=429, times=4)

    sim.adapter().check_access()

    assert len(sim.time.slept) == 4
    assert sim.time.slept[3] > sim.time.slept[0]


def test_a_wait_that_is_too_long_is_handed_on_and_holds_for_the_next_call(sim):
    sim.fault(status=429, retry_after=3600)
    client = sim.client()

    error = failure(lambda: client.read("users/me", what="the integration"))

    assert (error.trouble, error.permanent, error.retry_after) == (Trouble.RATE_LIMITED, False, 3600)
    assert sim.time.slept == []
    again = failure(lambda: client.read("users/me", what="the integration"))
    assert (again.trouble, len(sim.wire.sent)) == (Trouble.RATE_LIMITED, 1)
    sim.time.sleep(3600)
    client.read("users/me", what="the integration")


def test_a_rate_limit_without_a_time_holds_everybody_a_little(sim):
    sim.fault(status=429)
    held = []

    class Gate(Pacer):
        def hold(self, seconds):
            held.append(seconds)

    client = sim.client(gate=Gate(100_000, clock=sim.time.now, sleep=sim.time.sleep))
    client.read("users/me", what="the integration")

    assert held == sim.time.slept
    assert 0.5 <= held[0] <= 1


def test_a_header_that_asks_for_years_does_not_shut_the_portal_out_for_good(sim):
    sim.fault(status=429, retry_after=10_000_000)

    assert failure(sim.adapter().check_access).retry_after == 86_400


def test_a_gate_that_cannot_be_held_does_not_hide_what_was_written(sim):
    sim.fault(status=503, retry_after=5, after_commit=True, method="POST", match="/v1/pages")

    class Gate(Pacer):
        def hold(self, seconds):
            raise PortError("The database is away.", trouble=Trouble.UNAVAILABLE, permanent=False)

    client = sim.client(gate=Gate(100_000, clock=sim.time.now, sleep=sim.time.sleep))
    error = failure(lambda: write(sim, client))

    assert error.maybe_written
    assert len(sim.wire.sent) == 1


def test_threads_that_share_a_client_count_every_request(sim):
    client = sim.client()

    def ask():
        for _ in range(10):
            client.read("users/me", what="the integration")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (client.usage.requests, client.usage.waiting) == (40, 0)


def test_who_waits_can_be_seen_waiting(sim):
    sim.fault(status=429, retry_after=5)
    client, seen = sim.client(), []
    client._sleep = lambda seconds: seen.append(client.usage.waiting)

    client.read("users/me", what="the integration")

    assert seen == [1]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529])
def test_a_read_is_made_again_while_notion_is_away(sim, status):
    sim.add({"name": "Acme"})
    sim.fault(status=status, times=2, match="/query")

    assert len(sim.adapter().query_all_accounts()) == 1
    assert len(sim.time.slept) == 2


def test_a_read_gives_up_in_the_end_and_says_so(sim):
    sim.fault(status=503, times=99)

    error = failure(sim.adapter().check_access)

    assert (error.trouble, error.permanent, error.maybe_written) == (Trouble.UNAVAILABLE, False, False)
    assert "it answered 503 for the integration" in str(error)
    assert len(sim.wire.sent) == 6


@pytest.mark.parametrize(
    "lost", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.ConnectError]
)
def test_a_read_is_made_again_after_a_lost_connection(sim, lost):
    losses = [lost("gone"), lost("gone")]

    def lose(sent):
        if losses:
            raise losses.pop()

    sim.wire.lose = lose

    assert sim.adapter().check_access() == "CSM Portal"
    assert len(sim.wire.sent) == 3


def write(sim, client=None):
    return (client or sim.client()).write(
        "POST",
        "pages",
        what="the QBR database",
        body={
            "parent": {"type": "data_source_id", "data_source_id": sim.workspace.accounts_data_source_id},
            "properties": {"Account": {"title": [{"type": "text", "text": {"content": "New"}}]}},
        },
    )


def test_a_write_is_made_again_after_a_rate_limit(sim):
    sim.fault(status=429, retry_after=5, times=2)

    write(sim)

    assert len(sim.wire.sent) == 3
    assert len(sim.adapter().query_all_accounts()) == 1


@pytest.mark.parametrize("unsent", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_write_is_made_again_where_it_never_left(sim, unsent):
    refusals = [unsent("refused")]

    def refuse(sent):
        if refusals:
            raise refusals.pop()

    sim.wire.refuse = refuse

    write(sim)

    assert len(sim.adapter().query_all_accounts()) == 1


@pytest.mark.parametrize(
    "lost", [httpx.ReadTimeout, httpx.WriteError, httpx.RemoteProtocolError, httpx.ReadError]
)
def test_a_write_is_not_made_again_where_it_may_have_arrived(sim, lost):
    def lose(sent):
        raise lost("gone")

    sim.wire.lose = lose

    error = failure(lambda: write(sim))

    assert (error.maybe_written, error.permanent) == (True, False)
    sim.wire.lose = lambda sent: None
    assert len(sim.adapter().query_all_accounts()) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529])
def test_a_write_that_notion_saved_and_denied_is_told_with_what_it_saved(sim, status):
    sim.fault(status=status, after_commit=True, method="POST", match="/v1/pages")

    error = failure(lambda: write(sim))

    (record,) = sim.adapter().query_all_accounts()
    assert error.maybe_written
    assert error.committed_id == record.id


def test_a_write_that_notion_refused_wrote_nothing(sim):
    client = sim.client()
    body = {"parent": {"type": "data_source_id", "data_source_id": sim.workspace.accounts_data_source_id},
            "properties": {"Shoe size": {"number": 1}}}  # fmt: skip

    error = failure(lambda: client.write("POST", "pages", what="the QBR database", body=body))

    assert (error.trouble, error.permanent, error.maybe_written) == (Trouble.INVALID, True, False)
    assert "Shoe size" in str(error)
    assert len(sim.wire.sent) == 1


def test_an_answer_without_a_json_in_it_is_told_for_what_it_is(sim):
    sim.fault(raw="<html>Sign in to the hotel's network</html>", times=99)

    error = failure(sim.adapter().check_access)

    assert error.trouble is Trouble.BAD_ANSWER
    assert str(error).startswith("What answered for the integration is not Notion's API.")


@pytest.mark.parametrize("raw", ["[]", "null", "7", '"text"', "{}", '{"results": 7}', '{"results": [{"object": "page", "id": "x", "properties": {}}]}'])  # fmt: skip
def test_json_that_is_not_notions_is_told_for_what_it_is(sim, raw):
    adapter = sim.adapter()
    mapping = adapter.default_mapping(adapter.describe_accounts())
    sim.fault(raw=raw, match="/query", times=99)

    assert failure(lambda: list(adapter.scan_accounts(mapping))).trouble is Trouble.BAD_ANSWER


def test_half_of_a_character_is_no_bad_answer(sim):
    """Text that was cut between the halves of an emoji is valid JSON, which not every parser takes."""
    sim.fault(raw='{"object": "user", "id": "x", "type": "bot", "name": "Half \\ud83d"}')

    assert sim.adapter().check_access().startswith("Half")


def test_a_list_that_would_never_end_is_refused(sim):
    adapter = sim.adapter()
    mapping = adapter.default_mapping(adapter.describe_accounts())
    sim.fault(raw='{"results": [], "has_more": true, "next_cursor": "again"}', match="/query", times=99)

    assert failure(lambda: list(adapter.scan_accounts(mapping))).trouble is Trouble.BAD_ANSWER


def test_a_refusal_that_is_not_notions_is_no_missing_page(sim):
    """A wrong address answers 404 with a page of its own: no account is gone because of that."""
    sim.fault(raw="<h1>Not found</h1>", status=404)

    error = failure(sim.adapter().check_access)

    assert (error.trouble, error.permanent) == (Trouble.BAD_ANSWER, True)


def test_a_missing_capability_is_named(sim):
    sim.fault(status=403)

    error = failure(sim.adapter().check_access)

    assert error.trouble is Trouble.UNAUTHORIZED
    assert "capabilities to read, insert and update content" in str(error)


def test_a_full_workspace_is_no_missing_capability(sim):
    sim.control("POST", "/_sim/block-limit", {"left": 0})

    error = failure(lambda: write(sim))

    assert (error.trouble, error.permanent, error.maybe_written) == (Trouble.INVALID, True, False)
    assert "Upgrade the plan" in str(error)


def test_a_write_is_made_again_after_a_conflict(sim):
    sim.fault(status=409, times=2, method="POST", match="/v1/pages")

    write(sim)

    assert len(sim.adapter().query_all_accounts()) == 1


def test_an_append_that_was_saved_and_denied_names_the_blocks(sim):
    page_id = sim.add({"name": "Acme"})[0]
    sim.fault(status=503, after_commit=True, method="PATCH", match="/children")
    paragraphs = [{"type": "paragraph", "paragraph": {"rich_text": []}} for _ in range(3)]

    path = f"blocks/{page_id}/children"
    error = failure(lambda: sim.client().write("PATCH", path, what="a page", body={"children": paragraphs}))

    held = sim.ask("GET", f"blocks/{page_id}/children")["results"]
    assert error.maybe_written
    assert error.committed_child_ids == tuple(block["id"] for block in held)
    assert len(held) == 3


def test_ids_are_not_shown_to_a_person(sim):
    sim.fault(status=400, message=f"Block {sim.workspace.bot_id} is odd.")

    error = failure(sim.adapter().check_access)

    assert str(error) == "Notion refused a request for the integration: Block (id) is odd."


def test_the_budget_is_kept_and_the_wait_is_counted(sim):
    client = sim.client(budget=10)

    for _ in range(25):
        client.read("users/me", what="the integration")

    assert sim.time.now() >= 120
    assert client.usage.requests == 25
    assert client.usage.waited_seconds == pytest.approx(sim.time.now())


def test_the_token_is_in_no_error_and_no_repr(sim, caplog):
    caplog.set_level("DEBUG")
    token = "ntn_canary_4711"

    error = failure(sim.adapter(token=token).check_access)

    assert token not in f"{error!r} {error} {error.__cause__!r} {caplog.text}"


def test_a_proxy_of_the_environment_does_not_catch_calls_to_this_machine(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    client = notion.build(token="ntn_1", base_url=BASE_URL, budget=10)

    assert client._http._mounts == {}
    client.close()
