"""Who may open the page. Its numbers it asks of the API, as any client does."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from formplatform.core.actors import Actor
from formplatform.core.errors import NotFoundError
from formplatform.forms.access import get_form


class FormPage(LoginRequiredMixin, View):
    def get(self, request: HttpRequest, form_id: str) -> HttpResponse:
        user = request.user
        try:
            form = get_form(Actor(user_id=user.pk, is_staff=user.is_staff), form_id)
        except NotFoundError:
            return render(request, "analytics/no_form.html", status=404)
        return render(request, "analytics/form.html", {"form": form})
