"""`python -m lstm_parity` is the command `lstm-parity`; recording and comparing run without click."""

import sys

from lstm_parity.audits.upgrade.command import COMMANDS
from lstm_parity.audits.upgrade.command import main as upgrade

if sys.argv[1:2] and sys.argv[1] in COMMANDS:
    from lstm_parity.audits.known.comparisons import judge_comparison
    from lstm_parity.audits.pages import make_records_page

    sys.exit(upgrade(sys.argv[1:], judge_known=judge_comparison, make_page=make_records_page))

from lstm_parity.cli import main

main(prog_name="lstm-parity")
