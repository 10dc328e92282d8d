"""Every row of the table of hostile targets: refused when saved, refused when sent to."""

import contextlib
import sys
import threading

import pytest

from integrations import http
from integrations.errors import RefusedTargetError
from integrations.webhooks.admin.forms import WebhookForm
from integrations.webhooks.models import Attempt, Delivery, SigningSecret, Webhook
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver, Reply
from tests.test_integrations.hostile import NAMES, URLS
from tests.test_integrations.test_api import client_of

_WATCHERS: list[list[str]] = []
_EVENTS = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}


def _notice(event, args):
    """Python itself tells of every connection and look-up, whoever makes it and how."""
    if _WATCHERS and event in _EVENTS:
        where = args[0] if event.startswith("socket.get") else args[1]
        if not isinstance(where, str) or event.startswith("socket.get"):  # a path: our own Valkey
            for seen in _WATCHERS:
                seen.append(f"{event} {where}")


sys.addaudithook(_notice)


@contextlib.contextmanager
def watching():
    """Collects what is connected to and looked up meanwhile."""
    seen: list[str] = []
    _WATCHERS.append(seen)
    try:
        yield seen
    finally:
        _WATCHERS.remove(seen)


@pytest.fixture
def api(owner):
    return client_of(owner)


@pytest.mark.parametrize("row", URLS.values(), ids=URLS)
def test_a_hostile_url_is_not_saved_through_the_api(api, survey, row):
    body = {"url": row.url, "form_id": survey.id, "events": ["response.submitted"]}
    answer = api.post("/api/v2/webhooks/", body)
    found = [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert (answer.status_code, found) == (400, [("url", row.at_save or row.reason)])
    assert (Webhook.objects.count(), SigningSecret.objects.count()) == (0, 0)


@pytest.mark.parametrize("row", URLS.values(), ids=URLS)
def test_a_hostile_url_is_an_error_at_its_field_in_the_admin(owner, row):
    form = WebhookForm({"url": row.url, "owner": owner.pk, "events": ["response.submitted"]})
    assert list(form.errors) == ["url"]
    assert Webhook.objects.count() == 0


@pytest.mark.parametrize("row", URLS.values(), ids=URLS)
def test_a_hostile_url_is_refused_before_anything_is_connected_or_looked_up(row):
    with watching() as seen, pytest.raises(RefusedTargetError) as refusal:
        http.send("POST", row.url, timeout_seconds=30)
    assert (refusal.value.reason, refusal.value.transient) == (row.reason, False)
    assert seen == []


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_inside_is_refused_before_anything_is_connected(names, name):
    addresses = names[name.lower().removesuffix(".")] = NAMES[name]
    with watching() as seen, pytest.raises(RefusedTargetError) as refusal:
        http.send("POST", f"http://{name}/", timeout_seconds=30)
    assert refusal.value.reason == "private_address"
    assert [each for each in seen if each.startswith("socket.connect")] == []
    told = f"{refusal.value.message} {refusal.value.data}"
    assert not any(address in told for address in addresses)


def test_what_watches_does_see_a_connection(loopback):
    with Receiver() as receiver, watching() as seen:
        http.send("POST", receiver.url(), timeout_seconds=30)
    assert seen == [f"socket.connect {('127.0.0.1', receiver.port)}"]


def test_the_table_is_as_long_as_promised():
    assert len(URLS) + len(NAMES) >= 200
    assert len({row.url for row in URLS.values()}) == len(URLS)


@pytest.mark.parametrize("row", [URLS["loopback"], URLS["metadata"], URLS["a neighbour"]])
def test_a_url_that_is_hostile_by_now_becomes_a_dead_letter_without_a_call(subscribe, submit, row):
    """A rule that came later, or a row that was written past the forms."""
    webhook, _ = subscribe("https://example.com/")
    Webhook.objects.filter(pk=webhook.pk).update(url=row.url)
    submit()
    with watching() as seen:
        deliver_due.delay()
    delivery, attempt = Delivery.objects.get(), Attempt.objects.get()
    assert (delivery.status, delivery.dead_reason) == ("dead", "refused")
    assert (attempt.outcome, attempt.error_code) == ("failed", row.reason)
    assert [each for each in seen if "127.0.0.1" in each or "169.254" in each] == []


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/", "http://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "/inside"],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(loopback, status, location):
    with Receiver() as inside:
        reply = Reply(status, headers={"Location": location.format(port=inside.port)})
        with Receiver(reply) as receiver, watching() as seen:
            assert http.send("POST", receiver.url(), timeout_seconds=30).status == status
    assert (inside.received, len(receiver.received)) == ([], 1)
    assert seen == [f"socket.connect {('127.0.0.1', receiver.port)}"]


def test_a_name_that_changes_its_mind_is_asked_once(names, loopback):
    """Rebinding: the first answer may be reached, every later one leads elsewhere."""
    asked = []

    def rebind():
        asked.append(threading.current_thread())
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    names["rebinding.example"] = rebind
    with Receiver() as receiver:
        answer = http.send("POST", receiver.url(host="rebinding.example"), timeout_seconds=30)
    assert (answer.status, answer.peer, len(asked)) == (200, "127.0.0.1", 1)


def test_a_name_that_turns_hostile_is_refused_at_the_next_connection(names, loopback, settings):
    names["turning.example"] = ["127.0.0.1"]
    with Receiver(Reply(headers={"Connection": "close"})) as receiver:
        url = receiver.url(host="turning.example")
        assert http.send("POST", url, timeout_seconds=30).status == 200
        names["turning.example"] = ["10.0.0.1"]
        with watching() as seen, pytest.raises(RefusedTargetError):
            http.send("POST", url, timeout_seconds=30)
    assert len(receiver.received) == 1
    assert [each for each in seen if each.startswith("socket.connect")] == []


REACHED = {
    "an address": ("http://127.0.0.1:{port}/a", "/a"),
    "a mapped address": ("http://[::ffff:127.0.0.1]:{port}/a", "/a"),
    "a name": ("http://allowed.example:{port}/a", "/a"),
    "a name with a dot behind": ("http://allowed.example.:{port}/a", "/a"),
    "a name in capitals": ("http://ALLOWED.Example:{port}/a", "/a"),
    "a name of a private network": ("http://neighbour:{port}/a", "/a"),
    "an international name": ("http://xn--mnchen-3ya.example:{port}/a", "/a"),
    "an underscore": ("http://my_app.example:{port}/a", "/a"),
    "no path": ("http://127.0.0.1:{port}", "/"),
    "a query without a path": ("http://127.0.0.1:{port}?a=1", "/?a=1"),
    "an encoded path": ("http://127.0.0.1:{port}/a%2f..%2f%00?b=%20&b", "/a%2f..%2f%00?b=%20&b"),
    "dots in the path": ("http://127.0.0.1:{port}/a/../b", "/a/../b"),
    "an at in the path": ("http://127.0.0.1:{port}/@10.0.0.1/", "/@10.0.0.1/"),
}


@pytest.mark.parametrize(("url", "path"), REACHED.values(), ids=REACHED)
def test_what_is_allowed_arrives(names, loopback, subscribe, submit, url, path):
    names["allowed.example"] = names["neighbour"] = ["127.0.0.1"]
    names["xn--mnchen-3ya.example"] = names["my_app.example"] = ["127.0.0.1"]
    with Receiver() as receiver:
        subscribe(url.format(port=receiver.port))
        submit()
        deliver_due.delay()
    assert [request.path for request in receiver.received] == [path]
    assert Delivery.objects.get().status == "delivered"


def test_an_address_of_the_sixth_version_is_reached(loopback):
    with Receiver(bind="::1") as receiver:
        answer = http.send("POST", receiver.url(host="[::1]"), body=b"x", timeout_seconds=30)
    assert (answer.status, answer.peer) == (200, "::1")
    assert receiver.received[0].headers["host"] == f"[::1]:{receiver.port}"
