"""What several commands of `lstm-parity` share: how Ctrl-C ends them, `--impl`, and `--json`."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lstm_parity.audits.named import LOADERS
from lstm_parity.implementations.target import Target, TargetError, parse_target

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


json_option = click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=_writable,
    help="Also write it as JSON.",
)
html_option = click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=_renderable,
    help="Also write it as one page for a browser.",
)
map_option = click.option(
    "--map",
    "map_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file that says how a class is used, as `identify --save-map` writes it.",
)
