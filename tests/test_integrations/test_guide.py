"""The receivers of the guide, run as they are printed, against what really arrives."""

import base64
import json
import os
import re
import subprocess
import threading
import types
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from rest_framework.test import APIClient

from formplatform.core import clock
from integrations.webhooks import rotation
from integrations.webhooks.keys import generate_secret
from integrations.webhooks.models import Delivery
from integrations.webhooks.repeating import replays
from integrations.webhooks.security import sign_standard
from integrations.webhooks.tasks import deliver_due
from tests.fakes.printed import PrintedReceiver, build, printed, runtime_of
from tests.fakes.receiver import Receiver

pytestmark = pytest.mark.usefixtures("loopback")
PRINTED = printed()
RECEIVERS = [name for name in PRINTED if name.startswith("receiver.")]
NODE = "receiver.mjs with its library"
OWN_CHECK = {
    ".py": r"def is_genuine.*?\n\n\n",
    ".mjs": r"export function isGenuine.*?\n}\n",
}
LIBRARY_CHECK = {
    ".py": "from with_library import is_genuine\n\n\n",
    ".mjs": 'import { isGenuine } from "./with_library.mjs";\n',
}


@pytest.fixture
def wire(subscribe, submit):
    """A genuine request as it was on the wire, of an endpoint with two secrets."""
    with Receiver() as receiver:
        webhook, older = subscribe(receiver.url(), asymmetric=True)
        newer = rotation.rotate_secret(webhook)
        submit(name="Zoë 😀", vote="no")
        deliver_due.delay()
    (request,) = receiver.received
    return types.SimpleNamespace(
        webhook=webhook, older=older, newer=newer, headers=request.headers, body=request.body
    )


@pytest.fixture(
    params=[*RECEIVERS, "receiver.py with its library", pytest.param(NODE, marks=pytest.mark.npm)]
)
def listening(request, tmp_path):
    """Starts the guide's receiver with a secret."""
    name, _, library = request.param.partition(" ")
    runtime = runtime_of(name, request)
    code = PRINTED[name]
    source = tmp_path / name
    if library:
        pattern, check = OWN_CHECK[source.suffix], LIBRARY_CHECK[source.suffix]
        code, count = re.subn(pattern, check, code, count=1, flags=re.DOTALL)
        assert count == 1
        (tmp_path / f"with_library{source.suffix}").write_text(
            PRINTED[f"with_library{source.suffix}"]
        )
        if source.suffix == ".mjs":
            (tmp_path / "node_modules").symlink_to(os.environ["NPM_TEST_MODULES"])
    source.write_text(code)
    return lambda secret: PrintedReceiver(source, runtime, secret=secret)


def test_the_guide_has_a_receiver_for_each_language():
    assert RECEIVERS == ["receiver.py", "receiver.mjs", "receiver.go", "receiver.php"]


def test_a_printed_receiver_keeps_each_message_once(listening, wire, submit):
    webhook = wire.webhook
    secret = rotation.rotate_secret(webhook)
    with listening(secret) as receiver:
        type(webhook).objects.filter(pk=webhook.pk).update(url=receiver.url())
        submit(vote="yes")
        deliver_due.delay()
        sent = Delivery.objects.exclude(event_id=wire.headers["webhook-id"]).get()
        assert (sent.status, sent.attempt_no) == ("delivered", 1)
        assert receiver.kept() == {sent.event_id: bytes(sent.payload.body)}
        replays.redeliver(sent)
        deliver_due.delay()
        sent.refresh_from_db()
        assert (sent.status, sent.attempt_no) == ("delivered", 2)
        assert receiver.kept() == {sent.event_id: bytes(sent.payload.body)}


@pytest.mark.parametrize("which", ["newer", "older"])
def test_a_printed_receiver_takes_either_of_two_active_secrets(listening, wire, which):
    with listening(getattr(wire, which)) as receiver:
        assert receiver.post(wire.headers, wire.body) == 204
        assert receiver.kept() == {wire.headers["webhook-id"]: wire.body}


