"""The test suite: real stores in a directory of its own, tasks in place."""

from . import isolated  # noqa: F401 - must run before base
from .base import *

DEBUG = False
SECRET_KEY = "tests-only"  # noqa: S105 - not a secret
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
OUTBOX_INLINE = True
ANALYTICS_QUARTER_HOURS_DAYS = 40_000  # tests count at fixed moments, whatever day it is
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
