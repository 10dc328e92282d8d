"""Fixtures of the integrations: loopback as an allowed network, names without a name server."""

import socket
from ipaddress import ip_network

import pytest

from integrations.outbound.warm import warm_connections
from tests.fakes.certificates import Authority


@pytest.fixture(autouse=True)
def public_only(settings):
    """As a deployment begins: whatever the environment of this run allows."""
    settings.OUTBOUND_ALLOWED_NETWORKS = ()
    settings.OUTBOUND_DENIED_NETWORKS = ()
    settings.OUTBOUND_ALLOWED_PORTS = frozenset({80, 443, 8080, 8443})
    settings.OUTBOUND_PROXY_URL = None


@pytest.fixture(autouse=True)
def cold():
    """No test meets a connection of the one before."""
    yield
    warm_connections().close_all()


@pytest.fixture
def loopback(settings, public_only):
    """Deliveries may go to this machine."""
    settings.OUTBOUND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def names(monkeypatch):
    """Host name → addresses. A name that is not in it does not resolve; a callable is asked."""
    known: dict[str, object] = {}
    real = socket.getaddrinfo

    def resolve(host, port, *args):
        answer = known.get(host)
        if callable(answer):
            answer = answer()
        if answer is None and host[0] not in "0123456789:":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [found for text in answer or [host] for found in real(text, port, *args)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known
