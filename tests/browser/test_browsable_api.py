"""The browsable API as a person uses it: sign in, look, sign out."""

from django.contrib.auth.models import User


def test_a_person_signs_in_looks_around_and_signs_out(page):
    User.objects.create_user("ada", password="engine-1843")
    page.goto("/api/v2/login/?next=/api/v2/")
    page.fill("#id_username", "ada")
    page.fill("#id_password", "engine-1843")
    page.press("#id_password", "Enter")
    page.wait_for_url("**/api/v2/")
    assert page.title() == "Start · formplatform"

    page.goto("/api/v2/forms/")
    assert '"count": 0' in page.inner_text(".response-info")

    page.click("text=Log out")
    page.wait_for_url("**/api/v2/login/")
    assert page.title() == "Sign in · formplatform"
