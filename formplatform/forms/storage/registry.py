"""Which store runs: chosen once by the settings."""

from functools import cache
from importlib import import_module

from django.conf import settings

from .base import FormStore

ADAPTERS = {
    "sql": "formplatform.forms.storage.sql.store:SqlFormStore",
    "mongo": "formplatform.forms.storage.mongo.store:MongoFormStore",
}


@cache
def get_store() -> FormStore:
    """The configured form store."""
    module, _, name = ADAPTERS[settings.FORM_STORE].partition(":")
    store: FormStore = getattr(import_module(module), name)()
    return store
