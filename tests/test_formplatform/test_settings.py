"""Settings are read in a process of their own, as a deployment would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRINT = """
import json, sys
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""
SETTING_OF = {
    "MONGO_READ_PREFERENCE": ("nearest", "nearest"),
    "MONGO_REPLICA_SET": ("rs0", "rs0"),
    "CELERY_BROKER_URL": ("redis://broker:6379/0", "redis://broker:6379/0"),
    "CELERY_RESULT_BACKEND": ("redis://broker:6379/1", "redis://broker:6379/1"),
    "CACHE_L1_MAX_SIZE": ("7", 7),
    "CACHE_L1_TTL": ("8", 8),
    "CACHE_L2_DEFAULT_TTL": ("9", 9),
    "ML_MODEL_STORAGE_PATH": ("/models", "/models"),
    "ANALYTICS_COLUMNS_PATH": ("/columns", "/columns"),
    "ANALYTICS_COLUMNS_MAX_BYTES": ("12", 12),
    "WEBHOOK_MAX_RETRIES": ("3", 3),
    "WEBHOOK_TIMEOUT": ("11", 11),
    "PLUGIN_DIRECTORY": ("/plugins", "/plugins"),
    "PLUGIN_ENABLE_SANDBOXING": ("false", False),
    "REPORT_STORAGE_PATH": ("/reports", "/reports"),
    "REPORT_MAX_FILE_SIZE": ("1000", 1000),
    "SENDGRID_API_KEY": ("key", "key"),
    "AWS_S3_BUCKET": ("bucket", "bucket"),
    "GOOGLE_OAUTH_CLIENT_ID": ("id", "id"),
    "SALESFORCE_CONSUMER_KEY": ("key", "key"),
}


def run(tmp_path, variables, *names, module="local"):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "ENV_FILE": "/dev/null",
        "DATA_DIRECTORY": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": f"formplatform.settings.{module}",
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-c", PRINT, *names],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read(tmp_path, variables, *names, module="local"):
    finished = run(tmp_path, variables, *names, module=module)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def refusal(tmp_path, variables, module="local"):
    finished = run(tmp_path, variables, "DEBUG", module=module)
    assert finished.returncode != 0
    return finished.stderr.strip().splitlines()[-1]


def test_each_of_the_customers_variables_reaches_its_setting(tmp_path):
    variables = {name: given for name, (given, _) in SETTING_OF.items()}

    found = read(tmp_path, variables, *SETTING_OF)

    assert found == {name: expected for name, (_, expected) in SETTING_OF.items()}


def test_a_cluster_has_its_nodes_and_password(tmp_path):
    given = {
        "REDIS_CLUSTER_NODES": "one:7000,two:7001",
        "REDIS_PASSWORD": "hush",
        "CELERY_BROKER_URL": "redis://b",
        "CELERY_RESULT_BACKEND": "redis://b",
    }

    found = read(tmp_path, given, "REDIS_CLUSTER_NODES", "REDIS_PASSWORD")

    assert found == {"REDIS_CLUSTER_NODES": ["one:7000", "two:7001"], "REDIS_PASSWORD": "hush"}


def test_feature_flags_are_on_unless_switched_off(tmp_path):
    found = read(tmp_path, {"ENABLE_PLUGINS": "no", "ANALYTICS_ENABLE_ML": "0"}, "FEATURES")

    assert found["FEATURES"] == {
        "ENABLE_ANALYTICS": True,
        "ENABLE_WEBHOOKS_V2": True,
        "ENABLE_PLUGINS": False,
        "ENABLE_PDF_REPORTS": True,
        "ANALYTICS_ENABLE_ML": False,
    }


def test_nothing_set_means_embedded_stores(tmp_path):
    found = read(tmp_path, {}, "EMBEDDED_REDIS", "FORM_STORE", "REDIS_URL", "CELERY_BROKER_URL")

    socket = tmp_path / "var" / "redis" / "valkey.sock"
    assert found["EMBEDDED_REDIS"] is True
    assert found["FORM_STORE"] == "sql"
    if len(str(socket)) < 100:
        assert found["REDIS_URL"] == f"unix://{socket}?db=2"
        assert found["CELERY_BROKER_URL"] == f"redis+socket://{socket}?virtual_host=0"


def test_host_port_and_password_make_the_redis_url(tmp_path):
    given = {"REDIS_HOST": "cache", "REDIS_PORT": "6380", "REDIS_PASSWORD": "p/w"}

    found = read(tmp_path, given, "REDIS_URL", "CELERY_BROKER_URL", "EMBEDDED_REDIS")

    assert found == {
        "REDIS_URL": "redis://:p%2Fw@cache:6380/2",
        "CELERY_BROKER_URL": "redis://:p%2Fw@cache:6380/0",
        "EMBEDDED_REDIS": False,
    }


def test_a_mongo_url_selects_the_document_store(tmp_path):
    found = read(tmp_path, {"MONGO_URL": "mongodb://db/formplatform"}, "FORM_STORE")

    assert found == {"FORM_STORE": "mongo"}


def test_a_postgres_url_replaces_sqlite(tmp_path):
    found = read(tmp_path, {"DATABASE_URL": "postgres://u:p@db:5432/fp"}, "DATABASES")

    default = found["DATABASES"]["default"]
    assert default["ENGINE"] == "django.db.backends.postgresql"
    assert (default["HOST"], default["NAME"]) == ("db", "fp")


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text("from a file\n")

    found = read(tmp_path, {"SECRET_KEY_FILE": str(tmp_path / "key")}, "SECRET_KEY")

    assert found == {"SECRET_KEY": "from a file"}


