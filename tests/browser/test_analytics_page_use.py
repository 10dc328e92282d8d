"""Using the page of a form's numbers: keyboard, address, colours, accessibility."""

import json
from urllib.parse import urlencode

import pytest

from tests.browser.analytics_page import RESPONSES, broken_rules, card, query, rows_of, tile
from tests.browser.conftest import keep_screenshot

pytestmark = pytest.mark.processes
VIEWS = [("light", 1280), ("dark", 1280), ("light", 400)]


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


def test_a_broken_rule_would_be_found(filled, visit):
    page = visit()
    page.evaluate("document.querySelector('label[for^=choice]').remove()")
    page.evaluate("document.querySelector('h1').style.color = '#ccc'")

    assert [rule for rule, _ in broken_rules(page)] == ["color-contrast", "select-name"]


WORD = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz" * 2
ARABIC = "الفرع المركزي (1)"
LONG = {
    "fields": [
        {
            "id": "word",
            "type": "choice",
            "label": WORD,
            "options": [{"id": "a", "label": WORD}, {"id": "b", "label": ARABIC}],
        },
        {
            "id": "other",
            "type": "choice",
            "label": WORD,
            "options": [{"id": "a", "label": "A"}],
        },
        {
            "id": "grid",
            "type": "matrix",
            "label": "How do you find each of these?",
            "rows": [{"id": f"r{n}", "label": f"{n}: {WORD}"} for n in range(4)],
            "columns": [{"id": f"c{n}", "label": f"Column {n}"} for n in range(11)],
        },
    ]
}


@pytest.mark.parametrize("width", [360, 1280])
def test_whatever_a_label_says_it_stays_in_its_card(web, visit, width):
    web.make_form(LONG)
    web.submit(word="a", other="a", grid={f"r{n}": "c1" for n in range(4)})
    steps = {"steps": ["view", "start"], "fields": ["word"]}
    assert web.call("POST", f"{web.form}sessions/", steps)[0] == 200
    where = {"where": json.dumps(["word", "$in", ["a", "b"]]), "rows": "word", "columns": "other"}
    page = visit(f"?{urlencode(where)}", viewport={"width": width, "height": 3000})
    page.wait_for_function("() => !document.querySelector('[aria-busy]')")
    page.wait_for_selector("#funnel table")
    page.wait_for_selector("#crosstab table.cross")
    page.click("text=Add filter")

    assert page.evaluate("document.documentElement.scrollWidth") == width
    outside = """() => [...document.querySelectorAll('.card th, .card td, .card h3')].filter(each =>
        !each.closest('.scroll') && each.getBoundingClientRect().right
        > each.closest('.card').getBoundingClientRect().right).map(each => each.innerText)"""
    assert page.evaluate(outside) == []
    label = page.locator(f"article[data-field=word] th bdi:text-is('{ARABIC}')")
    start = label.evaluate(
        """each => { const range = document.createRange(); const text = each.firstChild;
            range.setStart(text, text.length - 1); range.setEnd(text, text.length);
            return range.getBoundingClientRect().left - each.getBoundingClientRect().left; }"""
    )
    assert start < 3, "the end of an Arabic label stands at its left"


def test_on_paper_it_is_dark_on_white_and_nothing_is_cut_off(filled, visit):
    page = visit(color_scheme="dark")
    page.wait_for_selector("#series svg")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 700, "height": 900})
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(21, 32, 51)"
    assert not page.locator(".controls, .top-end, #finder, .behind").filter(visible=True).count()
    right = "document.querySelector('#series svg').getBoundingClientRect().right"
    assert page.evaluate(right) <= 700


def test_where_colours_are_forced_what_is_written_in_pictures_follows(filled, visit):
    page = visit(forced_colors="active", color_scheme="dark")
    page.wait_for_selector("#series .tick")
    fill = "getComputedStyle(document.querySelector('#series .tick')).fill"
    ink = "getComputedStyle(document.querySelector('h1')).color"
    assert page.evaluate(fill) == page.evaluate(ink)
