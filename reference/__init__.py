"""The reference: what an LSTM computes, and how exactly one may expect an implementation to agree."""
