import pytest
from django.contrib.auth.models import User


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
