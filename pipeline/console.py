"""What the commands show people: progress, plans, summaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from pipeline.doctor import Finding
from pipeline.mapping import Outcome
from pipeline.model import Refusal
from pipeline.planning import Plan
from pipeline.run import Summary, Watcher
from pipeline.terminal import visible

_MOST_SHOWN = 20


def _text(words: str, style: str = "", justify: JustifyMethod | None = None) -> Text:
    """Words as they are: neither markup of ours nor a terminal's codes in them do anything."""
    return Text(visible(words), style=style, justify=justify)


class _Bar(Watcher):
    """Photographs done, notes found, time left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, visible=False, notes=0)
        self._notes = 0

    def start(self, workshop_id: str, photos: int) -> None:
        self._notes = 0
        self._progress.reset(
            self._task,
            description=visible(workshop_id),
            total=photos,
            visible=photos > 0,
            notes=0,
            start=True,
        )

    def advance(self, outcome: Outcome) -> None:
        self._notes += outcome.notes
        self._progress.update(self._task, advance=1, notes=self._notes)

    def say(self, what: str) -> None:
        self._progress.console.print(_text(what, style="dim"))


@contextmanager
def progress(is_quiet: bool) -> Iterator[Watcher]:
    """A progress bar on the terminal, or silence."""
    if is_quiet:
        yield Watcher()
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("photographs"),
        TextColumn("{task.fields[notes]} notes found"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar)


def show_plans(plans: Sequence[Plan]) -> None:
    """What a run would do, and why."""
    console = Console(highlight=False)
    for plan in plans:
        name = plan.workshop.id
        if plan.is_empty:
            console.print(_text(f"{name}: nothing to do."))
            continue
        total = len(plan.inventory.sources)
        console.print(_text(f"{name}: {len(plan.steps)} of {total} photographs to work on."))
        for step in plan.steps:
            console.print(
                _text(f"  {step.path}: {', '.join(step.stages)}; because: {step.reason}"), soft_wrap=True
            )
        why = plan.rebuild_reason or "photographs are worked on"
        console.print(_text(f"  record and database: made anew; because: {why}"))


def show_summaries(summaries: Sequence[Summary]) -> None:
    """At the end: what was found, declined, refused, and where the record is."""
    console = Console(highlight=False)
    for summary in summaries:
        if summary.is_unchanged:
            console.print(_text(f"{summary.workshop_id}: nothing to do; the record is up to date."))
        else:
            _show_counts(console, summary)
        for problem in summary.problems:
            console.print(_text(f"  note: {problem}", style="yellow"), soft_wrap=True)
        if summary.record_file is not None:
            console.print(_text(f"  record: {summary.record_file}"), soft_wrap=True)


def _show_counts(console: Console, summary: Summary) -> None:
    table = Table(
        title=_text(f"{summary.title} ({summary.workshop_id})", style="table.title"),
        title_justify="left",
        show_header=False,
        box=None,
    )
    for label, value in summary.counts:
        table.add_row(_text(label), _text(f"{value:,}", justify="right"))
    console.print(table)
    _show_refusals(console, summary.refusals)


def _show_refusals(console: Console, refusals: Sequence[Refusal]) -> None:
    for refusal in refusals[:_MOST_SHOWN]:
        line = f"  not used: {refusal.path}: {refusal.reason} {refusal.remedy}".rstrip()
        console.print(_text(line, style="yellow"), soft_wrap=True)
    if len(refusals) > _MOST_SHOWN:
        console.print(_text(f"  … and {len(refusals) - _MOST_SHOWN} more; the record lists them all."))


def show_findings(findings: Sequence[Finding]) -> None:
    """The doctor's table."""
    table = Table(box=None, show_header=False)
    for finding in findings:
        mark = "ok" if finding.is_well else ("missing" if finding.is_needed else "optional")
        table.add_row(mark, _text(finding.name), _text(finding.found), _text(finding.remedy))
    Console(highlight=False).print(table)
