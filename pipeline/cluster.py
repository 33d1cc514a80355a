"""The map half on a Dask cluster (`--scheduler`): the same jobs, done by other computers.

What a cluster must have is told in README.md: every worker runs this version of the program and sees the
folders raw/ and processed/ under the same paths. Both are looked at before a worker touches a photograph,
because a result that another version made would be taken for one of this version's.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.errors import MissingError, WorkshopError
from pipeline.files import write_atomically
from pipeline.mapping import Job, Outcome

SECONDS_TO_CONNECT = 20
SECONDS_FOR_A_WORKER = 60


@contextmanager
def connected(address: str, cache_folder: Path) -> Iterator[Cluster]:
    """The cluster at `address` (such as tcp://head:8786) as an executor, for as long as the block runs.

    Raises MissingError where the extra is not installed, nothing answers at the address, or the cluster
    has no worker.
    """
    try:
        from distributed import Client  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        raise MissingError(
            "--scheduler needs Dask, which is not installed.",
            safe="Nothing was changed.",
            remedy="Install it with: pip install 'workshop-transcription[cluster]'",
        ) from None
    try:
        # A client that fails to connect is closed whenever it happens to be collected, and waits for ever if another
        # is being started then: none is made before something answers.
        asyncio.run(_reach(address))
        client = Client(address, timeout=SECONDS_TO_CONNECT)
    except TypeError as error:  # what Dask says of tls:// without a certificate
        raise MissingError(
            f"{address} is an encrypted address, and Dask's settings name no certificates.",
            safe="Nothing was changed.",
            remedy="Name them under distributed.comm.tls in Dask's configuration, as on the cluster's other computers.",
        ) from error
    except (OSError, ValueError) as error:
        raise MissingError(
            f"No Dask scheduler answers at {address}.",
            safe="Nothing was changed.",
            remedy="Start one with `dask scheduler`, and give the address it prints; or leave --scheduler out.",
        ) from error
    marker = cache_folder.resolve() / f".shared-{secrets.token_hex(8)}"
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS_FOR_A_WORKER)
        except TimeoutError as error:
            raise MissingError(
                f"The Dask cluster at {address} has no worker.",
                safe="Nothing was changed.",
                remedy=f"Start some with: dask worker {address} --nthreads 1",
            ) from error
        write_atomically(marker, b"", durable=False)
        try:
            yield Cluster(client, address, marker)
        finally:
            with suppress(OSError):
                marker.unlink()


async def _reach(address: str) -> None:
    """Connect and hang up; raises OSError where nothing answers, ValueError for what is no address."""
    from distributed.comm import connect  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    from distributed.security import Security  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    # As a client does: certificates come from Dask's own settings.
    line = await connect(address, timeout=SECONDS_TO_CONNECT, **Security().get_connection_args("client"))
    await line.close()


class Cluster(Executor):
    """A running cluster as an executor that can be handed out again and again; shutting it down leaves it running."""

    def __init__(self, client: Any, address: str, marker: Path) -> None:
        from pipeline.planning import program_digest  # noqa: PLC0415  (looks at the whole program)

        self._executor = client.get_executor(pure=False)
        self._client = client
        self._address = address
        self._marker = str(marker)
        self._program = program_digest()
        self._running: set[Future[Outcome]] = set()

    @property
    def threads(self) -> int:
        """How many photographs it works on at once."""
        return max(1, sum(int(threads) for threads in self._client.nthreads().values()))

    def again(self, _workers: int) -> Executor:
        """Itself, as a maker of executors gives one."""
        return self

    def submit(self, work: Callable[[Job], Outcome], job: Job) -> Future[Outcome]:  # type: ignore[override]
        """Do a job on some worker.

        Dask gives a job whose worker died to another, a few times, and then gives up all that those workers had;
        such a job ends in BrokenProcessPool, as in a pool, so that each is tried once more alone.
        """
        inner = self._executor.submit(checked, self._program, self._marker, work, job)
        outer: Future[Outcome] = Future()
        outer.set_running_or_notify_cancel()
        self._running.add(inner)

        def pass_on(done: Future[Outcome]) -> None:
            self._running.discard(done)
            try:
                outer.set_result(done.result())
            except (CancelledError, OSError) as error:
                outer.set_exception(self._gone(error))
            except Exception as error:  # noqa: BLE001 - whatever it was, who waits for the job is told
                is_killed = type(error).__name__ == "KilledWorker"
                outer.set_exception(BrokenProcessPool(str(error)) if is_killed else error)

        inner.add_done_callback(pass_on)
        return outer

    def _gone(self, error: BaseException) -> WorkshopError:
        gone = MissingError(
            f"The Dask cluster at {self._address} has gone.",
            safe="Everything finished so far is kept; the record from the last run is untouched.",
            remedy="Start it again and run again, or leave --scheduler out.",
        )
        gone.__cause__ = error
        return gone

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take back what nobody waits for any more; the cluster itself goes on."""
        for future in list(self._running) if cancel_futures else ():
            future.cancel()


def checked(program: str, marker: str, work: Callable[[Job], Outcome], job: Job) -> Outcome:
    """Do a job on a worker, if that is one that can: of this version, with these folders."""
    from pipeline.planning import program_digest  # noqa: PLC0415

    if program_digest() != program:
        return Outcome(
            job.path,
            passing="the Dask worker runs another version of this program or of its libraries; "
            "install the same one there and run again",
        )
    if not Path(marker).exists():
        return Outcome(
            job.path,
            passing=f"the Dask worker does not see {Path(marker).parent}; raw/ and processed/ must lie on a disk "
            "that all workers share, under the same path",
        )
    return work(job)
