"""Addresses of the accounts app."""

from django.urls import URLPattern, path

from accounts.views import churn_risk, notion_setup, portfolio, syncs, thresholds, what_if

urlpatterns: list[URLPattern] = [
    path("accounts/", portfolio.portfolio, name="portfolio"),
    path("accounts/<uuid:account_id>/what-if/", what_if.what_if, name="account-what-if"),
    path("churn-risk/", churn_risk.churn_risk, name="churn-risk"),
    path("settings/thresholds/", thresholds.thresholds, name="thresholds"),
    path("settings/thresholds/score/", thresholds.score_now, name="score-now"),
    path("settings/notion/", notion_setup.notion_setup, name="notion-setup"),
    path("settings/notion/check/", notion_setup.notion_check, name="notion-check"),
    path("settings/notion/new-settings/", notion_setup.notion_candidate, name="notion-candidate"),
    path("settings/notion/new-settings/", notion_setup.notion_candidate, name="notion-candidate"),
    path("settings/notion/mapping/", notion_setup.notion_mapping, name="notion-mapping"),
    path("settings/notion/preview/", notion_setup.notion_preview, name="notion-preview"),
    path("settings/notion/qbr-properties/", notion_setup.notion_qbr_properties, name="notion-qbr-properties"),
    path("settings/notion/preview/", notion_setup.notion_preview, name="notion-preview"),
    path("settings/notion/qbr-properties/", notion_setup.notion_qbr_properties, name="notion-qbr-properties"),
    path("operations/syncs/", syncs.sync_runs, name="sync-runs"),
    path("operations/syncs/now/", syncs.sync_now, name="sync-now"),
    path("operations/syncs/<uuid:run_id>/", syncs.sync_run, name="sync-run"),
    path("help/signals/", thresholds.signals_help, name="signals-help"),
]
