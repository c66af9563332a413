"""The tags that pages are written with, rendered as pages render them."""

import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory

from csm_portal.templatetags import icons, states

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, 4, tzinfo=UTC)
ATTACK = "<img src=x onerror=alert(1)>\"'"


def render(source: str, **context: Any) -> str:
    return Template("{% load portal %}" + source).render(Context(context)).strip()


def words(html: str) -> str:
    """What a screen reader would read: text and labels, tags removed."""
    labelled = re.sub(r'<svg[^>]*aria-label="([^"]*)"[^>]*>.*?</svg>', r" \1 ", html, flags=re.S)
    bare = re.sub(r"<svg.*?</svg>", " ", labelled, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare)).replace("\u00a0", " ").strip()


@pytest.mark.parametrize("band", ["Green", "Amber", "Red", "Unknown"])
def test_a_band_is_a_word_and_a_shape_of_its_own(band):
    html = render("{% band_badge band %}", band=band)

    assert words(html) == band
    assert f"tone-{band.lower()}" in html


def test_no_two_bands_and_no_two_risks_share_a_shape():
    for looks in (
        [states.band(name) for name in ("Green", "Amber", "Red", "Unknown")],
        [states.risk(level) for level in ("low", "medium", "high", "critical")],
    ):
        assert len({look.shape for look in looks}) == len(looks)


def test_a_last_known_band_says_so():
    assert words(render('{% band_badge "Amber" is_last_known=True %}')) == "Amber last known"


def test_no_band_reads_unknown():
    assert words(render("{% band_badge band %}", band=None)) == "Unknown"


def test_a_state_that_nobody_listed_is_shown_as_its_own_word():
    assert words(render('{% state_chip "waiting_for_rain" %}')) == "Waiting for rain"


def test_a_missing_score_is_not_nought():
    assert "No score yet" in words(render("{% score_meter None None %}"))
    assert words(render('{% score_meter 0 "Red" %}')) == "0"


def test_a_score_bar_is_as_wide_as_the_score():
    assert 'width="31"' in render('{% score_meter 31 "Red" %}')


def test_a_score_of_hardly_any_data_has_no_bar_that_reads_as_health():
    shown = render('{% score_meter 97 "Unknown" %}')

    assert words(shown) == "97"
    assert 'width="97"' not in shown


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (-12, "−12 points, down since May"),
        (4, "+4 points, up since May"),
        (0, "No change since May"),
        (None, "No earlier score"),
    ],
)
def test_a_change_is_told_in_words_too(points, said):
    assert words(render('{% score_delta points "since May" %}', points=points)) == said


@pytest.mark.parametrize(
    "drivers",
    [
        [{"label": "Usage", "points": 20}],
        [{"label": "Usage", "points": -20}],
        [("Usage", 20)],
        [SimpleNamespace(label="Usage", points=20)],
    ],
)
def test_drivers_come_as_mappings_pairs_or_objects(drivers):
    assert words(render("{% driver_chips drivers %}", drivers=drivers)) == "−20 Usage"


def test_only_the_first_drivers_are_listed():
    drivers = [(f"Signal {i}", i) for i in range(1, 9)]

    assert render("{% driver_chips drivers 2 %}", drivers=drivers).count("<li") == 2
    assert words(render("{% driver_chips drivers %}", drivers=None)) == "Nothing costs points"


def test_money_and_percent_are_filters():
    html = render(
        '{{ 48000|money:"EUR" }} {{ 1200000|money_short:"USD" }} {{ 0.5|percent }} {{ none|money:"EUR" }}',
        none=None,
    )

    assert html.replace("\u00a0", " ") == "€ 48,000 $ 1.2M 50 % Not known"


def test_sums_name_each_currency():
    assert words(render("{% money_sums sums %}", sums={"EUR": 5, "USD": 3})) == "€ 5 and $ 3"
    assert words(render("{% money_sums sums %}", sums={})) == "Not known"


