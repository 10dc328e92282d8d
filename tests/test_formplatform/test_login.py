from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User

from formplatform.core.api_keys import SCOPES, create_key

PAGE = "text/html; charset=utf-8"
PROBLEM = "application/problem+json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def ada():
    return User.objects.create_user("ada", password="engine-1843", is_staff=True)


@pytest.mark.parametrize("url", ["/admin/login/", "/api/v2/login/"])
def test_guessing_a_password_is_stopped_after_five_tries(client, ada, url):
    for _ in range(5):
        client.post(url, {"username": "ada", "password": "wrong"})

    locked = client.post(url, {"username": "ada", "password": "engine-1843"})

    assert locked.status_code == 429
    assert "_auth_user_id" not in client.session


def test_another_address_is_not_locked_out(client, ada):
    for _ in range(5):
        client.post("/admin/login/", {"username": "ada", "password": "wrong"})

    answer = client.post(
        "/admin/login/", {"username": "ada", "password": "engine-1843"}, REMOTE_ADDR="10.0.0.9"
    )

    assert answer.status_code == 302


def test_pages_carry_a_content_security_policy(client):
    policy = client.get("/api/v2/login/").headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-eval" in client.get("/admin/login/").headers["Content-Security-Policy"]


def test_the_lock_out_is_a_page_that_says_how_long(client, ada):
    for _ in range(5):
        client.post("/admin/login/", {"username": "ada", "password": "wrong"})

    locked = client.post("/admin/login/", {"username": "ada", "password": "wrong"})

    assert (locked.status_code, locked.headers["Retry-After"]) == (429, "900")
    assert b"For 15 minutes nobody can sign in" in locked.content


@pytest.mark.parametrize(
    ("url", "accepted", "kind"),
    [
        ("/api/v2/login/", "application/json", PROBLEM),
        ("/api/v2/login/", "*/*", PROBLEM),
        ("/api/v2/login/", None, PROBLEM),
        ("/api/v2/login/", BROWSER, PAGE),
        ("/admin/login/", "application/json", PROBLEM),
        ("/admin/login/", "*/*", PAGE),
        ("/admin/login/", BROWSER, PAGE),
    ],
)
def test_a_lock_out_is_a_problem_to_programs_and_a_page_to_browsers(
    client, ada, url, accepted, kind
):
    wrong = {"username": "ada", "password": "wrong"}
    headers = {} if accepted is None else {"Accept": accepted}

    answers = [client.post(url, wrong, headers=headers) for _ in range(6)]

    assert answers[5].status_code == 429
    assert answers[5].headers["Content-Type"] == kind
    assert answers[5].headers["Retry-After"] == "900"
    if kind == PROBLEM:
        assert answers[5].json() == {
            "type": "/api/v2/docs/#locked_out",
            "title": "Too Many Requests",
            "status": 429,
            "detail": "Too many sign-ins were tried: wait, then try again.",
            "code": "locked_out",
        }


def test_whoever_waits_as_long_as_they_were_told_can_sign_in(client, ada):
    wrong = {"username": "ada", "password": "wrong"}
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        answers = [client.post("/admin/login/", wrong) for _ in range(6)]
        clock.shift(timedelta(seconds=int(answers[5].headers["Retry-After"]) + 1))
        right = client.post("/admin/login/", {"username": "ada", "password": "engine-1843"})

    assert right.status_code == 302


def test_a_caller_without_an_address_is_locked_out_too(client, ada):
    for _ in range(5):
        client.post("/admin/login/", {"username": "ada", "password": "wrong"}, REMOTE_ADDR="")

    right = {"username": "ada", "password": "engine-1843"}
    assert client.post("/admin/login/", right, REMOTE_ADDR="").status_code == 429
    assert client.post("/admin/login/", right, REMOTE_ADDR="10.0.0.9").status_code == 302


def test_a_put_signs_nobody_in(client, ada):
    answer = client.put(
        "/api/v2/login/",
        "username=ada&password=engine-1843",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("url", ["/admin/login/", "/api/v2/login/"])
def test_an_address_that_goes_through_many_usernames_is_stopped(client, ada, settings, url):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "login": (10, 60)}
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        for number in range(10):
            answer = client.post(url, {"username": f"user{number}", "password": "wrong"})
            assert answer.status_code == 200

        stopped = client.post(url, {"username": "ada", "password": "engine-1843"})
        assert (stopped.status_code, stopped.headers["Retry-After"]) == (429, "60")
        assert "_auth_user_id" not in client.session

        elsewhere = client.post(
            url, {"username": "ada", "password": "engine-1843"}, REMOTE_ADDR="10.0.0.9"
        )
        assert elsewhere.status_code == 302

        clock.shift(timedelta(seconds=60))
        assert client.post(url, {"username": "ada", "password": "engine-1843"}).status_code == 302


def test_one_ipv6_household_is_one_address(client, ada):
    def post(address, password):
        wanted = {"username": "ada", "password": password}
        return client.post("/admin/login/", wanted, REMOTE_ADDR=address)

    for number in range(5):
        post(f"2001:db8:1:2::{number}", "wrong")

    assert post("2001:db8:1:2:ffff::1", "engine-1843").status_code == 429
    assert post("2001:db8:1:3::1", "engine-1843").status_code == 302


def test_wrong_api_keys_are_throttled_and_good_ones_are_not(client, ada, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "failed_authentication": (3, 60)}
    _, token = create_key(ada, name="mine", scopes=SCOPES)

    def ask(bearer, **extra):
        return client.get("/api/v2/forms/", headers={"Authorization": f"Bearer {bearer}"}, **extra)

    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        answers = [ask(f"fp_{number}") for number in range(4)]

        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert answers[3].headers["Content-Type"] == PROBLEM
        assert answers[3].json()["code"] == "throttled"
        assert ask("fp_wrong", REMOTE_ADDR="10.0.0.9").status_code == 401
        assert ask(token).status_code == 200

        clock.shift(int(answers[3].headers["Retry-After"]))
        assert ask("fp_wrong").status_code == 401


def test_the_browsable_api_bears_our_name(client, ada):
    client.force_login(ada)

    page = client.get("/api/v2/", headers={"Accept": "text/html"}).content.decode()

    assert "<title>Start · formplatform</title>" in page
    assert "Django REST framework" not in page
    assert "Django REST framework" not in client.get("/api/v2/login/").content.decode()


def test_a_browser_that_is_refused_gets_a_page_and_a_program_a_problem(client):
    page = client.get("/api/v2/forms/", headers={"Accept": "text/html"})
    problem = client.get("/api/v2/forms/", headers={"Accept": "application/json"})

    assert (page.status_code, page.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert "not_authenticated" in page.content.decode()
    assert (problem.status_code, problem.headers["Content-Type"]) == (
        401,
        "application/problem+json",
    )
