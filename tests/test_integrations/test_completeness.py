"""A receiver can list what it misses and fetch it: numbers, manifest, the polling twin."""

import hashlib
import time

import pytest
from rest_framework.test import APIClient

from formplatform.core.api_keys import create_key
from integrations.webhooks.models import Delivery, Payload
from integrations.webhooks.repeating import completeness
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver
from tests.mail_piles import pile_up
from tests.test_integrations.test_crashes import silent_bell, worker  # noqa: F401

URL = "https://example.com/hook"


@pytest.fixture
def reader(owner):
    """A client with a key that may read webhooks and nothing else."""
    _, token = create_key(owner, name="reader", scopes=["webhooks:read"])
    return APIClient(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)


def path(webhook, what):
    return f"/api/v2/webhooks/{webhook.pk}/{what}/"


@pytest.mark.usefixtures("loopback")
def test_a_receiver_works_out_from_the_manifest_what_it_misses_and_fetches_it(
    reader, subscribe, submit
):
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url())
        for age in (1, 2, 3):
            submit(age=age)
        deliver_due.delay()
    got = {int(r.headers["x-webhook-sequence"]): r for r in receiver.received}
    lost = got.pop(2)
    manifest = reader.get(path(webhook, "manifest")).json()
    assert (manifest["first_seq"], manifest["last_seq"], manifest["count"]) == (1, 3, 3)
    assert [each["seq"] for each in manifest["results"]] == [1, 2, 3]
    assert {each["status"] for each in manifest["results"]} == {"delivered"}
    missing = [each["seq"] for each in manifest["results"] if each["seq"] not in got]
    assert missing == [2]
    page = reader.get(path(webhook, "deliveries"), {"after": 1, "limit": 1}).json()
    (message,) = page["results"]
    assert message["body"].encode() == lost.body
    assert (message["event_id"], message["seq"]) == (lost.headers["webhook-id"], 2)
    assert (page["next_after"], page["last_seq"]) == (2, 3)
    lines = "".join(
        f"{each.headers['x-webhook-sequence']} {each.headers['webhook-id']} "
        f"{hashlib.sha256(each.body).hexdigest()}\n"
        for each in [got[1], lost, got[3]]
    )
    assert manifest["digest"] == hashlib.sha256(lines.encode()).hexdigest()


def test_the_twin_is_read_to_its_end_and_on_from_there(reader, subscribe, submit):
    webhook, _ = subscribe(URL)
    pile_up(webhook, 5)
    place, read = 0, []
    while (page := reader.get(path(webhook, "deliveries"), {"after": place, "limit": 2}).json())[
        "results"
    ]:
        read += [each["seq"] for each in page["results"]]
        place = page["next_after"]
    assert (read, place, page["next_after"], page["last_seq"]) == ([1, 2, 3, 4, 5], 5, 5, 5)
    submit()
    page = reader.get(path(webhook, "deliveries"), {"after": place}).json()
    assert [each["seq"] for each in page["results"]] == [6]


def test_what_was_pruned_is_told(reader, subscribe):
    webhook, _ = subscribe(URL)
    pile_up(webhook, 6)
    Delivery.objects.filter(seq__in=[1, 2, 4]).delete()
    manifest = reader.get(path(webhook, "manifest")).json()
    assert (manifest["first_seq"], manifest["last_seq"]) == (3, 6)
    assert [each["seq"] for each in manifest["results"]] == [3, 5, 6]
    rest = reader.get(path(webhook, "manifest"), {"after": 3, "limit": 1}).json()
    assert [each["seq"] for each in rest["results"]] == [5]
    assert (rest["count"], rest["next_after"]) == (1, 5)


def test_nothing_yet_is_an_answer_too(reader, subscribe):
    webhook, _ = subscribe(URL)
    empty = hashlib.sha256(b"").hexdigest()
    assert reader.get(path(webhook, "manifest"), {"after": 7}).json() == {
        "first_seq": None,
        "last_seq": 0,
        "count": 0,
        "next_after": 7,
        "digest": empty,
        "results": [],
    }
    assert reader.get(path(webhook, "deliveries"), {"after": 0}).json() == {
        "next_after": 0,
        "last_seq": 0,
        "results": [],
    }


def test_a_message_that_could_not_be_made_has_its_number_and_no_body(reader, subscribe):
    webhook, _ = subscribe(URL)
    pile_up(webhook, 1, dead_reason="template")
    Delivery.objects.update(payload=None)
    (entry,) = reader.get(path(webhook, "manifest")).json()["results"]
    assert (entry["seq"], entry["status"], entry["sha256"]) == (1, "dead", None)
    (message,) = reader.get(path(webhook, "deliveries"), {"after": 0}).json()["results"]
    assert (message["seq"], message["body"]) == (1, None)


def test_a_page_ends_before_its_bodies_are_too_much_but_never_without_one(
    reader, subscribe, monkeypatch
):
    webhook, _ = subscribe(URL)
    pile_up(webhook, 4)
    Payload.objects.update(body=b"x" * 100)
    monkeypatch.setattr(completeness, "MOST_BYTES", 250)
    page = reader.get(path(webhook, "deliveries"), {"after": 0}).json()
    assert [each["seq"] for each in page["results"]] == [1, 2]
    monkeypatch.setattr(completeness, "MOST_BYTES", 50)
    page = reader.get(path(webhook, "deliveries"), {"after": page["next_after"]}).json()
    assert [each["seq"] for each in page["results"]] == [3]


@pytest.mark.parametrize(
    ("what", "asked", "field"),
    [
        ("manifest", {"after": "-1"}, "after"),
        ("manifest", {"after": "x"}, "after"),
        ("manifest", {"limit": "0"}, "limit"),
        ("deliveries", {"after": "1.5"}, "after"),
        ("deliveries", {"after": "9" * 13}, "after"),
        ("deliveries", {"after": "1", "limit": "1001"}, "limit"),
        ("deliveries", {"after": "1", "status": "dead"}, "status"),
        ("deliveries", {"after": "1", "offset": "5"}, "offset"),
    ],
)
def test_what_is_wrong_is_named(reader, subscribe, what, asked, field):
    answer = reader.get(path(subscribe(URL)[0], what), asked)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]


@pytest.mark.usefixtures("silent_bell")
@pytest.mark.django_db(transaction=True)
def test_who_reads_by_number_while_others_enqueue_never_has_to_look_back(subscribe, survey):
    """Every page begins right behind the last one: no number is committed after a larger one."""
    webhook, _ = subscribe(URL)
    workers = [worker("enqueue", survey.id, "40") for _ in range(3)]
    place, deadline = 0, time.monotonic() + 100
    while place < 120 and time.monotonic() < deadline:
        page = completeness.messages_after(webhook, place, limit=7)
        assert [each.seq for each in page] == list(range(place + 1, place + 1 + len(page)))
        place += len(page)
        if not page:
            time.sleep(0.001)
    for process in workers:
        process.communicate(timeout=60)
    assert [process.returncode for process in workers] == [0, 0, 0]
    assert place == 120
    assert completeness.extent_of(webhook).last_seq == 120
