"""Who is judged: torch's modules, both references, and anything that is called like `nn.LSTM`."""
