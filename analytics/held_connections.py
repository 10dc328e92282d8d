"""Connections that are kept ready between calls, for who sends one small call after the other.

redis-py looks whether a connection of its pool is fit before each command, and whether to keep it
after: that takes longer than Redis does. Here a connection is taken to be fit, and what it says
otherwise is sent again the ordinary way.
"""

import os
from typing import Any

import redis
from redis.exceptions import ResponseError

from formplatform.core.connections import Numbers


class HeldConnections:
    """Connections of their own to the Redis of a client; through a cluster's, the client's."""

    def __init__(self, client: Numbers) -> None:
        self._client: Any = client
        self._is_cluster = isinstance(client, redis.RedisCluster)
        self._idle: list[Any] = []
        self._process = os.getpid()

    def execute(self, *command: Any) -> Any:
        """The answer, or what the server has against the command.

        A connection that broke is no answer: then it is sent again, as the client would.
        """
        try:
            if self._is_cluster:
                return self._client.execute_command(*command)
            try:
                return self._execute(command)
            except redis.ConnectionError:
                return self._client.execute_command(*command)
        except ResponseError as error:
            return error

    def _execute(self, command: tuple[Any, ...]) -> Any:
        connection = self._take()
        try:
            connection.send_command(*command)
            answer = connection.read_response()
        except ResponseError:
            self._idle.append(connection)
            raise
        except BaseException:  # an answer that nobody read must not become that of the next call
            connection.disconnect()
            raise
        self._idle.append(connection)
        return answer

    def _take(self) -> Any:
        if self._process != os.getpid():  # a fork must not share a socket
            self._idle, self._process = [], os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            pool = self._client.connection_pool
            return pool.connection_class(**pool.connection_kwargs)
