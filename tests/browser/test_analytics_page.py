"""The figures on the page of a form's numbers are those of the API."""

import pytest

from tests.browser.analytics_page import FORM, RESPONSES, card, query, rows_of, tile
from tests.browser.conftest import keep_screenshot

pytestmark = pytest.mark.processes


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
