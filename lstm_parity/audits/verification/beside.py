"""Half of a verification in a second process, for machines with more than one core.

It judges some dtypes of the target and appends what is right to the file of the verification. The first process reads
it there, and judges by itself all that is missing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lstm_parity.audits.progress import Progress
from lstm_parity.audits.verification.options import Hooks, VerifyOptions
from lstm_parity.audits.verification.rows import WorkFile
from lstm_parity.audits.verification.verify import verify_one
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import Target
from lstm_parity.running.child_process import ProcessServer
from lstm_parity.running.threads import count_cores

_PROGRAM = f"""
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from lstm_parity.implementations.remote import make_worker_server
server = make_worker_server()
server.start()  # it imports torch while this process does
from {__name__} import judge
judge(sys.argv[2], server)
"""


@dataclass(eq=False)
class Beside:
    """The second process, which is started at most once, and ends with the `with` block.

    limits: seconds that a call may take, and GiB. dtypes: those that it judges; if there are none, it is not started.
    """

    target: Target
    limits: tuple[float, float]
    options: VerifyOptions
    work: WorkFile
    dtypes: tuple[str, ...]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, if there is a core for it."""
        if self._process is None and self.dtypes and count_cores() > 1:
            options = asdict(replace(self.options, prove=False))
            question = json.dumps([self.target.fields, self.limits, options, str(self.work.path), self.dtypes])
            words = [sys.executable, "-W", "ignore", "-c", _PROGRAM, json.dumps(sys.path), question]
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def wait(self, progress: Progress) -> None:
        """Wait until it has judged its dtypes."""
        while self._process is not None and self._process.poll() is None:
            progress.say(f"{self.target}, {' and '.join(self.dtypes)}, in a second process")
            time.sleep(0.1)

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def share_out(target: Target) -> tuple[str, ...]:
    """Return the dtypes for a second process: every other one of those that are not declared away."""
    return tuple(dtype for dtype in DTYPES if dtype not in target.without)[1::2]


def judge(question: str, server: ProcessServer) -> None:
    """Judge what this process is for; what it runs."""
    fields, limits, options, work, dtypes = json.loads(question)
    file = WorkFile(Path(work))
    with RemoteImplementation(Target.of(fields), limits[0], limits[1], server) as implementation:

        def end(*_: object) -> None:
            implementation.kill()
            os._exit(0)

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        verify_one(implementation, dtypes, options=VerifyOptions(**options), hooks=Hooks(file.rows_of, file.append))
