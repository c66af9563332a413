"""The runner of ``make soak``: what it says of figures, and of a subject that does not get to its end."""

from benchmarks.soak import __main__ as soak
from benchmarks.soak.measured import Measured, Size


def figure(*, is_reached: bool) -> Measured:
    return Measured(check="CHECK 33", what="calls", reached=3, target=0, is_reached=is_reached)


def test_the_verdict_names_each_miss_with_what_was_wanted() -> None:
    assert soak.verdict([figure(is_reached=True)]) == (True, "Reached: 1 of 1 figures reached.")
    is_reached, line = soak.verdict([figure(is_reached=True), figure(is_reached=False)])
    assert not is_reached
    assert line == "Falls short: CHECK 33, calls: 3, wanted 0. 1 of 2 figures reached."


def test_nothing_measured_is_no_success() -> None:
    assert not soak.verdict([])[0]


def test_a_subject_that_breaks_off_falls_short(transactional_db, tmp_path, monkeypatch, capsys) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def run(size):\n    raise RuntimeError('The disk is full.')\n", encoding="utf-8")
    monkeypatch.setattr(soak.soak, "__path__", [str(tmp_path)])

    names = soak.subjects()
    found = list(soak._told("broken", size=Size.SAMPLE, folder=tmp_path))

    assert names == ["broken"]
    assert [(one.is_reached, one.note) for one in found] == [(False, "RuntimeError: The disk is full.")]
    assert "FALLS SHORT" in capsys.readouterr().out