def test_a_deadline_carries_its_date():
    html = render("{% days_until on today %}", on=TODAY - timedelta(days=3), today=TODAY)

    assert words(html) == "3 days overdue"
    assert 'datetime="2026-11-20"' in html
    assert 'title="20 Nov 2026"' in html
    assert words(render("{% days_until None today %}", today=TODAY)) == "No date"


def test_a_moment_carries_its_date_and_time():
    html = render("{% relative_time moment now %}", moment=NOW - timedelta(hours=2), now=NOW)

    assert words(html) == "2 hours ago"
    assert "23 Nov 2026, 07:04" in html
    assert words(render("{% relative_time None %}")) == "never"


@pytest.mark.parametrize(
    ("age", "said"),
    [(timedelta(hours=2), "Notion, 2 hours ago"), (timedelta(days=8), "Stale: Notion, 15 Nov 2026")],
)
def test_old_data_says_so_in_a_word(age, said):
    assert words(render('{% data_age moment "Notion" now=now %}', moment=NOW - age, now=NOW)) == said


def test_data_never_read_is_stale():
    assert words(render('{% data_age None "Notion" %}')) == "Stale: Notion, never read"


def test_a_sparkline_is_an_image_with_a_sentence():
    assert 'aria-label="Score: From 80 to 40, between 40 and 80"' in render(
        "{% sparkline points %}", points=[80, None, 40]
    )
    assert words(render("{% sparkline points %}", points=None)) == "No history yet"


def test_a_trend_has_a_table_with_every_point():
    points = [(TODAY - timedelta(weeks=i), None if i == 2 else 50 + i) for i in range(6)]

    html = render(
        "{% trend_chart points 40 70 marks %}", points=points, marks=[(TODAY, "Amber begins below 70")]
    )

    assert html.count("<tr>") == 1 + len(points)
    assert "No score" in html
    assert "23 Nov 2026: Amber begins below 70" in words(html)
    assert html.count('role="img"') == 2


def test_an_account_without_history_is_told_what_happens_next():
    assert "after the next health scan" in words(render("{% trend_chart points %}", points=[]))


class Sample(forms.Form):
    name = forms.CharField(help_text="As in the contract.")
    is_live = forms.BooleanField(required=False, label="Live")
    stage = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found[1] if found else ""


def test_a_field_ties_label_help_and_error_to_its_input():
    html = render("{% field form.name %}", form=Sample({}))
    tag = re.search(r"<input[^>]*>", html)[0]

    assert f'<label for="{attribute(tag, "id")}"' in html
    assert attribute(tag, "aria-invalid") == "true"
    described = attribute(tag, "aria-describedby").split()
    assert len(described) == 2
    assert all(f'id="{name}"' in html for name in described)


def test_choices_stand_in_a_fieldset_with_a_legend():
    html = render("{% field form.stage %}", form=Sample({}))

    assert re.search(r"<legend>\s*Stage", html)
    described = attribute(re.search(r"<fieldset[^>]*>", html)[0], "aria-describedby").split()
    assert described
    assert all(f'id="{name}"' in html for name in described)


def test_a_form_shows_hidden_fields_and_a_summary_that_links_to_what_is_wrong():
    form = Sample({"stage": "a"})
    form.is_valid()
    form.add_error(None, "The whole is wrong.")

    html = render("{% form_fields form %}", form=form)

    assert 'type="hidden"' in html
    assert "The whole is wrong." in html
    assert 'href="#id_name"' in html
    assert 'id="id_name"' in html


def test_a_form_without_errors_has_no_summary():
    assert "error-summary" not in render("{% form_fields form %}", form=Sample())


def sorted_by(query: str, **options: Any) -> str:
    request = RequestFactory().get(f"/accounts/?{query}")
    given = " ".join(f'{name}="{value}"' for name, value in options.items())
    return render('{% sort_header "Score" "score" ' + given + " %}", request=request)


def test_a_column_in_force_says_its_direction_and_turns_it():
    html = sorted_by("sort=score&q=a&cursor=xyz")

    assert 'aria-sort="ascending"' in html
    assert "sort=-score" in html
    assert "q=a" in html
    assert "cursor" not in html
    assert 'aria-sort="descending"' in sorted_by("sort=-score")


