"""How an implementation is asked: its protocol, calls, evidence, autograd, child processes, devices."""
