"""How an implementation is run: its protocol, calls, evidence, autograd, child processes, devices."""