def test_a_printed_receiver_refuses_what_is_not_genuine(listening, wire):
    head = {name: wire.headers[name] for name in wire.headers if name.startswith("webhook-")}
    id_, stamp, given = head["webhook-id"], head["webhook-timestamp"], head["webhook-signature"]
    forgeries = [
        (head, wire.body + b" "),
        (head, wire.body[:-1]),
        (head, b""),
        ({**head, "webhook-timestamp": "1700000000"}, wire.body),
        ({**head, "webhook-timestamp": str(int(stamp) + 1)}, wire.body),
        ({**head, "webhook-timestamp": "soon"}, wire.body),
        ({**head, "webhook-id": f"{id_}0"}, wire.body),
        ({**head, "webhook-signature": given.replace("v1,", "v2,")}, wire.body),
        ({**head, "webhook-signature": "v1,"}, wire.body),
        ({**head, "webhook-signature": "v1,%%% v1 , ,,"}, wire.body),
        ({"webhook-id": id_, "webhook-timestamp": stamp}, wire.body),
        ({}, wire.body),
    ]
    with listening(wire.newer) as receiver:
        for headers, body in forgeries:
            assert receiver.post(headers, body) == 401, (headers, body)
        assert receiver.kept() == {}
    with listening(generate_secret()) as receiver:
        assert receiver.post(wire.headers, wire.body) == 401


def old_message(wire, seconds):
    """The same message as it is signed for another moment, with every key."""
    stamp = int(clock.now().timestamp()) + seconds
    id_ = wire.headers["webhook-id"]
    keys = wire.webhook.secrets_in_use(clock.now())
    signature = sign_standard(keys, message_id=id_, timestamp=stamp, body=wire.body)
    return {"webhook-id": id_, "webhook-timestamp": str(stamp), "webhook-signature": signature}


def test_a_printed_receiver_takes_nothing_old_and_nothing_from_the_future(listening, wire):
    with listening(wire.newer) as receiver:
        for seconds in (-330, 330):
            assert receiver.post(old_message(wire, seconds), wire.body) == 401
        assert receiver.kept() == {}
        assert receiver.post(old_message(wire, -270), wire.body) == 204


# --- ed25519 ----------------------------------------------------------------------------------


def cases_of(wire):
    """(key, headers, body, whether it is genuine)."""
    (first,) = rotation.public_keys(wire.webhook.pk, at=clock.now())
    second = rotation.rotate_public_key(wire.webhook)
    both = old_message(wire, 0)
    signature = both["webhook-signature"]

    def signed(signature):
        return {**both, "webhook-signature": signature}

    return [
        (first.public_key, wire.headers, wire.body, True),
        (second.public_key, wire.headers, wire.body, False),
        (first.public_key, both, wire.body, True),
        (second.public_key, both, wire.body, True),
        (first.public_key, wire.headers, wire.body + b" ", False),
        (first.public_key, {**wire.headers, "webhook-id": "evt_x"}, wire.body, False),
        (first.public_key, signed(signature.replace("v1a", "v1")), wire.body, False),
        (first.public_key, signed("v1a,AAAA v1a,% v1a"), wire.body, False),
    ]


HARNESS = {
    "ed25519.mjs": """
import { readFileSync } from "node:fs";
const cases = JSON.parse(readFileSync(0));
const found = cases.map((c) => isSigned(c.key, c.headers, Buffer.from(c.body, "base64")));
console.log(JSON.stringify(found));
""",
    "ed25519.go": """
func main() {
	var cases []struct{ Key string; Headers map[string]string; Body []byte }
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil { panic(err) }
	found := []bool{}
	for _, each := range cases {
		headers := http.Header{}
		for name, value := range each.Headers { headers.Set(name, value) }
		found = append(found, isSigned(each.Key, headers, each.Body))
	}
	json.NewEncoder(os.Stdout).Encode(found)
}
""",
    "ed25519.php": """
$found = [];
foreach (json_decode(file_get_contents('php://stdin'), true) as $case) {
    $found[] = is_signed($case['key'], $case['headers'], base64_decode($case['body']));
}
echo json_encode($found);
""",
}
GO_IMPORTS = ("crypto/ed25519", "encoding/base64", "encoding/json", "net/http", "os", "strings")


