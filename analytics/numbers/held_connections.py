"""Connections that are kept ready between calls, for who sends one small call after the other.

redis-py looks whether a connection of its pool is fit before each command, and whether to keep it
after: that takes longer than Redis does. Here a connection is taken to be fit; where it is not,
everything is sent again the ordinary way. Commands are sent as they are made, so that Redis works
on the first ones while the next are.
"""

import os
from collections.abc import Iterable
from itertools import chain
from typing import Any

import redis
from redis.exceptions import ResponseError

from formplatform.core.connections import Numbers

Command = tuple[Any, ...]


class HeldConnections:
    """Connections of their own to the Redis of a client; through a cluster's, the client's."""

    def __init__(self, client: Numbers) -> None:
        self._client: Any = client
        self._is_cluster = isinstance(client, redis.RedisCluster)
        self._idle: list[Any] = []
        self._process = os.getpid()

    def execute(self, commands: Iterable[Command]) -> list[Any]:
        """The answer to each, or what the server has against it.

        A connection that broke is no answer: then they are sent again, as the client would.
        """
        sent: list[Command] = []
        if not self._is_cluster:
            try:
                return self._execute(commands, sent)
            except redis.ConnectionError:
                pass
        pipeline = self._client.pipeline(transaction=False)
        for command in chain(sent, commands):
            pipeline.execute_command(*command)
        answers: list[Any] = pipeline.execute(raise_on_error=False)
        return answers

    def _execute(self, commands: Iterable[Command], sent: list[Command]) -> list[Any]:
        connection = self._take()
        try:
            for command in commands:
                sent.append(command)
                connection.send_command(*command)
            answers = [_read(connection) for _ in sent]
        except BaseException:  # an answer that nobody read must not become that of the next call
            connection.disconnect()
            raise
        self._idle.append(connection)
        return answers

    def _take(self) -> Any:
        if self._process != os.getpid():  # a fork must not share a socket
            self._idle, self._process = [], os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            pool = self._client.connection_pool
            return pool.connection_class(**pool.connection_kwargs)


def _read(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        return error
