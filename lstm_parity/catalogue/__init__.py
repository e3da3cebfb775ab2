"""Known wrong LSTMs (`mistakes`) and calls that must be refused (`bad_calls`)."""
