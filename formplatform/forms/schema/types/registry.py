"""Every field type. A new one is a class with a `name`, registered here."""

from formplatform.forms.schema.fields import FieldType

from . import base, choices, numbers, others, texts, times

MODULES = (choices, numbers, others, texts, times)


def field_types() -> dict[str, FieldType]:
    """Name → type."""
    return base.field_types()
