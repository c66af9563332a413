"""Addresses of the accounts app."""

from django.urls import URLPattern, path

from accounts.views import (
    churn_risk,
    movers,
    notion_setup,
    overrides,
    portfolio,
    syncs,
    thresholds,
    webhooks,
    what_if,
)

urlpatterns: list[URLPattern] = [
    path("accounts/", portfolio.portfolio, name="portfolio"),
    path("accounts/<uuid:account_id>/what-if/", what_if.what_if, name="account-what-if"),
    path("accounts/<uuid:account_id>/override/", overrides.override, name="account-override"),
    path("accounts/<uuid:account_id>/override/end/", overrides.override_end, name="account-override-end"),
    path("churn-risk/", churn_risk.churn_risk, name="churn-risk"),
    path("overrides/", overrides.overrides, name="overrides"),
    path("movers/", movers.movers, name="movers"),
    path("settings/thresholds/", thresholds.thresholds, name="thresholds"),
    path("settings/thresholds/try/", thresholds.thresholds_try, name="thresholds-try"),
    path("settings/thresholds/score/", thresholds.score_now, name="score-now"),
    path("settings/notion/", notion_setup.notion_setup, name="notion-setup"),
    path("settings/notion/check/", notion_setup.notion_check, name="notion-check"),
    path("settings/notion/new-settings/", notion_setup.notion_candidate, name="notion-candidate"),
    path("settings/notion/mapping/", notion_setup.notion_mapping, name="notion-mapping"),
    path("settings/notion/preview/", notion_setup.notion_preview, name="notion-preview"),
    path("settings/notion/roi/", notion_setup.notion_roi, name="notion-roi"),
    path("settings/notion/qbr-properties/", notion_setup.notion_qbr_properties, name="notion-qbr-properties"),
    path("settings/notion/webhooks/", webhooks.webhooks, name="notion-webhooks"),
    path("settings/notion/webhooks/address/", webhooks.make_address, name="notion-webhooks-address"),
    path("settings/notion/webhooks/off/", webhooks.switch_off, name="notion-webhooks-off"),
    path("settings/notion/webhooks/show/", webhooks.show_key, name="notion-webhooks-show"),
    path("settings/notion/webhooks/accept/", webhooks.accept_key, name="notion-webhooks-accept"),
    path("settings/notion/webhooks/reject/", webhooks.reject_key, name="notion-webhooks-reject"),
    path("settings/notion/quick-refresh/", webhooks.switch_quick_refresh, name="quick-refresh-switch"),
    path("hooks/notion/<str:address>/", webhooks.notion_hook, name="notion-hook"),
    path("operations/quick-refresh/", webhooks.quick_refresh, name="quick-refresh"),
    path("operations/syncs/", syncs.sync_runs, name="sync-runs"),
    path("operations/syncs/now/", syncs.sync_now, name="sync-now"),
    path("operations/syncs/<uuid:run_id>/", syncs.sync_run, name="sync-run"),
    path("operations/syncs/<uuid:run_id>/answer/", syncs.sync_answer, name="sync-answer"),
    path("help/signals/", thresholds.signals_help, name="signals-help"),
]
