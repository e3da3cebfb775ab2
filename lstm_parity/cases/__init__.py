"""What an LSTM is judged on: settings, features, value profiles, cases, covering designs."""
