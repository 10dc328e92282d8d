import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform.core.actors import Actor
from formplatform.demo.study import load_study
from formplatform.forms.catalog import create_form
from formplatform.forms.publishing import publish_form
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response

RESPONDENTS = 25


@pytest.fixture(autouse=True)
def filed(settings, tmp_path):
    """Where this test's reports are filed."""
    settings.REPORT_STORAGE_PATH = tmp_path / "reports"
    return settings.REPORT_STORAGE_PATH


@pytest.fixture(scope="session")
def study():
    return load_study()


@pytest.fixture
def owner(database):
    return User.objects.create_user("owner")


@pytest.fixture
def form(owner, study, form_store):
    """The election study, published, with its first respondents."""
    actor = Actor(user_id=owner.pk)
    draft = create_form(actor=actor, title=study.title, definition=study.definition)
    publish_form(draft, actor=actor)
    form = get_store().find_form(draft.id)
    for answers in study.answers[:RESPONDENTS]:
        submit_response(form, answers, actor=actor)
    return form


@pytest.fixture
def client(owner):
    client = APIClient()
    client.force_authenticate(owner)
    return client


@pytest.fixture
def stranger(database):
    client = APIClient()
    client.force_authenticate(User.objects.create_user("stranger"))
    return client


@pytest.fixture
def files(filed):
    """Every file below the storage, half ones too."""
    return lambda: sorted(path.name for path in filed.rglob("*") if path.is_file())
