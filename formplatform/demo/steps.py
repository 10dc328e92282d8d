"""What the demonstration does, step by step, over HTTP."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .client import CallError, Client
from .receiver import Receiver
from .study import COLUMN, ROW, Study, option_labels

SUBMITTERS = 4
PATIENCE_SECONDS = 60.0


@dataclass
class Findings:
    """What the platform said, to be held against the file."""

    stored: int = 0
    total: int = 0
    per_day: int = 0
    votes: dict[str, int] = field(default_factory=dict)
    cross_tab: dict[tuple[str, str], int] = field(default_factory=dict)
    mean_age: float = 0.0
    report: Path | None = None
    report_bytes: int = 0


@dataclass
class Demonstration:
    """One run: the study, a client of the platform, a receiver of its webhooks."""

    study: Study
    client: Client
    receiver: Receiver
    directory: Path
    findings: Findings = field(default_factory=Findings)
    form_id: str = ""
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    submitted: set[str] = field(default_factory=set)

    def publish_form(self) -> None:
        form = self.client.post(
            "/forms/", {"title": self.study.title, "definition": self.study.definition}
        )
        self.form_id = form["id"]
        version = self.client.post(f"/forms/{self.form_id}/publish/", {})
        for name in (ROW, COLUMN):
            self.labels[name] = option_labels(version["definition"], name)

    def register_webhook(self) -> None:
        webhook = self.client.post(
            "/webhooks/",
            {
                "url": self.receiver.url,
                "form_id": self.form_id,
                "events": ["response.submitted"],
                "description": "The demonstration's own receiver",
            },
        )
        self.receiver.secret = webhook["secret"]

    def submit_responses(self) -> None:
        answers = self.study.answers
        with (
            ThreadPoolExecutor(SUBMITTERS) as pool,
            tqdm(total=len(answers), unit=" responses", desc="  submitting", disable=None) as bar,
        ):
            for response_id in pool.map(self._submit, range(len(answers))):
                self.submitted.add(response_id)
                bar.update()
        self.findings.stored = len(self.submitted)

    def _submit(self, number: int) -> str:
        answer = self.client.post(
            f"/forms/{self.form_id}/responses/",
            {"answers": self.study.answers[number]},
            Idempotency_Key=f"anes96-{number}",
        )
        return str(answer["id"])

    def watch_metrics(self) -> None:
        """Until every response is counted; then the series and a distribution."""
        expected = len(self.submitted)
        self._until(lambda: self._metrics()["total_responses"] == expected)
        self.findings.total = self._metrics()["total_responses"]
        series = self.client.get(self._analytics("timeseries/"), granularity="day")
        self.findings.per_day = sum(point["count"] for point in series["buckets"])
        votes = self.client.get(self._analytics(f"fields/{COLUMN}/distribution/"))
        self.findings.votes = {value["label"]: value["count"] for value in votes["values"]}

    def cross_tabulate(self) -> None:
        answer = self._query({"aggregate": "count", "group_by": [ROW, COLUMN]})
        self.findings.cross_tab = {
            (self.labels[ROW][row["_id"][ROW]], self.labels[COLUMN][row["_id"][COLUMN]]): row[
                "value"
            ]
            for row in answer["data"]
        }
        mean = self._query({"aggregate": "avg", "value": "age"})
        self.findings.mean_age = mean["data"][0]["value"]

    def verify_webhooks(self) -> None:
        """Wait for every message; the receiver has verified each one's signatures."""
        self._until(lambda: len(self.receiver.messages) >= len(self.submitted))

    def write_report(self) -> None:
        report = self.client.post(
            "/reports/",
            {"form_id": self.form_id, "chart_field": "party", "rows": ROW, "columns": COLUMN},
        )
        path = f"/reports/{report['id']}/"
        self._until(lambda: self.client.get(path)["state"] in {"succeeded", "failed"})
        state = self.client.get(path)
        if state["state"] == "failed":
            raise CallError(f"the report failed: {state['error']}")
        content = self.client.call("GET", f"{path}download/")
        self.findings.report = self.directory / "report.pdf"
        self.findings.report.write_bytes(content)
        self.findings.report_bytes = len(content)

    def _metrics(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(self._analytics("metrics/"))
        return found

    def _query(self, query: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.client.post(self._analytics("query/"), query)
        return found

    def _analytics(self, path: str) -> str:
        return f"/analytics/forms/{self.form_id}/{path}"

    @staticmethod
    def _until(done: Callable[[], bool]) -> None:
        """Wait for it, but not for ever: the check that follows says what is missing."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done() and time.monotonic() < deadline:
            time.sleep(0.1)
