"""Kills what a supervisor leaves behind.

Run as a script by the supervisor, which writes ``+<group>`` for every process group it starts and
``-<group>`` once that group has ended. When the pipe closes, the supervisor is gone, however it
ended, and whatever is still listed is killed with all its children.
"""

import os
import signal
import sys
from collections.abc import Iterable


def groups_left(lines: Iterable[str]) -> set[int]:
    """The groups that were started and not ended."""
    groups: set[int] = set()
    for line in lines:
        number = int(line[1:])
        if line.startswith("+"):
            groups.add(number)
        else:
            groups.discard(number)
    return groups


def kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        return


if __name__ == "__main__":
    for left in groups_left(sys.stdin):
        kill_group(left)
