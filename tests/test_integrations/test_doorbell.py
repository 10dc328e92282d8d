"""The bell: it may be lost, and whoever rings it never notices."""

import pytest
import redis
from kombu.exceptions import OperationalError

from integrations.webhooks.queue import doorbell


@pytest.mark.parametrize("error", [OperationalError, redis.ConnectionError, ConnectionResetError])
def test_who_rings_without_a_broker_goes_on(error, monkeypatch, caplog):
    def fail():
        raise error("away")

    monkeypatch.setattr(doorbell, "_ring", fail)
    doorbell.ring()
    assert "the broker is down" in caplog.text
