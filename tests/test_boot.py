"""The bootstrap says in one line what is missing, and installs only when something changed."""

import ast
import builtins
import fcntl
import importlib.util
import os
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


def run_as_old_python(path):
    source = (ROOT / "boot.py").read_text()
    lie = "import sys; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (old)'\n"
    return subprocess.run(
        [sys.executable, "-c", lie + source],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(path)},
    )


def test_an_old_python_is_told_what_to_install(tmp_path):
    finished = run_as_old_python(tmp_path)

    assert finished.returncode == 1
    assert finished.stderr == (
        "error: Python 3.11 or newer is needed, this is 3.9.2: "
        "install it (apt install python3.11).\n"
    )


def test_an_old_python_is_told_of_a_newer_one_that_is_there(tmp_path):
    (tmp_path / "python3.12").write_text("#!/bin/sh\n")
    (tmp_path / "python3.12").chmod(0o755)

    assert run_as_old_python(tmp_path).stderr == (
        "error: Python 3.11 or newer is needed, this is 3.9.2: run python3.12 boot.py.\n"
    )


def test_an_old_python_can_read_the_file_far_enough_to_say_so():
    ast.parse((ROOT / "boot.py").read_text(), feature_version=(3, 6))


def test_a_directory_that_cannot_be_written_is_said(boot, capsys, monkeypatch, tmp_path):
    (tmp_path / "requirements").rename(tmp_path / "kept")
    (tmp_path / "file").touch()
    monkeypatch.setattr(boot, "_fingerprint", lambda lock: "wanted")
    monkeypatch.setattr(boot, "ROOT", tmp_path / "file")

    assert boot.main(["up"]) == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/file cannot be written (Not a directory): copy it elsewhere.\n"
    )


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


def pip_that_says(boot, words):
    boot.PYTHON.parent.mkdir(parents=True)
    boot.PYTHON.write_text(f"#!/bin/sh\n[ \"$1\" = -c ] && exit 0\necho '{words}'\nexit 1\n")
    boot.PYTHON.chmod(0o755)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("WARNING: Retrying after NewConnectionError(x)", "check the network or the proxy"),
        ("ERROR: [Errno 28] No space left on device", "the disk is full: make room"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "DO NOT MATCH THE HASHES"),
    ],
    ids=["no network", "no room", "a damaged package"],
)
def test_pip_failing_says_what_to_do(boot, capsys, words, remedy):
    pip_that_says(boot, words)

    assert boot.main(["demo"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert remedy in said
    assert not (boot.VENV / "base.stamp").exists(), "the next start tries again"


def test_ctrl_c_says_that_nothing_is_lost(boot, capsys, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(boot, "_check_disk", interrupt)

    assert boot.main(["demo"]) == 130
    assert "the same command goes on where this one was" in capsys.readouterr().err


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


def test_a_soak_gets_the_options_behind_its_name(boot, monkeypatch):
    (boot.ROOT / "tests" / "soak").mkdir(parents=True)
    for name in ("a", "b"):
        (boot.ROOT / "tests" / "soak" / f"soak_{name}.py").touch()
    commands = []
    monkeypatch.setattr(boot, "ensure_packages", lambda lock: None)
    monkeypatch.setattr(boot, "ensure_pango", lambda: None)
    monkeypatch.setattr(boot, "run", lambda command: commands.append(command[2:]) or 0)

    assert boot.main(["soak", "b", "--queries", "5"]) == 0
    assert boot.main(["soak"]) == 0

    alone = [["tests.soak.soak_a"], ["tests.soak.soak_b"]]
    assert commands == [["tests.soak.soak_b", "--queries", "5"], *alone]


def test_no_command_shows_how_it_is_used(boot, capsys):
    assert boot.main([]) == 2
    assert boot.main(["--help"]) == 0
    assert "put a real study through" in capsys.readouterr().out


@pytest.fixture(scope="module")
def empty_project(tmp_path_factory):
    """A project without packages, whose manage.py says what it was asked."""
    root = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "boot.py", root)
    (root / "requirements").mkdir()
    for name in ("base", "test"):
        (root / "requirements" / f"{name}.txt").write_text("# nothing\n")
    (root / "manage.py").write_text("import os, sys\nprint('asked', sys.argv[1:], os.getpid())\n")
    return root


def run_boot(root, *arguments):
    return subprocess.Popen(
        [sys.executable, "-S", "boot.py", *arguments],
        cwd=root,
        env={"PATH": os.defpath, "HOME": str(root / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.processes
def test_two_first_starts_make_one_environment_and_become_the_command(empty_project):
    starts = [run_boot(empty_project, "demo", "--keep") for _ in range(2)]
    said = [start.communicate(timeout=120)[0] for start in starts]

    assert [start.returncode for start in starts] == [0, 0], said
    assert sum(text.count("making .venv") for text in said) == 1
    for start, text in zip(starts, said, strict=True):
        assert f"asked ['demo', '--keep'] {start.pid}" in text, (
            "a signal to it reaches the platform"
        )


@pytest.mark.processes
def test_a_half_made_environment_is_made_again(empty_project):
    run_boot(empty_project, "up").communicate(timeout=120)
    (empty_project / ".venv" / "base.stamp").unlink()
    for pip in (empty_project / ".venv").rglob("site-packages/pip"):
        shutil.rmtree(pip)

    said, _ = run_boot(empty_project, "up", "--port", "1").communicate(timeout=120)

    assert "making .venv" in said
    assert "asked ['up', '--port', '1']" in said
