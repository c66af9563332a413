"""``manage.py demo`` from outside: it comes up, is kept, ends whole, and takes no half for a whole."""

import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest

from tests.demo.running import a_csv, count, free_ports, gone, running

pytestmark = [
    pytest.mark.one_database,
    pytest.mark.skipif(sys.platform != "linux", reason="Looks for processes left behind in /proc."),
]


def test_a_demo_comes_up_ends_whole_and_is_kept_for_the_day(tmp_path):
    folder, port, data = tmp_path / "demo", free_ports(), a_csv(tmp_path / "accounts.csv", 12)

    with running(folder, "--data", str(data), port=port) as first:
        first.until("Ctrl-C stops everything.")
        assert httpx.get(f"{first.address}/sign-in/", timeout=30).status_code == 200
        told = "".join(first.said)
        assert first.address in told
        for role in ("CSM", "Manager", "Admin", "Sales"):
            assert role in told
        # The supervisor, the simulator, the queue with its workers, and the web server with its two.
        first.until_processes(7)
        assert first.end(signal.SIGINT) == 0
    assert gone(folder)
    assert "The demo has stopped." in first.said[-1]
    assert "Traceback" not in "".join(first.said)

    made = count(folder, "core_tenant"), count(folder, "accounts_account")
    with running(folder, "--data", str(data), port=port) as second:
        second.until("Ctrl-C stops everything.")
        assert not any("mirrored" in line for line in second.said)
        assert second.end(signal.SIGTERM) == 0
    assert gone(folder)
    assert (count(folder, "core_tenant"), count(folder, "accounts_account")) == made == (1, 12)


def test_a_fill_that_was_killed_is_made_anew_by_the_next_start(tmp_path):
    folder, port, data = tmp_path / "demo", free_ports(), a_csv(tmp_path / "accounts.csv", 600)

    with running(folder, "--data", str(data), port=port) as killed:
        killed.until_tenants_exist()
        assert killed.end(signal.SIGKILL) == -signal.SIGKILL
        # Nobody is left to stop them: the kernel asks them to.
        assert gone(folder)
    assert count(folder, "core_tenant") == 1
    assert not (folder / "filled").exists()

    with running(folder, "--data", str(data), port=port) as again:
        again.until("600 accounts mirrored and scored")
        again.until("Ctrl-C stops everything.")
        assert again.end() == 0
    assert (count(folder, "core_tenant"), count(folder, "accounts_account")) == (1, 600)
    assert gone(folder)


def test_ctrl_c_ends_a_fill_at_once_and_leaves_no_mark(tmp_path):
    folder, data = tmp_path / "demo", a_csv(tmp_path / "accounts.csv", 600)

    with running(folder, "--data", str(data), port=free_ports()) as stopped:
        stopped.until_tenants_exist()
        assert stopped.end(signal.SIGINT) == 0
        assert gone(folder)

    assert "Traceback" not in "".join(stopped.said)
    assert not (folder / "filled").exists()


def test_a_port_in_use_is_told_with_what_to_do(tmp_path):
    port = free_ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + 1))
        other.listen()

        with running(tmp_path / "demo", port=port) as refused:
            assert refused.wait() == 1

    assert f"Port {port + 1} of 127.0.0.1 is in use." in "".join(refused.said)
    assert f"make demo PORT={port + 100}" in "".join(refused.said)
    assert not (tmp_path / "demo").exists()


def test_a_file_that_cannot_be_read_ends_the_demo_with_a_sentence(tmp_path):
    data = tmp_path / "accounts.csv"
    data.write_text("name,city\nAcme,Berlin\n", encoding="utf-8")

    with running(tmp_path / "demo", "--data", str(data), port=free_ports()) as refused:
        assert refused.wait() == 1

    (line,) = [line for line in refused.said if "Filling" not in line]
    assert "The file has no column account_id. Its first line must name the columns" in line
    assert gone(tmp_path / "demo")


def test_a_file_that_is_not_there_is_told_before_anything_starts(tmp_path):
    with running(tmp_path / "demo", "--data", str(Path("no-such.csv")), port=free_ports()) as refused:
        assert refused.wait() == 1

    assert "There is no file no-such.csv." in "".join(refused.said)
    assert not (tmp_path / "demo").exists()
