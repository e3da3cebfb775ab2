"""A process that judges shards of a sweep: it loads the implementation once, then answers until its input ends.

Questions and answers are lines of JSON. What the code under judgement prints goes to a file, whose end is reported
if the process dies.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import IO, Any

from lstm_parity.audits.own_arithmetic import measure_arithmetic
from lstm_parity.audits.sweep.rows import decode_rows, encode_result
from lstm_parity.audits.sweep.shard import judge_shard
from lstm_parity.implementations.load import load_target
from lstm_parity.implementations.target import Target, TargetError
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.running.protocol import Implementation
from lstm_parity.version import find_version

_VARIES = ("command", "threads")  # not of the machine; how many threads there are is of a cell
_PATIENCE = 1.0  # seconds, after which it is checked whether the parent process is still there


@dataclass
class Worker:
    """Judges shards of one implementation: a target's fields, or None for the installed torch's nn.LSTM.

    strict: whether only the native arithmetic of each dtype is right.
    """

    fields: dict[str, Any] | None
    device: str = "cpu"
    strict: bool = False
    arithmetics: dict[str, str] = field(default_factory=dict)

    @cached_property
    def implementation(self) -> Implementation:
        """Load it. Raises TargetError if the target is none."""
        return TorchLSTM() if self.fields is None else load_target(Target.of(self.fields))

    @cached_property
    def machine(self) -> str:
        """Return what results depend on beside the implementation: torch, the processor, the device; as JSON."""
        found = collect_provenance(self.device) | {"lstm-parity": find_version()}  # without the date
        return json.dumps({name: value for name, value in found.items() if name not in _VARIES})

    def judge(self, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Judge encoded rows, in the arithmetic of the dtype that the implementation works in; return it encoded."""
        planned = decode_rows(rows)
        if self.fields is not None and not self.strict:
            for dtype in {row.cell.setting.runtime.dtype for row in planned} - self.arithmetics.keys():
                self.arithmetics[dtype] = measure_arithmetic(self.implementation, dtype, self.device).name
        return encode_result(judge_shard(self.implementation, planned, self.arithmetics))


def serve() -> None:
    """Answer on what was stdout, the machine first; what the process runs."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    worker = Worker(**json.loads(sys.stdin.readline()))
    _write(answers, lambda: {"machine": worker.machine})
    for line in sys.stdin:
        _write(answers, partial(worker.judge, json.loads(line)))


def _write(answers: IO[str], find: Callable[[], dict[str, Any]]) -> None:
    """Write what is found, or the error."""
    try:
        answer = find()
    except TargetError as error:
        answer = {"refused": str(error)}
    except Exception:  # of its import, or of ours: calls of it are answered by verdicts
        answer = {"raised": traceback.format_exc()}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _end_with(parent: int) -> None:
    """End this process, in the middle of its work too, when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(_PATIENCE)
    os._exit(1)
