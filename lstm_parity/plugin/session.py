"""A run in which the plugin is active: threads, hypothesis profiles, the device, the record, the header."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_parity.plugin import option
from lstm_parity.running.threads import share_cores

_REPEATABLE, _EXPLORING = "lstm-parity-repeatable", "lstm-parity-exploring"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Prepare the process, before torch is imported."""
    share_cores()
    config.addinivalue_line("markers", "most_sensitive: a test that sees most; with --impl it runs first")
    if (device := option(config, "device", "cpu")) != "cpu":
        _require(device)
    if (record := option(config, "against")) is not None and not hasattr(config, "workerinput"):
        from lstm_parity.plugin.against import Against

        config.pluginmanager.register(Against(Path(record), device))
    _register_profiles(config)


def _register_profiles(config: pytest.Config) -> None:
    """Register hypothesis profiles, before hypothesis looks for one by its name.

    lstm-parity-repeatable: the same examples for the same version of the tests, so that a red run is red again; as many
    as kill every known mistake, twice over (experiments/detection.md).
    lstm-parity-exploring: new examples in every run, and a database of those that failed; hypothesis's own profile for
    CI never explores. No deadline in either: the first call of a kernel takes long.
    """
    from hypothesis import HealthCheck, Phase, settings

    phases = [phase for phase in Phase if phase is not Phase.explain]  # our own report says more
    common = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=phases)
    settings.register_profile(_REPEATABLE, common, max_examples=20, derandomize=True, database=None)
    settings.register_profile(_EXPLORING, common, max_examples=200, derandomize=False, print_blob=True)
    if not config.getoption("hypothesis_profile", None) and option(config, "impl") is not None:
        config.option.hypothesis_profile = _REPEATABLE  # in an installed package our pyproject.toml is not read


def _require(device: str) -> None:
    from lstm_parity.running.devices import DeviceMissingError, require_device

    try:
        require_device(device)
    except DeviceMissingError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Print the versions, kernels, threads and dtypes that the results hold for."""
    from lstm_parity.cases.setting import DTYPES
    from lstm_parity.reports.provenance import collect_provenance

    found = collect_provenance(option(config, "device", "cpu"))
    lines = [
        f"torch {found['torch']}, numpy {found['numpy']}, {found['kernels']}",
        f"{found['threads']} threads, {found['processor']}, dtypes {', '.join(DTYPES)}",
    ]
    if (target := option(config, "impl")) is not None:
        where = "in this process" if option(config, "in-process") else "in a process of its own"
        without = "".join(f", without {feature}" for feature in option(config, "without", ()))
        arithmetic = f", in {option(config, 'arithmetic')}" if option(config, "arithmetic") else ""
        lines.append(f"judging {target} {where}{without}{arithmetic}")
    lines += [f"{name} {found[name]}" for name in ("device", "cuDNN", "TF32") if name in found]
    lines += [f"only case {option(config, 'case')}"] if option(config, "case") else []
    return [f"lstm-parity: {line}" for line in lines]
