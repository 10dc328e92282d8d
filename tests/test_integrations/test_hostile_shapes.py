"""Templates and selections that mean harm: a reason, soon, and in little memory."""

import json
import time
import tracemalloc

import pytest

from integrations.webhooks.shaping.budget import Budget, Fault
from integrations.webhooks.shaping.scenes import Choices, Scene, show_answers
from integrations.webhooks.writing.renderings import LARGEST_SHAPED, Rendering, body_of

from .hostile_shapes import SELECTIONS, TEMPLATES

MOST_SECONDS = 4
"""Of the processor, whatever else the machine is busy with."""
MOST_BYTES = 40 * 1024 * 1024
ANSWERS = {"long": "x" * 50_000, "many": [f"option_{n}" for n in range(500)], "quotes": '"\\' * 500}

EVIL = ['","admin":true,"x":"', "\\", '"', "}", "\n", "\u2028", "</script>", "\x00\x07", "{{ 7 }}"]
IN_PLACE = """{"text": "before {{ answers.long }} after", "value": {{ answers.long }},
"{{ form.title }}": [{{ answers.long|tojson }}, "{{ answers.long|tojson }}"]}"""


@pytest.fixture(scope="module")
def scene():
    known = tuple(Choices(id=key, name=key, label=key.title()) for key in ANSWERS)
    data = {"form_id": "f" * 24, "response_id": "r" * 24, "answers": ANSWERS, "masked": []}
    timestamp = "2026-01-09T12:00:00.000Z"
    return Scene(
        event_id="evt_1",
        message={"type": "response.submitted", "timestamp": timestamp, "data": data},
        form_id="f" * 24,
        title="Club",
        link=None,
        known=known,
        shown=show_answers(ANSWERS, known, ()),
    )


def fails(scene, rendering):
    """The fault, and that it took little time and memory."""
    tracemalloc.start()
    began = time.thread_time()
    try:
        with pytest.raises(Fault) as fault:
            body_of(scene, rendering)
        took, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took < MOST_SECONDS
    assert peak < MOST_BYTES
    assert fault.value.code
    assert str(fault.value).endswith((".", "?", ")"))
    return fault.value


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_hostile_template_fails_with_a_reason(scene, name):
    fails(scene, Rendering(template=TEMPLATES[name] or "\n"))


@pytest.mark.parametrize("name", SELECTIONS)
def test_a_hostile_selection_fails_with_a_reason(scene, name):
    fails(scene, Rendering(selection=SELECTIONS[name]))


def test_there_are_as_many_of_them_as_it_takes():
    assert len(TEMPLATES) + len(SELECTIONS) >= 60


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/xml"])
def test_what_is_written_as_text_is_bounded_too(scene, content_type):
    template = "{% for x in answers.many %}{{ answers.long }}{% endfor %}"
    fault = fails(scene, Rendering(template=template, content_type=content_type))
    assert fault.code == "too_large"


def test_no_answer_gets_out_of_its_place_in_json(scene):
    for evil in (
        '","admin":true,"x":"',
        "\\",
        '"',
        "}",
        "\n",
        "\u2028",
        "</script>",
        "\x00\x07",
        "{{ 7*7 }}",
    ):
        message = {**scene.message, "data": {**scene.data, "answers": {"long": evil}}}
        hit = Scene(
            event_id="e", message=message, form_id="f", title=evil, link=None,
            known=scene.known, shown=(),
        )  # fmt: skip
        template = (
            '{"text": "before {{ answers.long }} after", "value": {{ answers.long }},'
            ' "{{ form.title }}": [{{ answers.long|tojson }}, "{{ answers.long|tojson }}"]}'
        )
        assert json.loads(body_of(hit, Rendering(template=template))) == {
            "text": f"before {evil} after",
            "value": evil,
            evil: [evil, json.dumps(evil, ensure_ascii=False)],
        }


def test_the_largest_that_is_allowed_is_allowed(scene):
    exactly = '"' + "x" * (LARGEST_SHAPED - 2) + '"'
    template = "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 17 + '"{{ a }}{{ a }}'
    rest = LARGEST_SHAPED - 2 * 2**17 - 2
    assert rest < 0  # the quotes are what is too much
    with pytest.raises(Fault) as fault:
        body_of(scene, Rendering(template=template + '"'))
    assert fault.value.code == "too_large"
    shorter = template.replace("{{ a }}{{ a }}", "{{ a }}{{ a[2:] }}") + '"'
    assert body_of(scene, Rendering(template=shorter)) == exactly.encode()


def test_steps_run_out():
    budget = Budget(steps=10)
    budget.spend(6)
    with pytest.raises(Fault) as fault:
        budget.spend(6)
    assert fault.value.code == "too_costly"
