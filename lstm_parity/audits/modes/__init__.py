"""Every way in which torch runs nn.LSTM, judged on a design of trials, with the failures that are expected."""
