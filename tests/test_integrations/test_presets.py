"""Messages for other services: within their limits, readable, and nobody is pinged."""

import json

import pytest

from integrations.webhooks.shaping.escaping import slack
from integrations.webhooks.shaping.presets.base import clipped, units
from integrations.webhooks.shaping.presets.registry import presets
from integrations.webhooks.shaping.scenes import Choices, Scene, show_answers
from integrations.webhooks.writing.renderings import Rendering, body_of

LINK = "https://forms.example.org/api/v2/forms/f/responses/r/"
MENTIONS = "@everyone <!channel> <@U123> <@&4> <#C1> @here [x](https://evil.example) <https://e|x>"


def scene_of(answers, *, title="Club survey", masked=(), label=str.title, link=LINK, **data):
    known = tuple(
        Choices(id=key, name=key, label=label(key), options={"yes": "Yes!"}) for key in answers
    )
    data = {"form_id": "f", "response_id": "r", "revision": 2, "answers": answers, **data}
    message = {"type": "response.submitted", "timestamp": "2026-01-09T12:00:00.000Z", "data": data}
    return Scene(
        event_id="evt_r_2",
        message=message,
        form_id="f",
        title=title,
        link=link,
        known=known,
        shown=show_answers(answers, known, masked),
    )


SCENES = {
    "ordinary": scene_of({"vote": "yes", "age": 40, "name": None}, masked=["name"]),
    "without answers": scene_of({}, link=None),
    "without a title": scene_of({"vote": "yes"}, title=""),
    "many answers": scene_of({f"question_{n}": "text" for n in range(500)}),
    "long answers": scene_of({f"question_{n}": "ü&<>*_" * 8_000 for n in range(30)}),
    "long labels": scene_of({"a": "x", "b": "y"}, label=lambda _: "&<*" * 400, title="& " * 150),
    "emoji": scene_of({"a": "😀" * 20_000, "b": "😀" * 1_024}, title="😀" * 300),
    "mentions": scene_of({"a": MENTIONS}, title=MENTIONS, label=lambda _: MENTIONS),
    "blank": scene_of({"a": " ", "b": "\n"}, label=lambda _: " "),
    "parts": scene_of({"a": ["yes", "no"], "b": {"row": "yes"}, "c": True, "d": 1.5, "e": []}),
}


def body(preset, scene):
    return json.loads(body_of(scene, Rendering(preset=preset)))


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
@pytest.mark.parametrize("name", presets())
def test_every_preset_writes_json_of_every_message(name, scene):
    preset = presets()[name]
    assert (preset.name, bool(preset.label)) == (name, True)
    assert isinstance(body(name, scene), dict)


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_slack_gets_what_slack_takes(scene):
    sent = body("slack", scene)
    assert 1 <= len(sent["blocks"]) <= 50
    assert 0 < units(sent["text"]) <= 3000
    for block in sent["blocks"]:
        if block["type"] == "header":
            assert block["text"]["type"] == "plain_text"
            assert 0 < units(block["text"]["text"]) <= 150
        else:
            for text in block.get("elements", [block.get("text")]):
                assert (text["type"], text["verbatim"]) == ("mrkdwn", True)
                assert 0 < units(text["text"]) <= 3000


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_discord_gets_what_discord_takes(scene):
    sent = body("discord", scene)
    (embed,) = sent["embeds"]
    assert sent["allowed_mentions"] == {"parse": []}
    assert 0 < units(embed["title"]) <= 256
    assert len(embed["fields"]) <= 25
    for field in embed["fields"]:
        assert 0 < units(field["name"]) <= 256
        assert 0 < units(field["value"]) <= 1024
        assert field["name"].strip()
        assert field["value"].strip()
    texts = [embed["title"], embed.get("footer", {}).get("text", "")]
    texts += [text for field in embed["fields"] for text in (field["name"], field["value"])]
    assert sum(map(units, texts)) <= 6000


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_teams_gets_what_teams_takes(scene):
    assert len(body_of(scene, Rendering(preset="teams"))) <= 28 * 1024
    sent = body("teams", scene)
    (attachment,) = sent["attachments"]
    card = attachment["content"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (sent["type"], card["type"], card["version"]) == ("message", "AdaptiveCard", "1.4")
    assert all(part["type"] in {"TextBlock", "FactSet"} for part in card["body"])


def test_zapier_gets_one_flat_object():
    assert body("zapier", SCENES["ordinary"]) == {
        "id": "evt_r_2",
        "type": "response.submitted",
        "occurred_at": "2026-01-09T12:00:00.000Z",
        "form_id": "f",
        "form_title": "Club survey",
        "response_id": "r",
        "revision": 2,
        "link": LINK,
        "answer_vote": "Yes!",
        "answer_age": 40,
        "answer_name": None,
    }


def test_plain_is_the_message_itself():
    assert body("plain", SCENES["ordinary"]) == SCENES["ordinary"].message


def test_people_see_title_answers_labels_masks_and_the_way_back():
    blocks = json.dumps(body("slack", SCENES["ordinary"]), ensure_ascii=False)
    discord = body("discord", SCENES["ordinary"])["embeds"][0]
    facts = body("teams", SCENES["ordinary"])["attachments"][0]["content"]["body"][1]["facts"]
    for wanted in (
        "New response: Club survey",
        "*Vote*\\nYes!",
        "personal data, hidden",
        f"<{LINK}|",
    ):
        assert wanted in blocks
    assert discord["url"] == LINK
    assert [each["value"] for each in discord["fields"][:2]] == ["Yes!", "40"]
    assert [each["title"] for each in facts] == ["Vote", "Age", "Name"]


def test_nobody_is_mentioned_and_nothing_is_linked():
    sent = body("slack", SCENES["mentions"])
    texts = [sent["text"]] + [
        block["text"]["text"] for block in sent["blocks"] if block["text"]["type"] == "mrkdwn"
    ]
    for text in texts:
        rest = text.replace(f"<{LINK}|Open it>", "")
        assert "<" not in rest
        assert ">" not in rest
    discord = json.dumps(body("discord", SCENES["mentions"])["embeds"][0]["fields"])
    for unwanted in ("@everyone", "@here", "<@U", "<@&", "<#", "](", "https://"):
        assert unwanted not in discord.replace("\\\\", "\\")
    teams = body("teams", SCENES["mentions"])["attachments"][0]["content"]["body"]
    assert "](" not in json.dumps(teams)


def test_what_did_not_fit_is_said():
    many = SCENES["many answers"]
    blocks, discord = body("slack", many)["blocks"], body("discord", many)
    assert blocks[-2]["elements"][0]["text"] == "453 more answers not shown."
    assert discord["embeds"][0]["footer"]["text"] == "475 more answers not shown."


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("&", 5, "&amp;"),
        ("&&", 6, "&amp;…"),
        ("&&", 5, "…"),
        ("😀😀", 4, "😀😀"),
        ("😀😀", 3, "😀…"),
    ],
)
def test_a_text_is_cut_in_its_escaped_form_between_characters(text, longest, expected):
    assert clipped(text, longest, slack) == expected