def test_two_first_starts_agree_on_one_secret_key(tmp_path):
    first = read(tmp_path, {}, "SECRET_KEY")

    assert read(tmp_path, {}, "SECRET_KEY") == first
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ENABLE_PLUGINS": "perhaps"}, "ENABLE_PLUGINS='perhaps': expected true or false."),
        ({"ENABLE_PLUGIN": "true"}, "ENABLE_PLUGIN: unknown variable."),
        (
            {"WEBHOOK_TIMOUT": "5"},
            "WEBHOOK_TIMOUT: unknown variable. Did you mean WEBHOOK_TIMEOUT?",
        ),
        ({"THROTTLE_SUBMITT": "none"}, "Did you mean THROTTLE_SUBMIT?"),
        ({"REDIS_CLUSTER_NODES": "a,b"}, "REDIS_CLUSTER_NODES='a': expected host:port."),
        ({"REDIS_URL": "redis://h:port"}, "REDIS_URL: expected a port from 1 to 65535."),
        ({"MONGO_URL": "mongodb://a:1,b:x/f"}, "MONGO_URL: expected a port from 1 to 65535."),
        ({"CELERY_BROKER_URL": "redis://h:99999"}, "CELERY_BROKER_URL: expected a port"),
        ({"OUTBOUND_CA_FILE": "/nope.pem"}, "OUTBOUND_CA_FILE: cannot read /nope.pem"),
        ({"DATA_DIRECTORY": "/dev/null/x"}, "DATA_DIRECTORY: cannot make /dev/null/x/db"),
        ({"REDIS_PASSWORD": "p"}, "REDIS_PASSWORD: needs REDIS_HOST or REDIS_CLUSTER_NODES."),
        ({"REDIS_PASSWORD": "p", "REDIS_URL": "redis://h"}, "REDIS_PASSWORD: put it into REDIS"),
        ({"CACHE_L1_TTL": "5m"}, "CACHE_L1_TTL='5m': expected a whole number."),
        ({"WEBHOOK_MAX_RETRIES": "-1"}, "WEBHOOK_MAX_RETRIES=-1: expected 0 to 50."),
        ({"MONGO_READ_PREFERENCE": "fast"}, "MONGO_READ_PREFERENCE='fast': expected one of"),
        ({"REDIS_URL": "http://cache"}, "REDIS_URL: expected a URL with the scheme redis"),
        ({"MONGO_URL": "db:27017"}, "MONGO_URL: expected a URL with the scheme mongodb"),
        ({"REDIS_CLUSTER_NODES": "a:7000"}, "CELERY_BROKER_URL is needed beside REDIS_CLUSTER"),
        ({"SECRET_KEY_FILE": "/nowhere/key"}, "SECRET_KEY_FILE: cannot read /nowhere/key"),
        ({"SECRET_KEY": "a", "SECRET_KEY_FILE": "b"}, "SECRET_KEY and SECRET_KEY_FILE are both"),
        ({"OUTBOUND_ALLOWED_NETWORKS": "10.0.0.1/8"}, "OUTBOUND_ALLOWED_NETWORKS='10.0.0.1/8': "),
        ({"WEBHOOK_ENCRYPTION_KEYS": "c2hvcnQ="}, "WEBHOOK_ENCRYPTION_KEYS: each key is 32"),
        ({"REDIS_HOST": "h", "REDIS_PORT": "99999"}, "REDIS_PORT=99999: expected 1 to 65535."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_malformed_value_stops_the_start_and_names_the_variable(tmp_path, variables, message):
    assert message in refusal(tmp_path, variables)


def test_a_file_of_variables_may_hold_only_what_is_read(tmp_path):
    file = tmp_path / "variables"
    file.write_text("CACHE_L1_TTL=8\nSECURE_HSTS_SECONDS=60\nSECRET_KEY_FILE=/dev/null\n")
    assert read(tmp_path, {"ENV_FILE": str(file)}, "CACHE_L1_TTL") == {"CACHE_L1_TTL": 8}

    file.write_text("CACHE_L1_TTL=8\nALLOWED_HOST=forms.example.org\n")

    message = refusal(tmp_path, {"ENV_FILE": str(file)})
    assert "ALLOWED_HOST: unknown variable in variables. Did you mean ALLOWED_HOSTS?" in message


@pytest.mark.parametrize("url", ["redis://[::1]:7000/0", "redis://u:p%3A9@h/1", "unix:///s:x?db=1"])
def test_urls_of_every_spelling_are_taken(tmp_path, url):
    assert read(tmp_path, {"REDIS_URL": url}, "REDIS_URL") == {"REDIS_URL": url}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ALLOWED_HOSTS": "forms.example"}, "SECRET_KEY (or SECRET_KEY_FILE) must be set"),
        ({"SECRET_KEY": "x" * 50}, "ALLOWED_HOSTS must name the hosts"),
        ({"SECRET_KEY": "x" * 50, "ALLOWED_HOSTS": "forms.example"}, "WEBHOOK_ENCRYPTION_KEYS"),
    ],
    ids=["no key", "no hosts", "no key ring"],
)
def test_production_has_no_default_for_what_must_be_chosen(tmp_path, variables, message):
    assert message in refusal(tmp_path, variables, module="production")
