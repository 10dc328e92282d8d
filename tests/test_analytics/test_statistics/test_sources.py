"""Every public formula says where it comes from."""

import inspect
import pkgutil
import re
from importlib import import_module

import pytest

from analytics import statistics

MODULES = [each.name for each in pkgutil.iter_modules(statistics.__path__)]
FORMULAS = [
    function
    for name in MODULES
    for key, function in vars(import_module(f"analytics.statistics.{name}")).items()
    if inspect.isfunction(function)
    and function.__module__ == f"analytics.statistics.{name}"
    and not key.startswith("_")
]


@pytest.mark.parametrize("function", FORMULAS, ids=lambda each: each.__name__)
def test_a_formula_names_its_source_with_its_year(function):
    said = f"{inspect.getdoc(function)} {inspect.getmodule(function).__doc__}"
    assert re.search(r"[A-Z]\w+.*\b(1[789]|20)\d\d\b", said, re.DOTALL)
