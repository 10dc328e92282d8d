"""The whole API as its own schema describes it, called with whatever a generator thinks of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "15")
SETUP = """
import json
from django.contrib.auth.models import User
from formplatform.core.actors import Actor
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.demo.study import load_study
from formplatform.forms import catalog, publishing, submissions
from formplatform.forms.storage.registry import get_store
user = User.objects.create_superuser("fuzz")
_, token = create_key(user, name="fuzz", scopes=SCOPES)
actor, study = Actor(user_id=user.pk), load_study()
form = catalog.create_form(actor=actor, title=study.title, definition=study.definition)
publishing.publish_form(form, actor=actor)
form = get_store().find_form(form.id)
first, _ = submissions.submit_response(form, study.answers[0], actor=actor)
print(json.dumps({"token": token, "form": form.id, "response": first.id}))
"""
SERVE = """
import json, sys
import django
django.setup()
from formplatform.core.embedded import ensure_stores
from formplatform.core.preparation import prepare
from formplatform.core.stack import running_stack
ensure_stores()
prepare()
exec(sys.argv[1])
with running_stack(0) as (_, port):
    print(port, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def platform(tmp_path):
    """A running platform on stores of its own: its port and somebody's key, form and response."""
    environment = {
        **os.environ,
        "DATA_DIRECTORY": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "formplatform.settings.local",
        "MONGO_URL": "",
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "THROTTLE_READ": "none",
        "THROTTLE_WRITE": "none",
    }
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, SETUP],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        known = json.loads(process.stdout.readline())
        known["port"] = int(process.stdout.readline())
        yield known
        process.stdin.close()
        process.wait(60)


@pytest.mark.processes
def test_no_generated_request_makes_the_server_fail(platform, tmp_path):
    config = tmp_path / "schemathesis.toml"
    parameters = {"path.form_id": platform["form"], "path.response_id": platform["response"]}
    lines = [f'"{name}" = "{value}"' for name, value in parameters.items()]
    config.write_text("[parameters]\n" + "\n".join(lines) + "\n")
    command = [
        str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run",
        f"http://127.0.0.1:{platform['port']}/api/v2/schema/?format=json",
        "--header", f"Authorization: Bearer {platform['token']}",
        "--checks", "not_a_server_error", "--max-examples", EXAMPLES, "--seed", "1996",
        "--phases", "examples,coverage,fuzzing", "--continue-on-failure",
        "--suppress-health-check", "all", "--warnings", "off",
        "--exclude-path-regex", "logout|/docs/|/schema/|/live/",  # a live stream never ends
    ]  # fmt: skip

    finished = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False
    )

    summary = finished.stdout[-6000:]
    assert finished.returncode == 0, summary
    assert "No issues found" in summary, summary
