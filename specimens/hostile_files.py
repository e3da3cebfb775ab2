"""Sixty folders that are damaged, contradictory or meant to do harm.

Of each, a program that reads reports must say in a sentence what is wrong and exit with 2, in under 2 seconds. It
must write nothing and execute nothing: some of these files create a file `PWNED` in the current directory if they are
unpickled or evaluated. Apart from what its docstring says, each folder is a right report of a small LSTM.

`python hostile_files.py DEST` writes them as DEST/NAME/.
"""

import io
import json
import os
import pickle
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[Any]
Write = Callable[[Path], object]
FORMAT = {"format": "lstm-parity folder, format 1"}


class Pwned:
    """An object whose unpickling creates a file."""

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, ("PWNED", "w")


def small_case() -> dict[str, Array]:
    """Compute a right case: I 3, H 4, T 5, B 2."""
    torch.manual_seed(0)
    module, x = torch.nn.LSTM(3, 4), torch.randn(5, 2, 3)
    with torch.no_grad():
        output, (h_n, c_n) = module(x)
    tensors = {**module.state_dict(), "input": x, "output": output, "h_n": h_n, "c_n": c_n}
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def put(folder: Path, without: str = "-", other: dict[str, Array] | None = None) -> None:
    """Write the right case as .npy files, but for names that begin with `without` and with other arrays."""
    for name, value in (small_case() | (other or {})).items():
        if not name.startswith(without):
            np.save(folder / f"{name}.npy", value)


def setting(**fields: Any) -> Write:
    """Write the right case with fields of setting.json."""
    return setting_text(json.dumps(FORMAT | fields))


def setting_text(text: str | bytes) -> Write:
    """Write the right case with a setting.json of this text."""
    return with_file("setting.json", text.encode() if isinstance(text, str) else text)


def with_file(file: str, content: bytes, without: str = "-") -> Write:
    """Write the right case without some arrays, and a file of this content."""

    def write(folder: Path) -> None:
        put(folder, without)
        (folder / file).write_bytes(content)

    return write


def with_special(file: str, make: Write, without: str) -> Write:
    """Write the right case without some arrays, and something at the path of a file."""

    def write(folder: Path) -> None:
        put(folder, without)
        make(folder / file)

    return write


def changed(**arrays: Array) -> Write:
    """Write the right case with other arrays."""
    return lambda folder: put(folder, other=arrays)


def npy(value: Array) -> bytes:
    """Encode an array, objects included."""
    file = io.BytesIO()
    np.save(file, value, allow_pickle=True)
    return file.getvalue()


def npy_header(header: str, data: bytes = b"", declared: int | None = None) -> bytes:
    """Encode a .npy of version 1 with any text as header, and any declared length of it."""
    length = len(header) + 1 if declared is None else declared
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", length) + header.encode() + b"\n" + data


def shaped(shape: str) -> bytes:
    """Encode a .npy that declares float32 numbers of a shape and holds 192 bytes."""
    return npy_header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}", bytes(192))


def zipped(**members: bytes) -> bytes:
    """Encode a zip of members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def bomb() -> bytes:
    """Encode a .npz below 1 MB, whose only array expands to 900 MB."""
    file, block = io.BytesIO(), bytes(10**6)
    header = npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (16, 14062500)}")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("weight_ih_l0.npy", "w") as member:
        for content in [header, *[block] * 900]:
            member.write(content)
    return file.getvalue()


def lying_zip() -> bytes:
    """Encode a .npz whose directory says that its small member has 4 GB."""
    content = bytearray(zipped(**{"weight_ih_l0.npy": shaped("(16, 3)")}))
    central = content.index(b"PK\x01\x02")
    content[central + 24 : central + 28] = struct.pack("<I", 2**32 - 2)
    return bytes(content)


def encode(head: object, data: bytes = b"", declared: int | None = None) -> bytes:
    """Encode a .safetensors with any header, and any declared length of it."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text) if declared is None else declared) + text + data


def header(*ends: int, shape: tuple[int, ...] = (16, 3)) -> dict[str, object]:
    """Describe weight_ih_l0 and weight_hh_l0 at these offsets."""
    names = ("weight_ih_l0", "weight_hh_l0")
    pairs = zip(names, zip(ends[::2], ends[1::2], strict=True), strict=False)
    return {name: {"dtype": "F32", "shape": shape, "data_offsets": pair} for name, pair in pairs}


def saved(value: object) -> bytes:
    """Encode what torch.save makes of anything."""
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def json_weights(text: str) -> Write:
    """Write the right case with weight_ih_l0 as a piece of JSON."""
    return with_file("more.json", f'{{"weight_ih_l0": {text}}}'.encode(), "weight_ih")


def weight_file(ending: str, content: bytes) -> Write:
    """Write the right case with all its weights in one file, which is no good."""

    # `bias` and `weight` both go: what is left are the input and the results.
    def write(folder: Path) -> None:
        for name, value in small_case().items():
            if not name.startswith(("weight", "bias")):
                np.save(folder / f"{name}.npy", value)
        (folder / f"weights.{ending}").write_bytes(content)

    return write


