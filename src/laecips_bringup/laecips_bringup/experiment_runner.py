"""Does jobs, several at a time, and shows how far they are."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import as_completed
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from rich.console import Console
from rich.progress import BarColumn
from rich.progress import MofNCompleteColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeElapsedColumn

from laecips_core.experiments.jobs import Job

Tell = Callable[[int, int], None]


def do_jobs(jobs: Sequence[Job], *, processes: int, fresh: bool, console: Console) -> list[Any]:
    """
    Do jobs; those done before are taken from the archive.

    :param jobs: what to do.
    :param processes: jobs at a time; each has one thread. With more than one, the measured times
        are those of a busy machine.
    :param fresh: compute again what the archive holds.
    :param console: where progress is shown.
    :returns: one result for each job, in order.
    :raises LaecipsError: of the first job that fails; finished jobs are kept.
    """
    results: dict[int, Any] = {}
    if not fresh:
        results = {n: found for n, job in enumerate(jobs) if (found := job.found()) is not None}
    todo = {number: job for number, job in enumerate(jobs) if number not in results}
    if results:
        console.print(f'{len(results)} of {len(jobs)} runs were done before')
    with _progress(console) as progress:
        if processes == 1:
            results |= {n: job.run(_teller(progress, job)) for n, job in todo.items()}
        elif todo:
            results |= _in_processes(todo, processes, progress)
    return [results[number] for number in range(len(jobs))]


def _progress(console: Console) -> Progress:
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console)


def _teller(progress: Progress, job: Job) -> Tell:
    task = progress.add_task(job.name, total=None)

    def tell(done: int, total: int) -> None:
        progress.update(task, completed=done, total=total)

    return tell


def _in_processes(todo: dict[int, Job], processes: int, progress: Progress) -> dict[int, Any]:
    task = progress.add_task('runs', total=len(todo))
    results: dict[int, Any] = {}
    # A new interpreter each: torch's threads do not survive a fork.
    with ProcessPoolExecutor(processes, mp_context=get_context('spawn')) as pool:
        numbers = {pool.submit(_run, job): number for number, job in todo.items()}
        try:
            for future in as_completed(numbers):
                results[numbers[future]] = future.result()
                progress.advance(task)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def _run(job: Job) -> Any:
    return job.run(lambda done, total: None)
