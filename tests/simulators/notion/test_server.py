"""Over a real socket: the command, a kill in between, and many at once."""

import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from logging import CRITICAL, getLogger
from pathlib import Path
from typing import Any

import httpx
import notion_client
import pytest

from csm_portal.simulators.notion import app, seed
from csm_portal.simulators.notion.store import Store
from tests.simulators.notion.conftest import paragraph, text

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).parents[3]


@contextmanager
def serving(file: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the command on a free port; yield its address and process."""
    command = [
        sys.executable,
        str(ROOT / "manage.py"),
        "notion_sim",
        "--port",
        "0",
        "--file",
        str(file),
        *options,
    ]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONWARNINGS": "default"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        yield found[0], process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=60)
        process.stdout.close()


@contextmanager
def client(address: str, token: str) -> Iterator[Any]:
    with httpx.Client() as http:
        yield notion_client.Client(
            auth=token, client=http, base_url=address, notion_version="2026-03-11", retry=False,
            logger=getLogger("tests.simulators"), log_level=CRITICAL,
        )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "notion.sqlite3"


@pytest.fixture
def workspace(file: Path) -> Iterator[seed.Workspace]:
    with closing(Store(file)) as store:
        yield seed.create_workspace(store)


def test_what_was_answered_survives_a_kill(file: Path, workspace: seed.Workspace) -> None:
    parent, ids = {"data_source_id": workspace.qbr_data_source_id}, []
    for life in range(2):
        with serving(file) as (address, process), client(address, workspace.token) as notion:
            for number in range(10):
                properties = {
                    "Name": {"title": text(f"{life}-{number}")},
                    "Quarter": {"select": {"name": f"Q{life}"}},
                }
                page = notion.pages.create(parent=parent, properties=properties, children=[paragraph("Body")])
                ids.append(page["id"])
            notion.blocks.children.append(ids[-1], children=[paragraph("The last words")])
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=60)

    with serving(file) as (address, _), client(address, workspace.token) as notion:
        answer = notion.data_sources.query(workspace.qbr_data_source_id)
        assert [page["id"] for page in answer["results"]] == ids[::-1]
        last = notion.blocks.children.list(ids[-1])["results"]
        assert [block["paragraph"]["rich_text"][0]["plain_text"] for block in last] == [
            "Body",
            "The last words",
        ]


def test_a_cursor_outlives_a_restart(file: Path, workspace: seed.Workspace) -> None:
    with closing(Store(file)) as store:
        seed.add_account_rows(store, workspace.accounts_data_source_id, ({"name": str(n)} for n in range(30)))
    with serving(file) as (address, _), client(address, workspace.token) as notion:
        first = notion.data_sources.query(workspace.accounts_data_source_id, page_size=20)
    with serving(file) as (address, _), client(address, workspace.token) as notion:
        rest = notion.data_sources.query(workspace.accounts_data_source_id, start_cursor=first["next_cursor"])

    assert len({page["id"] for page in first["results"] + rest["results"]}) == 30


def test_rows_seeded_by_another_process_are_seen_at_once(file: Path, workspace: seed.Workspace) -> None:
    by_name = {"sorts": [{"property": "Account", "direction": "ascending"}]}
    with (
        serving(file) as (address, _),
        client(address, workspace.token) as notion,
        closing(Store(file)) as store,
    ):
        assert notion.data_sources.query(workspace.accounts_data_source_id, **by_name)["results"] == []
        seed.add_account_rows(store, workspace.accounts_data_source_id, [{"name": "Acme"}])
        assert len(notion.data_sources.query(workspace.accounts_data_source_id, **by_name)["results"]) == 1


def test_many_clients_write_at_once_and_nothing_is_lost(file: Path, workspace: seed.Workspace) -> None:
    parent = {"data_source_id": workspace.qbr_data_source_id}

    def work(worker: int, address: str) -> list[str]:
        ids = []
        with client(address, workspace.token) as notion:
            for number in range(15):
                properties = {
                    "Name": {"title": text(f"{worker}-{number}")},
                    "Quarter": {"select": {"name": f"Q {worker}"}},
                }
                ids.append(notion.pages.create(parent=parent, properties=properties)["id"])
                notion.data_sources.query(workspace.qbr_data_source_id, page_size=5)
        return ids

    with serving(file) as (address, _):
        with ThreadPoolExecutor(6) as pool:
            written = [
                page_id for ids in pool.map(lambda worker: work(worker, address), range(6)) for page_id in ids
            ]
        with client(address, workspace.token) as notion:
            found = notion.data_sources.query(workspace.qbr_data_source_id)["results"]
            source = notion.data_sources.retrieve(workspace.qbr_data_source_id)

    assert len(written) == 90
    assert {page["id"] for page in found} == set(written)
    names = [option["name"] for option in source["properties"]["Quarter"]["select"]["options"]]
    assert sorted(names) == [f"Q {worker}" for worker in range(6)]


def test_sigterm_ends_it_cleanly(file: Path) -> None:
    with serving(file) as (address, process):
        assert httpx.get(f"{address}/_sim/state").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        assert process.stdout is not None
        assert "has stopped" in process.stdout.read()

    assert not file.with_name(file.name + "-wal").exists()


def test_a_taken_port_is_told_in_a_sentence(file: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "notion_sim", "--port", str(port), "--file", str(file)],
            cwd=ROOT, env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    assert done.returncode == 1
    assert f"cannot listen on port {port} of 127.0.0.1: Address already in use." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_workspace_is_told_in_a_sentence(file: Path) -> None:
    file.write_bytes(b"This is a text, not a database. " * 100)
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "notion_sim", "--port", "0", "--file", str(file)],
        cwd=ROOT, env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert f"The state file {file} cannot be opened: file is not a database." in done.stderr
    assert "Traceback" not in done.stderr


def test_links_lead_to_the_public_address(file: Path, workspace: seed.Workspace) -> None:
    with closing(Store(file)) as store:
        (page_id,) = seed.add_account_rows(store, workspace.accounts_data_source_id, [{"name": "Acme"}])
    with serving(file) as (address, _), client(address, workspace.token) as notion:
        url = notion.pages.retrieve(page_id)["url"]
        assert url.startswith(f"{address}/Acme-")
        assert "<h1>Acme</h1>" in httpx.get(url).text
    with (
        serving(file, "--public-url", "https://demo.example/") as (address, _),
        client(address, workspace.token) as notion,
    ):
        assert notion.pages.retrieve(page_id)["url"].startswith("https://demo.example/Acme-")


def test_a_dropped_connection_is_a_lost_connection(file: Path, workspace: seed.Workspace) -> None:
    with serving(file) as (address, _), client(address, workspace.token) as notion:
        httpx.post(f"{address}/_sim/faults", json={"drop": True})
        with pytest.raises(httpx.RemoteProtocolError):
            notion.users.me()
        httpx.post(f"{address}/_sim/faults", json={"delay_seconds": 0.5})
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{address}/v1/users/me", timeout=0.1)
        assert notion.users.me()["object"] == "user"


def test_an_answer_to_too_large_a_body_arrives(file: Path, workspace: seed.Workspace) -> None:
    with serving(file) as (address, _):
        answer = httpx.post(f"{address}/v1/pages", content=b"x" * 3_000_000, headers={
            "Authorization": f"Bearer {workspace.token}", "Notion-Version": "2026-03-11"})  # fmt: skip

    assert answer.status_code == 400
    assert "500 KB" in answer.json()["message"]


def test_the_file_named_in_memory_style_is_an_app(tmp_path: Path) -> None:
    simulator = app.create_app(tmp_path / "here.sqlite3", public_url="http://sim/")

    assert simulator.public_url == "http://sim"
    assert (tmp_path / "here.sqlite3").exists()
    simulator.close()


def test_it_starts_as_slow_and_as_strict_as_asked_for(file: Path, workspace: seed.Workspace) -> None:
    options = ("--latency", "50", "--budget", "2")
    with serving(file, *options) as (address, _), client(address, workspace.token) as notion:
        state = httpx.get(f"{address}/_sim/state").json()
        assert (state["latency"], state["budget"]["requests"]) == ({"milliseconds": 50.0}, 2)
        notion.users.me()
        notion.users.me()
        with pytest.raises(notion_client.APIResponseError) as refused:
            notion.users.me()
        assert refused.value.status == 429


# Newer Pythons warn of a fork beside other threads; none of them is ours.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_goes_on_with_what_it_inherits(tmp_path: Path) -> None:
    simulator = app.create_app(tmp_path / "x", store=Store(tmp_path / "notion.sqlite3", seed=3))
    workspace = seed.create_workspace(simulator.store)

    def write() -> None:
        with httpx.Client(transport=httpx.WSGITransport(simulator), base_url="http://sim") as http:
            for _ in range(10):
                body = {"parent": {"data_source_id": workspace.qbr_data_source_id}, "properties": {}}
                headers = {"Authorization": f"Bearer {workspace.token}", "Notion-Version": "2026-03-11"}
                http.post("/v1/pages", json=body, headers=headers).raise_for_status()

    processes = [multiprocessing.get_context("fork").Process(target=write) for _ in range(3)]
    for process in processes:
        process.start()
    write()
    for process in processes:
        process.join(timeout=60)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    with simulator.store.reading() as db:
        assert db.execute("SELECT count(*) FROM pages").fetchone()[0] == 40
    simulator.close()