def test_another_column_starts_in_its_own_first_direction():
    assert "aria-sort" not in sorted_by("sort=name")
    assert 'href="?sort=score"' in sorted_by("sort=name")
    assert 'href="?sort=-score"' in sorted_by("", first="desc")


def test_the_default_order_is_marked_when_it_is_given():
    assert 'aria-sort="ascending"' in sorted_by("", current="score")


def test_a_sort_link_works_with_and_without_htmx():
    html = sorted_by("", target="#t")

    assert 'href="?sort=score"' in html
    assert 'hx-get="?sort=score"' in html
    assert "hx-get" not in sorted_by("")


def test_a_pager_offers_only_the_pages_there_are():
    html = render('{% pager next_url="?cursor=b" summary="1 to 50 of 84" %}')

    assert words(html) == "1 to 50 of 84 Next"
    assert render("{% pager %}") == ""


def test_the_steps_of_a_qbr_mark_where_it_is():
    html = render('{% qbr_steps "approved" %}')

    assert html.count("is-done") == 2
    assert re.search(r'aria-current="step".*?Approved', html, re.S)
    assert render('{% qbr_steps "published" %}').count("is-done") == 5
    assert states.qbr_steps("changes_requested")[0].is_current


def test_a_question_is_asked_in_a_form_with_its_token():
    html = render(
        '{% confirm action="/go" label="Restore" question="Really?" name="version" value="2" %}',
        csrf_token="tok",
    )

    assert 'method="post"' in html
    assert 'value="tok"' in html
    assert 'name="version" value="2"' in html


def test_a_job_polls_until_it_is_over():
    job = SimpleNamespace(
        pk=1, title="Scan", state="running", is_over=False, progress_done=3, progress_total=9,
        progress_message="Scoring.", started_at=NOW, finished_at=None, error="",
    )  # fmt: skip
    source = '{% include "components/job.html" with job=job url="/jobs/1" %}'

    running = render(source, job=job)
    over = render(
        source, job=SimpleNamespace(**{**vars(job), "is_over": True, "state": "done", "finished_at": NOW})
    )

    assert 'hx-trigger="every 2s"' in running
    assert 'value="3"' in running
    assert "hx-" not in over
    assert "<progress" not in over


@pytest.mark.parametrize(
    "source",
    [
        "{% band_badge text %}",
        "{% state_chip text %}",
        "{% score_delta 3 text %}",
        "{% driver_chips drivers %}",
        "{% callout 'red' title=text %}{{ text }}{% endcallout %}",
        "{% message text %}",
        "{% icon 'check' text %}",
        "{% data_age now text %}",
        "{% confirm action=text label=text question=text %}",
        "{% pager next_url=text summary=text %}",
        "{% trend_chart points marks=marks title=text %}",
        "{% money_sums sums %}",
        "{{ 5|money:text }}",
        '{% include "components/empty.html" with title=text text=text action_url=text action_label=text %}',
        '{% include "components/brand.html" with tenant=text %}',
    ],
)
def test_text_from_outside_is_always_escaped(source):
    html = render(
        source,
        text=ATTACK,
        now=NOW,
        drivers=[(ATTACK, 3)],
        points=[(TODAY, 5, ATTACK)],
        marks=[(TODAY, ATTACK)],
        sums={ATTACK: 4},
    )

    assert "<img" not in html.lower()
    assert 'onerror=alert(1)>"' not in html


def test_every_icon_that_a_template_names_exists():
    from pathlib import Path

    root = Path(__file__).resolve().parents[2] / "templates"
    named = {
        name
        for path in root.rglob("*.html")
        for name in re.findall(r"{% icon [\"']([\w-]+)[\"']", path.read_text())
    }

    assert len(named) > 10
    assert named - icons.PATHS.keys() == set()


@pytest.mark.parametrize(
    ("name", "letters"), [("Ada Lovelace", "AL"), ("Бу", "Б"), ("", ""), ("Anna Maria van Dijk", "AD")]
)
def test_a_person_is_drawn_as_letters(name, letters):
    assert render("{{ name|initials }}", name=name) == letters
