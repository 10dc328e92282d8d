"""Moves domain objects in and out of their collections."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from bson import ObjectId
from pymongo import collection as pymongo
from pymongo.errors import BulkWriteError, DuplicateKeyError

from formplatform.forms.ids import is_id

from .connection import Document, collection

DUPLICATE_KEY = 11000
Encode = Callable[[Any], Any]
Sort = Sequence[tuple[str, int]]


class Record(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


Item = TypeVar("Item", bound=Record)


def to_key(text: str | None) -> ObjectId | None:
    """An id as MongoDB keeps it; None, which no record has, for what is not an id."""
    return ObjectId(text) if is_id(text) else None


def to_keys(texts: Iterable[str]) -> list[ObjectId]:
    return [ObjectId(text) for text in sorted(set(texts)) if is_id(text)]


def _from_key(key: ObjectId | None) -> str | None:
    return None if key is None else str(key)


@dataclass(frozen=True)
class Kind(Generic[Item]):
    """One kind of record: its document class, its domain class, and what differs between them."""

    document: Any
    item: type[Item]
    ids: Collection[str]
    """Fields that hold an id of ours."""
    decode: Mapping[str, Encode] = field(default_factory=dict)
    encode: Mapping[str, Encode] = field(default_factory=dict)
    derive: Mapping[str, Callable[[Item], Any]] = field(default_factory=dict)
    """Fields the domain does not know, computed from the whole record."""

    @property
    def collection(self) -> pymongo.Collection[Document]:
        return collection(self.document)

    @property
    def patient_collection(self) -> pymongo.Collection[Document]:
        """For what may take long although the server is well."""
        return collection(self.document, patient=True)

    def find(
        self, where: Document, *, sort: Sort = (), limit: int = 0, skip: int = 0
    ) -> list[Item]:
        cursor = self.collection.find(where, limit=limit, skip=skip)
        return [self._read(each) for each in (cursor.sort(list(sort)) if sort else cursor)]

    def first(self, where: Document) -> Item | None:
        document = self.collection.find_one(where)
        return None if document is None else self._read(document)

    def insert(self, item: Item) -> bool:
        """False where a unique index has it already."""
        try:
            self.collection.insert_one(self.write(item))
        except DuplicateKeyError:
            return False
        return True

    def insert_new(self, items: Sequence[Item]) -> int:
        """Insert those that break no unique index; returns how many."""
        try:
            result = self.patient_collection.insert_many(map(self.write, items), ordered=False)
        except BulkWriteError as error:
            details: Any = error.details
            if any(each["code"] != DUPLICATE_KEY for each in details["writeErrors"]):
                raise
            return int(details["nInserted"])
        return len(result.inserted_ids)

    def replace(self, item: Item, *, where: Document, keep: Collection[str] = ()) -> bool:
        """Write every field but `keep` to the one document that matches, if there is one."""
        changes = {name: value for name, value in self.write(item).items() if name not in keep}
        return self.collection.update_one(where, {"$set": changes}).matched_count == 1

    def write(self, item: Item) -> Document:
        document = {name: encode(getattr(item, name)) for name, encode in self._encoders.items()}
        if "id" in document:
            document["_id"] = document.pop("id")
        for name, compute in self.derive.items():
            document[name] = compute(item)
        return document

    def _read(self, document: Document) -> Item:
        document["id"] = document["_id"]
        record = {name: decode(document.get(name)) for name, decode in self._decoders.items()}
        return self.item(**record)

    @cached_property
    def _encoders(self) -> dict[str, Encode]:
        return self._functions(self.encode, for_ids=to_key)

    @cached_property
    def _decoders(self) -> dict[str, Encode]:
        return self._functions(self.decode, for_ids=_from_key)

    def _functions(self, given: Mapping[str, Encode], *, for_ids: Encode) -> dict[str, Encode]:
        names = [each.name for each in fields(self.item)]
        ids = dict.fromkeys(self.ids, for_ids)
        return {name: given.get(name, ids.get(name, _unchanged)) for name in names}


def _unchanged(value: Any) -> Any:
    return value
