"""Start a program that dies with its parent: ``launch.py <parent pid> [NAME=value …] <program> …``.

Run as a script on the standard library alone, it becomes the program. A `preexec_fn` would do the
same, but may lock up where the parent has threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends (Linux only)."""
    if not sys.platform.startswith("linux"):
        return  # there the reaper does it
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # it ended before we asked


def split_variables(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """The leading ``NAME=value`` words, and the command after them."""
    variables: dict[str, str] = {}
    for place, word in enumerate(words):
        name, separator, value = word.partition("=")
        if not separator:
            return variables, words[place:]
        variables[name] = value
    return variables, []


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    added, command = split_variables(sys.argv[2:])
    environment = {**os.environ, **added}  # noqa: TID251 - passed on, not read
    os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is wanted
