"""The bootstrap says in one line what is missing, and installs only when something changed."""

import builtins
import fcntl
import importlib.util
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def boot(tmp_path, monkeypatch):
    """The bootstrap in a copy of the project's skeleton."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    spec = importlib.util.spec_from_file_location("boot_under_test", ROOT / "boot.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    return module


def test_an_old_python_is_told_what_is_needed():
    source = (ROOT / "boot.py").read_text()
    lie = "import sys; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (old)'\n"

    finished = subprocess.run(
        [sys.executable, "-c", lie + source], capture_output=True, text=True, check=False
    )

    assert finished.returncode == 1
    assert finished.stderr == "error: Python 3.11 or newer is needed; this is 3.9.2.\n"


def test_a_missing_venv_module_names_the_package(boot, capsys, monkeypatch):
    real = builtins.__import__

    def without_ensurepip(name, *args, **kwargs):
        if name == "ensurepip":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_ensurepip)

    assert boot.main(["up"]) == 2
    assert "apt install python3-venv" in capsys.readouterr().err


def test_a_full_disk_is_said_before_anything_is_made(boot, capsys, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(boot.shutil, "disk_usage", lambda _: usage(1, 1, 10_000_000))

    assert boot.main(["demo"]) == 2
    assert capsys.readouterr().err == "error: 10 MB of disk are free here; 1500 are needed.\n"
    assert not boot.VENV.exists()


def test_pip_failing_shows_the_end_of_what_it_said(boot, monkeypatch, capsys):
    boot.PYTHON.parent.mkdir(parents=True)
    boot.PYTHON.write_text(
        "#!/bin/sh\n[ \"$1\" = -c ] && exit 0\necho 'ERROR: no such host'\nexit 1\n"
    )
    boot.PYTHON.chmod(0o755)

    assert boot.main(["demo"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: pip could not install the packages; is the network there?")
    assert "no such host" in said
    assert not (boot.VENV / "base.stamp").exists()


def test_installed_packages_are_left_alone_until_the_lock_changes(boot, monkeypatch):
    installed = []
    monkeypatch.setattr(boot, "_make_venv", lambda: boot.VENV.mkdir(exist_ok=True))
    monkeypatch.setattr(boot, "_install", lambda lock: installed.append(lock.name))

    boot.ensure_packages("base")
    boot.ensure_packages("base")
    assert installed == ["base.txt"]

    lock = boot.ROOT / "requirements" / "base.txt"
    lock.write_text(lock.read_text() + "# changed\n")
    boot.ensure_packages("base")
    assert installed == ["base.txt", "base.txt"]


def test_the_test_packages_hold_the_base_packages_too(boot, monkeypatch):
    installed = []
    monkeypatch.setattr(boot, "_make_venv", lambda: boot.VENV.mkdir(exist_ok=True))
    monkeypatch.setattr(boot, "_install", lambda lock: installed.append(lock.name))

    boot.ensure_packages("test")
    boot.ensure_packages("base")

    assert installed == ["test.txt"]


def test_two_boots_do_not_install_at_once(boot):
    with boot.only_one_boot():
        second = (boot.ROOT / ".boot.lock").open("w")
        with second, pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_unknown_benchmark_is_answered_with_the_known_ones(capsys):
    finished = subprocess.run(
        [sys.executable, "boot.py", "bench", "nosuch"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 2
    assert "submit" in finished.stderr


def test_no_command_shows_how_it_is_used(boot, capsys):
    assert boot.main([]) == 2
    assert boot.main(["--help"]) == 0
    assert "put a real study through" in capsys.readouterr().out
