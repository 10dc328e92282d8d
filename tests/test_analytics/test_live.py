"""Live streams over real sockets: a real web server with two threads, a Redis of its own."""

import contextlib
import http.client
import signal
import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.fakes.live_web import LiveWeb
from tests.own_stores import brings_stores
from tests.test_analytics import study
from tests.test_analytics.servers import Server, wait_until
from tests.test_analytics.test_api import client_of

pytestmark = pytest.mark.processes
MOST_STREAMS = 12


@pytest.fixture(scope="module")
def redis_server():
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="module")
@brings_stores
def web(tmp_path_factory, redis_server):
    started = LiveWeb(
        tmp_path_factory.mktemp("live"),
        redis_server.socket,
        LIVE_STREAMS_PER_USER=str(MOST_STREAMS),
    )
    yield started
    started.end()


@pytest.fixture
def listen(web):
    with contextlib.ExitStack() as readers:

        def open_one(*given, **options):
            return readers.enter_context(contextlib.closing(web.listen(*given, **options)))

        yield open_one


def test_a_snapshot_comes_first_and_then_only_what_changed_soon_after(web, listen):
    reader = listen(f"{web.numbers}live/?fields=department")
    assert reader.status == 200
    assert reader.headers["content-type"] == "text/event-stream"
    assert reader.headers["x-accel-buffering"] == "no"
    name, identifier, first = reader.next()
    total = first["data"]["total_responses"]
    assert name == "snapshot"
    assert first["data"]["fields.department.missing"] is not None
    web.submit(department="IT")
    counted = time.monotonic()
    name, newer, found = reader.next()
    assert time.monotonic() - counted < 5
    assert (name, newer == identifier) == ("diff", False)
    assert found["changed"]["total_responses"] == total + 1
    assert found["changed"]["fields.department.values.0"]["value"] == "it"
    assert "sessions.viewed" not in found["changed"]
    assert found["removed"] == []


def test_more_streams_than_threads_leave_the_server_free(web, listen):
    readers = [listen() for _ in range(10)]
    for reader in readers:
        assert reader.next()[0] == "snapshot"
    started = time.monotonic()
    web.submit(age=1)
    assert web.call("GET", f"{web.numbers}metrics/")[0] == 200
    assert time.monotonic() - started < 5
    for reader in readers:
        assert reader.next()[0] == "diff"


def test_a_saved_answer_sends_the_rows_that_changed(web, listen):
    web.submit(department="HR")
    saved = web.save({"aggregate": "count", "group_by": "department"})
    reader = listen(f"{saved}live/")
    _, _, first = reader.next()
    rows = [value for key, value in first["data"].items() if key.startswith("rows.")]
    before = {row["_id"]: row["value"] for row in rows if isinstance(row, dict)}
    counted = time.monotonic()
    web.submit(department="HR")
    _, _, found = reader.next()
    assert time.monotonic() - counted < 5
    assert {"_id": "hr", "value": before["hr"] + 1} in found["changed"].values()


def test_who_comes_back_is_told_what_it_missed(web, listen):
    reader = listen()
    _, seen, first = reader.next()
    reader.close()
    web.submit(age=2)
    back = listen(headers=[f"Last-Event-ID: {seen}"])
    name, newest, found = back.next()
    assert name == "diff"
    assert found["changed"]["total_responses"] == first["data"]["total_responses"] + 1
    back.close()

    same = listen(headers=[f"Last-Event-ID: {newest}"])
    assert same.next(comments=True)[0] == "comment", "nothing was missed"

    lost = listen(headers=["Last-Event-ID: nobody-knows"])
    name, identifier, whole = lost.next()
    assert (name, identifier) == ("snapshot", newest)
    assert whole["data"]["total_responses"] == found["changed"]["total_responses"]


def test_a_heart_beats_while_nothing_happens(web, listen):
    reader = listen()
    reader.next()
    started = time.monotonic()
    beats = [reader.next(comments=True) for _ in range(2)]
    assert [kind for kind, _, _ in beats] == ["comment", "comment"]
    assert 1 < time.monotonic() - started < 5


def test_an_old_client_gets_the_stream_without_chunks(web, listen):
    reader = listen(version="1.0")
    assert "transfer-encoding" not in reader.headers
    assert reader.next()[0] == "snapshot"
    web.submit(age=3)
    assert reader.next()[0] == "diff"


def test_a_viewer_whose_right_is_taken_sees_no_more(web, listen):
    member = {"username": "eve", "role": "viewer"}
    assert listen(who="eve").status == 404
    assert web.call("POST", f"{web.form}members/", member)[0] in (200, 201)
    reader = listen(who="eve")
    assert reader.next()[0] == "snapshot"
    assert web.call("DELETE", f"{web.form}members/eve/")[0] == 204
    reader.wait_for("revoked", seconds=5)
    assert reader.next() is None
    assert listen(who="eve").status == 404


