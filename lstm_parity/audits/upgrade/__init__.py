"""What one torch does, recorded in a file, and two such records compared: what a torch upgrade changed for LSTMs.

record.py, file.py: the record and its file; answers.py, refusals.py, capabilities.py, kernels.py, speeds.py,
conditions.py: its parts, put together by record_torch.py; compare/: two records; report.py: how they are described.
"""
