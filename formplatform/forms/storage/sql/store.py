"""The form store in SQL."""

from .forms import Forms
from .hashes import Hashes
from .indexes import Indexes
from .outbox import Outbox
from .responses import Responses
from .sessions import Sessions
from .versions import Versions


class SqlFormStore(Forms, Versions, Responses, Outbox, Sessions, Hashes, Indexes):
    """Forms and responses as rows: SQLite or PostgreSQL, whichever DATABASE_URL names."""

    name = "sql"