def non_utf8(folder: Path) -> None:
    """Write the right case with weight_ih_l0 in a file whose name is not UTF-8."""
    put(folder, "weight_ih")
    Path(os.fsdecode(os.fsencode(folder) + b"/weight_ih_l0\xff.npy")).write_bytes(npy(np.zeros((16, 3), np.float32)))


def weight(content: bytes) -> Write:
    """Write the right case with this content of weight_ih_l0.npy."""
    return with_file("weight_ih_l0.npy", content)


def special(make: Write) -> Write:
    """Write the right case with something else at the path of weight_ih_l0.npy."""
    return with_special("weight_ih_l0.npy", make, "weight_ih")


def npz(content: bytes) -> Write:
    """Write the right case with all its weights in a .npz of this content."""
    return weight_file("npz", content)


def pt(content: bytes) -> Write:
    """Write the right case with all its weights in a .pt of this content."""
    return weight_file("pt", content)


def tensors(content: bytes) -> Write:
    """Write the right case with all its weights in a .safetensors of this content."""
    return weight_file("safetensors", content)


def hostile(name: str, says: str, write: Write) -> Callable[[Path], None]:
    """Make a function with this name and docstring."""

    def function(folder: Path) -> None:
        write(folder)

    function.__name__, function.__doc__ = name, says
    return function


def nothing(folder: Path) -> None:
    """Write nothing."""


