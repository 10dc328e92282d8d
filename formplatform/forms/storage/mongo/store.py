"""The form store in MongoDB."""

from .forms import Forms
from .outbox import Outbox
from .pipelines import Pipelines
from .proof import Proof
from .responses import Responses
from .sessions import Sessions
from .versions import Versions


class MongoFormStore(Forms, Versions, Responses, Outbox, Sessions, Proof, Pipelines):
    """Forms and responses as documents of a replica set, which MONGO_URL names."""

    name = "mongo"
