"""Addresses of the reviews."""

from django.urls import URLPattern, path

from qbr.views import board, exports, listing, remarks, review, steps, texts, versions

urlpatterns: list[URLPattern] = [
    path("accounts/<uuid:account_id>/qbrs/", listing.begin, name="qbr-draft"),
    path("qbrs/", listing.qbr_list, name="qbr-list"),
    path("qbrs/board/", board.board, name="qbr-board"),
    path("qbrs/board/start/", board.start, name="qbr-board-start"),
    path("qbrs/deputies/", board.name_deputy, name="qbr-deputy"),
    path("qbrs/deputies/<uuid:deputy_id>/end/", board.end_deputy, name="qbr-deputy-end"),
    path("qbrs/<uuid:qbr_id>/due/", board.move_due, name="qbr-due"),
    path("qbrs/<uuid:qbr_id>/", review.review, name="qbr"),
    path("qbrs/<uuid:qbr_id>/progress/", review.progress, name="qbr-progress"),
    path("qbrs/<uuid:qbr_id>/submit/", steps.submit, name="qbr-submit"),
    path("qbrs/<uuid:qbr_id>/withdraw/", steps.withdraw, name="qbr-withdraw"),
    path("qbrs/<uuid:qbr_id>/request-changes/", steps.request_changes, name="qbr-request-changes"),
    path("qbrs/<uuid:qbr_id>/approve/", steps.approve, name="qbr-approve"),
    path("qbrs/<uuid:qbr_id>/publish/", steps.publish, name="qbr-publish"),
    path("qbrs/<uuid:qbr_id>/publish-again/", steps.publish_again, name="qbr-publish-again"),
    path("qbrs/<uuid:qbr_id>/export/", exports.export, name="qbr-export"),
    path("slides/", exports.slides, name="qbr-slides"),
    path("slides/template/", exports.slide_template, name="qbr-slides-template"),
    path("slides/back/", exports.slides_back, name="qbr-slides-back"),
    path("qbrs/<uuid:qbr_id>/answer/", steps.answer, name="qbr-answer"),
    path("qbrs/<uuid:qbr_id>/redraft/", steps.redraft, name="qbr-redraft"),
    path("qbrs/<uuid:qbr_id>/refresh/", steps.refresh, name="qbr-refresh"),
    path("qbrs/<uuid:qbr_id>/vouch/", steps.vouch, name="qbr-vouch"),
    path("qbrs/<uuid:qbr_id>/commitments/", steps.settle, name="qbr-commitments"),
    path("qbrs/<uuid:qbr_id>/edit/<slug:section>/", texts.edit, name="qbr-edit"),
    path("qbrs/<uuid:qbr_id>/edit/<slug:section>/keep/", texts.keep, name="qbr-keep"),
    path("qbrs/<uuid:qbr_id>/edit/<slug:section>/discard/", texts.discard, name="qbr-discard"),
    path("qbrs/<uuid:qbr_id>/comments/", remarks.comment, name="qbr-comment"),
    path("qbrs/<uuid:qbr_id>/comments/<uuid:thread_id>/answer/", remarks.answer, name="qbr-comment-answer"),
    path(
        "qbrs/<uuid:qbr_id>/comments/<uuid:thread_id>/resolve/", remarks.resolve, name="qbr-comment-resolve"
    ),
    path("qbrs/<uuid:qbr_id>/comments/<uuid:thread_id>/reopen/", remarks.reopen, name="qbr-comment-reopen"),
    path("qbrs/<uuid:qbr_id>/compare/", versions.compare, name="qbr-compare"),
    path("qbrs/<uuid:qbr_id>/versions/<int:number>/", versions.revision, name="qbr-version"),
    path("qbrs/<uuid:qbr_id>/versions/<int:number>/restore/", steps.restore, name="qbr-restore"),
]
