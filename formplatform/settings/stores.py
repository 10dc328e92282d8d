"""Where data lives: SQL, the form store, Redis. Each store is chosen by its URL."""

from typing import Any
from urllib.parse import quote

import environ
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from formplatform.core.sockets import socket_path

from . import env
from .paths import DATA_DIRECTORY

# What people edit: SQLite unless a URL says otherwise.
DATABASE_URL = env.url(
    "DATABASE_URL", schemes=("sqlite", "postgres", "postgresql", "psql", "pgsql")
)


def _database() -> dict[str, Any]:
    if DATABASE_URL is None:
        file = DATA_DIRECTORY / "db" / "formplatform.sqlite3"
        env.make_directory(file.parent, name="DATA_DIRECTORY")
        config: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file)}
    else:
        config = dict(environ.Env.db_url_config(DATABASE_URL))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
        config["TEST"] = {"NAME": str(DATA_DIRECTORY / "db" / "test.sqlite3")}
    else:
        config["CONN_HEALTH_CHECKS"] = True
        # A dead server is noticed in seconds; a long query on a live one is left alone.
        dead = {"connect_timeout": 3, "tcp_user_timeout": 3000}
        config["OPTIONS"] = {**dead, **config.get("OPTIONS", {})}
    # Opening SQLite takes longer (0.6 ms) than the one insert of a request.
    config["CONN_MAX_AGE"] = 60
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Forms and responses: MongoDB where a URL is given, the SQL database otherwise.
MONGO_URL = env.url("MONGO_URL", schemes=("mongodb", "mongodb+srv"))
MONGO_REPLICA_SET = env.text("MONGO_REPLICA_SET", None)
MONGO_READ_PREFERENCE = env.choice(
    "MONGO_READ_PREFERENCE",
    "secondaryPreferred",
    options=("primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"),
)
FORM_STORE = "mongo" if MONGO_URL else "sql"


REDIS_CLUSTER_NODES = env.hosts("REDIS_CLUSTER_NODES")


def _given_redis_url() -> str | None:
    url = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
    host = env.text("REDIS_HOST", None)
    password = env.secret("REDIS_PASSWORD", None)
    if password and url:
        raise ImproperlyConfigured("REDIS_PASSWORD: put it into REDIS_URL, or leave that out.")
    if password and not (host or REDIS_CLUSTER_NODES):
        raise ImproperlyConfigured("REDIS_PASSWORD: needs REDIS_HOST or REDIS_CLUSTER_NODES.")
    if url or host is None:
        return url
    login = f":{quote(password, safe='')}@" if password else ""
    port = env.integer("REDIS_PORT", 6379, minimum=1, maximum=65535)
    return f"redis://{login}{host}:{port}/2"


# Numbers and cache: a plain Redis, a Redis Cluster, or the embedded Valkey.
REDIS_PASSWORD = env.secret("REDIS_PASSWORD", None)
EMBEDDED_REDIS = not REDIS_CLUSTER_NODES and _given_redis_url() is None
REDIS_SOCKET = socket_path(DATA_DIRECTORY)
REDIS_URL = _given_redis_url() or f"unix://{REDIS_SOCKET}?db=2"

# Celery's broker is a plain Redis, never the cluster: kombu cannot use one.
_REDIS_SCHEMES = ("redis", "rediss", "redis+socket")


def _broker_url(name: str, database: int) -> str:
    given = env.url(name, schemes=_REDIS_SCHEMES)
    if given:
        return given
    if EMBEDDED_REDIS:
        return f"redis+socket://{REDIS_SOCKET}?virtual_host={database}"
    if REDIS_CLUSTER_NODES:
        raise ImproperlyConfigured(f"{name} is needed beside REDIS_CLUSTER_NODES: a plain Redis.")
    if REDIS_URL.startswith("unix://"):
        return f"redis+socket://{REDIS_URL[7:].split('?')[0]}?virtual_host={database}"
    return f"{REDIS_URL.rsplit('/', 1)[0]}/{database}"


CELERY_BROKER_URL = _broker_url("CELERY_BROKER_URL", 0)
CELERY_RESULT_BACKEND = _broker_url("CELERY_RESULT_BACKEND", 1)

# The tiers of the cache: a local-memory LRU in front of Redis.
CACHE_L1_MAX_SIZE = env.integer("CACHE_L1_MAX_SIZE", 1000, minimum=1)
CACHE_L1_TTL = env.integer("CACHE_L1_TTL", 300)
CACHE_L2_DEFAULT_TTL = env.integer("CACHE_L2_DEFAULT_TTL", 3600)
ANALYTICS_QUARTER_HOURS_DAYS = env.integer(
    "ANALYTICS_QUARTER_HOURS_DAYS", 400, minimum=2, maximum=100_000
)
ANALYTICS_COLUMNS_MAX_BYTES = env.integer("ANALYTICS_COLUMNS_MAX_BYTES", 4 * 1024**3, minimum=1)
CACHE_L1_MAX_BYTES = env.integer("CACHE_L1_MAX_BYTES", 64 * 1024 * 1024, minimum=1)
CACHE_SOCKET_SECONDS = 0.5
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"redis://{REDIS_CLUSTER_NODES[0]}" if REDIS_CLUSTER_NODES else REDIS_URL,
        "KEY_PREFIX": "cache",
        "TIMEOUT": CACHE_L2_DEFAULT_TTL,
        "OPTIONS": {
            "CLIENT_CLASS": "caching.redis_client.CacheClient",
            "SERIALIZER": "caching.serializer.SignedPickleSerializer",
            "SOCKET_CONNECT_TIMEOUT": CACHE_SOCKET_SECONDS,
            "SOCKET_TIMEOUT": CACHE_SOCKET_SECONDS,
            "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 1)},
        },
    },
}
if REDIS_CLUSTER_NODES:
    _factory = "caching.redis_client.ClusterConnectionFactory"
    CACHES["default"]["OPTIONS"]["CONNECTION_FACTORY"] = _factory
