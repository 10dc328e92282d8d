"""The page of a form's numbers as tests look at it: its form, its tiles, its cards, its tables."""

import random
from pathlib import Path

from tests.test_analytics import study

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


def broken_rules(page):
    page.evaluate(AXE)
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", rules
    )
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]]
