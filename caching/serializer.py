"""How Django's own cache API writes values: pickles, each with a signature.

Packages put their own objects into Django's cache, so it must take any. A pickle runs code when
it is read: without the signature, whoever can write to Redis could run code in our processes.
"""

import hashlib
import hmac
import pickle
from typing import Any

from django.conf import settings
from django_redis.serializers.base import BaseSerializer

_SIZE = hashlib.sha256().digest_size


class SignedPickleSerializer(BaseSerializer):  # type: ignore[misc]  # untyped
    def dumps(self, value: Any) -> bytes:
        data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        return _signature(data) + data

    def loads(self, value: bytes) -> Any:
        signature, data = value[:_SIZE], value[_SIZE:]
        if not hmac.compare_digest(signature, _signature(data)):
            return None  # a stranger's, or written under another SECRET_KEY: as good as absent
        return pickle.loads(data)  # noqa: S301 - signed by us


def _signature(data: bytes) -> bytes:
    key = hashlib.sha256(b"cache:" + settings.SECRET_KEY.encode()).digest()
    return hmac.digest(key, data, "sha256")
