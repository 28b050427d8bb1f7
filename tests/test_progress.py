"""Tasks in parallel; how far work is: reported to the logger, shown to those who ask, else never printed."""

import io
import logging
import re
import sys
import threading

import joblib
import numpy as np
import pytest
from small_tables import table

from gtzanfeat import ClipFeatures, evaluate, extract, progress, show_progress
from gtzanfeat.progress import TASKS_PER_WORKER, ordered_results, report_progress


class Listener(logging.Handler):
    """Keeps the lines that are logged, and waits for them."""

    def __init__(self):
        super().__init__(logging.INFO)
        self.lines, self.heard = [], threading.Event()

    def emit(self, record):
        self.lines.append((record.name, record.getMessage()))
        self.heard.set()

    def next_line(self):
        self.heard.clear()
        assert self.heard.wait(30)
        return self.lines[-1]


@pytest.fixture
def listener(monkeypatch):
    """Somebody who listens to the logger, to whom a line is said every hundredth of a second."""
    monkeypatch.setattr(progress, "EVERY", 0.01)
    listener = Listener()
    logger = logging.getLogger("gtzanfeat")
    logger.setLevel(logging.INFO)
    logger.addHandler(listener)
    yield listener
    logger.removeHandler(listener)
    logger.setLevel(logging.NOTSET)


def test_nothing_is_said_unless_asked_for(monkeypatch, capfd):
    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setattr(threading, "Thread", None)  # none is needed
    with report_progress("waiting", 2) as advance:
        advance(1)
    assert capfd.readouterr() == ("", "")


def test_who_logs_has_lines_with_the_time_that_is_left(listener):
    with report_progress("waiting", 4) as advance:
        assert listener.next_line() == ("gtzanfeat", "waiting: 0 of 4")
        advance(1)
        listener.next_line()  # it may have been on its way
        assert re.fullmatch(r"waiting: 1 of 4, about \d+ s left", listener.next_line()[1])


def test_what_is_part_of_other_work_is_not_reported(listener):
    with report_progress("outer", 2), report_progress("inner", 3) as advance:
        advance(3)
        listener.next_line()
    assert {line for _, line in listener.lines} == {"outer: 0 of 2"}
    with pytest.raises(ValueError, match="over"), report_progress("outer", 2):
        raise ValueError("over")
    assert not progress._working.locked()


@pytest.mark.parametrize("logs", [False, True])
def test_who_logs_already_has_no_line_twice(logs, monkeypatch):
    own = logging.StreamHandler(io.StringIO())
    monkeypatch.setattr(logging.getLogger(), "handlers", [own] if logs else [])
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with show_progress():
        logging.getLogger("gtzanfeat").info("waiting")
    assert own.stream.getvalue() == ("waiting\n" if logs else "")
    assert sys.stderr.getvalue() == ("" if logs else "gtzanfeat: waiting\n")


@pytest.mark.parametrize(("seconds", "words"), [(3.2, "3 s"), (200, "3 min"), (20_000, "6 h")])
def test_durations_in_words(seconds, words):
    assert progress._duration(seconds) == words


def test_extraction_and_folds_are_reported_and_the_numbers_are_the_same(monkeypatch, rng, capsys):
    seen = []

    class Spy(progress._Work):
        def advance(self, done):
            super().advance(done)
            seen.append((self.words, self.done, self.total))

    monkeypatch.setattr(progress, "_Work", Spy)
    sounds = rng.uniform(-1, 1, (10, 4000))
    clips = table(list("ab") * 5)
    with show_progress():
        values = ClipFeatures("timbre19").fit_transform(sounds)
        result = evaluate("knn1", clips, values=values, cv=2, repeats=1, permutations=2)
    assert seen[:2] == [("analysing", 8, 10), ("analysing", 10, 10)]
    assert seen[2:4] == [("looking at the files", 8, 10), ("looking at the files", 10, 10)]
    assert seen[4:6] == [("training and testing", 1, 2), ("training and testing", 2, 2)]
    assert seen[6:] == [("training on permuted truth", i, 2) for i in (1, 2)]
    np.testing.assert_array_equal(values, extract(sounds, "timbre19").values)
    assert str(result) == str(evaluate("knn1", clips, values=values, cv=2, repeats=1, permutations=2))
    assert capsys.readouterr() == ("", "")  # all was done at once
    assert logging.getLogger("gtzanfeat").level == logging.NOTSET


def test_in_a_notebook_without_widgets_there_are_lines(monkeypatch):
    class ZMQInteractiveShell:
        pass

    class IPython:
        get_ipython = staticmethod(ZMQInteractiveShell)

    monkeypatch.setitem(progress.sys.modules, "IPython", IPython)
    for spec, drawn in ((None, False), (object(), True)):
        monkeypatch.setattr(progress.importlib.util, "find_spec", lambda name, spec=spec: spec)
        assert progress._can_draw() == drawn


@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)  # that of Python 3.12
@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
def test_results_come_in_the_order_of_their_tasks(backend):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        given = list(ordered_results((joblib.delayed(abs)(-i) for i in range(50)), None))
    assert given == list(range(50))


@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)  # that of Python 3.12
def test_a_backend_that_gives_lists_runs_its_tasks_in_rounds():
    taken = []
    tasks = (taken.append(i) or joblib.delayed(abs)(-i) for i in range(100))
    with joblib.parallel_config(backend="multiprocessing", n_jobs=2):
        results = ordered_results(tasks, None)
        assert next(results) == 0
        assert len(taken) == 2 * TASKS_PER_WORKER
        results.close()
    assert len(taken) == 2 * TASKS_PER_WORKER
