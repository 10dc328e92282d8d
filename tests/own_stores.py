"""Tests that bring stores of their own: they find the same ones, whatever the run is about.

A fixture that starts a platform so says it once; every test that uses it, directly or through
others, gets the mark `own_stores`, by which a run can leave it to another.
"""

import pytest


def brings_stores(function):
    """Decorates the function of a fixture."""
    function.brings_stores = True
    return function


def pytest_collection_modifyitems(items):
    for item in items:
        if any(hasattr(each, "brings_stores") for each in fixture_functions(item)):
            item.add_marker(pytest.mark.own_stores)


def fixture_functions(item):
    definitions = item._fixtureinfo.name2fixturedefs
    return [found[-1].func for found in definitions.values()]
