"""The command `lstm-parity`, also `python -m lstm_parity`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_parity.cli_cases import cases
from lstm_parity.cli_expect import expect
from lstm_parity.cli_identify import identify
from lstm_parity.cli_judge import judge
from lstm_parity.cli_parts import INTERRUPTED as INTERRUPTED_CODE
from lstm_parity.cli_parts import (
    InterruptibleGroup,
    Outputs,
    device_option,
    echo_remarks,
    find_target,
    known_option,
    limit_options,
    read_known,
    report_options,
    strict_option,
    target_options,
)
from lstm_parity.cli_sweep import sweep
from lstm_parity.implementations.target import Target, TargetError
from lstm_parity.reports.lines import ALONE
from lstm_parity.running.threads import share_cores

if TYPE_CHECKING:
    from lstm_parity.audits.known.judge import KnownFile
    from lstm_parity.audits.progress import Progress
    from lstm_parity.reports.certificate import Certificate
    from lstm_parity.reports.formats.report import Report


@click.group(cls=InterruptibleGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lstm-parity")
def main() -> None:
    """Judge LSTMs: rounding noise, or a bug, and which bug."""
    share_cores()


main.add_command(identify)
main.add_command(judge)
main.add_command(expect)
main.add_command(sweep)
main.add_command(cases)


@main.command()
@click.argument("name", required=False)
def example(name: str | None) -> None:
    """Write an example of an implementation into this folder; without a NAME, list them."""
    from lstm_parity.examples import EXAMPLES, write_example

    if name is None:
        click.echo("\n".join(f"{key:<10} {command}" for key, (_, command) in EXAMPLES.items()))
        return
    if name not in EXAMPLES:
        raise click.UsageError(f"example {name} was given, but it must be one of {', '.join(EXAMPLES)}")
    try:
        file = write_example(name, Path())
    except FileExistsError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{file} is written; judge it: {EXAMPLES[name][1]}")


def _add_torch_command(name: str, words: str) -> None:
    """Add a command that is parsed where it also runs in other interpreters, which have no click."""

    @main.command(name, help=words, context_settings={"ignore_unknown_options": True, "help_option_names": []})
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def run(arguments: tuple[str, ...]) -> None:
        from lstm_parity.audits.known.comparisons import judge_comparison
        from lstm_parity.audits.pages import make_records_page
        from lstm_parity.audits.upgrade.command import main as upgrade
        from lstm_parity.reports.formats.terminal import echo_report

        sys.exit(
            upgrade([name, *arguments], judge_known=judge_comparison, make_page=make_records_page, echo=echo_report),
        )


_add_torch_command("record", "Record what the installed torch does, in a file, to compare another torch with.")
_add_torch_command(
    "compare",
    "Compare two records: what changed for LSTMs between the two torches. Exits with 1 if something is worse.",
)
_add_torch_command(
    "upgrade", "Record two torches, named by interpreter or version, and compare them: see docs/upgrades.md."
)


@main.command()
@report_options("junit", "badge", "html")
@device_option
@target_options
@known_option
@strict_option
@click.option("--quick", is_flag=True, help="Judge one case in six.")
@click.option("--forward-only", is_flag=True, help="Judge no gradients.")
@click.option("--case", default="", metavar="ID", help="Judge this case alone, as a failure prints it.")
@click.option("--question", type=click.Choice([*ALONE.values()]), help="Ask only this question of the --case.")
@click.option("--prove", is_flag=True, help="Also say which known mistakes this verification would have seen.")
@click.option("--resume", is_flag=True, help="Go on with a run of the same target that was interrupted.")
@limit_options
def verify(
    outputs: Outputs,
    device: str,
    impl: str | None,
    arrays: str,
    without: tuple[str, ...],
    arithmetic: str,
    map_file: Path | None,
    known_file: Path | None,
    time_limit: float,
    memory_limit: float,
    resume: bool,
    **options: Any,
) -> None:
    """Judge the installed torch's nn.LSTM and nn.LSTMCell and both references; print a certificate.

    With --impl, judge that implementation, in a process of its own, and name its mistake if there is one.
    Exits with 0 if everything that was judged agrees to rounding noise, with 1 if not, with 3 if too little was judged
    to say, and with 130 after Ctrl-C, which prints what was judged until then. With --known, exits with 0 if all that
    deviates is known, and all that is known deviates.
    """
    import warnings

    from lstm_parity.audits.progress import Progress
    from lstm_parity.reports.certificate import INTERRUPTED
    from lstm_parity.reports.progress_bar import show_progress

    warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN", UserWarning)  # no fault
    _demand_target(impl, {**options, "resume": resume, "known": known_file})
    paged = "html" in outputs.files
    with show_progress() as report:
        if impl is None:
            certificate, found, code = _verify_ours(device, Progress(report), paged)
        else:
            target, limits = find_target(impl, arrays, without, arithmetic, map_file), (time_limit, memory_limit)
            known, further = read_known(known_file, "verify"), {"resume": resume, "identify": paged}
            certificate, found, code = _verify_target(target, device, limits, options, Progress(report), known, further)
    outputs.write(found)
    if INTERRUPTED in certificate.limits:
        click.echo("\nThe same command with --resume goes on." if impl else "", err=True)
        sys.exit(INTERRUPTED_CODE)
    sys.exit(code)


def _demand_target(impl: str | None, options: dict[str, Any]) -> None:
    """Refuse options that need another one."""
    if impl is None and (given := [name for name, value in options.items() if value]):
        raise click.UsageError(f"--{given[0].replace('_', '-')} was given, but it needs --impl KIND:TARGET")
    if options["question"] and not options["case"]:
        raise click.UsageError(f"--question {options['question']} was given, but it needs --case ID")


def _verify_ours(device: str, progress: Progress, paged: bool) -> tuple[Certificate, Report, int]:
    """Return the certificate of the installed torch and the references, the report and the exit code.

    paged: whether it is also recovered what nn.LSTM computes, which only the page shows.
    """
    from lstm_parity.audits.verification.identified import identify_judged
    from lstm_parity.audits.verification.page import verification_page
    from lstm_parity.audits.verification.report import certificate_report
    from lstm_parity.audits.verification.verify import OUR_IMPLEMENTATIONS, Verification
    from lstm_parity.audits.verification.verify import verify as run
    from lstm_parity.reports.certificate import INTERRUPTED

    _demand(device)
    certificate = run(progress=progress, device=device)
    known = None
    if paged and INTERRUPTED not in certificate.limits:
        progress.say("what nn.LSTM computes")
        known = identify_judged(OUR_IMPLEMENTATIONS[0], certificate)
    found = Verification(certificate, identified=known)
    report = certificate_report(certificate).also("html", partial(verification_page, found))
    return certificate, report, certificate.exit_code


def _verify_target(
    target: Target,
    device: str,
    limits: tuple[float, float],
    options: dict[str, Any],
    progress: Progress,
    known: KnownFile | None,
    further: dict[str, bool],
) -> tuple[Certificate, Report, int]:
    """Return the certificate of an implementation, the whole report and the exit code; exit if it cannot be judged."""
    from lstm_parity.audits.verification.page import verification_page
    from lstm_parity.implementations.remote import make_worker_server

    server = make_worker_server()
    server.start()  # it imports torch while we do
    from lstm_parity.audits.verification.options import VerifyOptions
    from lstm_parity.audits.verification.report import certificate_report, find_exit_code
    from lstm_parity.audits.verification.target import AdapterError, verify_target
    from lstm_parity.cases.setting import SettingError
    from lstm_parity.running.devices import DeviceMissingError

    excuses, how = known.excuses if known else None, VerifyOptions(**options)
    try:
        with server:
            found, diagnosis = verify_target(target, server, device, limits, how, progress, excuses=excuses, **further)
    except AdapterError as error:
        click.echo(str(error))
        sys.exit(1)
    except (TargetError, DeviceMissingError, SettingError) as error:
        raise click.UsageError(str(error)) from error
    echo_remarks(found.remarks, target)
    judged = found.judge_known(known) if known else None
    more = [part.text for part in (diagnosis, found.proof) if part is not None and part.text]
    report = certificate_report(found.certificate, more, judged)
    report = report.also("html", partial(verification_page, found, diagnosis, judged))
    return found.certificate, report, find_exit_code(found.certificate, judged)


def _demand(device: str) -> None:
    from lstm_parity.running.devices import DeviceMissingError, require_device

    try:
        require_device(device)
    except DeviceMissingError as error:
        raise click.UsageError(str(error)) from error


@main.command()
@report_options("junit", "html")
@known_option
@click.option("--mode", "names", multiple=True, help="Try only this mode; may be repeated.")
def modes(outputs: Outputs, known_file: Path | None, names: tuple[str, ...]) -> None:
    """Judge every way in which torch runs nn.LSTM: compiled, exported, scripted, quantised, in ONNX Runtime.

    Exits with 0 where all agree but what is known to fail, with its reason, and that does fail.
    """
    from rich.console import Console

    from lstm_parity.audits.modes.report import judge_modes, modes_report
    from lstm_parity.audits.pages.tables import modes_page
    from lstm_parity.implementations.modes import MODES
    from lstm_parity.reports.provenance import collect_provenance

    known = read_known(known_file, "modes", tuple(MODES))
    with Console(stderr=True).status("starting") as status:
        try:
            rows = judge_modes(names, progress=lambda text: status.update(f"judging {text}"))
        except KeyError as error:
            raise click.UsageError(f"--mode {error.args[0]}") from error
    report, code = modes_report(rows, collect_provenance(), known)
    outputs.write(report.also("html", lambda: modes_page(rows, collect_provenance(), report.known)))
    sys.exit(code)


@main.command()
@report_options("junit", "html")
@known_option
@click.option(
    "--demand", multiple=True, metavar="GROUP", help="Exit with 1 if this group is not installed; may be repeated."
)
def frameworks(outputs: Outputs, known_file: Path | None, demand: tuple[str, ...]) -> None:
    """Judge every other framework that is installed, each in a process of its own: see docs/frameworks.md.

    Exits with 0 if everything is as expected, with 1 if not.
    """
    from rich.console import Console

    from lstm_parity.audits.frameworks.report import frameworks_report
    from lstm_parity.audits.frameworks.run import judge_frameworks
    from lstm_parity.audits.pages.tables import frameworks_page
    from lstm_parity.implementations.frameworks.registry import FRAMEWORKS

    if unknown := set(demand) - {one.group for one in FRAMEWORKS}:
        raise click.UsageError(f"--demand {min(unknown)} was given, but requirements/ has no {min(unknown)}.txt")
    known = read_known(known_file, "frameworks", [one.name for one in FRAMEWORKS])
    with Console(stderr=True).status("starting") as status:
        judged = judge_frameworks(demand, progress=lambda text: status.update(f"judging {text}"))
    report, code = frameworks_report(judged, known)
    outputs.write(report.also("html", lambda: frameworks_page(judged, report.known)))
    sys.exit(code)
