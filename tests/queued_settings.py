"""Real stores of the run's own, as production uses them: messages go to a broker."""

from formplatform.settings.test import *

CELERY_TASK_ALWAYS_EAGER = False
OUTBOX_INLINE = False
