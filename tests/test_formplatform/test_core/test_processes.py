"""The supervisor, with small programs in the place of web, worker and beat."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from formplatform.core.processes import Program, StartError, Supervisor
from tests.fakes.programs import family, is_alive, kill, mentioning, wait_until

pytestmark = pytest.mark.processes
ROOT = Path(__file__).parents[3]

POLITE = """
import pathlib, signal, subprocess, sys, time
name, diary = sys.argv[1:3]
def write(what):
    with open(diary, "a") as file:
        file.write(f"{name} {what}\\n")
def end(*_):
    write("ended")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
write("started")
while True:
    time.sleep(0.05)
"""
STUBBORN = POLITE.replace("sys.exit(0)", "pass")
WITH_CHILD = POLITE.replace(
    'write("started")',
    'subprocess.Popen([sys.executable, "-c", "import signal, time;"'
    '"signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)", diary])\nwrite("started")',
)


@pytest.fixture
def diary(tmp_path):
    path = tmp_path / "diary"
    path.touch()
    return path


def program(name, diary, source=POLITE, **options):
    return Program(
        name=name,
        command=[sys.executable, "-c", source, name, str(diary)],
        log=diary.parent / "logs" / f"{name}.log",
        is_ready=lambda _since: f"{name} started" in diary.read_text(),
        directory=diary.parent,
        **options,
    )


def entries(diary):
    return diary.read_text().splitlines()


def test_programs_end_in_the_reverse_order_of_their_start(diary):
    with Supervisor([program("first", diary), program("second", diary)]) as supervisor:
        pids = supervisor.pids()
        assert list(pids) == ["first", "second"]

    assert entries(diary)[2:] == ["second ended", "first ended"]
    assert not any(map(is_alive, pids.values()))


def test_a_killed_program_is_started_again(diary):
    with Supervisor([program("only", diary)]) as supervisor:
        before = supervisor.pids()["only"]
        kill(before)
        wait_until(lambda: entries(diary).count("only started") == 2)
        assert supervisor.pids()["only"] != before


def test_a_restarted_program_still_ends_cleanly(diary):
    with Supervisor([program("only", diary)]) as supervisor:
        kill(supervisor.pids()["only"])
        wait_until(lambda: entries(diary).count("only started") == 2)

    assert entries(diary)[-1] == "only ended"


def test_what_a_killed_program_started_is_killed_before_it_comes_back(diary):
    with Supervisor([program("parent", diary, WITH_CHILD)]) as supervisor:
        parent, child = family(supervisor.pids()["parent"])
        kill(parent)
        wait_until(lambda: not is_alive(child))


def test_a_program_that_will_not_end_is_killed_in_its_time(diary):
    with Supervisor([program("deaf", diary, STUBBORN, stop_seconds=0.3)]) as supervisor:
        pid = supervisor.pids()["deaf"]
        started = time.monotonic()

    assert time.monotonic() - started < 12, "as long as others are given"
    assert not is_alive(pid)
    assert entries(diary) == ["deaf started", "deaf ended"], "it was asked first"


def test_a_program_that_ends_at_once_is_named_with_its_last_words(diary):
    broken = program("broken", diary, "import sys; sys.exit('no such table')")

    with pytest.raises(StartError, match="broken ended at once:\nno such table"):
        Supervisor([program("healthy", diary), broken]).start()

    assert entries(diary) == ["healthy started", "healthy ended"]
    assert not mentioning(str(diary))


def test_a_program_that_never_gets_ready_is_named(diary):
    silent = program("silent", diary, "import time; time.sleep(600)", start_seconds=0.3)

    with pytest.raises(StartError, match="silent was not ready after 0 seconds"):
        Supervisor([silent]).start()

    assert not mentioning(str(diary))


def test_variables_are_added_to_the_environment_without_the_help_of_a_shell(diary, monkeypatch):
    monkeypatch.setenv("KEPT", "yes")
    monkeypatch.setenv("PATH", "/nonexistent")
    tell = POLITE.replace('"started"', "f\"started {os.environ['KEPT']} {os.environ['ADDED']}\"")
    teller = program("teller", diary, f"import os{tell}", variables={"ADDED": "a=b c"})

    with Supervisor([teller]):
        assert entries(diary) == ["teller started yes a=b c"]


def test_chores_are_done_at_every_look_and_a_failing_one_stops_nothing(diary, caplog):
    looks = []

    def chore():
        looks.append(1)
        raise OSError("no room")

    with Supervisor([program("only", diary)], chores=[chore]) as supervisor:
        wait_until(lambda: len(looks) > 2)
        assert is_alive(supervisor.pids()["only"])

    assert "could not tend the processes" in caplog.text


SUPERVISE = """
import pathlib, sys, time
sys.path[:0] = [{root!r}]
from tests.test_formplatform.test_core.test_processes import WITH_CHILD, program
from formplatform.core.processes import Supervisor
diary = pathlib.Path(sys.argv[1])
with Supervisor([program("one", diary, WITH_CHILD), program("two", diary, WITH_CHILD)]):
    print("up", flush=True)
    time.sleep(600)
"""


def start_supervisor(diary):
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE.format(root=str(ROOT)), str(diary)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "formplatform.settings.local"},
    )
    assert process.stdout.readline() == "up\n"
    process.stdout.close()
    return process


def reaper_of(process):
    mine = family(process.pid)
    return next(pid for pid in mentioning("reaper.py") if pid in mine)


@pytest.fixture
def supervise(diary):
    """A supervisor in a process of its own, with two programs that have a child each."""
    process = start_supervisor(diary)
    assert len(family(process.pid)) == 6, "itself, the reaper, two programs, their two children"
    yield process
    process.kill()
    process.wait()


def test_a_supervisor_killed_without_mercy_leaves_nobody_behind(supervise):
    everybody = family(supervise.pid)

    supervise.kill()
    supervise.wait()

    wait_until(lambda: not any(map(is_alive, everybody)), seconds=5)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's signal is Linux's")
def test_the_kernel_ends_the_programs_even_where_the_reaper_is_stuck(supervise):
    reaper, programs = reaper_of(supervise), psutil.Process(supervise.pid).children()
    everybody = family(supervise.pid)
    os.kill(reaper, signal.SIGSTOP)

    supervise.kill()
    supervise.wait()

    others = [program.pid for program in programs if program.pid != reaper]
    wait_until(lambda: not any(map(is_alive, others)), seconds=5)
    os.kill(reaper, signal.SIGCONT)
    wait_until(lambda: not any(map(is_alive, everybody)), seconds=5)


def test_a_killed_reaper_is_replaced_and_told_everything(supervise, diary):
    kill(reaper_of(supervise))
    alive = [p for p in psutil.Process(supervise.pid).children() if is_alive(p.pid)]
    next(program for program in alive if "one" in program.cmdline()).kill()
    # The supervisor notices when it starts the program again.
    wait_until(lambda: entries(diary).count("one started") == 2)
    everybody = family(supervise.pid)
    assert reaper_of(supervise)

    supervise.kill()
    supervise.wait()

    wait_until(lambda: not any(map(is_alive, everybody)), seconds=5)
