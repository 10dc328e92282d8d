"""A store that tells what it was asked."""

from collections import Counter

import pytest


@pytest.fixture
def store_calls(form_store, monkeypatch):
    """What is asked of the store, by method; the store answers as ever."""
    found = Counter()

    def counting(name, method):
        def call(*args, **given):
            found[name] += 1
            return method(*args, **given)

        return call

    for name in dir(form_store):
        method = getattr(form_store, name)
        if not name.startswith("_") and callable(method):
            monkeypatch.setattr(form_store, name, counting(name, method))
    return found
