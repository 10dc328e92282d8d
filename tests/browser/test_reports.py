import pytest
from django.contrib.auth.models import User

from formplatform.core.actors import Actor
from formplatform.demo.study import load_study
from formplatform.forms.catalog import create_form
from formplatform.forms.publishing import publish_form
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from plugins.registry import enable_plugin, list_plugins
from reporting.scheduler.planning import create_schedule


@pytest.fixture
def schedule(admin, settings, tmp_path):
    """A weekly report on the election study's first respondents, for the person logged in."""
    settings.REPORT_STORAGE_PATH = tmp_path
    study, ada = load_study(), User.objects.get(username="ada")
    actor = Actor(user_id=ada.pk)
    draft = create_form(actor=actor, title=study.title, definition=study.definition)
    publish_form(draft, actor=actor)
    form = get_store().find_form(draft.id)
    enable_plugin("noop")
    for answers in study.answers[:20]:
        submit_response(form, answers, actor=actor)
    content = {"chart_field": "party", "rows": "education", "columns": "vote"}
    timing = {"cadence": "cron", "cron": "0 8 * * mon", "timezone": "Europe/Berlin"}
    return create_schedule(form, {**content, **timing, "title": "Weekly"}, owner_id=ada.pk)


def test_a_person_has_a_report_made_and_downloads_it(admin, look, schedule):
    admin.goto("/admin/reporting/scheduledreport/")
    admin.check(f"input.action-select[value='{schedule.pk}']")
    admin.select_option("select[name=action]", "run_selected")
    look("schedules")
    admin.click("button[title='Run the selected action'], button:has-text('Run')")
    admin.wait_for_load_state()
    assert "One report is being made" in admin.content()
    look("schedules-after")

    admin.goto("/admin/reporting/reportrun/")
    look("reports")
    with admin.expect_download() as downloading:
        admin.click("text=Download")

    content = downloading.value.path().read_bytes()
    assert content.startswith(b"%PDF")


def test_the_first_page_and_every_form_of_ours_open(admin, look, schedule):
    noop = next(row for row, _ in list_plugins() if row.name == "noop")
    for name, path in {
        "index-with-figures": "/admin/",
        "schedule-form": f"/admin/reporting/scheduledreport/{schedule.pk}/change/",
        "schedule-new": "/admin/reporting/scheduledreport/add/",
        "plugins": "/admin/plugins/plugin/",
        "plugin": f"/admin/plugins/plugin/{noop.pk}/change/",
        "periodic-task-new": "/admin/django_celery_beat/periodictask/add/",
        "user-new": "/admin/auth/user/add/",
    }.items():
        assert admin.goto(path).status == 200
        look(name)
