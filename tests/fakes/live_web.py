"""A web server of the test's own, few threads wide, and readers of its live streams."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.test_analytics.servers import free_port, wait_until

ROOT = Path(__file__).parents[2]
SETUP = """
import json, sys
import django
django.setup()
from formplatform.core.embedded import ensure_stores
ensure_stores()
from formplatform.core.preparation import prepare
prepare()
from django.contrib.auth.models import User
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from formplatform.core.actors import Actor
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.forms import catalog, publishing
from tests.test_analytics import study
known = {}
for name in ("ada", "eve"):
    user = User.objects.create_user(name)
    known[name] = create_key(user, name="tests", scopes=SCOPES)[1]
ada = User.objects.get(username="ada")
session = SessionStore()
session[SESSION_KEY] = str(ada.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = ada.get_session_auth_hash()
session.create()
known["session"] = session.session_key
actor = Actor(user_id=ada.pk)
form = catalog.create_form(actor=actor, title="Live", definition=study.DEFINITION)
publishing.publish_form(form, actor=actor)
known["form"] = form.id
print(json.dumps(known))
"""


class LiveClient:
    """Somebody who speaks to a platform over HTTP, under the keys in `known`."""

    def __init__(self, port, known):
        self.port = port
        self.known = known

    @property
    def form(self):
        return f"/api/v2/forms/{self.known['form']}/"

    @property
    def numbers(self):
        return f"/api/v2/analytics/forms/{self.known['form']}/"

    def make_form(self, definition):
        body = {"title": "Live", "definition": definition}
        self.known["form"] = self.call("POST", "/api/v2/forms/", body)[1]["id"]
        assert self.call("POST", f"{self.form}publish/")[0] == 201

    def call(self, method, path, body=None, *, who="ada", kind="application/json"):
        """Status and JSON (or None)."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=body,
            headers={
                "Authorization": f"Bearer {self.known[who]}",
                "Content-Type": kind,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def submit(self, **answers):
        status, made = self.call("POST", f"{self.form}responses/", {"answers": answers})
        assert status == 201, made
        return made

    def import_answers(self, several):
        lines = "\n".join(json.dumps({"answers": answers}) for answers in several)
        path, kind = f"{self.form}responses/import/", "application/x-ndjson"
        status, report = self.call("POST", path, lines.encode(), kind=kind)
        assert (status, report["stored"]) == (200, len(several)), report

    def save(self, query):
        body = {"form_id": self.known["form"], "name": "q", "query": query, "sharing": "team"}
        status, made = self.call("POST", "/api/v2/analytics/saved-queries/", body)
        assert status == 201, made
        return f"/api/v2/analytics/saved-queries/{made['id']}/"

    def listen(self, path=None, **options):
        return Reader(self, path or f"{self.numbers}live/", **options)


class LiveWeb(LiveClient):
    """One gunicorn process with two threads: streams outnumber them at once."""

    def __init__(self, directory, redis_socket, **variables):
        self.environment = {
            **os.environ,
            "DATA_DIRECTORY": str(directory),
            "DJANGO_SETTINGS_MODULE": "formplatform.settings.test",
            "REDIS_URL": f"unix://{redis_socket}?db=0",
            "REDIS_CLUSTER_NODES": "",
            "CELERY_BROKER_URL": "",
            "CELERY_RESULT_BACKEND": "",
            "MONGO_URL": "",
            "DATABASE_URL": "",
            "LIVE_HEARTBEAT_SECONDS": "1",
            "LIVE_RECHECK_SECONDS": "1",
            "LIVE_STALL_SECONDS": "2",
            **variables,
        }
        (directory / "db").mkdir(exist_ok=True)
        made = subprocess.run(
            [sys.executable, "-c", SETUP],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        super().__init__(free_port(), json.loads(made.stdout.splitlines()[-1]))
        self.log = (directory / "web.log").open("w+")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "formplatform.wsgi"),
                *("--worker-class", "gthread", "--workers", "1", "--threads", "2"),
                *("--bind", f"127.0.0.1:{self.port}", "--graceful-timeout", "10"),
            ],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
        )
        wait_until(self._answers)

    def restart(self):
        self.process.terminate()
        self.process.wait(60)
        self.start()

    def worker(self):
        """The process id of the one that answers."""
        main = self.process.pid
        return int(Path(f"/proc/{main}/task/{main}/children").read_text().split()[0])

    def _answers(self):
        try:
            return self.call("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def elsewhere(self, code, *arguments):
        """The last line that a program of the same platform prints."""
        ran = subprocess.run(
            [sys.executable, "-c", f"import django, sys\ndjango.setup()\n{code}", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip().rpartition("\n")[2]

    def said(self):
        self.log.flush()
        return Path(self.log.name).read_text()

    def end(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


class Reader:
    """A reader of one stream, down to the bytes."""

    def __init__(
        self, web, path, *, who="ada", headers=(), version="1.1", session=None, slow=False
    ):
        self.socket = socket.socket()
        if slow:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", web.port))
        who_asks = (
            f"Cookie: sessionid={session}" if session else f"Authorization: Bearer {web.known[who]}"
        )
        lines = [f"GET {path} HTTP/{version}", "Host: localhost", who_asks]
        lines += ["Accept: text/event-stream", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.chunked = version == "1.1"
        self._left = b""
        self._file = self.socket.makefile("rb")
        status = self._file.readline()
        self.status = int(status.split()[1])
        self.headers = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            self.headers[name.decode().lower()] = value.strip().decode()

    def _line(self):
        """One line of the body, the frames of the chunks taken away."""
        if not self.chunked:
            return self._file.readline()
        if not self._left:
            size = self._file.readline().strip()
            if not size:
                return b""
            self._left = self._file.read(int(size, 16))
            self._file.readline()
        line, mark, self._left = self._left.partition(b"\n")
        return line + mark

    def next(self, *, comments=False):
        """(event, id, data) of the next event; None at the end of the stream."""
        found = {}
        while line := self._line():
            text = line.decode().rstrip("\n")
            if text.startswith(":") and comments:
                return ("comment", None, text)
            if not text and "data" in found:
                return (found.get("event"), found.get("id"), json.loads(found["data"]))
            name, _, value = text.partition(": ")
            found[name] = value
        return None

    def wait_for(self, name, *, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            event = self.next()
            assert event is not None, f"the stream ended before {name}"
            if event[0] == name:
                return event
        raise AssertionError(f"no {name} in {seconds} seconds")

    def close(self):
        self._file.close()
        self.socket.close()
