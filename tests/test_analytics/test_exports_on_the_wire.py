"""An export over a real socket: whole where it is read, gone without a trace where it is not."""

import contextlib
import random
import string

import pytest

from tests.fakes.live_web import LiveWeb
from tests.own_stores import brings_stores
from tests.test_analytics.servers import Server, wait_until

pytestmark = pytest.mark.processes
LETTERS = random.Random(4)


@pytest.fixture
@brings_stores
def web(tmp_path):
    server = Server()
    (tmp_path / "temporary").mkdir()
    started = LiveWeb(tmp_path, server.socket, TMPDIR=str(tmp_path / "temporary"))
    yield started
    started.end()
    server.close()


def noise():
    return "".join(LETTERS.choices(string.ascii_letters, k=900))


@pytest.mark.parametrize("kind", ["sav", "xlsx", "parquet"])
def test_a_connection_that_breaks_leaves_no_file_and_no_busy_thread(web, tmp_path, kind):
    def left():
        return list((tmp_path / "temporary").glob("export-*"))

    for _ in range(12):  # more than a socket may hold of a file that compresses to three quarters
        web.import_answers([{"note": noise()} for _ in range(1000)])
    for _ in range(3):  # more often than there are threads, and than one may at a time
        with contextlib.closing(web.listen(f"{web.numbers}export/?as={kind}", slow=True)) as reader:
            assert reader.status == 200
            assert left(), "it is made before it is sent"
        wait_until(lambda: not left(), seconds=20)
    assert web.call("GET", f"{web.numbers}metrics/")[1]["total_responses"] == 12_000
