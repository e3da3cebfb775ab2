"""Who is judged: torch's modules, both references, and whatever is called like `nn.LSTM`."""
