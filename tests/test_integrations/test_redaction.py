"""What of a call's headers may be kept."""

import pytest

from integrations.webhooks.sending.redaction import LONGEST_VALUE, MOST_HEADERS, redact_headers


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "PROXY-AUTHORIZATION",
        "Cookie",
        "Set-Cookie",
        "webhook-signature",
        "X-Webhook-Signature",
        "X-Hub-Signature-256",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Amz-Security-Token",
        "X-Anything-Else",
        "Refresh",
        "Link",
        "Content-Disposition",
    ],
)
def test_of_a_header_that_may_hold_a_secret_only_the_name_is_kept(name):
    assert redact_headers({name: "hush"}) == {name.lower(): "[…]"}


def test_what_helps_to_find_a_fault_is_kept():
    harmless = {
        "Host": "hooks.example.com",
        "Content-Type": "application/json",
        "webhook-id": "evt_65f0c0ffee65f0c0ffee65f1_1",
        "X-Webhook-Attempt": "3",
        "Server": "nginx/1.27",
        "Retry-After": "120",
        "Date": "Fri, 09 Jan 2026 12:00:00 GMT",
        "Via": "1.1 varnish",
    }
    assert redact_headers(harmless) == {name.lower(): value for name, value in harmless.items()}


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("https://www.example.com/forms/", "https://www.example.com/forms/"),
        ("/forms/v2/", "/forms/v2/"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com/login?token=hush&next=/a", "https://example.com/login?[…]"),
        ("/login#access_token=hush", "/login?[…]"),
        ("https://ada:hush@example.com/a", "https://example.com/a"),
        ("https://example.com/reset/MTIzNDU2Nzg5MDEy/done", "https://example.com/reset/[…]/done"),
        (
            "https://hooks.slack.com/services/T0/B0/0123456789",
            "https://hooks.slack.com/services/T0/B0/[…]",
        ),
        ("/users/ada@example.com/", "/users/[…]/"),
        ("//evil.example/a", "//evil.example/a"),
        ("javascript:alert(1)", "[…]"),
        ("https://[::1", "[…]"),
        ("https://example.com:hush/", "[…]"),
    ],
)
def test_of_a_redirect_the_place_is_kept_and_no_token(location, kept):
    assert redact_headers({"Location": location}) == {"location": kept}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("Bearer abcdefghijkl", "[…]"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "[…]"),
        ("v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", "[…]"),
        ("by ada@example.com", "by […]"),
        ("a\x1b[31mred\x00", "a[31mred"),
        ("x" * 1000, "x" * LONGEST_VALUE),
    ],
)
def test_a_harmless_header_with_a_secret_inside_is_masked_and_cut(value, kept):
    assert redact_headers({"Server": value}) == {"server": kept}


def test_a_secret_that_a_harmless_header_repeats_is_masked():
    kept = redact_headers(
        {"X-Request-Id": "for hush-hush-hush", "Via": "x"}, hidden=["hush-hush-hush"]
    )
    assert kept == {"x-request-id": "for […]", "via": "x"}


def test_only_so_many_headers_are_kept():
    assert len(redact_headers({f"X-{number}": "1" for number in range(200)})) == MOST_HEADERS
