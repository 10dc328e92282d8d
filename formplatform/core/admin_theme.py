"""The admin's look behind one door: django-unfold, or Django's own (`ADMIN_THEME=plain`).

Apps take `ModelAdmin`, `TabularInline`, `StackedInline`, `display` and widgets from here and never
import a theme, so that the theme can be changed, or dropped, in this file alone. `action` and
`register` are Django's own: both themes take them as they are.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.contrib import admin
from django.contrib.admin import action, register
from django.db.models import Model

Shown = TypeVar("Shown", bound=Callable[..., Any])


class Colour(StrEnum):
    """What a state means to the reader; the theme chooses the colour."""

    GOOD = "success"
    BUSY = "info"
    WARNING = "warning"
    BAD = "danger"
    QUIET = "default"


if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, StackedInline, TabularInline
    from django.contrib.admin.widgets import AdminTextInputWidget as TextInput
    from django.forms import Select
else:
    if settings.ADMIN_THEME == "unfold":
        from unfold.admin import (
            ModelAdmin as _ModelAdmin,
            StackedInline as _StackedInline,
            TabularInline as _TabularInline,
        )
        from unfold.widgets import (
            UnfoldAdminSelectWidget as Select,
            UnfoldAdminTextInputWidget as TextInput,
        )
    else:
        from django.contrib.admin import (
            ModelAdmin as _ModelAdmin,
            StackedInline as _StackedInline,
            TabularInline as _TabularInline,
        )
        from django.contrib.admin.widgets import AdminTextInputWidget as TextInput
        from django.forms import Select

    class _Typed:
        """Lets `ModelAdmin[Webhook]` be written: the parameter is for the type checker."""

        def __class_getitem__(cls, _model: object) -> type:
            return cls

    class ModelAdmin(_Typed, _ModelAdmin):
        pass

    class TabularInline(_Typed, _TabularInline):
        pass

    class StackedInline(_Typed, _StackedInline):
        pass


def display(
    *,
    description: str,
    ordering: str | None = None,
    boolean: bool | None = None,
    colours: Mapping[str, Colour] | None = None,
) -> Callable[[Shown], Shown]:
    """Name a computed column. `colours` paints its values (values → colour) where the theme can."""

    def name(shown: Shown) -> Shown:
        named = admin.display(description=description, ordering=ordering, boolean=boolean)(shown)
        if colours is not None:
            named.label = {value: str(colour) for value, colour in colours.items()}  # type: ignore[attr-defined]  # read by the theme
        return named

    return name


def register_themed(
    model: type[Model], foreign: type["admin.ModelAdmin[Any]"], **attributes: object
) -> None:
    """Register another package's admin class again, in our theme.

    Its inlines are themed too; `attributes` replace class attributes (forms, mostly).
    """
    inlines = [_themed(inline, TabularInline) for inline in foreign.inlines]
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, _themed(foreign, ModelAdmin, inlines=inlines, **attributes))


def is_themed(model_admin: "admin.ModelAdmin[Any]") -> bool:
    return isinstance(model_admin, ModelAdmin)


def _themed(foreign: type[Any], base: type[Any], **attributes: object) -> type[Any]:
    bases = (foreign,) if issubclass(foreign, base) else (foreign, base)
    return type(foreign.__name__, bases, {"__module__": __name__, **attributes})


__all__ = [
    "Colour",
    "ModelAdmin",
    "Select",
    "StackedInline",
    "TabularInline",
    "TextInput",
    "action",
    "display",
    "is_themed",
    "register",
    "register_themed",
]
