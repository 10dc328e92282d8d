"""Every example of the guide to templates, as it is printed, on the form it speaks of."""

import json
import re
from pathlib import Path

import pytest

from integrations.webhooks.shaping.template_filters import FILTERS, TESTS
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "webhook-templates.md").read_text("utf-8")
EXAMPLES = re.findall(r"```\w+ (filter|selection|template)(?: (\S+))?\n(.*?)```", GUIDE, re.DOTALL)
ANSWERS = {"vote": "yes", "age": 40, "name": "Ada"}


def sent(subscribe, submit, **settings):
    with Receiver() as receiver:
        subscribe(receiver.url(), **settings)
        submit(**ANSWERS)
        deliver_due.delay()
    return [request.body.decode() for request in receiver.received]


def examples(kind):
    return [(content_type, text) for found, content_type, text in EXAMPLES if found == kind]


@pytest.mark.usefixtures("loopback")
def test_the_filter_and_the_selection_of_the_guide_work(subscribe, submit):
    ((_, condition),) = examples("filter")
    ((_, selection),) = examples("selection")
    settings = {"filter": json.loads(condition), "selection": selection.strip()}
    (body,) = sent(subscribe, submit, **settings)
    assert json.loads(body)["vote"] == "yes"


@pytest.mark.usefixtures("loopback")
def test_the_templates_of_the_guide_work(subscribe, submit):
    (_, first), (content_type, second), (_, third) = examples("template")
    (body,) = sent(subscribe, submit, template=first)
    assert json.loads(body) == {
        "text": "Club survey: yes",
        "age": 40,
        "answers": [
            {"question": "Your name", "answer": "personal data, hidden"},
            {"question": "Your age", "answer": "40"},
            {"question": "Your vote", "answer": "Yes"},
        ],
    }
    (text,) = sent(subscribe, submit, template=second, content_type=content_type)
    assert text.splitlines()[1:] == ["Your age: 40", "Your vote: Yes"]
    (body,) = sent(subscribe, submit, template=third)
    assert json.loads(body) == {"text": "*New vote* yes from somebody"}


def test_the_guide_lists_every_filter_and_test():
    listed = GUIDE.partition("Filters: ")[2].partition("`slack` and")[0]
    filters, _, tests = listed.partition("Tests: ")
    assert set(re.findall(r"`(\w+)`", filters)) == set(FILTERS)
    assert set(re.findall(r"`(\w+)`", tests)) == set(TESTS)
