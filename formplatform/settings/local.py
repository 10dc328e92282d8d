"""A developer's machine and the embedded default."""

from . import env
from .base import *

DEBUG = env.boolean("DEBUG", default=False)
WHITENOISE_USE_FINDERS = True
