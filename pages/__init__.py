"""Scripts that write pages of the documentation, with the data behind them: `python -m pages.NAME`."""
