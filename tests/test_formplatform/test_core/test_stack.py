"""The whole platform as `manage.py up` runs it: real processes, killed one by one."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.fakes.programs import family, is_alive, kill, mentioning, wait_until

pytestmark = pytest.mark.processes
ROOT = Path(__file__).parents[3]


def command_of(process):
    """The words of its command line; none once it is dead, a zombie too."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


class Platform:
    """`manage.py up` in a process of its own, seen from outside."""

    def __init__(self, directory, *arguments):
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", "0", *arguments],
            cwd=ROOT,
            env=variables(directory),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.greeting = []
        for line in self.process.stdout:
            self.greeting.append(line)
            if line.startswith("Ctrl-C"):
                break
        found = re.search(r"http://127\.0\.0\.1:\d+", "".join(self.greeting))
        assert found, self.greeting
        self.site = found[0]

    def get(self, path):
        """Status and JSON; status 0 while nobody answers."""
        try:
            with urllib.request.urlopen(self.site + path, timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, json.load(answer)
        except (OSError, ValueError):
            return 0, {}

    def is_ready(self, role):
        status, body = self.get(f"/readyz?role={role}")
        return status == 200 and body["status"] == "ready"

    def children(self, *words):
        """Its direct children whose command line holds all the words, oldest first."""
        found = psutil.Process(self.process.pid).children()
        return [each.pid for each in found if set(words) <= set(command_of(each))]

    def everybody(self):
        """Every process of this platform: its family, and the embedded stores."""
        return {*family(self.process.pid), *mentioning(str(self.directory / "redis"))}

    def end(self):
        self.process.kill()
        self.process.communicate()


def variables(directory):
    """Nothing of this test run's own configuration reaches the platform."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "ENV_FILE": "/dev/null", "DATA_DIRECTORY": str(directory)}


def manage(directory, *arguments, **given):
    """A management command on the data of the directory, run to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=variables(directory) | given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def platform(directory):
    """One platform for the tests that leave it whole."""
    started = Platform(directory)
    yield started
    started.end()
    wait_until(lambda: not mentioning(str(directory)))


@pytest.fixture
def own_platform(tmp_path):
    """A platform for a test that ends it."""
    started = Platform(tmp_path)
    yield started
    started.end()


def test_every_role_is_ready_once_the_greeting_is_out(platform):
    for role in ("web", "worker", "beat"):
        status, body = platform.get(f"/readyz?role={role}")
        assert (status, body["status"]) == (200, "ready"), body


def test_a_second_platform_on_the_same_data_is_refused(platform, directory):
    tried = manage(directory, "up", "--port", "0")

    assert tried.returncode == 1
    assert tried.stderr == (
        f"CommandError: The platform runs already on {directory}: "
        "stop it, or set DATA_DIRECTORY to another place.\n"
    )
    assert platform.is_ready("web")


def test_the_password_is_shown_once(own_platform):
    assert re.search(r"admin / \S{12,}", "".join(own_platform.greeting))
    own_platform.process.send_signal(signal.SIGHUP)
    own_platform.process.communicate(timeout=60)

    again = Platform(own_platform.directory)
    again.end()

    assert "admin /" not in "".join(again.greeting)


def test_every_process_has_a_log_of_its_own(platform, directory):
    logs = {path.name for path in (directory / "logs").iterdir()}
    assert {"web.log", "worker.log", "beat.log", "valkey.log"} <= logs


def test_a_management_command_uses_the_same_stores(platform, directory):
    servers = mentioning(f"unixsocket:{directory}")
    ask = "from formplatform.core.connections import numbers as n; print(n().info()['process_id'])"
    told = manage(directory, "shell", "-c", ask)
    assert [int(told.stdout.split()[-1])] == servers


def test_counters_of_all_web_processes_are_added_up(platform):
    for _ in range(12):
        platform.get("/api/v2/forms/")

    with urllib.request.urlopen(f"{platform.site}/metrics", timeout=5) as answer:
        text = answer.read().decode()

    counted = re.findall(r'method_total\{method="GET",.*view="forms"\} (\d+)', text)
    assert sum(map(int, counted)) == 12


def test_a_killed_web_server_is_back_and_the_port_never_closed(platform):
    (web,) = platform.children("gunicorn")
    workers = family(web)[1:]

    kill(web)

    wait_until(lambda: platform.get("/healthz")[0] == 200)
    assert platform.children("gunicorn") != [web]
    wait_until(lambda: not any(map(is_alive, workers)))


def test_a_killed_worker_is_back_and_its_pool_went_with_it(platform):
    (worker,) = platform.children("celery", "worker")
    pool = family(worker)[1:]
    assert len(pool) == 2

    kill(worker)

    wait_until(lambda: not any(map(is_alive, pool)))
    wait_until(lambda: platform.children("celery", "worker") not in ([], [worker]))
    wait_until(lambda: platform.is_ready("worker"), seconds=30)


def test_a_killed_beat_is_back(platform):
    (beat,) = platform.children("celery", "beat")
    kill(beat)
    wait_until(lambda: platform.children("celery", "beat") not in ([], [beat]))
    wait_until(lambda: platform.is_ready("beat"), seconds=30)


def test_a_killed_server_of_numbers_is_back(platform, directory):
    (server,) = mentioning(f"unixsocket:{directory}")
    kill(server)
    wait_until(lambda: mentioning(f"unixsocket:{directory}") not in ([], [server]))
    wait_until(lambda: platform.is_ready("web"))


def test_a_killed_guardian_is_replaced(platform, directory):
    def guardians():
        return set(mentioning("guardian.py")) & set(mentioning(str(directory)))

    wait_until(lambda: len(guardians()) == 1)  # one that came second found the lock taken
    killed = guardians()
    kill(min(killed))
    wait_until(lambda: guardians() - killed)
    wait_until(lambda: platform.is_ready("web"), seconds=30)


def test_a_supervisor_killed_without_mercy_leaves_nobody_behind(own_platform):
    everybody = own_platform.everybody()
    assert len(everybody) >= 11, "gunicorn and two, worker and two, beat, reaper, stores"

    own_platform.process.kill()

    wait_until(lambda: not any(map(is_alive, everybody)), seconds=8)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_end_is_clean(own_platform, number):
    everybody = own_platform.everybody()

    own_platform.process.send_signal(number)
    said, _ = own_platform.process.communicate(timeout=60)

    assert own_platform.process.returncode == 0
    assert said.strip() == "Stopping …"
    wait_until(lambda: not any(map(is_alive, everybody)))
    worker_log = (own_platform.directory / "logs" / "worker.log").read_text()
    assert "Warm shutdown" in worker_log


def test_a_taken_port_is_one_line_that_says_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        tried = manage(tmp_path, "up", "--port", port)

    assert tried.returncode == 1
    assert tried.stderr.strip() == (
        f"CommandError: Port {port} cannot be opened (Address already in use): use --port."
    )
    wait_until(lambda: not mentioning(str(tmp_path)))


def test_a_wrong_variable_is_one_line(tmp_path):
    tried = manage(tmp_path, "migrate", CACHE_L1_TTL="5m")
    assert tried.returncode == 1
    assert tried.stderr == "error: CACHE_L1_TTL='5m': expected a whole number.\n"


def test_a_worker_started_by_hand_has_its_stores(tmp_path):
    (tmp_path / "logs").mkdir()
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "formplatform", "worker", "--concurrency", "1"],
        cwd=ROOT,
        env=variables(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = next((line for line in worker.stdout if "ready." in line), "")
        assert "celery@" in said
        assert len(mentioning(f"unixsocket:{tmp_path}")) == 1
    finally:
        worker.kill()
        worker.communicate()
    wait_until(lambda: not mentioning(str(tmp_path)), seconds=8)
