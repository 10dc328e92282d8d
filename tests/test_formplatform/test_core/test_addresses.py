import pytest
import time_machine
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform.core.addresses import NOBODY, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:DB8:1:2:0:0:0:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("::1", "::"),
        ("", NOBODY),
        (None, NOBODY),
        ("not an address", NOBODY),
        ("192.0.2.7:443", NOBODY),
    ],
)
def test_limits_are_per_ipv4_address_and_per_ipv6_network(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
        ("::ffff:192.0.2.7", "192.0.2.7", "::ffff:192.0.2.8"),
    ],
)
@pytest.mark.parametrize("what", ["wrong keys", "anonymous calls", "sign-ins"])
def test_every_limit_per_address_counts_a_household_once(settings, what, first, same, other):
    rates = dict.fromkeys(settings.THROTTLE_RATES, (1, 3600))
    settings.THROTTLE_RATES = rates
    User.objects.create_user("ada", password="engine-1843", is_staff=True)
    client = APIClient()

    def call(address):
        if what == "sign-ins":
            wrong = {"username": f"of {address}", "password": "wrong"}
            return client.post("/admin/login/", wrong, format="multipart", REMOTE_ADDR=address)
        key = {"Authorization": "Bearer fp_no_key"} if what == "wrong keys" else {}
        return client.get("/api/v2/schema/", headers=key, REMOTE_ADDR=address)

    passed = {"wrong keys": 401, "anonymous calls": 200, "sign-ins": 200}[what]
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        assert [call(each).status_code for each in (first, same, other)] == [passed, 429, passed]
