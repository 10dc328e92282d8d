"""The container files agree with the project. No engine runs here: they are read, not built."""

import json
import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
CLUSTER = yaml.safe_load((DOCKER / "compose.cluster.yaml").read_text())
MANIFESTS = list(yaml.safe_load_all((DOCKER / "k8s" / "formplatform.yaml").read_text()))
OURS = ("prepare", "web", "worker", "beat")

METRIC = re.compile(r"\b((?:formplatform|django|cache)_\w+)")
COUNTERS = ("formplatform/core/metrics.py", "caching/stats.py", "integrations/webhooks/metrics.py")


def known_variables():
    text = (ROOT / ".env.example").read_text()
    return set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))


def unknown(names):
    return {name for name in names if name.removesuffix("_FILE") not in known_variables()}


@pytest.mark.parametrize("name", OURS)
def test_compose_sets_only_variables_we_read(name):
    assert unknown(COMPOSE["services"][name]["environment"]) == set()
    assert unknown(CLUSTER["services"][name]["environment"]) == set()


def test_kubernetes_sets_only_variables_we_read():
    (config,) = [m["data"] for m in MANIFESTS if m["kind"] == "ConfigMap"]
    assert unknown(config) == set()


def test_what_compose_mounts_is_there():
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (DOCKER / source).exists(), source
            else:
                assert source in COMPOSE["volumes"]


def test_a_secret_compose_hands_out_is_made_in_the_guide():
    guide = (ROOT / "docs" / "deployment.md").read_text()
    for secret in COMPOSE["secrets"].values():
        assert f"> {Path(secret['file']).name}\n" in guide
    assert "docker/secrets/" in (ROOT / ".gitignore").read_text()


def test_no_secret_and_no_data_get_into_the_image():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".env", "var", "docker", ".venv"} <= set(ignored)


@pytest.mark.parametrize("role", ["web", "worker", "beat"])
def test_every_role_is_deployed_and_probed(role):
    (pod,) = [
        manifest["spec"]["template"]["spec"]
        for manifest in MANIFESTS
        if manifest["kind"] == "Deployment" and manifest["metadata"]["labels"]["role"] == role
    ]
    (container,) = pod["containers"]
    assert f"/readyz?role={role}" in json.dumps(container["readinessProbe"])
    assert pod["securityContext"]["runAsNonRoot"] is True


def queues_taken(command):
    """A worker that names no queues takes them all."""
    if "-Q" not in command:
        return {queue.name for queue in settings.CELERY_TASK_QUEUES}
    return set(command[command.index("-Q") + 1].split(","))


def test_every_queue_has_a_worker():
    pods = [m["spec"]["template"]["spec"] for m in MANIFESTS if m["kind"] == "Deployment"]
    deployments = {
        "compose": [each.get("command", []) for each in COMPOSE["services"].values()],
        "kubernetes": [c.get("command", []) for pod in pods for c in pod["containers"]],
    }
    for name, commands in deployments.items():
        taken = [queues_taken(command) for command in commands if "worker" in command]
        assert set().union(*taken) == {"default", "imports"}, name


def test_there_is_never_more_than_one_beat():
    (beat,) = [m for m in MANIFESTS if m["metadata"]["name"] == "formplatform-beat"]
    assert beat["spec"]["replicas"] == 1
    assert beat["spec"]["strategy"] == {"type": "Recreate"}


def test_the_dashboard_draws_only_what_is_counted():
    dashboard = json.loads((DOCKER / "grafana" / "formplatform.json").read_text())
    drawn = {
        metric
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for metric in METRIC.findall(target["expr"])
    }
    assert len(drawn) >= 10
    assert uncounted(drawn) == set()


def uncounted(metrics):
    sources = "".join((ROOT / path).read_text() for path in COUNTERS)
    families = {re.sub("_(total|bucket)$", "", metric) for metric in metrics}
    return {family for family in families if family not in sources}


def test_alerts_watch_only_what_is_counted():
    groups = yaml.safe_load((DOCKER / "prometheus" / "alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    watched = {metric for rule in rules for metric in METRIC.findall(rule["expr"])}
    assert len(watched) >= 3
    assert uncounted(watched) == set()
    assert all(rule["annotations"]["summary"] and rule["for"] for rule in rules)


def test_prometheus_asks_the_ports_that_answer():
    jobs = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    ports = {job["job_name"]: job["dns_sd_configs"][0]["port"] for job in jobs}
    worker = COMPOSE["services"]["worker"]["environment"]["WORKER_METRICS_PORT"]
    assert ports == {"web": 8000, "worker": worker}
    assert "0.0.0.0:8000" in (DOCKER / "Dockerfile").read_text()
