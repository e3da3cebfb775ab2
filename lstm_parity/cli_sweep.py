"""The command `lstm-parity sweep`, with `report`, `compare` and `rescue` for its stores."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_parity.cli_parts import (
    INTERRUPTED,
    Outputs,
    device_option,
    find_target,
    report_options,
    strict_option,
    target_options,
)
from lstm_parity.implementations.target import Target

if TYPE_CHECKING:
    from lstm_parity.audits.sweep.cluster.on_ray import RayWorkers
    from lstm_parity.audits.sweep.run import Plan
    from lstm_parity.audits.sweep.store import Store
    from lstm_parity.audits.sweep.workers import LocalWorkers

_STORE = click.Path(dir_okay=False, path_type=Path)
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_where_option = click.option(
    "--where", default="", metavar="SQL", help='Judge only such cells, as in "bidirectional and packed".'
)


def _read_duration(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    if not (match := re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)):
        raise click.BadParameter(f"{text!r} was given, but it is a time as in 60s, 10m or 2h")
    return float(match[1]) * _UNITS[match[2] or "s"]


def _read_range(context: click.Context, option: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+):(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise click.BadParameter(f"{text!r} was given, but it is two sizes from 1 on, as in 1:256")
    return int(match[1]), int(match[2])


@click.group(invoke_without_command=True)
@report_options("junit", "html")
@target_options
@strict_option
@click.option(
    "--profile",
    type=click.Choice(("quick", "forward", "full")),
    default="forward",
    show_default=True,
    help="quick: no modes, strides and threads; forward: every cell of outputs; full: gradients too.",
)
@click.option(
    "--sizes", metavar="A:B", callback=_read_range, help="Every H, I, B and T in this range. [default: 1:130]"
)
@_where_option
@click.option("--cases", type=click.IntRange(0), default=0, help="Judge this many cases, with as many seeds as needed.")
@click.option("--seed", type=click.IntRange(0), default=1, help="Seed of the first case.", show_default=True)
@click.option(
    "--budget", metavar="TIME", callback=_read_duration, help="Stop after this time, as in 60s; the rest is left."
)
@click.option("--store", type=_STORE, default=Path("lstm.sweep"), help="Where results are kept.", show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Processes. [default: one for each core]")
@click.option(
    "--ray",
    is_flag=False,
    flag_value="local",
    metavar="[ADDRESS]",
    help="Judge on the Ray cluster at HOST:PORT, or `auto`; without an address, on a new one of this machine.",
)
@device_option
def sweep(outputs: Outputs, **options: Any) -> None:
    """Judge every cell of the lattice of settings: an implementation's, or the installed nn.LSTM's.

    Results are written to a store as they come; the same command goes on where it ended. Exits with 0 if every cell is
    in parity, with 1 if one is wrong, with 3 if cells are left, and with 130 after Ctrl-C.
    """
    if click.get_current_context().invoked_subcommand is None:
        _run(options, outputs)


def _run(options: dict[str, Any], outputs: Outputs) -> None:
    from lstm_parity.audits.progress import Progress
    from lstm_parity.audits.sweep.run import lock_store, run_sweep
    from lstm_parity.audits.sweep.store import Store
    from lstm_parity.audits.sweep.workers import ClusterError
    from lstm_parity.reports.progress_bar import show_progress
    from lstm_parity.reports.sweep import refused_nodes_text

    path, plan, interrupted = options["store"], _make_plan(options), False
    with _refusing(), lock_store(path):
        with _hire(plan, options) as workers, _open(path, plan) as store, show_progress() as report:
            try:
                run_sweep(store, workers, Progress(report), options["budget"])
            except KeyboardInterrupt:
                interrupted = True
            except ClusterError as error:
                click.echo(f"{error}: the rest is left", err=True)
        click.echo(refused_nodes_text(getattr(workers, "refused", {}).values()), nl=False, err=True)
        with Store(path, read_only=True) as store:
            code = _print_report(store, "", outputs)
    if interrupted:
        click.echo("The same command goes on.", err=True)
    sys.exit(INTERRUPTED if interrupted else code)


def _hire(plan: Plan, options: dict[str, Any]) -> LocalWorkers | RayWorkers:
    """Return the workers: of this machine, or of a cluster."""
    from lstm_parity.audits.sweep.workers import LocalWorkers, Question
    from lstm_parity.running.threads import count_cores

    question = Question(plan.target, plan.device, plan.strict)
    if options["ray"] is None:
        return LocalWorkers(question, options["workers"] or count_cores())
    try:
        from lstm_parity.audits.sweep.cluster.on_ray import RayWorkers
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise click.UsageError(
            f"--ray {options['ray']} was given, but Ray is not installed: pip install 'lstm-parity[ray]'"
        ) from error
    return RayWorkers(question, options["ray"], options["workers"])


def _make_plan(options: dict[str, Any]) -> Plan:
    from lstm_parity.audits.sweep.run import Plan

    more = {name: options[name] for name in ("profile", "sizes", "where", "seed", "cases", "device", "strict")}
    if options["impl"] is None:
        return Plan(**more)
    named = ("impl", "arrays", "without", "arithmetic", "map_file")
    target = find_target(*(options[name] for name in named))
    return Plan(target=target.fields, name=str(target), **more)


@contextmanager
def _open(path: Path, plan: Plan) -> Iterator[Store]:
    """Open the store of a plan; write it first if there is none. Another plan's is refused."""
    import torch

    from lstm_parity.audits.sweep.run import create_store, read_plan
    from lstm_parity.audits.sweep.store import Store, StoreError

    if not path.exists():
        create_store(path, plan, torch=torch.__version__)
    elif (kept := read_plan(path)) != plan:
        differing = next(name for name in vars(plan) if getattr(plan, name) != getattr(kept, name))
        raise StoreError(
            f"{path} has a sweep with {differing} {getattr(kept, differing)!r}, and {getattr(plan, differing)!r} was "
            "given: give another --store, or the same options to go on"
        )
    with Store(path) as store:
        yield store


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what cannot be used into a wrong call."""
    from lstm_parity.audits.sweep.store import StoreError
    from lstm_parity.audits.sweep.workers import ClusterError, WorkerError
    from lstm_parity.implementations.target import TargetError

    try:
        yield
    except (StoreError, TargetError, ClusterError) as error:
        raise click.UsageError(str(error)) from error
    except WorkerError as error:
        click.echo(f"It cannot be judged:\n{error}", err=True)
        sys.exit(1)


def _print_report(store: Store, where: str, outputs: Outputs) -> int:
    from lstm_parity.audits.pages.sweep import sum_up_rows, sweep_page
    from lstm_parity.audits.sweep.report import sum_up_store
    from lstm_parity.audits.sweep.run import Plan
    from lstm_parity.reports.sweep import sweep_report

    report, plan = sum_up_store(store, where), Plan.of(store.head)
    options = Target.of(plan.target).options() if plan.target else "--impl module:torch.nn:LSTM"
    options += " --strict" * (plan.strict or not plan.target) + f" --device {plan.device}" * (plan.device != "cpu")
    repeat = f"lstm-parity verify {options}"
    found = sweep_report(report, repeat)
    outputs.write(found.also("html", lambda: sweep_page(report, sum_up_rows(store, where, repeat), repeat)))
    return report.exit_code


@sweep.command()
@click.argument("store", type=_STORE)
@_where_option
@report_options("junit", "html")
def report(outputs: Outputs, store: Path, where: str) -> None:
    """Print what a STORE holds, or the cells of it that satisfy a condition."""
    from lstm_parity.audits.sweep.store import Store

    with _refusing(), Store(store, read_only=True) as opened:
        code = _print_report(opened, where, outputs)
    sys.exit(code)


@sweep.command()
@click.argument("old", type=_STORE)
@click.argument("new", type=_STORE)
@report_options("junit", "html")
def compare(outputs: Outputs, old: Path, new: Path) -> None:
    """Compare two stores: cells that are judged otherwise, and means that drift, with many tests accounted for.

    Exits with 1 if something is worse or drifts, with 3 if no cell is in both.
    """
    from lstm_parity.audits.pages.sweep import sweep_comparison_page
    from lstm_parity.audits.sweep.comparison import compare_stores
    from lstm_parity.audits.sweep.store import Store
    from lstm_parity.reports.sweep import comparison_report

    with _refusing(), Store(old, read_only=True) as before, Store(new, read_only=True) as after:
        found = compare_stores(before, after)
    outputs.write(comparison_report(found).also("html", lambda: sweep_comparison_page(found)))
    sys.exit(found.exit_code)


@sweep.command()
@click.argument("old", type=_STORE)
@click.argument("new", type=_STORE)
def rescue(old: Path, new: Path) -> None:
    """Write the rows of a damaged store OLD that can be read into a NEW one; `sweep --store NEW` judges the rest."""
    from lstm_parity.audits.sweep.rescue import rescue_store

    with _refusing():
        saved, total = rescue_store(old, new)
    click.echo(f"{saved:,} of {total:,} judged cells are in {new}")