@pytest.mark.parametrize("name", HARNESS)
def test_a_printed_check_of_ed25519_takes_what_is_genuine_alone(name, wire, tmp_path, request):
    runtime = runtime_of(name, request)
    code = PRINTED[name] + HARNESS[name]
    if name.endswith(".go"):
        code = "package main\n" + "".join(f'import "{each}"\n' for each in GO_IMPORTS) + code
    source = tmp_path / name
    source.write_text(code)
    command = [build(source, runtime)] if name.endswith(".go") else [runtime, source]
    cases = cases_of(wire)
    told = json.dumps(
        [
            {"key": key, "headers": headers, "body": base64.b64encode(body).decode()}
            for key, headers, body, _ in cases
        ]
    )
    finished = subprocess.run(
        command, input=told, capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(finished.stdout) == [genuine for *_, genuine in cases]


@pytest.fixture
def module():
    """The printed Python module."""
    found = types.ModuleType("webhook_ed25519")
    exec(compile(PRINTED["webhook_ed25519.py"], "webhook_ed25519.py", "exec"), found.__dict__)
    return found


def test_the_printed_python_module_takes_what_is_genuine_alone(module, wire):
    for key, headers, body, genuine in cases_of(wire):
        assert module.is_genuine([module.key_from_text(key)], headers, body) is genuine
    assert not module.is_genuine([], wire.headers, wire.body)


def test_the_printed_python_module_refuses_what_is_old(module, wire):
    (key,) = rotation.public_keys(wire.webhook.pk, at=clock.now())
    keys = [module.key_from_text(key.public_key)]
    ages = [-330, -270, 270, 330]
    found = [module.is_genuine(keys, old_message(wire, age), wire.body) for age in ages]
    assert found == [False, True, True, False]
    assert module.is_genuine(keys, old_message(wire, -330), wire.body, tolerance_seconds=600)


@pytest.fixture
def key_set(wire):
    """The endpoint's key set behind a server of its own; `asked` counts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            key_set.asked += 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(key_set.body)

        def log_message(self, *_):
            """Stay silent."""

    def publish():
        path = "/.well-known/webhooks-jwks.json"
        key_set.body = APIClient().get(path, {"webhook_id": wire.webhook.pk}).content

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        key_set = types.SimpleNamespace(url=url, asked=0, body=b"", publish=publish)
        publish()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield key_set
        server.shutdown()


def test_the_printed_python_module_follows_a_rotation_without_grace(
    module, wire, key_set, monkeypatch
):
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    keys = module.KeySet(key_set.url)
    for _ in range(3):
        assert keys.is_genuine(wire.headers, wire.body)
        assert not keys.is_genuine(wire.headers, wire.body + b" ")
    assert key_set.asked == 1
    rotation.rotate_public_key(wire.webhook, grace=rotation.GRACE * 0)
    key_set.publish()
    rotated = old_message(wire, 0)
    assert not keys.is_genuine(rotated, wire.body)
    now[0] += 61
    assert keys.is_genuine(rotated, wire.body)
    assert not keys.is_genuine(wire.headers, wire.body)
    assert key_set.asked == 2


def test_the_older_header_is_checked_as_printed(wire):
    names = {}
    exec(compile(PRINTED["older_header.py"], "older_header.py", "exec"), names)
    is_genuine = names["is_genuine_by_the_older_header"]
    assert is_genuine(wire.newer, wire.headers, wire.body)
    assert not is_genuine(wire.older, wire.headers, wire.body)
    assert not is_genuine(wire.newer, wire.headers, wire.body + b" ")
    assert not is_genuine(wire.newer, {**wire.headers, "x-webhook-signature": "ä"}, wire.body)
