"""The demo's folder: its mark, its lock, its keys, and whose files it removes."""

import stat

import pytest

from csm_portal.demo.folder import DemoFolder, InUse

pytestmark = pytest.mark.one_database


def test_a_folder_is_filled_with_what_it_was_marked_with_and_nothing_else(tmp_path):
    folder = DemoFolder(tmp_path)
    assert not folder.is_filled_with("")

    folder.mark_filled("2026-11-22\n8000")

    assert folder.is_filled_with("2026-11-22\n8000")
    assert not folder.is_filled_with("2026-11-23\n8000")
    assert not folder.is_filled_with("2026-11-22\n8001")


def test_emptying_leaves_what_is_somebody_elses(tmp_path):
    folder = DemoFolder(tmp_path)
    folder.keys()
    folder.mark_filled("today")
    for name in ("portal.sqlite3", "portal.sqlite3-wal", "notion.sqlite3", "web.log", "sign-in.txt"):
        (tmp_path / name).write_text("demo")
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "photos").mkdir()

    folder.empty()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "thesis.txt"]


def test_emptying_that_breaks_off_leaves_no_mark(tmp_path):
    folder = DemoFolder(tmp_path)
    folder.mark_filled("today")
    # A folder in the place of a file cannot be unlinked.
    (tmp_path / "portal.sqlite3").mkdir()

    with pytest.raises(OSError, match="portal"):
        folder.empty()

    assert not folder.is_filled_with("today")


def test_two_demos_do_not_share_a_folder(tmp_path):
    first, second = DemoFolder(tmp_path / "demo"), DemoFolder(tmp_path / "demo")

    with first.held(), pytest.raises(InUse, match="Another demo is running"), second.held():
        pass

    with second.held():
        pass


def test_a_folder_that_cannot_be_made_is_told_with_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(InUse, match=r"cannot write to .*--folder"),
        DemoFolder(tmp_path / "file" / "demo").held(),
    ):
        pass


def test_the_keys_are_made_once_and_are_nobody_elses_to_read(tmp_path):
    folder = DemoFolder(tmp_path)

    keys = folder.keys()
    made = keys.read_text()

    assert folder.keys().read_text() == made
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert "CSM_SECRET_KEYS=" in made
