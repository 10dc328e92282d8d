"""URLs below /api/v2/."""

from django.urls import path

from . import forms, responses, transfers

urlpatterns = [
    # The first that is tried: every response comes here.
    path("forms/<str:form_id>/responses/", responses.ResponseList.as_view(), name="responses"),
    path("forms/", forms.FormList.as_view(), name="forms"),
    path("forms/<str:form_id>/", forms.FormDetail.as_view(), name="form"),
    path("forms/<str:form_id>/publish/", forms.Publish.as_view(), name="publish"),
    path("forms/<str:form_id>/versions/", forms.VersionList.as_view(), name="versions"),
    path(
        "forms/<str:form_id>/versions/<int:number>/", forms.VersionDetail.as_view(), name="version"
    ),
    path(
        "forms/<str:form_id>/versions/<int:number>/diff/",
        forms.VersionDiff.as_view(),
        name="version-diff",
    ),
    path("forms/<str:form_id>/members/", forms.MemberList.as_view(), name="members"),
    path(
        "forms/<str:form_id>/members/<str:username>/", forms.MemberDetail.as_view(), name="member"
    ),
    path(
        "forms/<str:form_id>/responses/import/", transfers.ResponseImport.as_view(), name="import"
    ),
    path(
        "forms/<str:form_id>/responses/export/", transfers.ResponseExport.as_view(), name="export"
    ),
    path(
        "forms/<str:form_id>/responses/<str:response_id>/",
        responses.ResponseDetail.as_view(),
        name="response",
    ),
    path("forms/<str:form_id>/sessions/", responses.SessionList.as_view(), name="sessions"),
]
