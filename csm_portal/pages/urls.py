"""Addresses of the pages that stand on both apps, or on none."""

from django.urls import URLPattern, path

from csm_portal.pages import (
    account,
    agent_keys,
    agent_runs,
    digest,
    jobs,
    model_use,
    profile,
    schedule,
    team,
    today,
)

urlpatterns: list[URLPattern] = [
    path("today/", today.today, name="today"),
    path("team/", team.team, name="team"),
    path("digest/", digest.digest, name="digest"),
    path("accounts/<uuid:account_id>/", account.account, name="account"),
    path("accounts/<uuid:account_id>/in-notion/", profile.card, name="in-notion"),
    path("operations/jobs/", jobs.job_list, name="jobs"),
    path("operations/jobs/<uuid:job_id>/", jobs.job_page, name="job"),
    path("operations/jobs/<uuid:job_id>/status/", jobs.job_status, name="job-status"),
    path("operations/jobs/<uuid:job_id>/retry/", jobs.job_retry, name="job-retry"),
    path("operations/model-use/", model_use.model_use_page, name="model-use"),
    path("operations/agent-runs/", agent_runs.runs, name="agent-runs"),
    path("operations/agent-runs/<uuid:run_id>/", agent_runs.run, name="agent-run"),
    path("operations/agent-runs/keys/", agent_keys.keys, name="agent-keys"),
    path("operations/agent-runs/keys/make/", agent_keys.make, name="agent-keys-make"),
    path("operations/agent-runs/keys/<uuid:key_id>/revoke/", agent_keys.revoke, name="agent-key-revoke"),
    path("operations/schedule/", schedule.schedule_page, name="schedule"),
    path("operations/schedule/<slug:name>/run/", schedule.run_now, name="schedule-run"),
]
