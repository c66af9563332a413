"""Kill points: a process that asks the simulator dies exactly where a test wants it to."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from csm_portal.simulators.notion import app, seed, server
from tests.simulators.notion.control import Control

pytestmark = pytest.mark.one_database

# Writes three pages and tells each answer that it got.
_WRITER = """
import sys, urllib.request
for number in range(3):
    asked = urllib.request.Request(sys.argv[1] + "/v1/pages", method="POST", data=sys.argv[3].encode(), headers={
        "Authorization": "Bearer " + sys.argv[2], "Notion-Version": "2026-03-11", "Content-Type": "application/json"})
    sys.stdin.readline()
    with urllib.request.urlopen(asked) as answer:
        answer.read()
    print(number, flush=True)
"""


@contextmanager
def writer(address: str, workspace: seed.Workspace) -> Iterator[subprocess.Popen[str]]:
    body = f'{{"parent": {{"data_source_id": "{workspace.qbr_data_source_id}"}}, "properties": {{}}}}'
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, address, workspace.token, body],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=60)
        process.stdin.close()
        process.stdout.close()


@pytest.mark.parametrize(("when", "saved"), [("before_commit", 1), ("after_commit", 2), ("after_answer", 2)])
def test_a_writer_dies_at_its_second_write(
    simulator: app.App, workspace: seed.Workspace, control: Control, when: str, saved: int
) -> None:
    with server.serving(simulator) as address, writer(address, workspace) as process:
        assert process.stdin is not None
        control.told("POST", "faults", {"kill_pid": process.pid, "when": when, "nth": 2})
        process.stdin.write("\n\n")
        process.stdin.flush()

        assert process.wait(timeout=60) == -signal.SIGKILL

        assert control.state()["pages"] == saved
        assert control.state()["faults"] == []
        (last, *_) = control.told("GET", "arrivals")["arrivals"][::-1]
        assert last["outcome"] == ("answered" if when == "after_answer" else "dropped")


def test_reads_count_where_that_is_asked_for(
    simulator: app.App, workspace: seed.Workspace, control: Control
) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    control.told("POST", "faults", {"kill_pid": process.pid, "writes": False, "match": "/query"})

    with server.serving(simulator) as address, httpx.Client(base_url=address) as client:
        path = f"/v1/data_sources/{workspace.accounts_data_source_id}/query"
        headers = {"Authorization": f"Bearer {workspace.token}", "Notion-Version": "2026-03-11"}
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(path, json={}, headers=headers)

    assert process.wait(timeout=60) == -signal.SIGKILL


def test_a_process_that_has_ended_already_is_let_be(
    simulator: app.App, workspace: seed.Workspace, control: Control
) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(timeout=60)
    control.told("POST", "faults", {"kill_pid": process.pid, "when": "after_answer", "writes": False})

    with server.serving(simulator) as address:
        assert httpx.get(f"{address}/v1/users/me").status_code == 401


def test_a_hanging_answer_ends_with_the_clients_patience_and_with_the_server(
    simulator: app.App, workspace: seed.Workspace, control: Control
) -> None:
    control.lay(hang=True, times=2)
    with server.serving(simulator) as address:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{address}/v1/users/me", timeout=0.2)
        waiting = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import urllib.request; urllib.request.urlopen('{address}/v1/users/me', timeout=60)",
            ],
            stderr=subprocess.DEVNULL,
        )
        while control.state()["faults"]:
            time.sleep(0.02)
        assert waiting.poll() is None

    assert waiting.wait(timeout=60) == 1


def test_a_connection_is_kept_for_the_next_request(simulator: app.App, workspace: seed.Workspace) -> None:
    headers = {"Authorization": f"Bearer {workspace.token}", "Notion-Version": "2026-03-11"}
    with server.serving(simulator) as address, httpx.Client(base_url=address, headers=headers) as client:
        ports = set()
        for path in ("/v1/users/me", "/v1/nowhere", "/", "/_sim/state"):
            answer = client.get(path)
            stream = answer.extensions["network_stream"]
            ports.add(stream.get_extra_info("client_addr"))

        assert len(ports) == 1
        head = client.head("/")
        assert (head.status_code, head.content) == (200, b"")
        assert client.get("/v1/users/me").json()["object"] == "user"
