"""Files that are cut short, executable, too large, or not what they say."""

from __future__ import annotations

import pickle

from specimens.hostile_files.encoding import Pwned, bomb, encode, header, lying_zip, npy_header, saved, shaped, zipped
from specimens.hostile_files.parts import NPY, NPZ, OBJECTS, PT, Rows
from specimens.hostile_files.writing import (
    json_weights,
    non_utf8,
    nothing,
    npz,
    pt,
    setting_text,
    tensors,
    weight,
    weight_file,
    with_file,
)

CUT_SHORT: Rows = (
    ("npy_cut", "A weight of which half the numbers are there.", weight(NPY[: len(NPY) - 96])),
    ("npy_header_cut", "A weight that ends inside its header.", weight(NPY[:40])),
    ("npz_cut", "A .npz without its end.", npz(NPZ[:-200])),
    ("pt_cut", "A .pt without its second half.", pt(PT[: len(PT) // 2])),
    ("safetensors_cut", "A .safetensors without its data.", tensors(encode(header(0, 192)))),
    (
        "h5_cut",
        "An .h5 of which little more than the signature is there.",
        weight_file("h5", b"\x89HDF\r\n\x1a\n" + bytes(40)),
    ),
    (
        "onnx_cut",
        "An .onnx that ends inside its first long field.",
        weight_file("onnx", b"\x08\x08\x3a\xff\xff\x7fmain"),
    ),
    ("json_cut", "Weights in JSON that end in the middle.", json_weights("[[0.1, 0.2")),
    ("setting_cut", "A setting.json that ends in the middle.", setting_text('{"format": "lstm-par')),
)
PICKLES: Rows = (
    ("npy_pickle", "A weight that is an array of objects, which create a file.", weight(OBJECTS)),
    ("npz_pickle", "A .npz with an array of objects.", npz(zipped(**{"weight_ih_l0.npy": OBJECTS}))),
    ("pt_pickle", "A .pt that creates a file when unpickled.", pt(saved({"weight_ih_l0": Pwned()}))),
    ("raw_pickle", "A plain pickle called .pt, which creates a file.", pt(pickle.dumps(Pwned()))),
    (
        "npy_header_of_code",
        "A .npy whose header is an expression that creates a file.",
        weight(npy_header("open('PWNED', 'w')")),
    ),
)
TOO_LARGE: Rows = (
    ("zip_bomb", "A .npz below 1 MB that expands to 900 MB.", lambda folder: npz(bomb())(folder)),
    ("lying_zip", "A .npz whose directory declares 4 GB for a small member.", npz(lying_zip())),
    ("npy_of_10_gb", "A weight whose header declares 10 GB.", weight(shaped("(16, 156250000)"))),
    (
        "npz_of_10_gb",
        "A .npz whose member declares 10 GB.",
        npz(zipped(**{"weight_ih_l0.npy": shaped("(16, 156250000)")})),
    ),
    ("npy_beyond_64_bits", "A weight with more numbers than 64 bits count.", weight(shaped(f"({2**40}, {2**40})"))),
    ("npy_long_header", "A weight whose header is said to be 65535 bytes long.", weight(npy_header("{}", b"", 65535))),
    ("safetensors_long_header", "A .safetensors with a header of 10 GB.", tensors(encode({}, b"", 10**10))),
    (
        "safetensors_of_10_gb",
        "Tensors that end 10 GB after the end of the file.",
        tensors(encode(header(0, 10**10, shape=(16, 156250000)), bytes(192))),
    ),
)
MISLEADING: Rows = (
    ("safetensors_overlap", "Two tensors that share bytes.", tensors(encode(header(0, 192, 96, 288), bytes(288)))),
    ("safetensors_no_json", "A .safetensors whose header is not JSON.", tensors(encode(b"not json at all"))),
    ("negative_size", "A weight of -16 x 3.", weight(shaped("(-16, 3)"))),
    ("nan_size", "A weight of nan x 3.", weight(shaped("(nan, 3)"))),
    ("png_as_npy", "A picture called .npy.", weight(b"\x89PNG\r\n\x1a\n" + bytes(200))),
    ("empty_npy", "A weight of no bytes.", weight(b"")),
    ("empty_setting", "A setting.json of no bytes.", setting_text("")),
    ("empty_folder", "No file at all.", nothing),
    (
        "zeros_in_text",
        "A .txt with binary zeros between its numbers.",
        with_file("weight_ih_l0.txt", b"1 2 3\n\x00\x00\x00 5 6\n" * 8, "weight_ih"),
    ),
    (
        "ragged_csv",
        "A .csv with rows of three and of two numbers.",
        with_file("weight_ih_l0.csv", b"1,2,3\n1,2\n" * 8, "weight_ih"),
    ),
    ("name_not_utf8", "A weight in a file whose name is not UTF-8.", non_utf8),
    ("zip_upwards", "A .npz whose only member would leave the folder.", npz(zipped(**{"../../PWNED.npy": NPY}))),
    ("zip_absolute", "A .npz whose only member has an absolute path.", npz(zipped(**{"/tmp/PWNED.npy": NPY}))),
)
