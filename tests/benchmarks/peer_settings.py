"""The project's own settings with the peer's one URL."""

from formplatform.settings.local import *

ROOT_URLCONF = "tests.benchmarks.peer_urls"
