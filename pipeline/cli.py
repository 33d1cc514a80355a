"""The commands; nothing else. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from pipeline import workshop as settings
from pipeline.errors import ConfigError, WorkshopError
from pipeline.terminal import LINES, visible

if TYPE_CHECKING:
    from pipeline.planning import Places

_FOLDER = click.Path(file_okay=False, path_type=Path)


class _Context:
    """The options every command shares."""

    def __init__(
        self,
        raw: Path,
        processed: Path,
        reports: Path,
        workers: int | None,
        scheduler: str | None,
        quiet: bool,
    ):
        self.raw = raw
        self.processed = processed
        self.reports = reports
        self.workers = workers
        self.scheduler = scheduler
        self.is_quiet = quiet

    @property
    def places(self) -> Places:
        from pipeline.planning import Places

        return Places(self.raw, self.processed, self.reports)


_FORESEEN = (
    WorkshopError,
    click.ClickException,
    click.exceptions.Exit,
    click.Abort,
    BrokenPipeError,  # who reads the output has heard enough; click ends quietly
)

_COMMON = (
    click.option("--raw", type=_FOLDER, default=Path("raw"), help="Folder of the workshops. [raw]"),
    click.option(
        "--processed",
        type=_FOLDER,
        default=Path("processed"),
        help="Folder for what is computed. [processed]",
    ),
    click.option(
        "--reports", type=_FOLDER, default=Path("reports"), help="Folder for what is published. [reports]"
    ),
    click.option(
        "--workers", type=click.IntRange(1, 256), help="Photographs worked on at once. [number of cores]"
    ),
    click.option("--scheduler", metavar="ADDRESS", help="A Dask cluster to read the photographs on."),
    click.option("--quiet", is_flag=True, help="Print errors only."),
)


def _common(command: Any) -> Any:
    """Give a command the options every command shares, gathered in one object."""

    def gathered(
        raw: Path,
        processed: Path,
        reports: Path,
        workers: int | None,
        scheduler: str | None,
        quiet: bool,
        **own: Any,
    ) -> Any:
        try:
            return command(_Context(raw, processed, reports, workers, scheduler, quiet), **own)
        except _FORESEEN:
            raise
        except Exception as error:
            from pipeline import faults

            raise faults.explained(error, processed, reports) from error

    gathered.__name__ = command.__name__
    gathered.__doc__ = command.__doc__
    gathered.__dict__.update(command.__dict__)
    for option in reversed(_COMMON):
        gathered = option(gathered)
    return gathered


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="workshop-transcription")
def workshop() -> None:
    """From phone photographs of workshop boards to an honest public record."""


@workshop.command()
@click.argument("workshops", nargs=-1)
@click.option("--plan", "is_plan", is_flag=True, help="Only say what would be done, and why.")
@_common
def run(context: _Context, workshops: tuple[str, ...], is_plan: bool) -> None:
    """Everything, from raw to reports; does again only what changed."""
    from pipeline import console
    from pipeline import run as running

    if is_plan:
        console.show_plans(running.plans(context.places, workshops))
        return
    with console.progress(context.is_quiet) as watcher:
        summaries = running.run(
            context.places,
            workshops,
            workers=context.workers,
            scheduler=context.scheduler,
            watcher=watcher,
        )
    if not context.is_quiet:
        console.show_summaries(summaries)
    running.raise_for_failures(summaries)


@workshop.command()
@click.argument("name", metavar="WORKSHOP")
@click.option("--force", is_flag=True, help="Make an edition even if nothing changed since the last one.")
@_common
def publish(context: _Context, name: str, force: bool) -> None:
    """Freeze the current record as the next edition, with its change list."""
    import datetime

    from pipeline import standing

    _run(context, (name,))
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    edition = standing.publish_edition(context.places, name, today, force=force)
    _run(context, (name,))
    if context.is_quiet:
        return
    if edition.is_new:
        click.echo(visible(f"Edition {edition.number} of {name} is published: {edition.folder}"))
    else:
        click.echo(
            f"Nothing has changed since edition {edition.number}; no new edition was made (--force makes one)."
        )


@workshop.command()
@click.argument("name", metavar="WORKSHOP")
@click.argument("editions", nargs=-1, type=int, metavar="[A [B]]")
@click.option("--format", "form", type=click.Choice(["markdown", "html", "csv"]), default="markdown")
@_common
def diff(context: _Context, name: str, editions: tuple[int, ...], form: str) -> None:
    """What changed between editions A and B, or from A, or from the last one, until now."""
    from pipeline import history, standing
    from pipeline.publish import change_list

    if len(editions) > 2:
        raise click.UsageError("Two editions can be compared, not more.")
    settings.find_workshops(context.raw, (name,))
    changes = history.changes_between(standing.load_record(context.places, name), context.places, editions)
    if form == "csv":
        _echo_data(change_list.changes_csv(changes).decode())
    elif form == "html":
        _echo_data(change_list.changes_html(changes) + "\n")
    else:
        _echo_data(change_list.changes_markdown(changes) + "\n")


def _echo_data(text: str) -> None:
    """Data for a file or another program is left as it is; a terminal would obey the codes in it."""
    shown = visible(text.replace("\r\n", "\n"), LINES) if sys.stdout.isatty() else text
    click.echo(shown, nl=False)


@workshop.command("import-record")
@click.argument("name", metavar="WORKSHOP")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="When it was published. [today]")
@_common
def import_record(context: _Context, name: str, file: Path, date: Any) -> None:
    """Read an already published transcript as edition 0, with the counts it states."""
    from pipeline import editions

    folder = settings.find_workshops(context.raw, (name,))[0]
    known = settings.load_workshop(folder)
    edition = editions.import_record(
        context.reports,
        name,
        known.principles,
        file,
        date=date.date().isoformat() if date else None,
        language=known.language,
        legend=known.legend,
    )
    _run(context, (name,))
    if context.is_quiet:
        return
    what = "is edition 0" if edition.is_new else "was edition 0 already"
    click.echo(visible(f"{file} {what} of {name}: {len(edition.record.notes)} notes."))
    for unknown in edition.source.unknown if edition.source else ():
        click.echo(visible(f"  not interpreted, line {unknown.number}: {unknown.text}"))


@workshop.command()
@click.argument("name", metavar="WORKSHOP")
@click.option(
    "--format",
    "form",
    required=True,
    help="data-package, tei, page-xml, web-annotation, refi-qda, pdf, docx, pptx, png, svg, html, md or txt; or all.",
)
@click.option("--edition", type=int, help="A published edition, exactly as it was. [the present state]")
@_common
def export(context: _Context, name: str, form: str, edition: int | None) -> None:
    """The record in a format that other programs read, into reports/WORKSHOP/exports/."""
    from pipeline import exporting, standing

    folder = context.reports / name / "exports"
    if form not in (*exporting.FORMATS, exporting.EVERY):
        near = settings.nearest(form, exporting.FORMATS)
        hint = f" Did you mean “{near}”?" if near else ""
        raise click.UsageError(
            f"There is no format “{form}”.{hint} There are: {', '.join(exporting.FORMATS)}."
        )
    if edition is None:
        it = standing.exportable(context.places, name)
    else:
        it = standing.exportable_edition(context.places, name, edition)
        folder /= f"edition-{edition}"
    if form == exporting.EVERY:
        files = exporting.export_all(it, folder)
        for left_out, why in exporting.unavailable_formats().items():
            click.echo(f"{left_out} was left out: {why}", err=True)
    else:
        files = exporting.export(it, form, folder / form)
    if not context.is_quiet:
        click.echo("\n".join(visible(str(file)) for file in files))


@workshop.command("import-corrections")
@click.argument("name", metavar="WORKSHOP")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--person", required=True, help="Who corrected them; it stands beside each decision.")
@_common
def import_corrections(context: _Context, name: str, files: tuple[Path, ...], person: str) -> None:
    """Take over what was corrected in PAGE-XML files, as Transkribus and eScriptorium write them."""
    from pipeline import standing

    taken = standing.take_corrections(context.places, name, files, person)
    _run(context, (name,))
    for problem in taken.problems:
        click.echo(visible(problem), err=True)
    if not context.is_quiet:
        click.echo(visible(f"{len(taken.decisions)} decisions were added to the log of {name}."))


def _run(context: _Context, names: tuple[str, ...]) -> None:
    from pipeline import console
    from pipeline import run as running

    with console.progress(context.is_quiet) as watcher:
        running.run(
            context.places, names, workers=context.workers, scheduler=context.scheduler, watcher=watcher
        )


@workshop.command()
@click.argument("name", required=False)
@click.option("--person", help="Whose decisions these are. [the account's name]")
@click.option("--second-reader", is_flag=True, help="Read a sample again without seeing what others read.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on this computer. [a free one]")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@_common
def review(
    context: _Context, name: str | None, person: str | None, second_reader: bool, port: int, no_browser: bool
) -> None:
    """Check and correct notes, the most doubtful first, in a browser on this computer."""
    from pipeline.review.server import serve

    serve(
        context.places,
        name,
        port=port,
        person=person,
        second_reader=second_reader,
        open_browser=not no_browser,
    )


@workshop.command()
@click.argument("query")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table")
@_common
def sql(context: _Context, query: str, form: Literal["table", "csv", "json"]) -> None:
    """A query on the read-only database, for example "SELECT * FROM counts_by_principle"."""
    from pipeline.store.query import run_query

    _echo_data(run_query(context.places.database, query, form))


@workshop.command()
@click.argument("name")
@click.option("--framework", help=f"Principles to start from: {', '.join(settings.frameworks())}.")
@_common
def new(context: _Context, name: str, framework: str | None) -> None:
    """A commented workshop.toml to fill in."""
    from pipeline.files import write_atomically
    from pipeline.template import new_workshop

    text = new_workshop(name, settings.load_framework(framework) if framework else None)
    file = context.raw / name / settings.FILE_NAME
    if file.exists():
        raise ConfigError(
            f"{file} is there already.",
            safe="It was not touched.",
            remedy="Choose another name, or edit that file.",
        )
    write_atomically(file, text.encode())
    if not context.is_quiet:
        click.echo(f"Made {visible(str(file))}.\nPut the photographs beside it, then: workshop run {name}")


@workshop.command()
@_common
def doctor(context: _Context) -> None:
    """What is installed, what is missing, and the command that mends it."""
    from pipeline import console
    from pipeline.doctor import examine

    findings = examine(context.raw, context.processed, context.reports)
    console.show_findings(findings)
    if any(finding.is_needed and not finding.is_well for finding in findings):
        sys.exit(1)


def main() -> NoReturn:
    """Run the command line; a failure people can act on ends in its message and its exit code."""
    try:
        workshop(standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nStopped. Everything finished so far is kept; run again to go on.", err=True)
        sys.exit(130)
    except WorkshopError as error:
        from pipeline import faults

        click.echo(visible(f"{faults.printed(error)}{error}", LINES), err=True)
        sys.exit(error.exit_code)
    sys.exit(0)


if __name__ == "__main__":
    main()
