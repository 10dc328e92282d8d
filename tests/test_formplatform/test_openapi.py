"""The whole API as its own schema describes it, called with whatever a generator thinks of."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from http import HTTPStatus
from pathlib import Path

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from rest_framework.test import APIClient

ROOT = Path(__file__).parents[2]
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "15")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
OF_THE_SERVER = "414"
"""An address too long is refused by the web server, before the platform hears of it."""
LIVE = "/live/"
"""Streams that never end."""
OF_SESSIONS = "/api-keys/"
WINDOW, CURSOR = {"count", "next", "previous", "results"}, {"next", "results"}
PAGES = {
    "/api/v2/forms/": WINDOW,
    "/api/v2/forms/{form_id}/responses/": CURSOR,
    "/api/v2/webhooks/": WINDOW,
    "/api/v2/webhooks/{webhook_id}/deliveries/": WINDOW,
    "/api/v2/dead-letters/": WINDOW,
    "/api/v2/reports/": WINDOW,
    "/api/v2/schedules/": WINDOW,
    "/api/v2/analytics/saved-queries/": WINDOW,
}


@pytest.fixture
def platform(tmp_path):
    """A running platform on stores of its own: its port, callers, and things to ask for."""
    environment = {
        **os.environ,
        "DATA_DIRECTORY": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "formplatform.settings.local",
        "MONGO_URL": "",
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
        "THROTTLE_READ": "none",
        "THROTTLE_WRITE": "none",
        "THROTTLE_FAILED_AUTHENTICATION": "none",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.fuzzed_platform"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        process.wait(60)


def config_of(platform):
    """What is there to ask for, and what there is to delete."""

    def table(head, values):
        return [head, *(f'"path.{name}" = {json.dumps(value)}' for name, value in values.items())]

    form = {"form_id": platform["doomed_form"]}
    return "\n".join(
        [
            *table("[parameters]", platform["parameters"]),
            "[[operations]]",
            'include-method = "DELETE"',
            'exclude-path = "/api/v2/forms/{form_id}/"',
            *table("[operations.parameters]", platform["doomed"]),
            "[[operations]]",
            'include-name = "DELETE /api/v2/forms/{form_id}/"',
            *table("[operations.parameters]", form),
        ]
    )


def fuzz(platform, folder, caller, *only):
    """Call what `only` selects; the end of what was said, and operation → statuses it answered."""
    config, report = folder / "schemathesis.toml", folder / f"{caller}.ndjson"
    config.write_text(config_of(platform))
    headers = [f"{name}: {value}" for name, value in platform[caller].items()]
    command = [
        str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run",
        f"http://127.0.0.1:{platform['port']}/api/v2/schema/?format=json",
        *(word for header in headers for word in ("--header", header)),
        "--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", "1996",
        "--phases", "examples,coverage,fuzzing", "--continue-on-failure",
        "--suppress-health-check", "all", "--warnings", "off",
        "--report", "ndjson", "--report-ndjson-path", str(report), *only,
    ]  # fmt: skip
    finished = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=900, check=False
    )
    return finished.stdout[-6000:], answered(report)


def answered(report):
    """Operation → the statuses it answered. Calls with a method it does not have are left out."""
    found = defaultdict(set)
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for call in recorder.get("interactions", {}).values():
            if recorder["label"].split()[0] == call["request"]["method"] and call["response"]:
                found[recorder["label"]].add(call["response"]["status_code"])
    return found


@pytest.mark.processes
def test_every_generated_request_is_answered_as_the_schema_says(platform, tmp_path):
    said, answers = fuzz(platform, tmp_path, "key", "--exclude-path-regex", f"{LIVE}|{OF_SESSIONS}")
    assert "No issues found" in said, said

    said, answers_to_people = fuzz(
        platform, tmp_path, "session", "--include-path-regex", OF_SESSIONS
    )
    assert "No issues found" in said, said

    answers |= answers_to_people
    succeeded = {name for name, found in answers.items() if any(s < 300 for s in found)}
    # Nine of ten: a generator rarely hits upon a query or a role that makes sense.
    assert len(succeeded) >= 0.9 * len(answers), answers.keys() - succeeded
    assert answers.keys() == {name for name in operations() if LIVE not in name}


def schema():
    return APIClient().get("/api/v2/schema/", {"format": "json"}).json()


def operations():
    """ "POST /api/v2/forms/" → the operation."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in schema()["paths"].items()
        for method, operation in methods.items()
    }


