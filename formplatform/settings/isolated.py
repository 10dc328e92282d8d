"""Import before `base`: gives a test process, and its children, stores of its own."""

import atexit
import secrets
import shutil
import tempfile
from pathlib import Path

from . import env

env.provide("ENV_FILE", "/dev/null")
_fresh = tempfile.mkdtemp(prefix="fp-test-")
_side_by_side = "PYTEST_XDIST_WORKER"
if env.raw(_side_by_side):
    env.replace("DATA_DIRECTORY", _fresh)  # not the one inherited from the process that leads
else:
    env.provide("DATA_DIRECTORY", _fresh)
Path(_fresh, "db").mkdir()
atexit.register(shutil.rmtree, _fresh, ignore_errors=True)


TEST_DATABASE_PREFIX = "fp_test_"


def _own_database(url: str) -> str:
    """The same MongoDB, but a database that tests may empty; a child keeps its parent's."""
    server, slashes, rest = url.partition("://")
    hosts, _, path = rest.partition("/")
    name, _, options = path.partition("?")
    if not name.startswith(TEST_DATABASE_PREFIX):
        name = f"{TEST_DATABASE_PREFIX}{secrets.token_hex(6)}"
    return f"{server}{slashes}{hosts}/{name}?{options}"


_mongo_url = env.secret("MONGO_URL", None)
if _mongo_url:
    env.replace("MONGO_URL", _own_database(_mongo_url))
