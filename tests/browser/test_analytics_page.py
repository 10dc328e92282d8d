"""The page of a form's numbers in a real browser, on a real web server with a Redis of its own."""

import json
import random
import re
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import keep_screenshot
from tests.fakes.live_web import LiveWeb
from tests.own_stores import brings_stores
from tests.test_analytics import study
from tests.test_analytics.servers import Server

pytestmark = pytest.mark.processes
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
FORM = {
    "fields": [
        *study.DEFINITION["fields"],
        {"id": "recommend", "type": "nps", "label": "Would you recommend us?"},
    ]
}
RESPONSES = 60


def answers(count, seed=4):
    rng = random.Random(seed)
    return [study.answers(rng) | {"recommend": rng.randrange(11)} for _ in range(count)]


@pytest.fixture(scope="module")
def redis_server():
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="module")
@brings_stores
def web(tmp_path_factory, redis_server):
    started = LiveWeb(tmp_path_factory.mktemp("page"), redis_server.socket)
    yield started
    started.end()


@pytest.fixture
def filled(web):
    """A form of the test's own with some responses."""
    web.make_form(FORM)
    web.import_answers(answers(RESPONSES))
    return web


@pytest.fixture
def visit(browser, web, request):
    """Opens the page, signed in; what it may not do fails the test, but for `expected` faults."""
    contexts, faults = [], []
    origin = f"http://127.0.0.1:{web.port}/"

    def open_page(query="", *, faulty=(), wait=True, **options):
        context = browser.new_context(
            base_url=origin, **{"viewport": {"width": 1280, "height": 900}} | options
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        cookie = {"name": "sessionid", "value": web.known["session"], "url": origin}
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on(
            "console",
            lambda m: (
                faults.append(m.text)
                if m.type in ("error", "warning") and not any(each in m.text for each in faulty)
                else None
            ),
        )
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(origin) else faults.append(asked.url),
        )
        page.goto(f"/forms/{web.known['form']}/analytics/{query}")
        if wait:
            page.wait_for_selector("#totals .value")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def tile(page, name):
    return page.locator(f"#totals .tile:has(dt:text-is('{name}')) .value")


def card(page, field):
    found = page.locator(f"article[data-field={field}]")
    found.scroll_into_view_if_needed()
    page.wait_for_selector(f"article[data-field={field}]:not([aria-busy]) .base:not(:empty)")
    return found


def rows_of(table):
    return [
        [cell.inner_text().strip() for cell in row.locator("th, td").all()]
        for row in table.locator("tbody tr").all()
    ]


def query(web, body):
    status, answer = web.call("POST", f"{web.numbers}query/", body)
    assert status == 200, answer
    return answer


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


def test_a_response_moves_the_page_within_two_seconds(filled, visit):
    page = visit()
    page.wait_for_selector("#live[data-state=live]")
    card(page, "department")
    cell = page.locator("article[data-field=department] tbody tr:has(th:text-is('IT')) td").nth(1)
    before = int(cell.inner_text())
    filled.submit(department="IT")
    taken = time.monotonic()
    page.wait_for_function(
        "n => document.querySelector('#totals .value').textContent == n", arg=str(RESPONSES + 1)
    )
    assert time.monotonic() - taken < 2
    page.wait_for_function(
        """n => [...document.querySelectorAll('article[data-field=department] tbody tr')].some(
               row => row.cells[0].innerText == 'IT' && row.cells[2].innerText == n)""",
        arg=str(before + 1),
    )
    assert time.monotonic() - taken < 3
    page.wait_for_function(
        "text => document.getElementById('announcer').textContent.includes(text)",
        arg=f"{RESPONSES + 1} in all",
    )


def test_what_happens_by_itself_is_not_announced_again_and_again(filled, visit):
    page = visit()
    page.wait_for_selector("#live[data-state=live]")
    page.evaluate(
        """() => { window.said = []; new MutationObserver(() => said.push(
               document.getElementById('announcer').textContent))
               .observe(document.getElementById('announcer'), {childList: true}); }"""
    )
    for number in range(1, 4):
        filled.submit(department="HR")
        page.wait_for_function(
            "n => document.querySelector('#totals .value').textContent == n",
            arg=str(RESPONSES + number),
        )
    assert page.evaluate("said") == [f"1 new response, {RESPONSES + 1} in all."]


def test_two_questions_are_crossed_by_keyboard_alone(filled, visit):
    page = visit()
    rows = page.get_by_label("Rows", exact=True)
    for _ in range(80):
        page.keyboard.press("Tab")
        if rows.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.type("Department")
    page.keyboard.press("Tab")
    page.keyboard.type("Status")
    page.wait_for_selector("#crosstab table.cross")

    assert page.evaluate("document.activeElement.labels[0].textContent") == "Columns"
    answered = [{"department": {"$exists": True}}, {"status": {"$exists": True}}]
    body = {"measures": ["count"], "group_by": ["department", "status"], "shape": "crosstab"}
    table = query(filled, {**body, "filter": {"$and": answered}})["crosstab"]
    shown = rows_of(page.locator("#crosstab table"))
    assert [[int(cell.split()[-1]) for cell in row[1:]] for row in shown] == [
        [*counts, total] for counts, total in zip(table["counts"], table["row_totals"], strict=True)
    ]
    verdict = page.inner_text("#crosstab .verdict")
    assert f"Cramér's V = {table['association']['cramers_v']:.2f}" in verdict
    assert f"p = {table['association']['p_value']:.3f}" in verdict
    page.wait_for_function(
        "() => document.getElementById('announcer').textContent.includes('Cross-tab')"
    )
    assert "rows=department&columns=state" in page.url


