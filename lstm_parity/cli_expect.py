"""The command `lstm-parity expect`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_parity.cases.setting import DTYPES, Architecture, SettingError
from lstm_parity.cli_parts import Outputs, report_options

if TYPE_CHECKING:
    from lstm_parity.reference.weights import LSTMWeights


@click.command()
@click.option("--hidden-size", type=int, help="hidden_size of nn.LSTM; needed without --weights FILE.")
@click.option("--time", type=int, required=True, help="Number of steps.")
@click.option("--input-size", type=int, help="input_size; by default the hidden size.")
@click.option("--batch", type=int, default=1, help="Number of rows.", show_default=True)
@click.option("--layers", "num_layers", type=int, help="num_layers; by default 1.")
@click.option("--bidirectional", is_flag=True, default=None, help="Both directions.")
@click.option("--proj-size", type=int, help="proj_size; by default no projection.")
@click.option("--no-bias", "bias", flag_value=False, type=bool, default=None, help="Without biases.")
@click.option("--dtype", type=click.Choice(DTYPES), default="float32", help="Dtype of the layer.", show_default=True)
@click.option("--difference", type=float, help="The largest absolute difference that was found.")
@click.option("--arithmetic", default="", metavar="NAME", help="The expected arithmetic, such as 'TF32 products'.")
@click.option(
    "--weights",
    default="default",
    metavar="FILE",
    help="A state_dict as safetensors, instead of nn.LSTM's initialisation.",
)
@click.option("--draws", type=int, help="Runs. [default: up to 200, as many as take a few seconds]")
@click.option(
    "--seed", type=click.IntRange(0, 2**31), default=0, help="Seed of everything that is drawn.", show_default=True
)
@report_options()
def expect(
    outputs: Outputs,
    time: int,
    batch: int,
    dtype: str,
    difference: float | None,
    arithmetic: str,
    weights: str,
    draws: int | None,
    seed: int,
    **sizes: Any,
) -> None:
    """Print how far the results of correct LSTMs are apart, by simulated rounding, and what a difference is.

    Exits with 1 if the difference is not noise of the expected arithmetic, with 3 if that cannot be said.
    """
    from rich.console import Console

    from lstm_parity.audits.expectation.expect import ExpectationError, expect_difference
    from lstm_parity.files.stored import FolderError
    from lstm_parity.reports.answers.expectation import expectation_report

    given = {name: value for name, value in sizes.items() if value is not None}
    options: dict[str, Any] = {"difference": difference, "arithmetic": arithmetic, "draws": draws, "seed": seed}
    try:
        with Console(stderr=True).status("simulating"):
            architecture, read = _find_lstm(weights, given, dtype)
            found = expect_difference(architecture, time, batch, dtype, weights=read, **options)
    except (ExpectationError, FolderError, SettingError) as error:
        raise click.UsageError(str(error)) from error
    outputs.write(expectation_report(found))
    sys.exit(0 if difference is None or found.is_noise else 3 if found.is_noise is None else 1)


def _find_lstm(weights: str, given: dict[str, Any], dtype: str) -> tuple[Architecture, LSTMWeights | None]:
    """Return the LSTM that the options describe, or that of a file, whose sizes they must not contradict."""
    from lstm_parity.audits.expectation.expect import read_weights

    if weights == "default":
        if "hidden_size" not in given:
            raise click.UsageError("no hidden size was given, but it is needed: give --hidden-size, or --weights FILE")
        return Architecture(**{"input_size": given["hidden_size"], **given}), None
    if not Path(weights).is_file():
        raise click.UsageError(f"--weights {weights} was given, but there is no such file: give a .safetensors file")
    architecture, read = read_weights(Path(weights), dtype)
    for name, value in given.items():
        if value != (stored := getattr(architecture, name)):
            raise click.UsageError(f"{name} {value} was given, but {weights} holds an LSTM with {stored}: leave it out")
    return architecture, read
