"""Damaged and hostile files are refused in words, quickly, and nothing in them is executed."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile

import h5py
import numpy as np
import onnx
import pytest
import torch

from lstm_parity.files.read import read_arrays, read_report_arrays
from lstm_parity.files.stored import FolderError

WHOLE = np.arange(6, dtype=np.float32).reshape(2, 3)
CONTENT = WHOLE.tobytes()
TEN_GB = (10**9, 10)


class Planted:
    """What writes a file if it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch was-executed",)


def npy(shape=(2, 3), content=CONTENT, dtype="<f4"):
    """The bytes of a .npy file whose header declares this."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue() + content


def zipped(compression=zipfile.ZIP_DEFLATED, **members):
    """A zip file of these members; `__` stands for a slash, and `_up_` for two dots."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as stored:
        for name, content in members.items():
            stored.writestr(name.replace("_up_", "..").replace("__", "/") + ".npy", content)
    return file.getvalue()


def zip_bomb():
    """A zip file whose member declares 3 GB, and holds little."""
    content = bytearray(zipped(x=npy()))
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = content.index(mark) + at
        content[place : place + 4] = struct.pack("<I", 3 * 10**9)
    return bytes(content)


def lying_zip():
    """A zip file whose member is longer than it declares."""
    content = bytearray(zipped(x=npy(content=bytes(10**6))))
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = content.index(mark) + at
        content[place : place + 4] = struct.pack("<I", 100)
    return bytes(content)


def saved(value):
    """The bytes of a file of torch.save."""
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def scripted():
    """The bytes of a compiled module."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as stored:
        stored.writestr("m/code/__torch__.py", "class M: ...")
        stored.writestr("m/constants.pkl", b"")
    return file.getvalue()


def recompressed(content):
    """A zip file with its members compressed, as torch writes none."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return file.getvalue()


def laughs():
    """Lists in lists, each ten times: 10^12 tensors of a few bytes."""
    held = [torch.zeros(1)]
    for _ in range(12):
        held = [held] * 10
    return held


def deep():
    """Dicts in dicts."""
    held = torch.zeros(1)
    for _ in range(30):
        held = {"a": held}
    return held


def hdf5(write):
    """The bytes of an HDF5 file that a function writes."""
    file = io.BytesIO()
    with h5py.File(file, "w") as stored:
        write(stored)
    return file.getvalue()


def tensors_header(shape, end):
    """The bytes of a safetensors file that declares one tensor."""
    header = json.dumps({"x": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).encode()
    return struct.pack("<Q", len(header)) + header


def model(**fields):
    """The bytes of an ONNX model with an initialiser of these fields."""
    tensor = onnx.TensorProto(name="x", data_type=1, **fields)
    return onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], [tensor])).SerializeToString()