MAKE_KEY = """
from django.contrib.auth.models import User
from formplatform.core.api_keys import SCOPES, create_key
print(create_key(User.objects.get(username="ada"), name="another", scopes=SCOPES)[1])
"""
FIND_KEY = """
from datetime import timedelta
from formplatform.core.api_keys import revoke_key, rotate_key
from formplatform.core.clock import now
from formplatform.core.models import ApiKey
key = ApiKey.objects.get(prefix=sys.argv[1].split("_")[1])
"""
KEY_ENDS = {
    "revoked": "revoke_key(key)",
    "rotated at once": "rotate_key(key, grace=timedelta(0))",
    "expired": "ApiKey.objects.filter(pk=key.pk).update(expires_at=now())",
    "deleted": "key.delete()",
}


@pytest.mark.parametrize("end", KEY_ENDS.values(), ids=list(KEY_ENDS))
def test_a_key_that_is_good_no_more_ends_its_stream(web, listen, end):
    web.known["another"] = web.elsewhere(MAKE_KEY)
    reader = listen(who="another")
    assert reader.next()[0] == "snapshot"
    web.elsewhere(FIND_KEY + end, web.known["another"])
    reader.wait_for("revoked", seconds=6)
    assert reader.next() is None


def test_a_secret_that_was_replaced_keeps_its_stream_while_it_is_good(web, listen):
    web.known["another"] = web.elsewhere(MAKE_KEY)
    reader = listen(who="another")
    assert reader.next()[0] == "snapshot"
    web.elsewhere(FIND_KEY + "rotate_key(key, grace=timedelta(hours=1))", web.known["another"])
    time.sleep(4)  # longer than a key is remembered and a permission is taken to hold
    web.submit(age=9)
    assert reader.next()[0] == "diff"


@pytest.fixture
def eve_views(web):
    member = {"username": "eve", "role": "viewer"}
    assert web.call("POST", f"{web.form}members/", member)[0] in (200, 201)
    yield
    assert web.call("DELETE", f"{web.form}members/eve/")[0] == 204


@pytest.mark.usefixtures("eve_views")
def test_a_person_who_is_deactivated_sees_no_more(web, listen):
    user = "from django.contrib.auth.models import User\nUser.objects.filter(username='eve')"
    reader = listen(who="eve")
    assert reader.next()[0] == "snapshot"
    web.elsewhere(f"{user}.update(is_active=False)")
    try:
        reader.wait_for("revoked", seconds=5)
        assert reader.next() is None
    finally:
        web.elsewhere(f"{user}.update(is_active=True)")


@pytest.mark.usefixtures("eve_views")
def test_a_saved_query_that_is_taken_back_or_deleted_ends_its_streams(web, listen):
    saved = web.save({"aggregate": "count"})
    eve, ada = listen(f"{saved}live/", who="eve"), listen(f"{saved}live/")
    assert (eve.next()[0], ada.next()[0]) == ("snapshot", "snapshot")
    assert web.call("PATCH", saved, {"sharing": "private"})[0] == 200
    eve.wait_for("revoked", seconds=5)
    assert web.call("DELETE", saved)[0] == 204
    ada.wait_for("revoked", seconds=5)
    assert (eve.next(), ada.next()) == (None, None)


def test_a_session_that_ends_ends_its_stream(web, listen):
    session = web.known["session"]
    reader = listen(session=session)
    assert reader.next()[0] == "snapshot"
    assert listen(session="nobody").status in (401, 403)
    _end_session(web, session)
    reader.wait_for("revoked", seconds=5)


