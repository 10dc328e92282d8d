"""The guide's receiver code, run as it is printed, against what really arrives."""

import re
from pathlib import Path

import pytest

from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "webhooks.md"


@pytest.fixture
def printed():
    """The names that the guide's library-free code defines."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [block for block in blocks if "def is_genuine(" in block]
    names: dict[str, object] = {}
    exec(compile(code, str(GUIDE), "exec"), names)
    return names


@pytest.mark.usefixtures("loopback")
def test_the_guides_code_takes_what_is_genuine_and_nothing_else(printed, subscribe, submit):
    with Receiver() as receiver:
        _, secret = subscribe(receiver.url())
        submit()
        deliver_due.delay()
    (request,) = receiver.received
    for is_genuine in (printed["is_genuine"], printed["is_genuine_by_the_older_header"]):
        assert is_genuine(secret, request.headers, request.body)
        assert not is_genuine(secret, request.headers, request.body + b" ")
        assert not is_genuine("whsec_" + "A" * 43 + "=", request.headers, request.body)
    old = {**request.headers, "webhook-timestamp": "1700000000"}
    assert not printed["is_genuine"](secret, old, request.body)
