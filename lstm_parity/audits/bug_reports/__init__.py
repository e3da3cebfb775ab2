"""Bug reports: what somebody has of an LSTM and of what came out, judged as far as it goes: `docs/report-format.md`."""
