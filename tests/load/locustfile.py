"""Load for a running platform.

    locust -f tests/load/locustfile.py --headless -u 100 -r 10 -t 60s --host http://127.0.0.1:8000

Needs a key with the scopes forms:write, responses:write and analytics:read in FORMPLATFORM_KEY.
"""

import os
import random

from locust import FastHttpUser, between, events, task

DEFINITION = {
    "fields": [
        {"id": "dish", "type": "choice", "label": "Dish", "options": ["Soup", "Salad", "Stew"]},
        {"id": "rating", "type": "integer", "label": "Rating", "minimum": 1, "maximum": 5},
        {"id": "comment", "type": "text", "label": "Comment"},
    ]
}
HEADERS = {"Authorization": f"Bearer {os.environ.get('FORMPLATFORM_KEY', '')}"}


@events.test_start.add_listener
def needs_a_key(environment, **_):
    if not os.environ.get("FORMPLATFORM_KEY"):
        environment.runner.quit()
        raise SystemExit("Set FORMPLATFORM_KEY to an API key of the platform under load.")


class Respondent(FastHttpUser):
    """Publishes a form of its own once, then submits to it and now and then reads its numbers."""

    wait_time = between(0.05, 0.2)

    def on_start(self):
        form = self.client.post(
            "/api/v2/forms/", json={"title": "Load", "definition": DEFINITION}, headers=HEADERS
        ).json()
        self.form_id = form["id"]
        self.client.post(
            f"/api/v2/forms/{self.form_id}/publish/",
            json={},
            headers=HEADERS,
            name="/api/v2/forms/[id]/publish/",
        )

    @task(20)
    def submit(self):
        answers = {
            "dish": random.choice(["Soup", "Salad", "Stew"]),
            "rating": random.randint(1, 5),
            "comment": "as always",
        }
        self.client.post(
            f"/api/v2/forms/{self.form_id}/responses/",
            json={"answers": answers},
            headers=HEADERS,
            name="/api/v2/forms/[id]/responses/",
        )

    @task(1)
    def metrics(self):
        self.client.get(
            f"/api/v2/analytics/forms/{self.form_id}/metrics/",
            headers=HEADERS,
            name="/api/v2/analytics/forms/[id]/metrics/",
        )
