"""Lock files: one process at a time, and whose turn it is."""

import os
import threading

import pytest

from gtzanfeat.errors import ExportError
from gtzanfeat.export.file_locks import hold


def test_what_is_held_is_refused_with_the_process_that_has_it(tmp_path):
    place = tmp_path / ".lock"
    with hold(place, tmp_path):
        words = rf"{tmp_path}: another run \(process {os.getpid()}\) is writing it; wait for it"
        with pytest.raises(ExportError, match=words), hold(place, tmp_path):
            pass
    assert not place.exists()
    with hold(place, tmp_path):
        pass


def test_another_machine_is_named(tmp_path, monkeypatch):
    place = tmp_path / ".lock"
    with hold(place, tmp_path):
        monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
        host = place.read_text().strip().partition(" on ")[2]
        with pytest.raises(ExportError, match=rf"process {os.getpid()} on {host}\)"), hold(place, tmp_path):
            pass


def test_who_waits_gets_it(tmp_path):
    place = tmp_path / ".lock"
    order = []

    def second():
        with hold(place, tmp_path, wait=True):
            order.append("second")

    with hold(place, tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ExportError, match="it cannot be written"), hold(tmp_path / "no" / ".lock", tmp_path):
        pass
