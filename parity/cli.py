"""The command `lstm-parity`, also `python -m parity`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.target import ARRAYS, FEATURES, KINDS, LIMIT, MEMORY, TargetError, parsed
from parity.threads import share_cores

if TYPE_CHECKING:
    from parity.certificate.results import Certificate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lstm-parity")
def main() -> None:
    """Tell whether a difference between two LSTMs is rounding noise or a bug."""
    share_cores()


@main.command()
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Also write it as JSON."
)
@click.option("--impl", metavar="KIND:TARGET", help=f"Judge this instead. {'; '.join(map(': '.join, KINDS.items()))}.")
@click.option("--arrays", type=click.Choice(ARRAYS), default="torch", help="What a function computes with.")
@click.option("--without", multiple=True, type=click.Choice(FEATURES), help="Do not ask about this. May be repeated.")
@click.option("--time-limit", type=float, default=LIMIT, help="Seconds that a call of it may take.", show_default=True)
@click.option("--memory-limit", type=float, default=MEMORY, help="GiB that it may use.", show_default=True)
def verify(
    json_file: Path | None,
    impl: str | None,
    arrays: str,
    without: tuple[str, ...],
    time_limit: float,
    memory_limit: float,
) -> None:
    """Judge the installed torch's nn.LSTM and nn.LSTMCell and both references; print a certificate.

    With --impl, judge that implementation, in a process of its own, and name its mistake if there is one.
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

    warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN", UserWarning)  # no fault
    with Console(stderr=True).status("starting") as status:
        progress = lambda text: status.update(f"judging {text}")  # noqa: E731
        if impl is None:
            from parity.verifying import verify as run

            certificate, diagnosis = run(progress=progress), ""
        else:
            certificate, diagnosis = _judged(impl, arrays, without, (time_limit, memory_limit), progress)
    click.echo(as_text(certificate), nl=False)
    if diagnosis:
        click.echo(f"\n{diagnosis}")
    if json_file is not None:
        json_file.write_text(as_json(certificate), encoding="utf-8")
    sys.exit(0 if certificate.holds else 1)


def _judged(
    impl: str, arrays: str, without: tuple[str, ...], limits: tuple[float, float], progress: Callable[[str], None]
) -> tuple[Certificate, str]:
    """The certificate of an implementation and, where it is wrong, the diagnosis; exits where it cannot be judged."""
    from parity.isolated import Isolation

    try:
        target = parsed(impl, arrays, without)
    except TargetError as error:
        raise click.UsageError(str(error)) from error
    server = Isolation("torch", "parity.elsewhere.worker")
    server.start()  # it imports torch while we do
    from parity.diagnose import diagnose
    from parity.elsewhere.implementation import Elsewhere
    from parity.probing import probe
    from parity.smoke import smoke
    from parity.verifying import verify_one

    with Elsewhere(target, *limits, server) as implementation:
        try:
            implementation.start()
        except TargetError as error:
            raise click.UsageError(str(error)) from error
        if (problem := smoke(implementation)) is not None:
            click.echo(f"{implementation.name} cannot be judged: {problem}")
            sys.exit(1)
        certificate, verdicts = verify_one(implementation, progress=progress)
        if not verdicts:
            return certificate, ""
        progress("how it does on cases that tell mistakes apart")
        return certificate, diagnose([*verdicts, *probe(implementation)]).text
