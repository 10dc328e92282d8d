import textwrap

import pytest
from django.contrib.auth.models import User

from formplatform.core.actors import Actor
from formplatform.forms.catalog import create_form
from formplatform.forms.publishing import publish_form
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from plugins import calls, registry
from plugins.models import Plugin
from tests.factories.forms import definition

MANIFEST = """
[plugin]
name = "{name}"
version = "1.2.0"
platform = ">=2.0,<3"
entry = "plugin:Mine"
hooks = {hooks}
permissions = {permissions}
"""


@pytest.fixture(autouse=True)
def fresh():
    calls._failing.clear()


@pytest.fixture
def directory(settings, tmp_path):
    """An operator's plugin directory, whose plugins the operator vouches for."""
    settings.PLUGIN_DIRECTORY = tmp_path
    settings.PLUGIN_ENABLE_SANDBOXING = False
    return tmp_path


@pytest.fixture
def write_plugin(directory):
    """Puts a plugin into the directory; `body` is the class's."""

    def write(name, body, *, hooks=("after_submit",), permissions=("responses.read",), extra=""):
        folder = directory / name
        folder.mkdir()
        manifest = MANIFEST.format(name=name, hooks=list(hooks), permissions=list(permissions))
        (folder / "manifest.toml").write_text(manifest + extra)
        code = "import json\nfrom pathlib import Path\n"
        code += "from plugins.base import FormPlugin, RefusedError\n\n\nclass Mine(FormPlugin):\n"
        code += "    place = Path(__file__).parent\n"
        (folder / "plugin.py").write_text(code + textwrap.indent(textwrap.dedent(body), "    "))
        return folder

    return write


@pytest.fixture
def enabled(write_plugin):
    """Writes a plugin and lets it run."""

    def enable(name, body, **options):
        folder = write_plugin(name, body, **options)
        registry.enable_plugin(name)
        return folder

    return enable


@pytest.fixture
def row():
    return lambda name: Plugin.objects.get(name=name)


@pytest.fixture
def form(form_store):
    actor = Actor(user_id=User.objects.create_user("owner").pk)
    draft = create_form(actor=actor, title="A form", definition=definition())
    publish_form(draft, actor=actor)
    return get_store().find_form(draft.id)


@pytest.fixture
def submit(form):
    def submit(**answers):
        given = {"age": 40, "vote": "yes", **answers}
        response, _ = submit_response(form, given, actor=Actor())
        return response

    return submit
