#!/usr/bin/env python3
"""Set up and run formplatform with nothing but Python: demo, test, up, bench, soak.

Makes .venv, installs the locked packages, then hands over. Standard library only.
"""

import shutil
import sys

if sys.version_info < (3, 11):  # everything before this line has to work on Python 3.6
    newer = [name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)]
    remedy = "run " + newer[0] + " boot.py" if newer else "install it (apt install python3.11)"
    this = sys.version.split()[0]
    sys.exit("error: Python 3.11 or newer is needed, this is " + this + ": " + remedy + ".")

import contextlib
import ctypes
import fcntl
import hashlib
import itertools
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NEEDED_BYTES = 1_500_000_000
PANGO = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")
PANGO_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
USAGE = """\
usage: python3 boot.py COMMAND

  demo [--keep] [--port N]   put a real study through the whole platform and check every number
  test [PYTEST ARGUMENTS]    the test suite on the embedded stores
  test --all                 every gate, and the suite on every real store that is here
  up [--port N]              serve until Ctrl-C
  bench [NAME [OPTIONS]]     ratios against named peers, measured in one run
  soak [NAME [OPTIONS]]      long runs with kills in between; NAME --help says what it takes
"""


class BootError(Exception):
    """Something is missing; the message is one line that says what to do."""


# --- Packages -------------------------------------------------------------------------------


def ensure_packages(lock_name: str) -> None:
    """Have the locked packages in .venv; does nothing where they are there already."""
    wanted = _fingerprint(lock_name)
    if _is_installed(lock_name, wanted):
        return
    with only_one_boot():
        if _is_installed(lock_name, wanted):
            return
        _check_disk()
        _make_venv()
        _install(ROOT / "requirements" / f"{lock_name}.txt")
        (VENV / f"{lock_name}.stamp").write_text(wanted, encoding="utf-8")


def _is_installed(lock_name: str, wanted: str) -> bool:
    """The test lock holds all of the base lock, so its stamp serves for both."""
    if lock_name == "base" and _has_stamp("test", _fingerprint("test")):
        return True
    return _has_stamp(lock_name, wanted)


def _has_stamp(lock_name: str, wanted: str) -> bool:
    stamp = VENV / f"{lock_name}.stamp"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == wanted


def _fingerprint(lock_name: str) -> str:
    """Of the lock and of this Python: where either changes, packages are installed again."""
    lock = (ROOT / "requirements" / f"{lock_name}.txt").read_bytes()
    return hashlib.sha256(lock + sys.version.encode()).hexdigest()


@contextlib.contextmanager
def only_one_boot() -> Iterator[None]:
    """Two boots at once would spoil each other's .venv; the second waits."""
    try:
        lock = (ROOT / ".boot.lock").open("w", encoding="utf-8")
    except OSError as error:
        message = f"{ROOT} cannot be written ({error.strerror}): copy it elsewhere."
        raise BootError(message) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _check_disk() -> None:
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        needed = NEEDED_BYTES // 10**6
        raise BootError(f"{free // 10**6} MB of disk are free here; {needed} are needed.")


def _make_venv() -> None:
    if _is_usable():
        return
    try:
        import ensurepip  # noqa: F401 - Debian splits it off
        import venv
    except ImportError as error:
        raise BootError("Python's venv module is missing: apt install python3-venv") from error
    say("making .venv")
    venv.create(VENV, with_pip=True, clear=True)


def _is_usable() -> bool:
    """Whether .venv is whole and of this Python; an interrupted start may have left half of it."""
    check = f"import pip, sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    try:
        finished = subprocess.run([PYTHON, "-c", check], capture_output=True, check=False)
    except OSError:
        return False
    return finished.returncode == 0


