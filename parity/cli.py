"""The command `lstm-parity`, also `python -m parity`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from parity.threads import share_cores


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lstm-parity")
def main() -> None:
    """Tell whether a difference between two LSTMs is rounding noise or a bug."""
    share_cores()


@main.command()
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Also write it as JSON."
)
def verify(json_file: Path | None) -> None:
    """Judge the installed torch's nn.LSTM and nn.LSTMCell and both references; print a certificate.

    Exits with 0 where everything that was judged agrees to rounding noise, with 1 where not.
    """
    if json_file is not None and not json_file.parent.is_dir():
        raise click.UsageError(
            f"--json {json_file} was given, but there is no folder {json_file.parent}: make it first"
        )
    import warnings

    from rich.console import Console

    from parity.certificate.as_json import as_json
    from parity.certificate.as_text import as_text
    from parity.verifying import verify as run

    warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN", UserWarning)  # no fault
    with Console(stderr=True).status("starting") as status:
        certificate = run(progress=lambda text: status.update(f"judging {text}"))
    click.echo(as_text(certificate), nl=False)
    if json_file is not None:
        json_file.write_text(as_json(certificate), encoding="utf-8")
    sys.exit(0 if certificate.holds else 1)
