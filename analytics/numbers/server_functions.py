"""Our functions inside Redis: loaded when missing, called in pipelines.

A server with FUNCTION (Redis 7, Valkey) keeps each as a library named after the digest of its
source, so that processes of two releases never replace each other's. A server without it, or a
user who may not load libraries, gets the same source as a script. So does a cluster, because the
client would ask a node for the keys of every FCALL: one more round trip each.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from pathlib import Path
from typing import Any

import redis
from redis.exceptions import NoPermissionError, NoScriptError, ResponseError

from formplatform.core.connections import Numbers

from .held_connections import Command, HeldConnections


class Status(IntEnum):
    """What a counting function answers first."""

    APPLIED = 1
    REFUSED = 0
    OTHER_GENERATION = -2
    BEHIND = -3
    """Something waits that must be taken first."""


FOLDER = Path(__file__).parent / "functions"
PIPELINE_CALLS = 500


@dataclass(frozen=True, kw_only=True)
class ServerFunction:
    """One function of `functions/`: the file bears the name of the Lua function it defines."""

    name: str
    source: str = field(repr=False)
    registered_name: str
    as_library: str = field(repr=False)
    script: str = field(repr=False)
    script_digest: str


def read_function(name: str) -> ServerFunction:
    return function_of(name, (FOLDER / f"{name}.lua").read_text(encoding="utf-8"))


def function_of(name: str, source: str) -> ServerFunction:
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    registered = f"fp_{name}_{digest}"
    script = f"{source}\nreturn {name}(KEYS, ARGV)\n"
    return ServerFunction(
        name=name,
        source=source,
        registered_name=registered,
        as_library=(
            f"#!lua name={registered}_library\n{source}\n"
            f"redis.register_function('{registered}', {name})\n"
        ),
        script=script,
        script_digest=hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest(),
    )


APPLY = read_function("apply")
WAIT = read_function("wait")
ADVANCE = read_function("advance")
FLIP = read_function("flip")
MEND = read_function("mend")


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one function: every key of one call lies in one slot."""

    function: ServerFunction
    keys: Sequence[str]
    arguments: Sequence[str | bytes | int]


class ServerFunctions:
    """The functions as one client can reach them."""

    def __init__(self, client: Numbers) -> None:
        self._client = client
        self._held = HeldConnections(client)
        self._as_scripts = isinstance(client, redis.RedisCluster)

    def run(self, calls: Iterable[Call]) -> list[Any]:
        """Every answer, in order. Calls are not atomic together; each one is.

        They may be made while the first ones run. Raises the client's error: a connection that
        broke says nothing about what was applied.
        """
        answers: list[Any] = []
        waiting = iter(calls)
        while some := self._run_some(islice(waiting, PIPELINE_CALLS)):
            answers += some
        return answers

    def _run_some(self, calls: Iterable[Call]) -> list[Any]:
        sent: list[Call] = []
        answers = self._held.execute(self._commands(calls, sent))
        for _ in range(2):  # first the function may be missing, then FUNCTION itself
            missing = [place for place, answer in enumerate(answers) if _is_missing(answer)]
            if not missing:
                break
            self._as_scripts |= any(_is_refused(answers[place]) for place in missing)
            self._load({sent[place].function.name: sent[place].function for place in missing})
            again = self._held.execute(self._command(sent[place]) for place in missing)
            for place, answer in zip(missing, again, strict=True):
                answers[place] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def _commands(self, calls: Iterable[Call], sent: list[Call]) -> Iterator[Command]:
        for call in calls:
            sent.append(call)
            yield self._command(call)

    def _command(self, call: Call) -> Command:
        arguments = (len(call.keys), *call.keys, *call.arguments)
        if self._as_scripts:
            return ("EVALSHA", call.function.script_digest, *arguments)
        return ("FCALL", call.function.registered_name, *arguments)

    def _load(self, functions: dict[str, ServerFunction]) -> None:
        for function in functions.values():
            if not self._as_scripts:
                try:
                    self._client.function_load(function.as_library, replace=True)
                except ResponseError:
                    self._as_scripts = True
            if self._as_scripts:
                self._client.script_load(function.script)


def _is_missing(answer: Any) -> bool:
    if isinstance(answer, NoScriptError):
        return True
    unknown = isinstance(answer, ResponseError) and "function not found" in str(answer).lower()
    return unknown or _is_refused(answer)


def _is_refused(answer: Any) -> bool:
    """Whether the server does not know functions, or not for this user."""
    if isinstance(answer, NoPermissionError):
        return True
    return isinstance(answer, ResponseError) and "unknown command" in str(answer).lower()
