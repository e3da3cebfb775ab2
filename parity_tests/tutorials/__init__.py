"""The five tutorials this project grew out of: what they claim is tested, and what is wrong in them is shown wrong.

Each has a page in `docs/tutorials/`; the code of all of them, in this project's words, is `tutorials.py`.
"""
