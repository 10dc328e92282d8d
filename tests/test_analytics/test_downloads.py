"""A download that ends early, on either side, leaves nothing behind."""

import pytest

from analytics.exports.downloads import Download
from analytics.exports.formats import WRITERS, Format
from analytics.exports.tables import Cell, Column, Table
from analytics.places import Places
from formplatform.core.errors import ThrottledError, UnavailableError


def test_a_store_that_fails_in_between_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def rows():
        yield ["a"]
        raise ConnectionError

    column = Column(name="a", label="A", cell=Cell.TEXT)
    table = Table(columns=[column], rows=rows(), most_rows=2)
    with pytest.raises(ConnectionError):
        list(WRITERS[Format.SAV].write(table))
    assert not list(tmp_path.iterdir())


def test_an_export_nobody_reads_to_its_end_gives_its_place_back():
    places = Places("exports", per_person=lambda: 1, per_process=lambda: 1)
    unread = Download(iter([b"chunk"]), places.take(1))
    with pytest.raises(ThrottledError, match="close one"):
        places.take(1)
    with pytest.raises(UnavailableError, match="no room"):
        places.take(2)
    unread.close()
    unread.close()
    begun = Download(iter([b"chunk", b"more"]), places.take(2))
    assert next(begun) == b"chunk"
    begun.close()
    assert places.take(1)
