"""A Host header this site does not answer for."""

import pytest

PAGE = "text/html; charset=utf-8"
PROBLEM = "application/problem+json"
WRONG_HOSTS = ["evil.example", "forms.example.org.evil.example", "<b>x</b>", "a b", "x:80:80", "é"]


@pytest.fixture(autouse=True)
def hosts(settings):
    settings.ALLOWED_HOSTS = ["forms.example.org"]


@pytest.mark.parametrize("host", WRONG_HOSTS)
@pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
@pytest.mark.parametrize("path", ["/api/", "/api/v2/forms/", "/api/v2/login/", "/api/v9/nothing"])
def test_a_wrong_host_is_a_problem_below_api(client, path, method, host):
    answer = getattr(client, method)(path, headers={"Host": host})

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)
    assert answer.json() == {
        "type": "/api/v2/docs/#bad_request",
        "title": "Bad Request",
        "status": 400,
        "detail": "This site does not answer for that Host: see ALLOWED_HOSTS.",
        "code": "bad_request",
    }


@pytest.mark.parametrize("host", WRONG_HOSTS)
@pytest.mark.parametrize("path", ["/", "/admin/", "/apiary", "/favicon.ico"])
def test_a_wrong_host_is_a_page_elsewhere(client, path, host):
    answer = client.get(path, headers={"Host": host})

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PAGE)
    assert host.encode() not in answer.content


def test_a_wrong_host_is_refused_before_it_is_sent_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    wrong = client.get("/api/v2/forms/", headers={"Host": "evil.example"})
    right = client.get("/api/v2/forms/", headers={"Host": "forms.example.org"})

    assert (wrong.status_code, wrong.headers["Content-Type"]) == (400, PROBLEM)
    assert right.headers["Location"] == "https://forms.example.org/api/v2/forms/"


def test_what_a_proxy_says_of_the_host_changes_nothing(client):
    headers = {"Host": "forms.example.org", "X-Forwarded-Host": "evil.example"}

    assert client.get("/api/v2/login/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_whatever_the_host(client, path):
    answer = client.get(path, headers={"Host": "evil.example"})

    assert answer.status_code == 200
    assert answer.json()["status"] in {"ok", "ready"}
