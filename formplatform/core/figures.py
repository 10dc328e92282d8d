"""Numbers for the admin's first page. An app registers what a person should see at a glance."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from .errors import UnavailableError


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number: a cheap count (an index, never a scan) and the page that explains it.

    `page` is the name of an admin URL; `query` narrows it. `wanted` is the number that needs
    nobody's attention: any other is shown as a warning. `permission` is who may see it.
    """

    label: str
    count: Callable[[], int]
    page: str
    permission: str
    query: str = ""
    wanted: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure with its number; None where the store that knows it is down."""

    label: str
    value: int | None
    link: str
    alarming: bool


_figures: dict[str, Figure] = {}


def register_figure(figure: Figure) -> None:
    """Add a figure under its label; the same label replaces."""
    _figures[figure.label] = figure


def figures_for(request: HttpRequest) -> list[Shown]:
    """What this person may see, in the order of registration."""
    return [_show(f) for f in _figures.values() if request.user.has_perm(f.permission)]


def _show(figure: Figure) -> Shown:
    value = _count(figure)
    alarming = value is None or figure.wanted not in (None, value)
    return Shown(figure.label, value, _link(figure), alarming)


def _count(figure: Figure) -> int | None:
    try:
        return figure.count()
    except UnavailableError:
        return None


def _link(figure: Figure) -> str:
    try:
        return reverse(figure.page) + (f"?{figure.query}" if figure.query else "")
    except NoReverseMatch:  # the feature's pages are switched off
        return ""
