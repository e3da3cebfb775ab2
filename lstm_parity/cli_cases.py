"""The commands `lstm-parity cases`."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def cases() -> None:
    """Cases as plain files, for programs in any language: see docs/any-language.md."""


@cases.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--dtype", "dtypes", multiple=True, help="Dtype of the layer; may be repeated. [default: float64, float32]"
)
@click.option("--case", "names", multiple=True, help="Judge only the case of this id; may be repeated.")
def export(folder: Path, dtypes: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Write cases into FOLDER, a folder for each: setting.json, the weights, input.npy, h_0.npy, c_0.npy.

    A program reads them, and writes output.npy, h_n.npy and c_n.npy beside them; `lstm-parity judge FOLDER` judges it.
    What only torch knows of (batch_first, strides, kernels, threads) is left out of a case that --case names.
    """
    from lstm_parity.audits.folders.write import DTYPES, export_design, plain_setting
    from lstm_parity.audits.folders.write import export_cases as write
    from lstm_parity.cases.case import draw_case, parse_case
    from lstm_parity.cases.setting import SettingError
    from lstm_parity.files.stored import FolderError

    try:
        asked = [draw_case(plain_setting(c.setting), c.profile, c.seed) for c in map(parse_case, names)]
        chosen = asked or export_design(dtypes or DTYPES)
        write(chosen, folder)
    except (FolderError, SettingError) as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{len(chosen)} cases in {folder}; a program's answers are judged by: lstm-parity judge {folder}")
