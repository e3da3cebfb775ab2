"""Links, JSON, settings and arrays that cannot be read as what they are given for."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from specimens.hostile_files.parts import CASE, Rows, W
from specimens.hostile_files.writing import changed, json_weights, setting, setting_text, special, with_special

_MUTUAL = [{"input": "input", "output": "output", "continues": n} for n in (1, 0)]
LINKS: Rows = (
    ("link_to_root", "weight_ih_l0.npy is a link to /.", special(lambda p: Path.symlink_to(p, "/"))),
    ("link_to_itself", "weight_ih_l0.npy is a link to itself.", special(lambda p: Path.symlink_to(p, p.name))),
    ("link_to_zeros", "weight_ih_l0.npy is a link to /dev/zero.", special(lambda p: Path.symlink_to(p, "/dev/zero"))),
    (
        "setting_of_zeros",
        "setting.json is a link to /dev/zero.",
        with_special("setting.json", lambda p: Path.symlink_to(p, "/dev/zero"), "-"),
    ),
    ("named_pipe", "input.npy is a pipe to which nobody writes.", with_special("input.npy", os.mkfifo, "input")),
    ("folder_as_npy", "weight_ih_l0.npy is a folder.", special(Path.mkdir)),
)
JSON: Rows = (
    ("deep_json", "Weights in JSON of 100,000 lists inside one another.", json_weights("[" * 100_000 + "]" * 100_000)),
    (
        "json_1e999",
        "A weight in JSON that is beyond all floats.",
        json_weights("[[1e999, 0, 0]" + ", [0, 0, 0]" * 15 + "]"),
    ),
    (
        "json_huge_int",
        "A weight in JSON of 100,000 digits.",
        json_weights("[[" + "9" * 100_000 + ", 0, 0]" + ", [0, 0, 0]" * 15 + "]"),
    ),
    (
        "setting_twice",
        "A field that is there twice, with two values.",
        setting_text('{"batch_first": true, "batch_first": false}'),
    ),
)
SETTINGS: Rows = (
    ("unknown_field", "A field that the format does not have.", setting(batch_frist=True)),
    ("wrong_kind", "batch_first is a list.", setting(batch_first=[False])),
    ("negative_lengths", "A length of -3.", setting(lengths=[5, -3])),
    ("lengths_beyond", "A length above the number of steps.", setting(lengths=[5, 50])),
    ("continues_itself", "A call that continues itself.", setting(calls=[_MUTUAL[1]])),
    ("continue_each_other", "Two calls that continue each other.", setting(calls=_MUTUAL)),
    (
        "call_of_nothing",
        "A call whose input does not exist.",
        setting(calls=[{"input": "nowhere", "output": "output"}]),
    ),
    ("prefix_of_nothing", "A prefix that no weight has.", setting(prefix="decoder.rnn.")),
    ("layer_of_nothing", "A step behind the LSTM for which there are no weights.", setting(after=["fc"])),
)
ARRAYS: Rows = (
    ("other_hidden_size", "weight_hh of another hidden size.", changed(weight_hh_l0=np.ones((20, 5), np.float32))),
    (
        "other_input_size",
        "An input of seven features, where the weights have three.",
        changed(input=np.ones((5, 2, 7), np.float32)),
    ),
    ("strings", "Weights that are strings.", changed(weight_ih_l0=W.astype("U12"))),
    ("complex_numbers", "Weights that are complex.", changed(weight_ih_l0=W.astype(np.complex64) * 1j)),
    ("nan_weights", "Weights that are all NaN.", changed(weight_ih_l0=W * np.float32(np.nan))),
    ("output_of_rank_6", "An output of six axes.", changed(output=CASE["output"].reshape(5, 1, 2, 1, 4, 1))),
)
