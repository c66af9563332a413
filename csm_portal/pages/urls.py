"""Addresses of the pages that stand on both apps, or on none."""

from django.urls import URLPattern, path

from csm_portal.pages import account, jobs, model_use, profile, schedule, team, today

urlpatterns: list[URLPattern] = [
    path("today/", today.today, name="today"),
    path("team/", team.team, name="team"),
    path("accounts/<uuid:account_id>/", account.account, name="account"),
    path("accounts/<uuid:account_id>/in-notion/", profile.card, name="in-notion"),
    path("operations/jobs/", jobs.job_list, name="jobs"),
    path("operations/jobs/<uuid:job_id>/", jobs.job_page, name="job"),
    path("operations/jobs/<uuid:job_id>/status/", jobs.job_status, name="job-status"),
    path("operations/jobs/<uuid:job_id>/retry/", jobs.job_retry, name="job-retry"),
    path("operations/model-use/", model_use.model_use_page, name="model-use"),
    path("operations/schedule/", schedule.schedule_page, name="schedule"),
    path("operations/schedule/<slug:name>/run/", schedule.run_now, name="schedule-run"),
]
