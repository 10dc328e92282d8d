"""URLs of pages, below the root."""

from django.urls import path

from . import views

urlpatterns = [
    path("forms/<str:form_id>/analytics/", views.FormPage.as_view(), name="form-analytics"),
]
