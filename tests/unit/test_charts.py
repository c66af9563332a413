"""What is drawn of a score's history."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_portal.templatetags import sparklines, strokes, trends
from csm_portal.templatetags.trend_plots import Limits

START = date(2025, 11, 24)
scores = st.one_of(st.none(), st.integers(min_value=0, max_value=100))


def weekly(*values):
    return [(START + timedelta(weeks=i), value) for i, value in enumerate(values)]


def numbers(path):
    return [float(text) for text in re.findall(r"-?\d+(?:\.\d+)?", path.replace("h0", ""))]


def test_a_sparkline_goes_from_left_to_right_and_down_as_the_score_falls():
    line = sparklines.draw([80, 60, 40])

    assert line.path == "M3.0 6.6L48.0 10.2L93.0 13.8"
    assert (line.end_x, line.end_y) == (93.0, 13.8)
    assert line.summary == "From 80 to 40, between 40 and 80"


def test_a_gap_is_not_bridged():
    assert sparklines.draw([80, None, 40]).path.count("M") == 2


def test_one_lonely_score_is_a_dot():
    assert sparklines.draw([None, 50, None]).path == "M48.0 12.0h0"
    assert sparklines.draw([50]).summary == "One score so far: 50"


@pytest.mark.parametrize("points", [[], [None], [None, None]])
def test_nothing_known_draws_nothing(points):
    assert sparklines.draw(points) is None


@given(st.lists(scores, max_size=60))
def test_a_sparkline_stays_in_its_box(points):
    line = sparklines.draw(points)

    if line is None:
        assert all(point is None for point in points)
        return
    assert all(0 <= value <= 96 for value in numbers(line.path)[::2])
    assert all(0 <= value <= 24 for value in numbers(line.path)[1::2])


def test_a_trend_is_told_in_words():
    trend = trends.lay_out(
        weekly(78, 31, None, 50), red=40, amber=70, marks=[(START, "Amber begins below 70")]
    )

    assert trend.summary == (
        "78 on 24 Nov 2025, 50 on 15 Dec 2025. The lowest was 31 on 1 Dec 2025. Some weeks have no score. "
        "The thresholds changed once."
    )
    assert [point.band for point in trend.points] == ["Green", "Red", "Unknown", "Amber"]
    assert [point.on for point in trend.newest_first] == sorted((p.on for p in trend.points), reverse=True)


def test_a_given_band_is_kept_because_older_days_had_other_thresholds():
    trend = trends.lay_out([(START, 72, "Amber")], red=40, amber=70)

    assert trend.points[0].band == "Amber"


def test_the_last_scores_of_two_weeks_in_a_row_are_no_gap():
    monday, sunday_after_next = date(2026, 11, 9), date(2026, 11, 22)

    trend = trends.lay_out([(monday, 55), (sunday_after_next, 26)], red=40, amber=70)

    assert not trend.has_gap


def test_weeks_without_any_row_are_a_gap_too():
    points = [(START, 80), (START + timedelta(days=7), 79), (START + timedelta(days=60), 70)]

    trend = trends.lay_out(points, red=40, amber=70)

    assert trend.has_gap
    assert trend.wide.line.count("M") == 2
    assert trend.wide.gaps.count("M") == 1


def test_marks_outside_the_history_are_left_out_and_the_others_numbered_in_order():
    marks = [
        (START + timedelta(days=20), "later"),
        (START + timedelta(days=3), "sooner"),
        (date(2020, 1, 1), "long ago"),
    ]

    trend = trends.lay_out(weekly(*[50] * 10), red=40, amber=70, marks=marks)

    assert [mark.label for mark in trend.marks] == ["sooner", "later"]
    assert [flag.number for flag in trend.wide.flags] == [1, 2]


def test_bands_tile_the_whole_height():
    plot = trends.lay_out(weekly(50, 60), red=40, amber=70).wide

    assert [area.name for area in plot.areas] == ["Green", "Amber", "Red"]
    for upper, lower in pairwise(plot.areas):
        assert upper.y + upper.height == pytest.approx(lower.y, abs=0.11)
    assert plot.areas[-1].y + plot.areas[-1].height == pytest.approx(plot.bottom, abs=0.11)


def test_the_bands_over_old_weeks_are_those_of_their_days() -> None:
    history = weekly(*[50] * 11)
    change = START + timedelta(weeks=5)
    before, after = Limits(on=START, red=40, amber=70), Limits(on=change, red=45, amber=80)

    plot = trends.lay_out(history, red=45, amber=80, limits=[after, before]).wide

    middle = (plot.left + plot.right) / 2
    ambers = [area for area in plot.areas if area.tone == "amber"]
    assert [(area.high, area.x, area.name) for area in ambers] == [
        (70, plot.left, ""),
        (80, pytest.approx(middle, abs=0.2), "Amber"),
    ]
    assert ambers[0].x + ambers[0].width == pytest.approx(ambers[1].x, abs=0.2)
    assert ambers[1].x + ambers[1].width == pytest.approx(plot.right, abs=0.2)


def test_limits_that_held_before_the_first_point_take_no_room() -> None:
    old = Limits(on=START - timedelta(weeks=9), red=10, amber=20)
    since = Limits(on=START - timedelta(weeks=1), red=40, amber=70)

    plot = trends.lay_out(weekly(50, 60), red=40, amber=70, limits=[old, since]).wide

    assert [(area.tone, area.x, area.name) for area in plot.areas] == [
        ("green", plot.left, "Green"),
        ("amber", plot.left, "Amber"),
        ("red", plot.left, "Red"),
    ]


def test_a_band_of_no_width_is_not_drawn():
    plot = trends.lay_out(weekly(50, 60), red=70, amber=70).wide

    assert [area.name for area in plot.areas] == ["Green", "Red"]


def test_a_year_of_weeks_names_its_months_and_the_year_at_january():
    plot = trends.lay_out(weekly(*[50] * 53), red=40, amber=70).wide

    assert [tick.label for tick in plot.ticks][:3] == ["Dec", "2026", "Feb"]
    assert len(plot.ticks) == 12


@given(
    st.lists(
        st.tuples(st.dates(date(2020, 1, 1), date(2030, 1, 1)), scores), max_size=60, unique_by=lambda p: p[0]
    ),
    st.integers(1, 60),
    st.integers(0, 39),
)
def test_a_trend_of_any_days_stays_in_its_plot(points, red, width):
    trend = trends.lay_out(points, red=red, amber=red + width)

    if trend is None:
        assert all(score is None for _, score in points)
        return
    for plot in (trend.wide, trend.narrow):
        assert len(plot.hits) == sum(score is not None for _, score in points)
        assert all(plot.left <= hit.x <= plot.right and plot.top <= hit.y <= plot.bottom for hit in plot.hits)
        assert all(plot.left <= tick.x <= plot.right for tick in plot.ticks)


@given(st.lists(st.one_of(st.none(), st.tuples(st.floats(0, 9), st.floats(0, 9)))))
def test_runs_keep_every_place_in_order(places):
    assert [place for run in strokes.runs(places) for place in run] == [p for p in places if p is not None]
