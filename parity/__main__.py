"""`python -m parity` is the command `lstm-parity`; recording and comparing run without click."""

import sys

from parity.upgrade.command import COMMANDS
from parity.upgrade.command import main as upgrade

if sys.argv[1:2] and sys.argv[1] in COMMANDS:
    sys.exit(upgrade(sys.argv[1:]))

from parity.cli import main

main(prog_name="lstm-parity")