def _end_session(web, session):
    """As a browser signs out."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
    token = "a" * 32
    headers = {
        "Cookie": f"sessionid={session}; csrftoken={token}",
        "X-CSRFToken": token,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", "/api/v2/logout/", body="", headers=headers)
    assert connection.getresponse().status in (200, 302)
    connection.close()


def test_nobody_has_more_streams_than_allowed_and_a_closed_one_makes_room(web, listen):
    held = [listen()]
    while held[-1].status == 200:
        held.append(listen())
    refused = held.pop()
    assert 0 < len(held) <= MOST_STREAMS
    assert (refused.status, refused.headers["retry-after"]) == (429, "10")
    held[0].close()
    wait_until(lambda: listen().status == 200)


def test_a_stream_over_what_cannot_be_seen_or_shown_is_refused(web, listen):
    assert listen(f"{web.numbers}live/?fields=nope").status == 400
    assert listen(f"{web.numbers}live/?timezone=Mars").status == 400
    assert listen("/api/v2/analytics/saved-queries/999999/live/").status == 404
    assert web.call("GET", f"{web.numbers}live/", who="eve")[0] == 404


def test_a_reader_that_takes_nothing_is_dropped_and_holds_up_nobody(web, listen):
    web.import_answers([{"note": f"{number} " + "x" * 900} for number in range(500)])
    saved = web.save({"aggregate": "count", "group_by": "note", "limit": 1000})
    lazy = listen(f"{saved}live/", slow=True)
    eager = listen(f"{saved}live/")
    assert eager.next()[0] == "snapshot"
    time.sleep(4)
    web.submit(note="y")
    assert eager.next()[0] == "diff"
    assert lazy.next() is None, "cut off in the middle of its snapshot"


def test_redis_killed_and_back_is_said_and_survived(web, listen, redis_server):
    reader = listen()
    _, _, first = reader.next()
    redis_server.kill()
    try:
        reader.wait_for("unavailable", seconds=10)
    finally:
        redis_server.start()
    reader.wait_for("available", seconds=10)
    web.submit(age=5)
    _, _, found = reader.wait_for("diff", seconds=5)
    assert found["changed"]["total_responses"] == first["data"]["total_responses"] + 1


def test_a_stream_over_numbers_in_a_cluster_tells_what_changed(own_web, redis_cluster, settings):
    broker = settings.CELERY_BROKER_URL
    web = own_web(
        REDIS_CLUSTER_NODES=",".join(redis_cluster),
        CELERY_BROKER_URL=broker,
        CELERY_RESULT_BACKEND=broker,
    )
    with contextlib.closing(web.listen()) as reader:
        _, _, first = reader.next()
        web.submit(age=5)
        _, _, found = reader.wait_for("diff", seconds=5)
    assert first["data"]["total_responses"] == 0
    assert found["changed"]["total_responses"] == 1


@pytest.fixture
@brings_stores
def own_web(tmp_path, redis_server):
    """Starts a web server for a test that ends it, or wants it small."""
    with contextlib.ExitStack() as started:

        def start(**variables):
            web = LiveWeb(tmp_path, redis_server.socket, **variables)
            started.callback(web.end)
            return web

        yield start


def test_the_end_of_the_web_server_ends_the_streams_at_once(own_web):
    web = own_web()
    with contextlib.closing(web.listen()) as reader:
        assert reader.next()[0] == "snapshot"
        started = time.monotonic()
        web.process.send_signal(signal.SIGTERM)
        while reader.next() is not None:
            pass
        assert web.process.wait(60) == 0
        assert time.monotonic() - started < 5
    assert "Traceback" not in web.said()


def test_who_comes_back_after_a_restart_is_told_what_there_is_or_nothing(own_web):
    web = own_web()
    web.submit(age=1)
    with contextlib.closing(web.listen()) as reader:
        _, seen, first = reader.next()
    web.restart()
    same = [f"Last-Event-ID: {seen}"]
    with contextlib.closing(web.listen(headers=same)) as reader:
        assert reader.next(comments=True)[0] == "comment", "nothing was missed"
    web.submit(age=2)
    web.restart()
    with contextlib.closing(web.listen(headers=same)) as reader:
        name, _, whole = reader.next()
    assert (name, whole["data"]["total_responses"]) == ("snapshot", 2)
    assert first["data"]["total_responses"] == 1


def test_a_form_that_is_deleted_ends_its_streams(own_web):
    web = own_web()
    with contextlib.closing(web.listen()) as reader:
        assert reader.next()[0] == "snapshot"
        assert web.call("DELETE", web.form)[0] == 204
        reader.wait_for("revoked", seconds=5)
        assert reader.next() is None


def test_readers_that_come_and_go_leave_nothing_behind(own_web):
    web = own_web(LIVE_STREAMS_PER_USER="200")
    worker = web.worker()
    come_and_go(web, 50)  # threads and their connections are made once
    time.sleep(3)
    before = held_by(worker)
    come_and_go(web, 150)
    wait_until(lambda: held_by(worker) <= before + 2)


def come_and_go(web, readers):
    for number in range(readers):
        with contextlib.closing(web.listen()) as reader:
            assert reader.status == 200
            if number % 5 == 0:
                reader.next()


def held_by(process):
    """Descriptors and threads."""
    descriptors = len(list(Path(f"/proc/{process}/fd").iterdir()))
    return descriptors + len(list(Path(f"/proc/{process}/task").iterdir()))


def test_a_process_takes_only_so_many_streams(own_web):
    web = own_web(LIVE_STREAMS_PER_PROCESS="2")
    with contextlib.ExitStack() as readers:
        found = [readers.enter_context(contextlib.closing(web.listen())) for _ in range(3)]
        assert [reader.status for reader in found] == [200, 200, 503]
        assert found[2].headers["retry-after"] == "10"


def test_a_server_that_cannot_hand_over_a_connection_says_so(form_store):
    api = client_of(User.objects.create_user("ada"))
    form = api.post("/api/v2/forms/", {"title": "t", "definition": study.DEFINITION}).json()
    refused = api.get(f"/api/v2/analytics/forms/{form['id']}/live/")
    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    assert Client().get(f"/api/v2/analytics/forms/{form['id']}/live/").status_code == 401
