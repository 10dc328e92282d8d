"""The figures on the page of a form's numbers are those of the API."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.analytics_page import FORM, RESPONSES, card, query, rows_of, tile
from tests.browser.conftest import keep_screenshot

pytestmark = pytest.mark.processes
DAY = timedelta(days=1)


def test_the_figures_are_those_of_the_api(filled, visit):
    page = visit()
    assert tile(page, "Responses").inner_text() == str(RESPONSES)

    _, spread = filled.call("GET", f"{filled.numbers}fields/department/distribution/")
    shown = rows_of(card(page, "department").locator("table.bars"))
    assert [(row[0], row[2], row[3]) for row in shown] == [
        (each["label"], str(each["count"]), f"{each['share']:.1%}") for each in spread["values"]
    ]
    base = card(page, "department").locator(".base").inner_text()
    assert base == f"{spread['answered']} answers, {spread['missing']} without"

    measures = [{"op": "nps", "field": "recommend", "as": "nps"}]
    (row,) = query(filled, {"measures": measures})["data"]
    score = card(page, "recommend").locator(".score strong").inner_text()
    assert float(score.replace("\N{MINUS SIGN}", "-")) == pytest.approx(row["nps"], abs=0.05)


def test_a_histogram_holds_every_number_once(filled, visit):
    filled.submit(amount=0.0000004)
    filled.submit(amount=-3)
    for place in ("", "?range=last_30_days"):
        page = visit(place)
        for field in ("amount", "age"):
            shown = card(page, field)
            shown.locator("summary").click()
            counts = [
                int(row[1].replace(",", "")) for row in rows_of(shown.locator(".behind table"))
            ]
            body = {"measures": [{"op": "count", "field": field, "as": "n"}]}
            if place:
                body["date_range"] = "last_30_days"
            assert sum(counts) == query(filled, body)["data"][0]["n"]


def test_the_way_through_the_form_is_that_of_the_sessions(filled, visit):
    for steps in (["view"], ["view", "start"], ["view", "start"], ["view", "start", "submit"]):
        status, _ = filled.call("POST", f"{filled.form}sessions/", {"steps": steps})
        assert status == 200
    page = visit()

    _, funnel = filled.call("GET", f"{filled.numbers}funnel/")
    assert [(step["reached"], step["left"]) for step in funnel["steps"]] == [(4, 1), (3, 2), (1, 0)]
    assert rows_of(page.locator("#funnel table").first) == [
        ["Viewed", "", "4", "100.0%", "1"],
        ["Started", "", "3", "75.0%", "2"],
        ["Submitted", "", "1", "25.0%", ""],
    ]
    assert tile(page, "Completion").inner_text() == "33.3%"
    assert tile(page, "Views").inner_text() == "4"


def test_what_the_form_hides_is_marked_and_nothing_is_worked_out_of_it(filled, visit):
    assert filled.call("PATCH", filled.form, {"min_cell": 12})[0] == 200
    page = visit("?rows=department&columns=state", viewport={"width": 1280, "height": 7000})
    page.wait_for_selector("#crosstab table.cross")
    page.wait_for_function("() => !document.querySelector('[aria-busy]')")
    answered = [{"department": {"$exists": True}}, {"status": {"$exists": True}}]
    body = {"measures": ["count"], "group_by": ["department", "status"], "shape": "crosstab"}
    table = query(filled, {**body, "filter": {"$and": answered}})["crosstab"]
    assert [None in row for row in table["counts"]].count(True) > 1
    shown = [row[1:-1] for row in rows_of(page.locator("#crosstab table"))]
    assert [[cell == "hidden" for cell in row] for row in shown] == [
        [count is None for count in row] for row in table["counts"]
    ]
    assert page.inner_text("#crosstab .verdict") == "No test: some cells are hidden."

    _, spread = filled.call("GET", f"{filled.numbers}fields/recommend/distribution/")
    assert {each["count"] for each in spread["values"]} == {None}
    assert "The score is hidden" in card(page, "recommend").inner_text()
    assert page.locator("article[data-field] .problem").count() == 0


def test_a_form_without_responses_says_so_and_one_response_is_enough(web, visit):
    web.make_form(FORM)
    page = visit(viewport={"width": 1280, "height": 3000})
    assert tile(page, "Responses").inner_text() == "0"
    assert "No responses yet" in page.inner_text("#series")
    assert "No sessions in this period" in page.inner_text("#funnel")
    assert card(page, "recommend").locator(".empty").inner_text() == "Nobody has answered this yet."
    keep_screenshot(page, "analytics-empty")

    web.submit(department="IT", age=40, recommend=9, care={"food": "good"})
    page.wait_for_function("() => document.querySelector('#totals .value').textContent == '1'")
    page.wait_for_selector("#series svg")
    page.wait_for_selector("article[data-field=recommend] .score")
    card(page, "age").locator(".base:text-is('1 answer, 0 without')").wait_for()
    keep_screenshot(page, "analytics-one")
    for word in ("NaN", "undefined", "null", "Infinity"):
        assert word not in page.inner_text("main")


def test_of_fifty_fields_those_are_read_that_can_be_seen(web, visit):
    fields = [
        {"id": f"q{n}", "type": "choice", "label": f"Question {n}", "options": ["Yes", "No"]}
        for n in range(50)
    ]
    web.make_form({"fields": fields})
    web.submit(**{f"q{n}": "yes" for n in range(50)})
    asked = []
    page = visit(wait=False)
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_selector("article[data-field=q0] table.bars")
    page.wait_for_load_state()
    assert 0 < len({url for url in asked if "/distribution/" in url}) < 20

    page.get_by_label("Find a question").fill("question 49")
    page.wait_for_selector("article[data-field=q49] table.bars")
    assert page.locator("article[data-field]:visible").count() == 1
    assert page.inner_text("#finder [role=status]") == "1 of 50"


def shown_rows(page, field):
    """What stands in the table behind a picture."""
    found = card(page, field)
    found.locator("summary").click()
    return rows_of(found.locator(".behind table"))


DATES = {
    "fields": [
        {"id": "born", "type": "date", "label": "When were you born?"},
        {"id": "moved", "type": "date", "label": "When did you move in?"},
        {"id": "called", "type": "date", "label": "When did you call?"},
        {"id": "wakes", "type": "time", "label": "When do you get up?"},
    ]
}


@pytest.mark.parametrize("place", ["", "?range=last_30_days"])
def test_dates_are_drawn_by_what_shows_their_shape_and_none_is_left_out(web, visit, place):
    web.make_form(DATES)
    several = [
        {
            "born": f"{1940 + n // 12}-{n % 12 + 1:02}-11",
            "moved": f"{2019 + n % 3}-0{n // 3 % 9 + 1}-01",
            "called": f"2026-05-{n % 20 + 1:02}",
            "wakes": f"{5 + n % 4:02}:{n % 60:02}:00",
        }
        for n in range(480)
    ]
    web.import_answers(several)
    page = visit(place)

    years = [[str(1940 + n), "12"] for n in range(40)]
    assert shown_rows(page, "born") == years
    months = shown_rows(page, "moved")
    assert (months[0], len(months)) == (["January 2019", "18"], 33)
    assert sum(int(row[1]) for row in months) == 480
    days = shown_rows(page, "called")
    assert (days[0], len(days)) == (["Fri, 1 May 2026", "24"], 20)
    hours = shown_rows(page, "wakes")
    assert [row[1] for row in hours] == ["0"] * 5 + ["120"] * 4 + ["0"] * 15


def test_a_few_large_numbers_do_not_press_all_others_into_one_column(web, visit):
    web.make_form({"fields": [{"id": "spent", "type": "number", "label": "Spent"}]})
    web.import_answers([{"spent": n % 100 + 0.5} for n in range(1000)] + [{"spent": 90_000}] * 3)
    page = visit()

    shown = shown_rows(page, "spent")
    assert [row[0] for row in shown][:2] == ["0 to below 10", "10 to below 20"]
    assert [row[:2] for row in shown][-1] == ["100 and more", "3"]
    assert [row[1] for row in shown][:-1] == ["100"] * 10
    assert "from 100 to 90,000" in card(page, "spent").inner_text()


def test_of_many_options_the_most_frequent_are_shown_until_all_are_wanted(web, visit):
    labels = [f"Town {n}" for n in range(40)]
    options = [{"id": f"t{n}", "label": label} for n, label in enumerate(labels)]
    web.make_form(
        {"fields": [{"id": "town", "type": "choice", "label": "Town", "options": options}]}
    )
    web.import_answers([{"town": f"t{n}"} for n in range(40) for _ in range(n)])
    page = visit()
    shown = card(page, "town")
    assert [row[0] for row in rows_of(shown.locator("table"))] == labels[:-13:-1]

    shown.get_by_role("button", name="Show all 40 answers").press("Enter")
    assert [row[0] for row in rows_of(shown.locator("table"))] == labels
    assert page.evaluate("document.activeElement.textContent") == "Show the 12 most frequent"


def test_choices_that_are_not_counted_one_by_one_are_no_share_of_respondents(web, visit):
    options = [{"id": f"t{n}", "label": f"Town {n}"} for n in range(203)]
    towns = {"id": "towns", "type": "multi_choice", "label": "Towns", "options": options}
    web.make_form({"fields": [towns]})
    web.import_answers([{"towns": [each["id"] for each in options]} for _ in range(3)])
    shown = card(visit(), "towns")
    shown.get_by_role("button", name="Show all 201 answers").press("Enter")
    rows = shown.locator("tbody tr")
    assert (rows.count(), rows.nth(199).inner_text().split()[2:4]) == (201, ["3", "100.0%"])
    last = rows.last.inner_text()
    assert (last.split()[:3], "%" in last) == (["(other", "choices)", "9"], False)


def test_no_empty_weeks_stand_before_the_first_response(web, visit):
    web.make_form(DATES)
    first = (datetime.now(UTC) - timedelta(days=95)).replace(microsecond=0)
    moments = [first, first + timedelta(days=40)]
    lines = "\n".join(
        json.dumps({"answers": {"wakes": "07:00:00"}, "submitted_at": each.isoformat()})
        for each in moments
    )
    path, kind = f"{web.form}responses/import/", "application/x-ndjson"
    assert web.call("POST", path, lines.encode(), kind=kind)[1]["stored"] == 2
    page = visit("?tz=UTC")
    page.click("#series summary")
    shown = rows_of(page.locator("#series table"))
    assert (shown[0][1], len(shown)) == ("1", 96)


def test_the_series_of_a_form_that_hides_small_groups_is_as_fine_as_it_may_be_seen(web, visit):
    web.make_form(DATES)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=60)
    lines = "\n".join(
        json.dumps(
            {"answers": {"born": "1990-01-01"}, "submitted_at": (start + n * DAY).isoformat()}
        )
        for n in range(60)
    )
    path, kind = f"{web.form}responses/import/", "application/x-ndjson"
    assert web.call("POST", path, lines.encode(), kind=kind)[1]["stored"] == 60
    assert web.call("PATCH", web.form, {"min_cell": 5})[0] == 200
    page = visit("?tz=UTC")
    assert page.inner_text("#series .under").startswith("By week")
    page.click("#series summary")
    assert "7" in [row[1] for row in rows_of(page.locator("#series table"))]


def test_of_what_is_not_drawn_it_is_shown_how_many_answered(filled, visit):
    page = visit()
    for field, remark in (("email", "A personal field"), ("scan", "Only how many answered")):
        _, spread = filled.call("GET", f"{filled.numbers}fields/{field}/distribution/")
        shown = card(page, field)
        assert [(row[0], int(row[2])) for row in rows_of(shown.locator("table.bars"))] == [
            ("Answered", spread["answered"]),
            ("Not answered", spread["missing"]),
        ]
        assert remark in shown.inner_text()


def test_short_texts_that_repeat_are_shown_whole(web, visit):
    fields = [{"id": kind, "type": kind, "label": kind} for kind in ("text", "long_text")]
    web.make_form({"fields": fields})
    web.import_answers([{"text": "St. Gallen", "long_text": "St. Gallen"} for _ in range(12)])
    page = visit()
    assert [row[0] for row in rows_of(card(page, "text").locator("table"))] == ["St. Gallen"]
    words = [row[0] for row in rows_of(card(page, "long_text").locator("table"))]
    assert sorted(words) == ["gallen", "st"]
