"""The engine: how one judges an implementation of an LSTM. No test lives here."""
