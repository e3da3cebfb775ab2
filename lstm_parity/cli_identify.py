"""The command `lstm-parity identify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lstm_parity.cli_parts import echo_remarks, find_target, json_option
from lstm_parity.implementations.target import ARRAYS, MEMORY_LIMIT, TIME_LIMIT, TargetError


@click.command()
@json_option
@click.option("--impl", required=True, metavar="KIND:TARGET", help="What is identified, as in `lstm-parity verify`.")
@click.option("--arrays", type=click.Choice(ARRAYS), default="torch", help="What a function computes with.")
@click.option(
    "--time-limit", type=float, default=TIME_LIMIT, help="Seconds that a call of it may take.", show_default=True
)
@click.option("--memory-limit", type=float, default=MEMORY_LIMIT, help="GiB that it may use.", show_default=True)
def identify(json_file: Path | None, impl: str, arrays: str, time_limit: float, memory_limit: float) -> None:
    """Print which equations an LSTM computes and how it is connected, beside nn.LSTM's: measured, not looked up.

    Exits with 0 if it computes what nn.LSTM does, with 1 if something differs, with 3 if that is not known.
    """
    from rich.console import Console

    from lstm_parity.audits.identify import identification_json, identification_text
    from lstm_parity.identification.model import identify_implementation
    from lstm_parity.identification.probe import ProbeError
    from lstm_parity.implementations.remote.client import RemoteImplementation

    target = find_target(impl, arrays)
    remote = RemoteImplementation(target, time_limit, memory_limit)
    try:
        with Console(stderr=True).status("identifying"), remote as there:
            there.start()
            remarks = there.remarks
            found = identify_implementation(there)
    except TargetError as error:
        raise click.UsageError(str(error)) from error
    except ProbeError as error:
        click.echo(f"{impl} cannot be identified: {error}")
        sys.exit(3)
    echo_remarks(remarks)
    click.echo(identification_text(str(target), found), nl=False)
    if json_file is not None:
        json_file.write_text(identification_json(str(target), found), encoding="utf-8")
    sys.exit(0 if found.is_right else 1 if found.differing else 3)
