import builtins
import io
from dataclasses import replace
from datetime import UTC, datetime

import pypdf
import pytest

from formplatform.core.errors import UnavailableError
from reporting.definitions import CrossRow, CrossTable, Distribution, ReportData, Share
from reporting.pdf import generator
from reporting.pdf.generator import draw_distribution, render_html, render_pdf

REPORT = ReportData(
    title="Spring survey",
    form_title="Survey of the year",
    form_id="65f0c0ffee65f0c0ffee65f0",
    generated_at=datetime(2026, 11, 23, 10, 5, tzinfo=UTC),
    timezone="UTC",
    total_responses=12345,
    today_submissions=7,
    completion_rate=0.876,
    distribution=Distribution(
        label="Vote",
        answered=12300,
        missing=45,
        shares=(Share("Yes", 12000, 12000 / 12300), Share("No", 300, 300 / 12300)),
    ),
    cross_table=CrossTable(
        row_label="Age",
        column_label="Vote",
        columns=("Yes", "No"),
        rows=(CrossRow("young", (3, 1), 4), CrossRow("old", (0, 0), 0)),
        totals=(3, 1),
        total=4,
    ),
)


def read(document):
    return pypdf.PdfReader(io.BytesIO(document))


@pytest.fixture(scope="module")
def document():
    return render_pdf(REPORT)


def test_the_report_is_one_page_with_every_number(document):
    reader = read(document)
    text = reader.pages[0].extract_text()

    assert len(reader.pages) == 1
    for expected in (
        "Spring survey",
        "Survey of the year",
        "23 November 2026, 10:05 (UTC)",
        "12,345",
        "87.6 %",
        "12,300 answered, 45 did not",
        "12,000 (97.6 %)",
        "75.0 %",
        "Page 1 of 1",
    ):
        assert expected in text


def test_a_screen_reader_finds_its_way(document):
    root = read(document).trailer["/Root"]

    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid" in root["/Metadata"].get_data()
    kinds = {element["/S"] for element in elements(root["/StructTreeRoot"])}
    assert kinds >= {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure"}


def elements(element):
    """Every element of the structure tree."""
    element = element.get_object()
    children = element.get("/K", [])
    children = children if isinstance(children, list) else [children]
    found = [element] if "/S" in element else []
    nested = [child.get_object() for child in children]
    return found + [e for n in nested if isinstance(n, dict) for e in elements(n)]


def test_the_chart_has_words_for_those_who_cannot_see_it(document):
    tree = elements(read(document).trailer["/Root"]["/StructTreeRoot"])

    (figure,) = [element for element in tree if element["/S"] == "/Figure"]
    assert figure["/Alt"] == "Vote: Yes: 12,000 (97.6 %); No: 300 (2.4 %)"


def test_the_same_numbers_give_the_same_file(document):
    assert render_pdf(REPORT) == document


def test_other_numbers_give_another_file(document):
    assert render_pdf(replace(REPORT, today_submissions=8)) != document


def test_what_people_wrote_is_text_and_nothing_else():
    hostile = '<img src="file:///etc/hostname"><script>1</script>{{ x }}{% now "Y" %}&amp;'
    html = render_html(
        replace(
            REPORT,
            title=hostile,
            form_title=hostile,
            distribution=replace(
                REPORT.distribution, label=hostile, shares=(Share(hostile, 1, 1.0),)
            ),
            cross_table=replace(REPORT.cross_table, rows=(CrossRow(hostile, (1, 0), 1),)),
        )
    )

    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img src=&quot;file:///etc/hostname&quot;&gt;" in html


def test_nothing_outside_the_page_is_ever_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    weasyprint = generator.load_weasyprint()
    page = f"""<link rel=attachment href="{secret.as_uri()}"><img src="http://127.0.0.1:9/x.png">
        <link rel=stylesheet href="{secret.as_uri()}"><object data="{secret.as_uri()}"></object>
        <svg><image href="{secret.as_uri()}"/></svg><p style="background:url(file:///etc/hosts)">x"""
    html = weasyprint.HTML(string=page, url_fetcher=generator._fetcher(weasyprint))

    reader = read(html.write_pdf())

    assert dict(reader.attachments) == {}
    assert reader.pages[0].extract_text() == "x"


def test_a_report_without_chart_and_table_is_a_report():
    reader = read(render_pdf(replace(REPORT, distribution=None, cross_table=None)))

    assert "12,345" in reader.pages[0].extract_text()


def test_a_rate_nobody_knows_is_a_dash():
    html = render_html(replace(REPORT, completion_rate=None))

    assert "no sessions recorded" in html
    assert "None" not in html


def test_of_very_many_values_the_most_frequent_are_drawn():
    shares = tuple(Share(f"Option {n}", n, n / 5050) for n in range(101))
    svg = draw_distribution(Distribution(label="Many", answered=5050, missing=0, shares=shares))

    assert svg.count("<rect") == generator.MOST_BARS
    assert "Option 100: 100" in svg
    assert "72 others together: 2,556 (50.6 %)" in svg


def test_a_long_report_goes_on_to_the_next_page():
    rows = tuple(CrossRow(f"Row {n}", (n, n), 2 * n) for n in range(80))
    reader = read(render_pdf(replace(REPORT, cross_table=replace(REPORT.cross_table, rows=rows))))

    assert len(reader.pages) >= 2
    assert f"Page 2 of {len(reader.pages)}" in reader.pages[1].extract_text()


def test_without_pango_the_remedy_is_named(monkeypatch):
    real = builtins.__import__

    def without_pango(name, *args, **kwargs):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *args, **kwargs)

    generator.load_weasyprint.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without_pango)

    with pytest.raises(UnavailableError, match="apt-get install libpango"):
        render_pdf(REPORT)
    generator.load_weasyprint.cache_clear()
