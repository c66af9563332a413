"""Which figures changed from one edition of the facts to the next."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from qbr import fact_changes
from qbr.facts import FactSheet
from tests.unit.qbr import portfolio
from tests.unit.qbr.sheets import sheets

HARBOUR = portfolio.harbour()


def changed(**values):
    names = {name.replace("__", "."): value for name, value in values.items()}
    return FactSheet(replace(fact, value=names.get(fact.id, fact.value)) for fact in HARBOUR.values())


def test_a_figure_that_moved_is_told_with_both_values():
    (told,) = fact_changes.changes(HARBOUR, changed(seats__used=70))

    assert (told.kind, told.fact.id, told.before, told.after) == (
        "moved",
        "seats.used",
        "1,240 seats",
        "70 seats",
    )


def test_what_came_and_what_went_is_told():
    without = FactSheet(fact for fact in HARBOUR.values() if fact.id != "seats.used")

    assert [(one.kind, one.after) for one in fact_changes.changes(HARBOUR, without)] == [
        ("went", "not known")
    ]
    assert [(one.kind, one.before) for one in fact_changes.changes(without, HARBOUR)] == [
        ("came", "not known")
    ]
    assert [one.kind for one in fact_changes.changes(HARBOUR, changed(seats__used=None))] == ["went"]


def test_facts_that_are_only_newer_have_not_changed():
    newer = FactSheet(replace(fact, as_of=fact.as_of + timedelta(days=3)) for fact in HARBOUR.values())

    assert fact_changes.changes(HARBOUR, newer) == ()


@given(sheets(), sheets())
def test_every_change_reads_differently_and_each_fact_is_told_once(before, after):
    told = fact_changes.changes(before, after)

    assert all(one.before != one.after for one in told)
    assert len({one.fact.id for one in told}) == len(told)
    assert fact_changes.changes(after, after) == ()
