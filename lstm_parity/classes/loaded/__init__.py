"""An instance of a class, called like nn.LSTM."""
