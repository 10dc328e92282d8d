"""The page of a form's numbers while they move, and when something is away."""

import json
import re
import time
from urllib.parse import urlencode

import pytest

from tests.browser.analytics_page import RESPONSES, card, query, rows_of, tile
from tests.browser.conftest import keep_screenshot

pytestmark = pytest.mark.processes
REFUSED = "Failed to load resource"


def test_a_response_soon_moves_the_page(filled, visit):
    page = visit()
    page.wait_for_selector("#live[data-state=live]")
    card(page, "department")
    cell = page.locator("article[data-field=department] tbody tr:has(bdi:text-is('IT')) td").nth(1)
    before = int(cell.inner_text())
    filled.submit(department="IT")
    taken = time.monotonic()
    page.wait_for_function(
        "n => document.querySelector('#totals .value').textContent == n", arg=str(RESPONSES + 1)
    )
    page.wait_for_function(
        """n => [...document.querySelectorAll('article[data-field=department] tbody tr')].some(
               row => row.cells[0].innerText == 'IT' && row.cells[2].innerText == n)""",
        arg=str(before + 1),
    )
    assert time.monotonic() - taken < 5
    page.wait_for_function(
        "text => document.getElementById('announcer').textContent.includes(text)",
        arg=f"{RESPONSES + 1} in all",
    )


def test_the_total_moves_with_the_stream_however_long_the_rest_takes(filled, visit):
    page = visit()
    page.wait_for_selector("#live[data-state=live]")
    page.route("**/metrics/**", lambda route: None)  # an answer that never comes
    for number in range(1, 4):
        filled.submit(department="HR")
        page.wait_for_function(
            "n => document.querySelector('#totals .value').textContent == n",
            arg=str(RESPONSES + number),
        )
    assert tile(page, "Today").inner_text() == str(RESPONSES + 3)
    page.unroute_all(behavior="ignoreErrors")


def test_nothing_jumps_when_something_is_counted(filled, visit):
    page = visit(viewport={"width": 1280, "height": 2400})
    page.wait_for_selector("#live[data-state=live]")
    page.wait_for_function("() => !document.querySelector('[aria-busy]')")
    page.evaluate(
        """() => { window.shifts = []; new PerformanceObserver(list => list.getEntries().forEach(
               each => shifts.push(each.value))).observe({type: 'layout-shift'}); }"""
    )
    filled.submit(department="IT", age=18, score=3, recommend=7)
    page.wait_for_function(
        """n => document.querySelector('article[data-field=department] .base')
               .textContent.startsWith(n)""",
        arg=base_after(filled),
    )
    page.wait_for_function("() => !document.querySelector('[aria-busy]')")
    assert page.evaluate("shifts") == []


def base_after(web):
    _, spread = web.call("GET", f"{web.numbers}fields/department/distribution/")
    return f"{spread['answered']} answers"


READING = """() => {
    const region = document.querySelector('article[data-field=care] .scroll');
    return [document.activeElement === region, region.scrollLeft];
}"""


def test_what_is_counted_takes_nobody_away_from_where_they_read(filled, visit):
    page = visit(viewport={"width": 320, "height": 900})
    page.wait_for_selector("#live[data-state=live]")
    card(page, "care").locator(".scroll").focus()
    page.evaluate("document.querySelector('article[data-field=care] .scroll').scrollLeft = 30")
    assert page.evaluate(READING) == [True, 30]
    _, spread = filled.call("GET", f"{filled.numbers}fields/care/distribution/")
    filled.submit(care={"food": "good", "staff": "bad"})
    page.locator(
        f"article[data-field=care] .base:text-is('{spread['answered'] + 1} answers, "
        f"{spread['missing']} without')"
    ).wait_for()
    page.wait_for_function("() => !document.querySelector('[aria-busy]')")
    assert page.evaluate(READING) == [True, 30]


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
