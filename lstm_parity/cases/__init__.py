"""What is asked of an LSTM: settings, features, value profiles, cases, covering designs."""
