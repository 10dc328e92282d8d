"""A live stream of the whole platform: web, worker and beat, from the 201 to the reader."""

import contextlib
import re
import time

import pytest

from tests.fakes.live_web import LiveClient
from tests.fakes.programs import mentioning, wait_until
from tests.test_analytics import study
from tests.test_formplatform.test_core.test_stack import Platform, manage

pytestmark = pytest.mark.processes


def test_a_response_reaches_a_reader_through_the_worker(tmp_path):
    platform = Platform(tmp_path)
    try:
        key = manage(tmp_path, "create_api_key").stdout.strip()
        client = LiveClient(int(re.search(r"\d+$", platform.site)[0]), {"ada": key})
        client.make_form(study.DEFINITION)
        with contextlib.closing(client.listen()) as reader:
            assert reader.next()[0] == "snapshot"
            client.submit(age=1)  # the first response makes the worker load what it needs
            reader.wait_for("diff")
            seconds = []
            for age in range(10):
                client.submit(age=age)
                taken = time.monotonic()
                found = reader.wait_for("diff")[2]
                seconds.append(time.monotonic() - taken)
                assert found["changed"]["total_responses"] == age + 2
            assert sorted(seconds)[4] < 1, seconds
    finally:
        platform.end()
        wait_until(lambda: not mentioning(str(tmp_path)))
