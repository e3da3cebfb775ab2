"""What several commands of `lstm-parity` share: how Ctrl-C ends them, `--impl`, and the forms of their reports."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_parity.audits.named import LOADERS, NAMED
from lstm_parity.cases.features import DECLARABLE
from lstm_parity.implementations.target import (
    ARRAYS,
    KINDS,
    MEMORY_LIMIT,
    TIME_LIMIT,
    Target,
    TargetError,
    parse_target,
)

if TYPE_CHECKING:
    from lstm_parity.audits.known.judge import KnownFile
    from lstm_parity.reports.formats.report import Report

_Decorator = Callable[[Callable[..., None]], Callable[..., None]]
INTERRUPTED = 130  # the exit code, as of other programs


class InterruptibleGroup(click.Group):
    """Commands that an interruption ends with exit code 130, and in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\ninterrupted: nothing that was judged is kept", err=True)
            ctx.exit(INTERRUPTED)


def find_target(
    impl: str, arrays: str = "torch", without: tuple[str, ...] = (), arithmetic: str = "", map_file: Path | None = None
) -> Target:
    """Return the target that `--impl` and its options name; what names none is a wrong call."""
    try:
        return parse_target(impl, arrays, without, arithmetic, LOADERS, str(map_file or ""))
    except TargetError as error:
        raise click.UsageError(str(error)) from error


def echo_remarks(remarks: Sequence[str], target: Target) -> None:
    """Print what was found out about a class or a function, if there is anything."""
    if remarks:
        what = "class" if target.kind == "class" else "function"
        click.echo("\n".join([f"found of the {what}:", *(f"  {line}" for line in remarks), ""]))


@dataclass(frozen=True)
class Outputs:
    """The forms of a report that options choose: Markdown instead of text, and files by the option's name."""

    markdown: bool = False
    files: dict[str, Path] = field(default_factory=dict)

    def write(self, report: Report) -> None:
        """Print a report, write its files, and append it to the summary of a step of GitHub's, if there is one."""
        from lstm_parity.reports.formats.markdown import write_document
        from lstm_parity.reports.formats.step_summary import append_summary
        from lstm_parity.reports.formats.terminal import echo_plain, echo_report, find_width

        if self.markdown:
            echo_plain(write_document(report.markdown()))
        else:
            echo_report(report.text(find_width()))
        for name, file in self.files.items():
            file.write_text({"json": report.json, **report.files}[name](), encoding="utf-8", newline="\n")
        if problem := append_summary(report.markdown):
            click.echo(problem, err=True)


def report_options(*further: str) -> _Decorator:
    """Add `--json` and `--markdown` to a command, and further files; it is handed `outputs` for all of them.

    further: of `_FILES`.
    """
    names = ("json", *further)

    def add(command: Callable[..., None]) -> Callable[..., None]:
        def run(markdown: bool, **given: Any) -> None:
            files = {name: file for name in names if (file := given.pop(f"{name}_file")) is not None}
            command(outputs=Outputs(markdown, files), **given)

        options: list[_Decorator] = [*(_file_option(name, _FILES[name]) for name in reversed(names)), _markdown_option]
        made: Callable[..., None] = update_wrapper(run, command)
        for option in options:
            made = option(made)
        return made

    return add


def read_known(file: Path | None, command: str, names: Sequence[str] = ()) -> KnownFile | None:
    """Read the known deviations of a command, if a file is given; names: all that it may have entries of."""
    if file is None:
        return None
    from lstm_parity.audits.known.judge import KnownFile
    from lstm_parity.audits.known.read import KnownFileError

    try:
        known = KnownFile.read(file, command)
        if names:
            known.require_names(names)
    except KnownFileError as error:
        raise click.UsageError(str(error)) from error
    return known


def _writable(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise click.UsageError(
            f"{option.opts[0]} {path} was given, but there is no folder {path.parent}: make it first"
        )
    return path


def _renderable(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and importlib.util.find_spec("jinja2") is None:
        raise click.UsageError(
            f"--html {path} was given, but pages are made by jinja2, which is not installed: "
            "pip install 'lstm-parity[html]'"
        )
    return _writable(context, option, path)


def _file_option(name: str, words: str) -> _Decorator:
    kind = click.Path(dir_okay=False, writable=True, path_type=Path)
    check = _renderable if name == "html" else _writable
    return click.option(f"--{name}", f"{name}_file", type=kind, callback=check, help=words)


_FILES = {
    "json": "Also write the report as JSON: see docs/formats.md.",
    "junit": "Also write it as JUnit's XML, for CI.",
    "badge": "Also write the JSON of a badge, for shields.io.",
    "html": "Also write it as one page for a browser.",
}
_markdown_option: _Decorator = click.option(
    "--markdown", is_flag=True, help="Print the report as Markdown, to paste into a thread."
)
arrays_option = click.option(
    "--arrays", type=click.Choice(ARRAYS), default="torch", help="What a function computes with."
)
map_option = click.option(
    "--map",
    "map_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file that says how a class is used, as `identify --save-map` writes it.",
)
known_option = click.option(
    "--known",
    "known_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file of known deviations, each of which must still be there: see docs/ci.md.",
)
device_option = click.option("--device", default="cpu", help="cpu, cuda, cuda:1, mps or xpu.", show_default=True)
strict_option = click.option(
    "--strict", is_flag=True, help="Demand the native arithmetic of torch's kernels, not any of the dtype."
)
_time_limit_option: _Decorator = click.option(
    "--time-limit",
    type=float,
    default=TIME_LIMIT,
    help="Seconds that a call of the implementation may take.",
    show_default=True,
)
_memory_limit_option: _Decorator = click.option(
    "--memory-limit",
    type=float,
    default=MEMORY_LIMIT,
    help="GiB of memory that the implementation may use.",
    show_default=True,
)


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that limit what the implementation's process may use."""
    return _time_limit_option(_memory_limit_option(command))


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what is judged instead of the installed torch, as `find_target` takes them."""
    kinds = "; ".join(map(": ".join, (KINDS | NAMED).items()))
    options: list[_Decorator] = [
        click.option("--impl", metavar="KIND:TARGET", help=f"Judge this instead. {kinds}."),
        arrays_option,
        click.option(
            "--without",
            multiple=True,
            type=click.Choice(DECLARABLE),
            help="Do not judge this feature. May be repeated.",
        ),
        click.option(
            "--arithmetic", default="", metavar="NAME", help="The arithmetic that it works in, such as 'TF32 products'."
        ),
        map_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command
