"""Plausible forms, versions, responses and sessions; every argument can be given."""

from datetime import timedelta

import factory

from formplatform.core import clock
from formplatform.forms import domain
from formplatform.forms.ids import new_id


def definition():
    """A small form with one field of several kinds."""
    return {
        "fields": [
            {"id": "name", "type": "text", "label": "Your name", "pii": True},
            {"id": "age", "type": "integer", "label": "Your age", "minimum": 0, "maximum": 130},
            {
                "id": "vote",
                "type": "choice",
                "label": "Your vote",
                "options": [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}],
            },
        ]
    }


class FormFactory(factory.Factory):
    class Meta:
        model = domain.Form

    id = factory.LazyFunction(new_id)
    owner_id = 1
    title = factory.Sequence(lambda number: f"Form {number}")
    draft = factory.LazyFunction(definition)
    created_at = factory.LazyFunction(clock.now)
    updated_at = factory.SelfAttribute("created_at")


class FormVersionFactory(factory.Factory):
    class Meta:
        model = domain.FormVersion

    form_id = factory.LazyFunction(new_id)
    number = 1
    definition = factory.LazyFunction(definition)
    published_at = factory.LazyFunction(clock.now)


class FormResponseFactory(factory.Factory):
    class Meta:
        model = domain.FormResponse

    id = factory.LazyFunction(new_id)
    form_id = factory.LazyFunction(new_id)
    version = 1
    data = factory.Sequence(lambda number: {"name": f"Person {number}", "age": 18 + number % 80})
    submitted_at = factory.LazyFunction(clock.now)
    updated_at = factory.SelfAttribute("submitted_at")


class SessionFactory(factory.Factory):
    class Meta:
        model = domain.Session

    id = factory.LazyFunction(new_id)
    form_id = factory.LazyFunction(new_id)
    viewed_at = factory.LazyFunction(clock.now)
    updated_at = factory.SelfAttribute("viewed_at")

    class Params:
        submitted = factory.Trait(
            started_at=factory.LazyAttribute(lambda my: my.viewed_at + timedelta(seconds=2)),
            submitted_at=factory.LazyAttribute(lambda my: my.viewed_at + timedelta(seconds=30)),
            response_id=factory.LazyFunction(new_id),
        )
