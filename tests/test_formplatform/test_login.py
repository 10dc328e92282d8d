from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User

from formplatform.core.addresses import network_of
from formplatform.core.api_keys import SCOPES, create_key


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


def test_a_program_that_is_locked_out_gets_a_problem(client, ada):
    answers = [
        client.post(
            "/api/v2/login/",
            {"username": "ada", "password": "wrong"},
            headers={"Accept": "application/json"},
        )
        for _ in range(6)
    ]

    assert answers[5].status_code == 429
    assert answers[5].headers["Content-Type"] == "application/problem+json"
    assert answers[5].headers["Retry-After"] == "900"
    assert answers[5].json()["code"] == "locked_out"


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


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::1", "::"),
        ("", ""),
        (None, ""),
        ("not an address", ""),
    ],
)
def test_limits_are_per_ipv4_address_and_per_ipv6_network(address, network):
    assert network_of(address) == network


def test_wrong_api_keys_are_throttled_and_good_ones_are_not(client, ada, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "failed_authentication": (3, 60)}
    _, token = create_key(ada, name="mine", scopes=SCOPES)

    def ask(bearer, **extra):
        return client.get("/api/v2/forms/", headers={"Authorization": f"Bearer {bearer}"}, **extra)

    answers = [ask(f"fp_{number}") for number in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[3].headers["Retry-After"]) >= 1
    assert answers[3].json()["code"] == "throttled"
    assert ask("fp_wrong", REMOTE_ADDR="10.0.0.9").status_code == 401
    assert ask(token).status_code == 200


def test_a_wrong_host_is_a_problem_below_api_and_a_page_elsewhere(client, settings):
    settings.ALLOWED_HOSTS = ["forms.example.org"]

    problem = client.get("/api/v2/forms/", SERVER_NAME="evil.example")
    page = client.get("/admin/", SERVER_NAME="evil.example")

    assert (problem.status_code, problem.json()["code"]) == (400, "bad_request")
    assert "ALLOWED_HOSTS" in problem.json()["detail"]
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert (page.status_code, page.headers["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_the_browsable_api_bears_our_name(client, ada):
    client.force_login(ada)

    page = client.get("/api/v2/", headers={"Accept": "text/html"}).content.decode()

    assert "<title>Start · formplatform</title>" in page
    assert "Django REST framework" not in page
    assert "Django REST framework" not in client.get("/api/v2/login/").content.decode()