def test_dark_follows_the_system_until_somebody_chooses(filled, visit):
    page = visit(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(11, 18, 32)"
    page.select_option("#theme", "light")
    assert page.evaluate(ground) == "rgb(246, 248, 251)"
    page.reload()
    page.wait_for_selector("#totals .value")
    assert page.evaluate(ground) == "rgb(246, 248, 251)"


def test_a_filter_stands_in_the_address_and_the_address_opens_the_same_view(filled, visit):
    page = visit()
    page.click("text=Add filter")
    page.get_by_label("Question", exact=True).select_option(label="Department")
    page.check("text=HR")
    page.get_by_role("button", name="Add filter").last.click()
    chosen = {"filter": {"department": {"$in": ["hr"]}}, "measures": ["count"]}
    expected = str(query(filled, chosen)["data"][0]["count"])
    page.wait_for_function(
        "n => document.querySelector('#totals .value').textContent == n", arg=expected
    )
    assert page.inner_text(".chip").startswith("Department is one of HR")
    assert int(expected) < RESPONSES

    other = visit("?" + page.url.partition("?")[2])
    other.wait_for_function(
        "n => document.querySelector('#totals .value').textContent == n", arg=expected
    )
    assert other.inner_text(".chip").startswith("Department is one of HR")
    shown = rows_of(card(other, "department").locator("table.bars"))
    assert [row[2] for row in shown] == ["0", expected, "0"]

    page.go_back()
    page.wait_for_function(
        "n => document.querySelector('#totals .value').textContent == n", arg=str(RESPONSES)
    )
    assert page.locator(".chip").count() == 0


def test_days_are_those_of_the_zone_in_the_address(filled, visit):
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        page = visit("?" + urlencode({"range": "today", "tz": zone}))
        body = {"measures": ["count"], "date_range": "today", "timezone": zone}
        expected = query(filled, body)["data"][0]["count"]
        assert tile(page, "Responses").inner_text() == str(expected)
        assert page.inner_text("#zone-shown") == zone


VIEWS = [("light", 1280), ("dark", 1280), ("light", 400)]


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_no_rule_of_accessibility_is_broken(filled, visit, scheme, width):
    page = visit(
        "?rows=department&columns=score",
        color_scheme=scheme,
        viewport={"width": width, "height": 7000},
    )
    page.wait_for_selector("#crosstab table.cross")
    page.wait_for_function("() => !document.querySelector('[aria-busy]')")
    keep_screenshot(page, f"analytics-{scheme}-{width}")
    page.click("text=Add filter")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert broken_rules(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def broken_rules(page):
    page.evaluate(AXE)
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", rules
    )
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]]


def test_a_broken_rule_would_be_found(filled, visit):
    page = visit()
    page.evaluate("document.querySelector('label[for^=choice]').remove()")
    page.evaluate("document.querySelector('h1').style.color = '#ccc'")

    assert [rule for rule, _ in broken_rules(page)] == ["color-contrast", "select-name"]


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


REFUSED = "Failed to load resource"


def test_a_filter_that_cannot_be_used_is_named_with_the_remedy(filled, visit):
    where = json.dumps(["nonsense", "$eq", 1])
    page = visit("?" + urlencode({"where": where}), faulty=(REFUSED,), wait=False)
    page.wait_for_selector("#problems .problem")
    text = page.inner_text("#problems")
    assert 'There is no field "nonsense"' in text
    assert "Change the filters" in text
    page.click(".chip .remove")
    page.wait_for_selector("#totals .value")
    assert tile(page, "Responses").inner_text() == str(RESPONSES)
    page.wait_for_selector("#problems .problem", state="detached")


def test_whoever_is_signed_out_meanwhile_is_shown_the_way_back(filled, visit):
    page = visit(faulty=(REFUSED,))
    page.context.clear_cookies()
    page.get_by_label("Period").select_option("last_7_days")
    page.wait_for_selector("#problems .problem")
    assert "signed out" in page.inner_text("#problems")
    link = page.get_attribute("#problems a", "href")
    assert re.fullmatch(r"/api/v2/login/\?next=%2Fforms%2F.*range%3Dlast_7_days.*", link)


def test_without_a_connection_the_page_says_so_and_goes_on_by_itself(filled, visit):
    page = visit(faulty=(REFUSED, "ERR_INTERNET_DISCONNECTED"))
    page.context.set_offline(True)
    page.get_by_label("Period").select_option("last_90_days")
    page.wait_for_selector("#problems .problem")
    assert "can't be reached" in page.inner_text("#problems")
    page.context.set_offline(False)
    page.click("#problems button")
    page.wait_for_selector("#problems .problem", state="detached")


def test_without_redis_the_stored_responses_are_counted_instead(filled, visit, redis_server):
    page = visit(faulty=(REFUSED,))
    page.wait_for_selector("#live[data-state=live]")
    redis_server.kill()
    try:
        page.reload()
        page.wait_for_selector("#problems .problem")
        keep_screenshot(page, "analytics-without-redis")
        assert "live numbers are away" in page.inner_text("#problems")
        assert tile(page, "Responses").inner_text() == str(RESPONSES)
        assert tile(page, "Completion").inner_text() == "\N{EN DASH}"
        shown = rows_of(card(page, "department").locator("table.bars"))
        body = {"measures": ["count"], "group_by": ["department"]}
        counts = {row["department"]: row["count"] for row in query(filled, body)["data"]}
        assert [int(row[2]) for row in shown] == [counts[each] for each in ("it", "hr", "ops")]
    finally:
        redis_server.start()
    page.wait_for_selector("#problems .problem", state="detached", timeout=40_000)
