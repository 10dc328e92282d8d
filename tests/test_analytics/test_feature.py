"""Analytics can be switched off: then it neither listens nor answers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = """
import django
django.setup()
from django.urls import Resolver404, resolve
from formplatform.core.events import subscribers
print(sorted(s.name for s in subscribers() if s.name.startswith("analytics.")))
for place in ("/api/v2/analytics/forms/x/metrics/", "/forms/x/analytics/"):
    try:
        print(resolve(place).url_name)
    except Resolver404:
        print("no such address")
"""
ON = ["['analytics.count_responses', 'analytics.count_sessions']", "metrics", "form-analytics"]
OFF = ["[]", "no such address", "no such address"]


@pytest.mark.processes
@pytest.mark.parametrize(("value", "said"), [("true", ON), ("false", OFF)])
def test_the_flag_decides_about_listening_and_answering(value, said):
    environment = {**os.environ, "ENABLE_ANALYTICS": value}
    environment["DJANGO_SETTINGS_MODULE"] = "formplatform.settings.test"
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert asked.stdout.decode().splitlines() == said
