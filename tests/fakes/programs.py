"""Looking at processes from outside, and waiting for what must happen soon."""

import contextlib
import os
import time

import psutil


def wait_until(condition, *, seconds=60.0):
    """The condition's first true value; fails the test when it does not come in time."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(psutil.NoSuchProcess):
            if found := condition():
                return found
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(pid):
    """A process and all that descend from it."""
    top = psutil.Process(pid)
    return [top.pid, *(child.pid for child in top.children(recursive=True))]


def mentioning(text):
    """Processes whose command line names something, such as a directory of this test."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid()
        and any(text in word for word in process.info["cmdline"] or ())
    ]


def kill(pid):
    psutil.Process(pid).kill()