EXTERNAL = model(dims=[2], data_location=1, external_data=[{"key": "location", "value": "../../etc/passwd"}])
OUTSIDE = {"external": [("/etc/passwd", 0, 24)]}
FILES = {
    "an unknown ending": ("x.pkl", b"", "is no known format"),
    "no ending": ("x", b"", "no ending is no known format"),
    "cut npy": ("x.npy", npy()[:-4], "20 bytes after its header"),
    "npy of a long header": (
        "x.npy",
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f(((",
        "its header has 2147483647 bytes",
    ),
    "longer npy": ("x.npy", npy() + b"0", "25 bytes after its header"),
    "pickled npy": ("x.npy", npy(dtype="|O", content=pickle.dumps(Planted())), "Python objects, which are never read"),
    "pickle called npy": ("x.npy", pickle.dumps(Planted()), "cannot be read"),
    "npy of 10^10 numbers": ("x.npy", npy(TEN_GB), "at most"),
    "npy without end": ("x.npy", npy((10**18, 10**18)), "at most"),
    "npy of fewer than none": ("x.npy", npy((-2, -3)), "which no array has"),
    "npy of complex numbers": ("x.npy", npy(dtype="<c8"), "complex64 values"),
    "npy of words": ("x.npy", npy(dtype="<U1"), "values"),
    "cut npz": ("x.npz", zipped(x=npy())[:-30], "cannot be read"),
    "no npz": ("x.npz", b"hello", "cannot be read"),
    "npz of 10^10 numbers": ("x.npz", zipped(x=npy(TEN_GB)), "at most"),
    "npz of many arrays": ("x.npz", zipped(**{f"x{k}": npy((10**8,)) for k in range(3)}), "100000000"),
    "zip bomb": ("x.npz", zip_bomb(), "unpacks to 3000000000 bytes"),
    "zip of zeros": ("x.npz", zipped(x=npy((2**24,), bytes(2**26))), "more than 100 times as many"),
    "zip that lies": ("x.npz", lying_zip(), "cannot be read"),
    "bzip2": ("x.npz", zipped(zipfile.ZIP_BZIP2, x=npy()), "in a way that NumPy does not use"),
    "member that leads out": ("x.npz", zipped(_up___x=npy()), "a name that leads out"),
    "absolute member": ("x.npz", zipped(__etc__x=npy()), "a name that leads out"),
    "pickled npz": ("x.npz", zipped(x=npy(dtype="|O", content=b"")), "Python objects, which are never read"),
    "pickle": ("x.pt", pickle.dumps(Planted()), "torch refuses it"),
    "saved object": ("x.pt", saved(Planted()), "torch refuses it"),
    "saved module": ("x.pt", saved(torch.nn.LSTM(2, 3)), "Unsupported global: GLOBAL torch.nn.modules.rnn.LSTM"),
    "cut pt": ("x.pt", saved({"x": torch.zeros(99)})[:-200], "cannot be read"),
    "empty pt": ("x.pt", b"", "torch.save(model.state_dict(), PATH)"),
    "no pt": ("x.bin", b"\0" * 100, "torch.save(model.state_dict(), PATH)"),
    "compiled module": ("x.pt", scripted(), "is a ScriptModule"),
    "compressed pt": ("x.pt", recompressed(saved({"x": torch.zeros(9)})), "a compressed zip file"),
    "expanded tensor": ("x.pt", saved({"x": torch.zeros(1).expand(TEN_GB)}), "at most"),
    "billion laughs": ("x.pt", saved(laughs()), "more than 200000 entries"),
    "deep dict": ("x.pt", saved(deep()), "nested more than 16 deep"),
    "sparse tensor": ("x.pt", saved({"x": torch.eye(3).to_sparse()}), "as a sparse tensor"),
    "complex tensor": ("x.pt", saved({"x": torch.zeros(3, dtype=torch.complex64)}), "as a complex64 tensor"),
    "one name twice": ("x.pt", saved({"a.b": torch.zeros(1), "a": {"b": torch.zeros(2)}}), "holds a.b twice"),
    "safetensors of 10^10 numbers": ("x.safetensors", tensors_header(TEN_GB, 4 * 10**10), "cannot be read"),
    "cut safetensors": ("x.safetensors", tensors_header([2], 8)[:-3], "cannot be read"),
    "cut h5": ("x.h5", hdf5(lambda f: f.create_dataset("x", data=WHOLE))[:-100], "cannot be read"),
    "no h5": ("x.h5", b"hello", "cannot be read"),
    "h5 of 10^10 numbers": ("x.h5", hdf5(lambda f: f.create_dataset("x", TEN_GB, "f4", chunks=(9, 9))), "at most"),
    "h5 with a link": ("x.h5", hdf5(lambda f: f.update(x=h5py.ExternalLink("y.h5", "/x"))), "as a link"),
    "h5 of another file": ("x.h5", hdf5(lambda f: f.create_dataset("x", (3,), "f8", **OUTSIDE)), "in another file"),
    "h5 in itself": ("x.h5", hdf5(lambda f: f.create_group("a").update(b=f["a"])), "nested more than 16 deep"),
    "keras without weights": ("x.keras", zipped(x=b""), "holds no model.weights.h5"),
    "no onnx": ("x.onnx", b"hello", "cannot be read"),
    "onnx of 10^10 numbers": ("x.onnx", model(dims=TEN_GB), "at most"),
    "onnx with fewer numbers": ("x.onnx", model(dims=[9], raw_data=b"1234"), "cannot be read"),
    "onnx of another file": ("x.onnx", EXTERNAL, "in another file"),
    "deep JSON": ("x.json", b"[" * 10**6, "nested more than 16 deep"),
    "JSON of strings": ("x.json", b'{"x": "' + b'\\"[' * 10**5, "cannot be read as JSON"),
    "JSON with a key twice": ("x.json", b'{"x": 1, "x": 2}', "a key stands in it twice"),
    "JSON with a hole": ("x.json", b'{"x": [1, null]}', "null in x"),
    "ragged JSON": ("x.json", b'{"x": [[1], [1, 2]]}', "rows of different lengths"),
    "JSON of another shape": ("x.json", b'{"x": {"data": [1], "shape": [1000000000, 1000000000]}}', "make them agree"),
    "JSON beyond int64": ("x.json", b'{"x": [9999999999999999999]}', "does not fit int64"),
    "long number": ("x.json", b'{"x": 1' + b"0" * 5000 + b"}", "where a number is needed"),
    "a name of a terminal's commands": ("x.json", b'{"\\u001b[2J": 1}', "short name of printable characters"),
    "text of bytes": ("x.txt", b"\xff\xfe\x00", "as UTF-8"),
    "code": ("x.txt", b"x = __import__('os').system('id')", "needed is an array"),
    "empty csv": ("x.csv", b"", "holds no numbers"),
    "csv of words": ("x.csv", b"1,2\nx,y\n", "'x' where a number is needed"),
    "csv with commas and points in numbers": ("x.csv", b"0,5;0.6\n0,7;0,8\n", "'0,5'"),
    "zipped pickle": ("x.zip", zipped(x=npy(dtype="|O", content=pickle.dumps(Planted()))), "x.zip/x.npy"),
    "zipped file that leads out": ("x.zip", zipped(_up___x=npy()), "a name that leads out"),
    "zip with a name twice": ("x.zip", zipped(a__x=npy(), b__x=npy()), "x.npy twice, in two folders"),
    "zipped bomb": ("x.zip", zip_bomb(), "unpacks to 3000000000 bytes"),
    "C with words for numbers": ("x.h", b"const float x[2] = {ONE, TWO};", "'ONE' where a number is needed"),
    "C with rows of different lengths": ("x.c", b"float x[2][2] = {{1.f}, {1.f, 2.f}};", "rows of"),
    "C with an array twice": ("x.h", b"float x[1] = {1.f};\nfloat x[1] = {2.f};", "holds x twice"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_file_of_numbers_is_refused(name, tmp_path, monkeypatch):
    """With the file's name, and what is wrong with it; nothing in it is executed."""
    file, content, words = FILES[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / file).write_bytes(content)

    with pytest.raises(FolderError) as refusal:
        read_arrays(tmp_path / file)
    said = str(refusal.value)
    assert (str(tmp_path / file) in said, words in said, os.listdir()) == (True, True, [file]), said


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("ending", ["npz", "pt", "h5"])
def test_a_file_that_is_cut_short_is_refused(cut, ending, tmp_path):
    """Wherever it ends."""
    file = io.BytesIO()
    np.savez(file, x=WHOLE)
    content = {"npz": file.getvalue(), "pt": saved({"x": torch.ones(9)}), "h5": hdf5(lambda f: f.update(x=WHOLE))}
    (tmp_path / f"x.{ending}").write_bytes(content[ending][: int(cut * len(content[ending]))])

    with pytest.raises(FolderError):
        read_arrays(tmp_path / f"x.{ending}")


SOUND = {
    "npz": zipped(x=npy()),
    "pt": saved({"x": torch.ones(9), "n": [1, 2]}),
    "h5": hdf5(lambda f: f.create_dataset("g/x", data=WHOLE, chunks=(1, 3), compression="gzip")),
    "onnx": model(dims=[2, 1], raw_data=bytes(8)),
    "txt": b"x = tensor([[0.5, 1e-3]], dtype=torch.float64, grad_fn=<Add>)\ny: [[1. 2.]]\n",
    "json": b'{"a": [[1.5, 2]], "b": {"data": [1], "shape": [1, 1], "dtype": "float32"}}',
    "csv": b"a,b\n1,2\n3,4e5\n",
}


@pytest.mark.parametrize("ending", SOUND)
def test_a_changed_bit_is_read_or_refused_and_nothing_else(ending, tmp_path):
    """300 files of each format, with one bit changed: arrays, or a FolderError."""
    path, bits = tmp_path / f"x.{ending}", np.random.default_rng(1).integers(8 * len(SOUND[ending]), size=300)
    outcomes = {is_read(path, flip(SOUND[ending], int(bit))) for bit in bits}

    assert outcomes == {True, False}


def flip(content, bit):
    """Change one bit."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def is_read(path, content):
    """Whether a file of this content is read, and not refused."""
    path.write_bytes(content)
    try:
        return bool(read_arrays(path)) or True
    except FolderError:
        return False


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_never_opened(tmp_path):
    """It would wait for ever."""
    os.mkfifo(tmp_path / "x.npy")

    with pytest.raises(FolderError, match="is no regular file"):
        read_report_arrays(tmp_path)


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/passwd", "../x.txt", "x.txt"])
def test_a_link_out_of_the_folder_is_never_followed(target, tmp_path):
    """To a device, a file elsewhere, or itself."""
    (tmp_path / "x.txt").symlink_to(target)

    with pytest.raises(FolderError, match=r"is a link out of its folder|cannot be read"):
        read_arrays(tmp_path / "x.txt")


def test_a_link_to_a_file_beside_it_is_followed(tmp_path):
    """As caches of models have them."""
    np.save(tmp_path / "blob.npy", WHOLE)
    (tmp_path / "x.npy").symlink_to("blob.npy")

    assert read_arrays(tmp_path / "x.npy")["x"].values.tolist() == WHOLE.tolist()


def test_a_text_that_is_too_large_is_not_read(tmp_path):
    """Its size is looked at first; the file here has none of its bytes."""
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(10**9)

    with pytest.raises(FolderError, match="but at most 512000000 are read"):
        read_arrays(tmp_path / "x.json")
