from io import BytesIO, StringIO

import pypdf
import pytest
from django.core.management import CommandError, call_command

from formplatform.forms.ids import new_id
from reporting.models import ReportRun


def test_a_report_is_written_to_a_file(form, tmp_path):
    out, path = StringIO(), tmp_path / "my.pdf"

    chosen = {"field": "party", "rows": "education", "columns": "vote"}
    call_command("run_report", form.id, output=path, stdout=out, **chosen)

    text = pypdf.PdfReader(BytesIO(path.read_bytes())).pages[0].extract_text()
    assert "Party identification" in text
    assert "Education by Expected vote" in text
    assert out.getvalue() == f"{path}: {path.stat().st_size:,} bytes\n"
    assert ReportRun.objects.count() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"field": "nobody"}, "chart_field: The form has no field 'nobody'"),
        ({"rows": "vote"}, "columns: A cross table needs rows and columns."),
    ],
)
def test_a_wrong_choice_is_explained_and_nothing_written(form, tmp_path, options, message):
    path = tmp_path / "my.pdf"

    with pytest.raises(CommandError, match=message):
        call_command("run_report", form.id, output=path, **options)

    assert not path.exists()


def test_an_unknown_form_is_refused(database, tmp_path):
    with pytest.raises(CommandError, match="no such form"):
        call_command("run_report", new_id(), output=tmp_path / "my.pdf")


def test_a_place_that_cannot_be_written_is_named(form, tmp_path):
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("run_report", form.id, output=tmp_path / "nowhere" / "my.pdf")
