"""The command `lstm-parity identify`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lstm_parity.cases.setting import DTYPES, Runtime
from lstm_parity.cli_parts import (
    Outputs,
    arrays_option,
    echo_remarks,
    find_target,
    limit_options,
    map_option,
    report_options,
)
from lstm_parity.implementations.target import TargetError

if TYPE_CHECKING:
    from lstm_parity.identification.arithmetic.sheet import DataSheet
    from lstm_parity.identification.model import Identification
    from lstm_parity.running.protocol import Implementation


@click.command()
@report_options("html")
@click.option(
    "--impl", required=True, metavar="KIND:TARGET", help="The implementation to identify, as in `lstm-parity verify`."
)
@arrays_option
@map_option
@click.option(
    "--save-map",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write how a class is used into a TOML file, for --map.",
)
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    default=("float32",),
    type=click.Choice(DTYPES),
    help="Dtype in which the arithmetic is measured; may be repeated.",
    show_default=True,
)
@click.option("--size", type=click.IntRange(1), help="Inputs and units of the sums that are measured, by default 64.")
@limit_options
def identify(
    outputs: Outputs,
    impl: str,
    arrays: str,
    map_file: Path | None,
    save_map: Path | None,
    dtypes: tuple[str, ...],
    size: int | None,
    time_limit: float,
    memory_limit: float,
) -> None:
    """Print which equations an LSTM computes and how it is connected, beside nn.LSTM's: measured, not looked up.

    If the equations are nn.LSTM's, what it rounds where is measured too.
    Exits with 0 if it computes what nn.LSTM does, with 1 if something differs, with 3 if that is not known.
    """
    from rich.console import Console

    from lstm_parity.audits.identify import find_known, identification_report, identify_calls
    from lstm_parity.audits.pages.identification import identification_page
    from lstm_parity.implementations.remote.client import RemoteImplementation
    from lstm_parity.reports.provenance import collect_provenance

    target = find_target(impl, arrays, map_file=map_file)
    remote = RemoteImplementation(target, time_limit, memory_limit)
    try:
        with Console(stderr=True).status("identifying"), remote as there:
            there.start()
            remarks = there.remarks
            if save_map is not None:
                save_map.write_text(there.declaration, encoding="utf-8")
            known = find_known(there)
            found = identify_calls(there)
            sheets = _measure_sheets(there, found, dtypes, size)
    except TargetError as error:
        raise click.UsageError(str(error)) from error
    echo_remarks(remarks, target)
    report = identification_report(str(target), found, sheets, known)
    page = partial(identification_page, str(target), found, sheets, known, collect_provenance())
    outputs.write(report.also("html", page))
    sys.exit(1 if found.differing or known is not None else 0 if found.is_right else 3)


def _measure_sheets(
    implementation: Implementation, found: Identification, dtypes: Sequence[str], size: int | None
) -> list[DataSheet]:
    """Measure its arithmetic in each dtype that it can be called in, if its equations are nn.LSTM's."""
    from lstm_parity.identification.arithmetic.sheet import SIZE, measure_data_sheet
    from lstm_parity.identification.probe import ProbeError

    sheets: list[DataSheet] = []
    for dtype in dtypes if found.equations and not found.equations.differing and not found.searched else ():
        try:
            sheets.append(measure_data_sheet(implementation, Runtime(dtype), size or SIZE))
        except ProbeError as error:
            click.echo(f"its arithmetic in {dtype} cannot be measured: {error}", err=True)
    return sheets
