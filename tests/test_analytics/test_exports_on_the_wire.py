"""An export over a real socket: whole where it is read, gone without a trace where it is not."""

import contextlib
import http.client
import random
import socket
import string

import pytest

from tests.fakes.live_web import LiveWeb
from tests.own_stores import brings_stores
from tests.test_analytics.servers import Server, wait_until

pytestmark = pytest.mark.processes
BREAK = """
from django.db import connection
connection.cursor().execute("ALTER TABLE forms_response RENAME TO gone")
"""
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


@pytest.mark.parametrize(("kind", "made_first"), [("sav", 1), ("parquet", 0), ("xlsx", 0)])
def test_a_connection_that_breaks_leaves_no_file_and_no_busy_thread(
    web, tmp_path, kind, made_first
):
    def left():
        return list((tmp_path / "temporary").glob("export-*"))

    for _ in range(12):  # more than a socket may hold of a file that compresses to three quarters
        web.import_answers([{"note": noise()} for _ in range(1000)])
    for _ in range(3):  # more often than there are threads, and than one may at a time
        with contextlib.closing(web.listen(f"{web.numbers}export/?as={kind}", slow=True)) as reader:
            assert reader.status == 200
            assert len(left()) == made_first
        wait_until(lambda: not left(), seconds=20)
    assert web.call("GET", f"{web.numbers}metrics/")[1]["total_responses"] == 12_000


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_a_file_that_breaks_off_does_not_look_whole(web, kind):
    for _ in range(6):  # far more than sockets hold of it
        web.import_answers([{"note": noise()} for _ in range(1000)])
    asked = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
    asked.sock = socket.socket()
    asked.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asked.sock.connect((asked.host, asked.port))
    key = {"Authorization": f"Bearer {web.known['ada']}"}
    asked.request("GET", f"{web.numbers}export/?as={kind}", headers=key)
    answer = asked.getresponse()
    assert (answer.status, len(answer.read(1000))) == (200, 1000)
    web.elsewhere(BREAK)
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    asked.close()
