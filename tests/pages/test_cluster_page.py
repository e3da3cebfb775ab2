"""docs/cluster.md: what its compose file starts is a cluster of three nodes, and its commands are ours."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from lstm_parity.cli_sweep import sweep

PAGE = (Path(__file__).parents[2] / "docs/cluster.md").read_text()


def test_the_compose_file_has_three_nodes_of_one_cluster():
    """A head, and two that join it at its port, of one image and with one secret."""
    services = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])["services"]
    head, node = services["head"], services["node"]
    port = re.search(r"--port=(\d+)", head["command"])[1]

    assert (f"--address=head:{port} " in node["command"], node["deploy"]["replicas"]) == (True, 2)
    assert (head["build"], head["environment"]) == (node["build"], node["environment"])


@pytest.mark.parametrize("command", re.findall(r"lstm-parity sweep( --ray[^#\n`]*)", PAGE))
def test_its_commands_are_understood(command):
    """Each option of theirs is one of the sweep."""
    context = sweep.make_context("sweep", shlex.split(command))

    assert context.params["ray"] in ("local", "auto", "10.0.0.1:6379")