def headers_of(operation, name):
    return [each for each in operation.get("parameters", []) if each["name"] == name]


def test_the_schema_is_valid_and_made_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(tmp_path / "schema.yml"))


def test_every_refusal_is_the_one_problem():
    found = schema()
    problem = {"$ref": "#/components/schemas/Problem"}
    shared = found["components"]["responses"]
    for refusal in shared.values():
        assert refusal["content"] == {"application/problem+json": {"schema": problem}}
    for name, operation in operations().items():
        refusals = {
            status: answer
            for status, answer in operation["responses"].items()
            if status >= "400" and status != OF_THE_SERVER
        }
        for status, refusal in refusals.items():
            assert list(refusal) == ["$ref"], name
            phrase = HTTPStatus(int(status)).phrase.replace(" ", "")
            assert refusal["$ref"] == f"#/components/responses/{phrase}"
            assert phrase in shared
    properties = found["components"]["schemas"]["Problem"]["properties"]
    assert {"code", "errors", "detail", "status"} <= properties.keys()


def test_the_refusals_that_are_named_are_those_that_apply():
    for name, operation in operations().items():
        statuses = {int(status) for status in operation["responses"]}
        path = name.split()[1]
        has_body = "requestBody" in operation
        assert {401, 429, 503} <= statuses, name
        assert ({413, 415} <= statuses) == has_body, name
        assert (412 in statuses) == bool(headers_of(operation, "If-Match")), name
        assert (403 in statuses) == (path != "/api/v2/"), name
        if "{" in path:
            assert 404 in statuses, name
        if headers_of(operation, "Idempotency-Key"):
            assert 409 in statuses, name
        assert any(200 <= status < 300 for status in statuses), name


def test_every_parameter_has_a_type():
    for name, operation in operations().items():
        for parameter in operation.get("parameters", []):
            assert parameter["schema"].get("type") or "$ref" in parameter["schema"], (
                name,
                parameter["name"],
            )


def described(schema, components):
    """The component an answer is described by, or each of those it may be one of."""
    component = components[schema["$ref"].rsplit("/", 1)[1]]
    choices = component.get("oneOf")
    return [components[each["$ref"].rsplit("/", 1)[1]] for each in choices or [schema]]


def is_page(component, shape):
    return component["properties"].keys() == shape


def test_what_is_listed_in_pages_is_described_as_pages():
    found = schema()["components"]["schemas"]
    for path, shape in PAGES.items():
        answer = operations()[f"GET {path}"]["responses"]["200"]["content"]["application/json"]
        (component,) = [each for each in described(answer["schema"], found) if is_page(each, shape)]
        assert component["properties"]["results"]["type"] == "array"


def test_what_is_edited_has_a_tag_and_takes_one():
    found = operations()
    for name, operation in found.items():
        method, path = name.split()
        if method in {"PUT", "PATCH"}:
            assert headers_of(operation, "If-Match"), name
            assert "ETag" in operation["responses"]["200"]["headers"], name
            shown = found.get(f"GET {path}", {})
            assert "ETag" in shown["responses"]["200"]["headers"], name


def test_a_real_refusal_is_as_it_is_described(client):
    problem = schema()["components"]["schemas"]["Problem"]
    client.force_login(User.objects.create_superuser("ada"))

    refused = client.post("/api/v2/forms/", {"nonsense": 1}, content_type="application/json")

    jsonschema.validate(refused.json(), problem)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert {error["field"] for error in refused.json()["errors"]} == {"title", "definition"}