def _install(lock_file: Path) -> None:
    """Run pip, show how far it is, keep its words for the case that it fails."""
    names = re.findall(r"^([a-z0-9][\w.-]*)==", lock_file.read_text(encoding="utf-8"), re.MULTILINE)
    total = len(set(names))
    # --no-deps: the lock names everything. Left to resolve, older pips look at releases newer than
    # the lock for requirements with extras, and then refuse them for want of a hash.
    locked = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(lock_file)]
    options = ["--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
    said, done, phase = [], 0, "fetching"
    with subprocess.Popen(
        [str(PYTHON), "-m", "pip", "install", *options, *locked],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            said.append(line.rstrip())
            done += line.startswith("Collecting ")
            if line.startswith("Installing collected"):
                phase = "installing"
            progress(f"{phase} packages: {min(done, total)} of about {total}")
    progress("")
    if process.returncode != 0:
        raise BootError(_why_pip_failed(said))
    say(f"installed {total} packages")


NETWORK = re.compile(r"NewConnectionError|ConnectTimeout|Connection to \S+ timed out|ProxyError")


def _why_pip_failed(said: Sequence[str]) -> str:
    if any(NETWORK.search(line) for line in said):
        return "pip cannot reach the package index: check the network or the proxy, then run again."
    if any("No space left" in line for line in said):
        return "the disk is full: make room, then run again."
    errors = [line for line in said if "WARNING" not in line]
    return "\n".join(["pip could not install the packages; its last words:", *errors[-12:]])


# --- System libraries -----------------------------------------------------------------------


def ensure_pango() -> None:
    """PDF reports need Pango. As root with apt: install it; otherwise say how, and go on."""
    if _has_pango() or not sys.platform.startswith("linux"):
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *PANGO_PACKAGES]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("PDF reports need Pango; installing " + " ".join(PANGO_PACKAGES))
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in (["apt-get", "update", "-qq"], command):
            subprocess.run(step, env=quiet, capture_output=True, check=False)
    if not _has_pango():
        say(f"no PDF reports without Pango; to have them: {' '.join(command)}")


def _has_pango() -> bool:
    for library in PANGO:
        try:
            ctypes.CDLL(library)
        except OSError:
            return False
    return True


# --- Commands -------------------------------------------------------------------------------


def demo(arguments: Sequence[str]) -> int:
    ensure_packages("base")
    ensure_pango()
    return become([str(PYTHON), "manage.py", "demo", *arguments])


def up(arguments: Sequence[str]) -> int:
    ensure_packages("base")
    ensure_pango()
    return become([str(PYTHON), "manage.py", "up", *arguments])


def test(arguments: Sequence[str]) -> int:
    ensure_packages("test")
    ensure_pango()
    if "--all" in arguments:
        gates = [str(PYTHON), "-m", "tests.gates", *(a for a in arguments if a != "--all")]
        return become(gates)
    return become([str(PYTHON), "-m", "pytest", *arguments])


def bench(arguments: Sequence[str]) -> int:
    return run_modules("benchmarks", "bench_", arguments)


def soak(arguments: Sequence[str]) -> int:
    return run_modules("soak", "soak_", arguments)


def run_modules(folder: str, prefix: str, arguments: Sequence[str]) -> int:
    """Run ``tests/<folder>/<prefix><name>.py``: by name, with its options, or each in turn."""
    files = (ROOT / "tests" / folder).glob(f"{prefix}*.py")
    found = sorted(file.stem.removeprefix(prefix) for file in files)
    given = list(itertools.takewhile(lambda each: not each.startswith("-"), arguments))
    names, options = given or found, list(arguments[len(given) :])
    if set(names) - set(found):
        raise BootError(f"There is no such name; known are {', '.join(found)}.")
    ensure_packages("test")
    ensure_pango()
    modules = [f"tests.{folder}.{prefix}{name}" for name in names]
    results = [run([str(PYTHON), "-m", module, *options]) for module in modules]
    return max(results, default=0)


def become(command: Sequence[str]) -> NoReturn:
    """Turn into the command: signals and the exit code are then its own affair."""
    sys.stdout.flush()
    os.chdir(ROOT)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    os.execve(command[0], list(command), environment)  # noqa: S606 - no shell is wanted


def run(command: Sequence[str]) -> int:
    """Run one of several commands; Ctrl-C reaches it too, and it ends by itself."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


# --- Words ----------------------------------------------------------------------------------


def say(message: str) -> None:
    print(f"boot: {message}", flush=True)


PROGRESS_SECONDS = 5.0
_told_at = [0.0]


def progress(message: str) -> None:
    """One line that renews itself on a terminal; now and then a line elsewhere."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{message}", end="", flush=True)
    elif message and time.monotonic() - _told_at[0] > PROGRESS_SECONDS:
        _told_at[0] = time.monotonic()
        say(message)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "demo": demo,
    "test": test,
    "up": up,
    "bench": bench,
    "soak": soak,
}


def main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        print(USAGE, end="")
        return 0 if arguments[:1] in (["-h"], ["--help"], ["help"]) else 2
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except BootError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on where this one was", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
