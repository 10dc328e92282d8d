"""Says by name what could not run on this machine, and what it would take.

A test that needs something absent carries a marker of `NEEDS`; it is skipped and listed at the
end of the run, so that a green summary never hides it.
"""

import os
from collections import defaultdict

import pytest

NEEDS = {
    "engine": ("MONGO_TEST_URL", "a MongoDB replica set, e.g. mongodb://127.0.0.1:27017"),
    "npm": ("NPM_TEST_MODULES", "the node_modules that `npm ci` makes of tests/node"),
}


def report(request, reason):
    """Skip the test from within, and list it with the others at the end."""
    request.node.user_properties.append(("not_run", reason))
    pytest.skip(reason)


def missing(marker):
    """What the marker's tests lack here, or None."""
    variable, meaning = NEEDS[marker]
    return None if os.environ.get(variable) else f"needs {variable}: {meaning}"


def pytest_collection_modifyitems(items):
    for item in items:
        for marker in NEEDS:
            reason = missing(marker)
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
                item.user_properties.append(("not_run", reason))


def pytest_terminal_summary(terminalreporter):
    names = defaultdict(lambda: defaultdict(list))
    for report in terminalreporter.getreports("skipped"):
        for key, reason in report.user_properties:
            if key == "not_run":
                file, _, name = report.nodeid.partition("::")
                names[reason][file].append(name.partition("[")[0])
    for reason, files in names.items():
        total = sum(map(len, files.values()))
        terminalreporter.section(f"not run here: {total} tests; {reason}")
        for file, tests in sorted(files.items()):
            terminalreporter.line(f"{file}: {', '.join(sorted(set(tests)))}")
