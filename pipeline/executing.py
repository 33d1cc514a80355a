"""Running jobs side by side: any concurrent.futures.Executor, and what to do when a worker dies."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from pipeline.mapping import Job, Outcome

T = TypeVar("T")
R = TypeVar("R")
MakeExecutor = Callable[[int], Executor]
SIDE_BY_SIDE_FROM = 300
"""So many photographs make it worth starting processes for the second half: each has to load what it works with."""
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


def at_once(workers: int | None, photos: int) -> int:
    """How many workshops to put together side by side."""
    return 1 if photos < SIDE_BY_SIDE_FROM else workers or os.cpu_count() or 1


def side_by_side(
    items: Sequence[T], work: Callable[[T], R], workers: int, make_executor: MakeExecutor = local_pool
) -> Iterator[tuple[T, Callable[[], R]]]:
    """Each item in order, with a call that gives what `work` made of it or raises what it raised.

    While one is asked for, the next few are at work in processes of their own, with which `work`, the items
    and the results are exchanged; with one worker, or when a worker dies, the call does the work here.
    """
    if workers < 2 or len(items) < 2:
        for item in items:
            yield item, lambda item=item: work(item)  # type: ignore[misc]
        return
    executor = make_executor(min(workers, len(items)))
    waiting = deque(items)
    running: deque[Future[R] | None] = deque()
    try:
        for item in items:
            while waiting and len(running) <= workers:
                running.append(_submitted(executor, work, waiting.popleft()))
            future = running.popleft()
            yield item, lambda item=item, future=future: _result(future, work, item)  # type: ignore[misc]
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _submitted(executor: Executor, work: Callable[[T], R], item: T) -> Future[R] | None:
    try:
        return executor.submit(work, item)
    except BrokenProcessPool:
        return None


def _result(future: Future[R] | None, work: Callable[[T], R], item: T) -> R:
    if future is not None:
        try:
            return future.result()
        except BrokenProcessPool:
            pass
    return work(item)
