"""Workers that can be killed: results in order, whatever becomes of the processes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.extraction.worker_processes import Lost, in_processes


def work(task):
    """Double a number; or hang, die, die once, or raise an error."""
    if task == "hang":
        time.sleep(600)
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if isinstance(task, Path) and not task.exists():
        task.touch()
        os._exit(3)
    if task == "error":
        raise LookupError("nothing there")
    return (task, task)


def results(tasks, **how):
    with in_processes(work, tasks, how.pop("n_jobs", 2), **how) as done:
        return list(done)


def test_results_come_in_order_around_a_task_that_hangs_and_one_that_kills(tmp_path):
    once = tmp_path / "died"
    found = results([0, "hang", 1, "die", 2, once, 3], timeout=1.0)
    assert [result for result in found if not isinstance(result, Lost)] == [
        (task, task) for task in (0, 1, 2, once, 3)
    ]
    hung, killed = found[1], found[3]
    assert hung.exit_code is None
    assert hung.seconds >= 1.0
    assert hung.reason == f"it was given up after {hung.seconds:.3g} s"
    assert killed.exit_code == -signal.SIGKILL
    assert killed.reason == "the worker process at it ended by SIGKILL, 2 times"


def test_an_error_is_raised_and_no_task_gives_no_result():
    with pytest.raises(LookupError, match="nothing there"):
        results([0, "error"], n_jobs=1)
    assert results([], n_jobs=1) == []


def test_few_tasks_are_taken_ahead(monkeypatch):
    taken = []
    monkeypatch.setattr("gtzanfeat.extraction.worker_processes.AHEAD", 3)

    def tasks():
        for number in range(20):
            taken.append(number)
            yield number

    with in_processes(work, tasks(), 1) as done:
        assert next(done) == (0, 0)
        assert len(taken) <= 5


@dataclass(frozen=True)
class Stillborn:
    """Work whose first process is killed before it can begin; or every one of them."""

    place: Path
    always: bool = False

    def prepare(self):
        if self.always or not self.place.exists():
            self.place.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def __call__(self, task):
        return task + 1


def test_a_worker_that_is_killed_before_it_can_work_is_replaced(tmp_path, monkeypatch):
    with in_processes(Stillborn(tmp_path / "killed"), [1, 2], 1) as done:
        assert list(done) == [2, 3]
    monkeypatch.setattr("gtzanfeat.extraction.worker_processes.STARTS", 2)
    never = in_processes(Stillborn(tmp_path / "killed", always=True), [1], 1)
    with never as done, pytest.raises(GtzanfeatError, match=r"cannot start \(it ended by SIGKILL\)"):
        list(done)


def test_a_script_without_a_guard_is_told_of_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from gtzanfeat.extraction.worker_processes import in_processes\n"
        "with in_processes(abs, [1], 1) as done:\n    print(list(done))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    line = done.stderr.strip().splitlines()[-1]
    assert "a worker process cannot start (it ended with exit code 1); give fewer workers" in line
    assert "in a script, put what it does under `if __name__" in line
    assert GtzanfeatError.__name__ in line


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, time\nfrom pathlib import Path\n"
        "from gtzanfeat.extraction.worker_processes import in_processes\n"
        "def work(task):\n    Path('pid').write_text(str(os.getpid()))\n    time.sleep(600)\n"
        "if __name__ == '__main__':\n    with in_processes(work, [1], 1) as done:\n        list(done)\n"
    )
    with subprocess.Popen([sys.executable, script], cwd=tmp_path) as process:
        pid = waited_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        process.kill()
    waited_for(lambda: not Path("/proc", pid).exists() or "Z" in Path("/proc", pid, "stat").read_text())


def waited_for(found):
    """Return something as soon as it is there."""
    for _ in range(2000):
        if value := found():
            return value
        time.sleep(0.01)
    raise AssertionError("it never came")
