"""The receiver for development: what it finds genuine, what it notices, how it answers and ends."""

import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from formplatform.core import clock
from integrations.webhooks.listening import Incoming, Ledger, Manners, faults_of
from integrations.webhooks.models import Attempt, Delivery
from integrations.webhooks.security import signed_headers
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver

ROOT = Path(__file__).parents[2]
URL = "https://example.com/hook"


@pytest.fixture
def listen(tmp_path):
    """Starts the command as a person does; returns the process and its URL."""
    started = []

    def listen(*arguments):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "webhook_listen", "--port", "0", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        line = process.stdout.readline()
        return process, re.search(r"http://\S+/", line)[0] + "hook"

    yield listen
    for process in started:
        process.kill()
        process.communicate()


def ended(process):
    """What it printed until Ctrl-C."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    return out


@pytest.mark.usefixtures("loopback")
def test_it_verifies_prints_and_forwards_what_is_sent_and_ends_cleanly(
    listen, subscribe, submit, tmp_path
):
    webhook, secret = subscribe(URL)
    (tmp_path / "secret").write_text(f"{secret}\n")
    process, url = listen("--secret-file", str(tmp_path / "secret"))
    type(webhook).objects.update(url=url)
    first = submit(age=36)
    submit(age=37)
    deliver_due.delay()
    assert list(Attempt.objects.values_list("status_code", flat=True)) == [204, 204]
    said = ended(process)
    assert f"#1 evt_{first.id}_1: both signatures are good; answered 204" in said
    assert '"age": 36' in said
    assert said.endswith("2 messages, 0 came again.\n")


@pytest.mark.usefixtures("loopback")
def test_it_refuses_what_another_secret_signed_and_plays_a_bad_receiver(listen, subscribe, submit):
    process, url = listen("--secret", "whsec_" + "A" * 43 + "=")
    subscribe(url)
    submit()
    deliver_due.delay()
    assert Attempt.objects.get().status_code == 401
    said = ended(process)
    assert "webhook-signature: No matching signature found" in said
    assert "X-Webhook-Signature: it does not fit" in said
    process, url = listen("--fail-rate", "1")
    webhook, _ = subscribe(url)
    submit()
    deliver_due.delay()
    assert Attempt.objects.get(delivery__webhook=webhook).status_code == 500
    assert "not verified: no --secret" in ended(process)


def test_signatures_are_judged_one_by_one():
    secret = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="
    headers = signed_headers(
        (secret,), webhook_id="1", message_id="evt_1", attempt=1, at=clock.now(), body=b"{}"
    )
    lower = {name.lower(): value for name, value in headers.items()}

    def faults(body=b"{}", **changed):
        changed = {name.replace("_", "-"): value for name, value in changed.items()}
        return [
            fault.partition(":")[0]
            for fault in faults_of(Incoming(headers={**lower, **changed}, body=body), secret)
        ]

    both = ["webhook-signature", "X-Webhook-Signature"]
    assert faults() == []
    assert faults(body=b"{} ") == both
    assert faults(webhook_timestamp="1700000000") == ["webhook-signature"]
    assert faults(webhook_signature="rubbish") == ["webhook-signature"]
    assert faults(x_webhook_signature="") == ["X-Webhook-Signature"]
    assert faults(body=b"\xff") == both


def test_doubles_and_gaps_are_noticed():
    ledger = Ledger()

    def note(message_id, seq):
        headers = {"webhook-id": message_id, "x-webhook-id": "e", "x-webhook-sequence": str(seq)}
        return ledger.note(Incoming(headers=headers, body=b""))

    assert note("a", 4) == []
    assert note("b", 5) == []
    assert note("b", 5) == ["it came before: handle each id once"]
    assert note("c", 8) == ["missing so far: 6 to 7"]
    assert note("d", 7) == ["number 7 was missing until now"]
    assert note("e", 10) == ["missing so far: 9"]
    assert (ledger.doubles, ledger.missing["e"]) == (1, {6, 9})


def test_a_part_of_the_answers_fails():
    statuses = {Manners(status=204, fail_rate=0.5).choose() for _ in range(200)}
    assert statuses == {204, 500}
    assert Manners(status=418).choose() == 418


@pytest.mark.usefixtures("loopback")
def test_polling_reads_the_same_messages_and_forwards_them_signed(subscribe, submit):
    webhook, secret = subscribe(URL)
    first = submit(age=1)
    second = submit(age=2)
    with Receiver() as receiver:
        said = poll(webhook.pk, "--after", "0", "--forward", receiver.url())
    assert receiver.ids() == [f"evt_{first.id}_1", f"evt_{second.id}_1"]
    for request in receiver.received:
        assert faults_of(Incoming(headers=request.headers, body=request.body), secret) == []
    assert json.loads(receiver.received[1].body)["data"]["answers"] == {"age": 2}
    assert f"#2 evt_{second.id}_1" in said
    assert said.count("forwarded: 200") == 2
    assert poll(webhook.pk, "--after", "1").count("#") == 1


def test_forwarding_goes_only_where_requests_may_go(subscribe, submit):
    webhook, _ = subscribe(URL)
    submit()
    said = poll(webhook.pk, "--forward", "http://127.0.0.1:9/")
    assert "not forwarded: The host is not on the public internet." in said
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--secret", "hush"], "begins with whsec_"),
        (["--secret-file", "/nowhere"], "--secret-file"),
        (["--fail-rate", "2"], "--fail-rate"),
        (["--status", "99"], "--status"),
        (["--poll", "x"], "no such webhook"),
        (["--host", "192.0.2.1"], "Cannot listen on 192.0.2.1"),
    ],
)
def test_what_is_wrong_is_named(arguments, fault):
    with pytest.raises(CommandError, match=fault):
        call_command("webhook_listen", "--port", "0", *arguments, stdout=io.StringIO())


def poll(webhook_id, *arguments):
    out = io.StringIO()
    call_command("webhook_listen", "--poll", webhook_id, "--once", *arguments, stdout=out)
    return out.getvalue()
