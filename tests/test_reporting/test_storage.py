import os
import time

import pytest

from formplatform.core.errors import NotFoundError, TooLargeError
from reporting.delivery.base import Document
from reporting.delivery.storage import (
    StorageChannel,
    find_document,
    remove_document,
    remove_half_files,
)


def test_a_document_is_filed_whole(files):
    receipt = StorageChannel().deliver(Document(name="a.pdf", content=b"content"))

    assert find_document(receipt.place).read_bytes() == b"content"
    assert receipt.size == 7
    assert files() == ["a.pdf"]
    remove_document(receipt.place)
    remove_document(receipt.place)
    assert files() == []


def test_the_largest_file_allowed_is_filed_and_a_byte_more_is_not(files, settings):
    settings.REPORT_MAX_FILE_SIZE = 10
    StorageChannel().deliver(Document(name="fits.pdf", content=bytes(10)))

    with pytest.raises(TooLargeError, match="11 bytes"):
        StorageChannel().deliver(Document(name="not.pdf", content=bytes(11)))

    assert files() == ["fits.pdf"]


@pytest.mark.parametrize("place", ["", "2026/11/none.pdf"])
def test_a_file_that_is_gone_is_not_found(place, filed):
    filed.mkdir(parents=True)

    with pytest.raises(NotFoundError):
        find_document(place)


def test_half_files_of_killed_writers_are_swept_up_once_they_are_old(files, filed):
    filed.mkdir(parents=True)
    for name in ("old.pdf.part", "young.pdf.part", "old.pdf"):
        (filed / name).write_bytes(b"x")
    long_ago = time.time() - 2 * 3600
    for name in ("old.pdf.part", "old.pdf"):
        os.utime(filed / name, (long_ago, long_ago))

    remove_half_files()

    assert files() == ["old.pdf", "young.pdf.part"]
