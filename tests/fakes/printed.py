"""What a guide prints, run as it is printed: programs by their names, receivers as processes."""

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests import not_run

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
RUNTIMES = {".py": sys.executable, ".mjs": "node", ".go": "go", ".php": "php"}
BLOCK = re.compile(r"```[a-z]+\n((?:<\?php )?(?:#|//) (\S+)\n.*?)```", re.DOTALL)
START_SECONDS = 20
BUILD_SECONDS = 300


def printed(guide="webhook-receivers.md"):
    """Name of a file → its text; the first line of a block names it."""
    text = (GUIDES / guide).read_text(encoding="utf-8")
    return {name: code for code, name in BLOCK.findall(text)}


def runtime_of(name, request):
    """The program that runs such a file; without it the test is not run, by name."""
    program = RUNTIMES[Path(name).suffix]
    found = shutil.which(program)
    if found is None:
        not_run.report(request, f"needs the program {program}")
    return found


def build(source, runtime):
    """A Go program is built first; what it says goes to the test."""
    program = source.with_suffix("")
    environment = {**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off"}
    command = [runtime, "build", "-o", program, source]
    subprocess.run(command, check=True, env=environment, cwd=source.parent, timeout=BUILD_SECONDS)
    return program


class PrintedReceiver:
    """A receiver of the guide, listening. Use as a context manager."""

    def __init__(self, source, runtime, *, secret):
        self.inbox = source.parent / "inbox"
        self.port = _free_port()
        self._environment = {
            **os.environ,
            "WEBHOOK_SECRET": secret,
            "INBOX": str(self.inbox),
            "PORT": str(self.port),
        }
        self._command = _command(source, runtime, self.port)
        self._process = None

    def url(self):
        return f"http://127.0.0.1:{self.port}/forms"

    def kept(self):
        """Message id → the bytes that are kept of it."""
        return {path.name: path.read_bytes() for path in self.inbox.glob("*")}

    def post(self, headers, body):
        """The status it answers."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, 10)) as line:
            line.request("POST", "/forms", body, headers)
            return line.getresponse().status

    def __enter__(self):
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self.inbox.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            assert self._process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(60)

    def _listens(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


def _command(source, runtime, port):
    if source.suffix == ".go":
        return [build(source, runtime)]
    if source.suffix == ".php":
        return [runtime, "-S", f"127.0.0.1:{port}", source]
    return [runtime, source]


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]
