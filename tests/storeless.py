"""What is about files, sockets, texts and formulas: another store behind it changes nothing there.

It runs once, on the embedded stores, and is left out where the suite runs again on other ones.
"""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
STORELESS = {
    "test_analytics": (
        "test_columns/test_crash", "test_columns/test_disk", "test_columns/test_mishaps",
        "test_columns/test_patience", "test_downloads", "test_exact_sums", "test_export_limits",
        "test_exports", "test_exports_on_the_wire", "test_page", "test_query/test_hostile_queries",
        "test_query/test_mutated_queries", "test_query/test_queries_by_get",
        "test_query/test_refusals", "test_series_in_zones", "test_sketches", "test_statistics",
    ),
    "test_caching": ("test_codec",),
    "test_formplatform": ("test_core/test_hosts", "test_forms/test_schema", "test_settings"),
    "test_integrations": (
        "test_egress_proxy", "test_gigantic_answers", "test_guide", "test_hostile_shapes",
        "test_hostile_targets", "test_http", "test_presets", "test_redaction", "test_resolving",
        "test_schedule", "test_security", "test_strangers", "test_targets", "test_template_guide",
        "test_warm_connections", "test_wire",
    ),
    "test_plugins": ("test_manifest",),
    "test_reporting": ("test_charts", "test_cron"),
}  # fmt: skip
"""Folder → test files and folders in it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder, _, rest = item.path.relative_to(HERE).with_suffix("").as_posix().partition("/")
        if any(rest == each or rest.startswith(f"{each}/") for each in STORELESS.get(folder, ())):
            item.add_marker(pytest.mark.storeless)
