"""`{% figures %}`: the numbers on the admin's first page."""

from typing import Any

from django import template

from formplatform.core.figures import figures_for

register = template.Library()


@register.inclusion_tag("formplatform/figures.html", takes_context=True)
def figures(context: dict[str, Any]) -> dict[str, Any]:
    return {"figures": figures_for(context["request"])}