def table() -> tuple[Callable[[Path], None], ...]:
    """List all sixty."""
    case = small_case()
    half = {name: value for name, value in case.items() if name.startswith(("weight", "bias"))}
    w, ones = case["weight_ih_l0"], np.ones
    whole_npz = zipped(**{f"{name}.npy": npy(value) for name, value in half.items()})
    whole_pt = saved({name: torch.tensor(value) for name, value in half.items()})
    objects = npy(np.array([Pwned()], object))
    png = b"\x89PNG\r\n\x1a\n" + bytes(200)
    deep = "[" * 100_000 + "]" * 100_000
    cut, link, mutual = (
        npy(w),
        Path.symlink_to,
        [{"input": "input", "output": "output", "continues": n} for n in (1, 0)],
    )
    ih, ragged = "weight_ih_l0.npy", b"1,2,3\n1,2\n" * 8
    rows = (
        # cut short
        ("npy_cut", "A weight of which half the numbers are there.", weight(cut[: len(cut) - 96])),
        ("npy_header_cut", "A weight that ends inside its header.", weight(cut[:40])),
        ("npz_cut", "A .npz without its end.", npz(whole_npz[:-200])),
        ("pt_cut", "A .pt without its second half.", pt(whole_pt[: len(whole_pt) // 2])),
        ("safetensors_cut", "A .safetensors without its data.", tensors(encode(header(0, 192)))),
        ("h5_cut", "An .h5 of which little more than the signature is there.",
         weight_file("h5", b"\x89HDF\r\n\x1a\n" + bytes(40))),
        ("onnx_cut", "An .onnx that ends inside its first long field.",
         weight_file("onnx", b"\x08\x08\x3a\xff\xff\x7fmain")),
        ("json_cut", "Weights in JSON that end in the middle.", json_weights("[[0.1, 0.2")),
        ("setting_cut", "A setting.json that ends in the middle.", setting_text('{"format": "lstm-par')),
        # pickles
        ("npy_pickle", "A weight that is an array of objects, which create a file.", weight(objects)),
        ("npz_pickle", "A .npz with an array of objects.", npz(zipped(**{ih: objects}))),
        ("pt_pickle", "A .pt that creates a file when unpickled.", pt(saved({"weight_ih_l0": Pwned()}))),
        ("raw_pickle", "A plain pickle called .pt, which creates a file.", pt(pickle.dumps(Pwned()))),
        ("npy_header_of_code", "A .npy whose header is an expression that creates a file.",
         weight(npy_header("open('PWNED', 'w')"))),
        # too large
        ("zip_bomb", "A .npz below 1 MB that expands to 900 MB.", lambda folder: npz(bomb())(folder)),
        ("lying_zip", "A .npz whose directory declares 4 GB for a small member.", npz(lying_zip())),
        ("npy_of_10_gb", "A weight whose header declares 10 GB.", weight(shaped("(16, 156250000)"))),
        ("npz_of_10_gb", "A .npz whose member declares 10 GB.", npz(zipped(**{ih: shaped("(16, 156250000)")}))),
        ("npy_beyond_64_bits", "A weight with more numbers than 64 bits count.", weight(shaped(f"({2**40}, {2**40})"))),
        ("npy_long_header", "A weight whose header is said to be 65535 bytes long.",
         weight(npy_header("{}", b"", 65535))),
        ("safetensors_long_header", "A .safetensors with a header of 10 GB.", tensors(encode({}, b"", 10**10))),
        ("safetensors_of_10_gb", "Tensors that end 10 GB after the end of the file.",
         tensors(encode(header(0, 10**10, shape=(16, 156250000)), bytes(192)))),
        # not what the header or the ending says
        ("safetensors_overlap", "Two tensors that share bytes.", tensors(encode(header(0, 192, 96, 288), bytes(288)))),
        ("safetensors_no_json", "A .safetensors whose header is not JSON.", tensors(encode(b"not json at all"))),
        ("negative_size", "A weight of -16 x 3.", weight(shaped("(-16, 3)"))),
        ("nan_size", "A weight of nan x 3.", weight(shaped("(nan, 3)"))),
        ("png_as_npy", "A picture called .npy.", weight(png)),
        ("empty_npy", "A weight of no bytes.", weight(b"")),
        ("empty_setting", "A setting.json of no bytes.", setting_text("")),
        ("empty_folder", "No file at all.", nothing),
        ("zeros_in_text", "A .txt with binary zeros between its numbers.",
         with_file("weight_ih_l0.txt", b"1 2 3\n\x00\x00\x00 5 6\n" * 8, "weight_ih")),
        ("ragged_csv", "A .csv with rows of three and of two numbers.",
         with_file("weight_ih_l0.csv", ragged, "weight_ih")),
        ("name_not_utf8", "A weight in a file whose name is not UTF-8.", non_utf8),
        ("zip_upwards", "A .npz whose only member would leave the folder.", npz(zipped(**{"../../PWNED.npy": npy(w)}))),
        ("zip_absolute", "A .npz whose only member has an absolute path.", npz(zipped(**{"/tmp/PWNED.npy": npy(w)}))),
        # links and the like
        ("link_to_root", "weight_ih_l0.npy is a link to /.", special(lambda p: link(p, "/"))),
        ("link_to_itself", "weight_ih_l0.npy is a link to itself.", special(lambda p: link(p, p.name))),
        ("link_to_zeros", "weight_ih_l0.npy is a link to /dev/zero.", special(lambda p: link(p, "/dev/zero"))),
        ("setting_of_zeros", "setting.json is a link to /dev/zero.",
         with_special("setting.json", lambda p: link(p, "/dev/zero"), "-")),
        ("named_pipe", "input.npy is a pipe to which nobody writes.", with_special("input.npy", os.mkfifo, "input")),
        ("folder_as_npy", "weight_ih_l0.npy is a folder.", special(Path.mkdir)),
        # JSON
        ("deep_json", "Weights in JSON of 100,000 lists inside one another.", json_weights(deep)),
        ("json_1e999", "A weight in JSON that is beyond all floats.",
         json_weights("[[1e999, 0, 0]" + ", [0, 0, 0]" * 15 + "]")),
        ("json_huge_int", "A weight in JSON of 100,000 digits.",
         json_weights("[[" + "9" * 100_000 + ", 0, 0]" + ", [0, 0, 0]" * 15 + "]")),
        ("setting_twice", "A field that is there twice, with two values.",
         setting_text('{"batch_first": true, "batch_first": false}')),
        # setting.json
        ("unknown_field", "A field that the format does not have.", setting(batch_frist=True)),
        ("wrong_kind", "batch_first is a list.", setting(batch_first=[False])),
        ("negative_lengths", "A length of -3.", setting(lengths=[5, -3])),
        ("lengths_beyond", "A length above the number of steps.", setting(lengths=[5, 50])),
        ("continues_itself", "A call that continues itself.", setting(calls=[mutual[1]])),
        ("continue_each_other", "Two calls that continue each other.", setting(calls=mutual)),
        ("call_of_nothing", "A call whose input does not exist.",
         setting(calls=[{"input": "nowhere", "output": "output"}])),
        ("prefix_of_nothing", "A prefix that no weight has.", setting(prefix="decoder.rnn.")),
        ("layer_of_nothing", "A step behind the LSTM for which there are no weights.", setting(after=["fc"])),
        # arrays that do not fit
        ("other_hidden_size", "weight_hh of another hidden size.", changed(weight_hh_l0=ones((20, 5), np.float32))),
        ("other_input_size", "An input of seven features, where the weights have three.",
         changed(input=ones((5, 2, 7), np.float32))),
        ("strings", "Weights that are strings.", changed(weight_ih_l0=w.astype("U12"))),
        ("complex_numbers", "Weights that are complex.", changed(weight_ih_l0=w.astype(np.complex64) * 1j)),
        ("nan_weights", "Weights that are all NaN.", changed(weight_ih_l0=w * np.float32(np.nan))),
        ("output_of_rank_6", "An output of six axes.", changed(output=case["output"].reshape(5, 1, 2, 1, 4, 1))),
    )  # fmt: skip
    return tuple(hostile(*row) for row in rows)


HOSTILE = table()


def main(target: Path) -> None:
    """Write all folders below one."""
    for function in HOSTILE:
        folder = target / function.__name__
        folder.mkdir(parents=True)
        function(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
