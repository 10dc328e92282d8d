"""A real browser against a live server. Nothing it opens may reach beyond loopback."""

import os
import shutil
from pathlib import Path

import pytest

from tests.browser.analytics_page import FORM, RESPONSES, answers
from tests.fakes.live_web import LiveWeb
from tests.own_stores import brings_stores
from tests.test_analytics.servers import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""A directory that keeps what the tests saw, for a person to look at."""


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("not run: no Chromium here (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop is not Django's
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser, transactional_db, live_server):
    """A page that fails the test on a script error or a request to another host."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(f"script: {error}"))
    opened.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    opened.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((live_server.url, "data:", "blob:"))
            else faults.append(f"outside: {request.url}")
        ),
    )
    yield opened
    context.close()
    assert faults == []


@pytest.fixture
def look(page, request):
    """Keep a screenshot under a name, where SCREENSHOTS says so."""

    def keep(name: str) -> None:
        keep_screenshot(page, name)

    return keep


def keep_screenshot(page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)


@pytest.fixture
def admin(page, live_server, django_user_model):
    """The page, logged in to the admin."""
    django_user_model.objects.create_superuser("ada", password="engine-1843")
    page.goto("/admin/")
    page.fill("input[name=username]", "ada")
    page.fill("input[name=password]", "engine-1843")
    page.click("button[type=submit], input[type=submit]")
    page.wait_for_url("**/admin/")
    return page


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
