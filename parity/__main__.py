"""`python -m parity` is the command `lstm-parity`."""

from parity.cli import main

main(prog_name="lstm-parity")
