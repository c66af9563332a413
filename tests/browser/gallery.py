"""A book of business to show every component with, names as they come in any script."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms

NOW = datetime(2026, 11, 23, 9, 4, tzinfo=UTC)
TODAY = NOW.date()


class Filter(forms.Form):
    q = forms.CharField(
        label="Search",
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name, owner or domain"}),
    )
    band = forms.ChoiceField(
        label="Band", required=False, choices=[("", "All bands"), ("red", "Red"), ("amber", "Amber")]
    )
    owner = forms.ChoiceField(
        label="Owner", required=False, choices=[("", "Everybody"), ("me", "My accounts")]
    )
    renewal = forms.ChoiceField(
        label="Renewal", required=False, choices=[("", "Any time"), ("90", "Within 90 days")]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].widget.input_type = "search"


class Thresholds(forms.Form):
    red_threshold = forms.IntegerField(
        label="Red below", min_value=1, max_value=99, help_text="Scores under this are Red."
    )
    amber_threshold = forms.IntegerField(label="Amber below", min_value=1, max_value=99)
    reason = forms.CharField(
        label="Why",
        widget=forms.Textarea,
        help_text="Kept with the policy, so that others understand it later.",
    )
    tells_owners = forms.BooleanField(label="Tell the owners of accounts that change band", required=False)
    scope = forms.ChoiceField(
        label="Applies to",
        widget=forms.RadioSelect,
        choices=[("all", "Every segment"), ("ent", "Enterprise only")],
        initial="all",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("red_threshold", 0) >= cleaned.get("amber_threshold", 100):
            self.add_error("amber_threshold", "Amber begins above Red. Choose a number above 75.")
        return cleaned


class SignIn(forms.Form):
    login = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label="Password", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


def _row(
    name: str,
    segment: str,
    stage: str,
    score: int | None,
    band: str,
    arr: int | None,
    currency: str,
    days: int | None,
    drivers: list[dict[str, Any]],
    points: list[int | None],
    owner: str,
    *,
    is_last_known: bool = False,
) -> dict[str, Any]:
    return {
        "name": name,
        "segment": segment,
        "stage": stage,
        "score": score,
        "band": band,
        "arr": arr,
        "currency": currency,
        "renewal_on": None if days is None else TODAY + timedelta(days=days),
        "drivers": drivers,
        "points": points,
        "owner": owner,
        "is_last_known": is_last_known,
    }


def _cost(points: int, label: str) -> dict[str, Any]:
    return {"points": points, "label": label}


ROWS = [
    _row(
        "Northwind Traders Holding GmbH & Co. KG",
        "Enterprise",
        "Renewing",
        31,
        "Red",
        48000,
        "EUR",
        14,
        [_cost(20, "Usage trend"), _cost(15, "TAM health"), _cost(9, "Tickets")],
        [62, 60, 61, 55, 52, 50, 44, 43, 40, 36, 43, 31],
        "Alice Okafor",
    ),
    _row(
        "Halcyon Cargo",
        "Mid-market",
        "Live",
        38,
        "Red",
        126500,
        "USD",
        -3,
        [_cost(30, "Payment"), _cost(12, "Last contact")],
        [70, 71, 69, 70, 68, 68, 38, 38, 38, 38, 38, 38],
        "Priya Chandra",
    ),
    _row(
        "Ледокол Инжиниринг",
        "Mid-market",
        "Live",
        44,
        "Amber",
        72000,
        "EUR",
        61,
        [_cost(14, "Adoption"), _cost(11, "Stakeholders")],
        [48, 47, None, None, 45, 44, 44, 46, 45, 45, 44, 44],
        "Alice Okafor",
    ),
    _row(
        "株式会社あおぞら製作所",
        "Enterprise",
        "Onboarding",
        58,
        "Amber",
        12400000,
        "JPY",
        118,
        [_cost(18, "Logins"), _cost(8, "TAM health")],
        [None, None, None, None, 40, 44, 47, 50, 52, 55, 57, 58],
        "Kenji Watanabe",
    ),
    _row(
        "Cobalt & Pine",
        "Startup",
        "Live",
        66,
        "Unknown",
        9600,
        "EUR",
        204,
        [_cost(10, "Last contact")],
        [72, 72, 71, 70, 70, None, None, None, None, None, None, None],
        "Alice Okafor",
    ),
    _row(
        "شركة النور للتقنية",
        "Mid-market",
        "Live",
        67,
        "Amber",
        54000,
        "USD",
        88,
        [_cost(12, "Tickets"), _cost(6, "Seats")],
        [90, 88, 87, 85, 84, 80, 78, 74, 73, 70, 69, 67],
        "Priya Chandra",
        is_last_known=True,
    ),
    _row(
        "Meridian Observatory and Planetarium Foundation of the Upper Rhine Valley",
        "Enterprise",
        "Live",
        91,
        "Green",
        310000,
        "GBP",
        320,
        [_cost(5, "Seats"), _cost(4, "NPS")],
        [88, 88, 89, 90, 90, 90, 91, 91, 92, 91, 91, 91],
        "Kenji Watanabe",
    ),
    _row("Tern Robotics", "Startup", "Live", None, "Unknown", None, "EUR", None, [], [], "Nobody"),
]


def _history() -> list[tuple[date, int | None]]:
    start = TODAY - timedelta(weeks=52)
    path = [
        78,
        79,
        81,
        81,
        80,
        82,
        84,
        83,
        83,
        85,
        84,
        82,
        80,
        81,
        79,
        78,
        78,
        76,
        77,
        75,
        74,
        74,
        None,
        None,
        None,
        71,
        70,
        71,
        69,
        68,
        66,
        67,
        65,
        64,
        62,
        62,
        63,
        61,
        60,
        61,
        55,
        52,
        50,
        47,
        44,
        43,
        42,
        40,
        36,
        41,
        43,
        43,
        31,
    ]
    return [(start + timedelta(weeks=i), score) for i, score in enumerate(path)]


def context() -> dict[str, Any]:
    """Return everything that ``components/gallery.html`` shows."""
    bad = Thresholds({"red_threshold": "75", "amber_threshold": "70", "reason": "", "scope": "all"})
    bad.is_valid()
    entries = [
        ("Portfolio", "list", None),
        ("Churn risk", "risk", 9),
        ("QBRs", "document", 3),
        ("Thresholds", "sliders", None),
        ("Sync runs", "refresh", None),
        ("Jobs", "clock", 1),
        ("Schedule", "calendar", None),
        ("Notion", "plug", None),
    ]
    return {
        "now": NOW,
        "today": TODAY,
        "scored_at": NOW - timedelta(hours=2, minutes=4),
        "stale_at": NOW - timedelta(days=9),
        "renewal_on": TODAY + timedelta(days=104),
        "notice_on": TODAY + timedelta(days=14),
        "nav": [
            SimpleNamespace(label=label, url=f"#{icon}", icon=icon, is_current=i == 0, count=count)
            for i, (label, icon, count) in enumerate(entries)
        ],
        "portal_user": SimpleNamespace(
            name="Alice Okafor",
            email="alice@northwind.example",
            role="CSM, Manager",
            tenant="Northwind Software",
        ),
        "tiles": [
            {"band": "Red", "label": "Red", "figure": 9, "sums": {"EUR": 412000, "USD": 126500}},
            {"band": "Amber", "label": "Amber", "figure": 21, "sums": {"EUR": 1240000, "JPY": 12400000}},
            {"band": "Green", "label": "Green", "figure": 49, "sums": {"EUR": 3820500}},
            {"band": "Unknown", "label": "Unknown", "figure": 5, "sums": {}},
            {"label": "Renewing within 90 days", "figure": 17, "note": "3 of them overdue"},
        ],
        "filter_form": Filter({"band": "red"}),
        "filter_chips": [{"label": "Band: Red", "url": "?band="}, {"label": "My accounts", "url": "?owner="}],
        "rows": ROWS,
        "history": _history(),
        "policy_marks": [
            (TODAY - timedelta(weeks=38), "Amber begins below 70 instead of 75 (Bob)"),
            (TODAY - timedelta(weeks=12), "Usage may cost 20 points instead of 15 (Ada)"),
        ],
        "breakdown": [
            {
                "label": "Usage",
                "value": "0.31, declining",
                "points": -20,
                "sentence": "Logins are low and falling: costs the full 20 points.",
            },
            {
                "label": "TAM health",
                "value": "Red",
                "points": -15,
                "sentence": "The technical account manager marked this account Red.",
            },
            {
                "label": "Support",
                "value": "11 open, negative",
                "points": -14,
                "sentence": "Many tickets for this little usage, and the tone is bad.",
            },
            {
                "label": "Engagement",
                "value": "51 days",
                "points": -12,
                "sentence": "Nobody has spoken with them for 51 days; 30 is the limit.",
            },
            {"label": "Renewal", "value": "in 104 days", "points": -8, "sentence": "The renewal comes near."},
            {"label": "Payment", "value": "current", "points": 0, "sentence": "Paid up: costs nothing."},
            {
                "label": "NPS",
                "value": "not known",
                "points": 0,
                "sentence": "NPS is not known: costs nothing.",
            },
        ],
        "tabs": [
            SimpleNamespace(label="Draft", url="#draft", is_current=True, count=None),
            SimpleNamespace(label="Figures to check", url="#check", is_current=False, count=2),
            SimpleNamespace(label="Versions", url="#versions", is_current=False, count=5),
        ],
        "states": [
            "draft",
            "in_review",
            "changes_requested",
            "approved",
            "publishing",
            "published",
            "queued",
            "running",
            "done",
            "partial",
            "failed",
            "missed",
            "held_back",
        ],
        "bad_form": bad,
        "job_running": SimpleNamespace(
            pk=1,
            title="Scan of 23 November",
            state="running",
            is_over=False,
            progress_done=38,
            progress_total=84,
            progress_message="Scoring accounts.",
            started_at=NOW,
            finished_at=None,
            error="",
        ),
        "job_failed": SimpleNamespace(
            pk=2,
            title="Draft for Halcyon Cargo",
            state="failed",
            is_over=True,
            progress_done=1,
            progress_total=3,
            progress_message="",
            started_at=NOW,
            finished_at=NOW - timedelta(days=400),
            error="The model did not answer within 60 seconds. The facts are kept; try again, or draft with templates.",
        ),
    }
