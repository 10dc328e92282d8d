"""Import before `base`: gives a test process, and its children, a data directory of its own."""

import atexit
import shutil
import tempfile
from pathlib import Path

from . import env

env.provide("ENV_FILE", "/dev/null")
_fresh = tempfile.mkdtemp(prefix="fp-test-")
env.provide("DATA_DIRECTORY", _fresh)
Path(_fresh, "db").mkdir()
atexit.register(shutil.rmtree, _fresh, ignore_errors=True)
