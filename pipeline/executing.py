"""Running jobs side by side: any concurrent.futures.Executor, and what to do when a worker dies."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from pipeline.mapping import Job, Outcome

MakeExecutor = Callable[[int], Executor]
KILLED = (
    "the process working on it was killed, most likely for want of memory; close other programs and run again"
)
"""Why a photograph was given up."""


def local_pool(workers: int) -> Executor:
    """Worker processes on this machine, started afresh: forking a process with running threads is unsafe."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_fall_with_the_run)


def _fall_with_the_run() -> None:
    """Have this worker end when the process that started it does: one that is killed cannot tell its workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def end_after() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end_after, daemon=True).start()


def run_jobs(
    jobs: Sequence[Job],
    work: Callable[[Job], Outcome],
    workers: int,
    make_executor: MakeExecutor = local_pool,
) -> Iterator[Outcome]:
    """Do all jobs and yield their outcomes as they come, in any order; never loses one.

    When a worker process dies (killed, out of memory, crashed in native code), the jobs that were
    in flight are done again one by one in processes of their own, so that only the one that kills
    its worker is given up, with the reason in its outcome.
    """
    waiting = deque(jobs)
    while waiting:
        suspects: list[Job] = []
        executor = make_executor(workers)
        try:
            running: dict[Future[Outcome], Job] = {}
            while (waiting or running) and not suspects:
                while waiting and len(running) < 2 * workers:
                    job = waiting.popleft()
                    try:
                        running[executor.submit(work, job)] = job
                    except BrokenProcessPool:
                        suspects.append(job)
                        break
                done, _ = wait(running, return_when=FIRST_COMPLETED) if running else (set(), set())
                for future in done:
                    job = running.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        suspects.append(job)
            for future, job in running.items():
                if future.done() and future.exception() is None:
                    yield future.result()
                else:
                    suspects.append(job)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
        for job in suspects:
            yield _alone(job, work, make_executor)


def _alone(job: Job, work: Callable[[Job], Outcome], make_executor: MakeExecutor) -> Outcome:
    executor = make_executor(1)
    try:
        return executor.submit(work, job).result()
    except BrokenProcessPool:
        return Outcome(job.path, passing=KILLED)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
