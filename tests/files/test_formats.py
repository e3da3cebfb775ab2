"""Each format gives back the numbers, shapes, names and dtypes that were written."""

from __future__ import annotations

import builtins
import io
import json
import zipfile

import h5py
import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save_file

from lstm_parity.files.read import read_arrays
from lstm_parity.files.stored import FolderError

NUMBERS = torch.tensor([[0.5, -1.25, 3.0], [1e-30, 2.0, -0.0]])
DTYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int8", "uint8", "bool"]


def summarize(arrays):
    """Names, with the dtypes, shapes and numbers of what was read."""
    return {name: (stored.dtype, stored.values.shape, stored.values.tolist()) for name, stored in arrays.items()}


def expect(name, tensor):
    """What `summarize` has of a tensor."""
    return {name: (str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), tensor.tolist())}


def write_npz(path, array):
    """Write an array under the key `x`."""
    np.savez(path, x=array)


def write_h5(path, array):
    """Write an array as the data set `x`."""
    with h5py.File(path, "w") as file:
        file["x"] = array


def write_keras(path, array):
    """Write an array as the weights in a `.keras` file."""
    content = io.BytesIO()
    write_h5(content, array)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", "{}")
        file.writestr("model.weights.h5", content.getvalue())


def write_onnx(path, array):
    """Write an array as the initialiser `x`."""
    graph = onnx.helper.make_graph([], "g", [], [], [onnx.numpy_helper.from_array(array, "x")])
    onnx.save(onnx.helper.make_model(graph), path)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ending", ["pt", "pth", "bin", "safetensors"])
def test_a_file_of_tensors_gives_back_what_was_written(dtype, ending, tmp_path):
    """Every dtype that torch stores."""
    path, tensor = tmp_path / f"w.{ending}", NUMBERS.to(getattr(torch, dtype))
    save_file({"x": tensor}, path) if ending == "safetensors" else torch.save({"x": tensor}, path)

    assert summarize(read_arrays(path)) == expect("x", tensor)


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != "bfloat16"])
@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("x.npy", np.save),
        ("w.npz", write_npz),
        ("w.h5", write_h5),
        ("w.weights.h5", write_h5),
        ("w.HDF5", write_h5),
        ("w.keras", write_keras),
        ("w.onnx", write_onnx),
    ],
)
def test_a_file_of_arrays_gives_back_what_was_written(dtype, name, write, tmp_path):
    """Every dtype that NumPy stores."""
    tensor = NUMBERS.to(getattr(torch, dtype))
    write(tmp_path / name, tensor.numpy())

    assert summarize(read_arrays(tmp_path / name)) == expect("x", tensor)


@pytest.mark.parametrize("write", [np.save, lambda path, array: torch.save(torch.from_numpy(array), path)])
def test_an_array_without_a_name_has_the_one_of_its_file(write, tmp_path):
    """A `.npy` file, and a tensor that was saved alone."""
    path = tmp_path / ("h_0.npy" if write is np.save else "h_0.pt")
    write(path, NUMBERS.numpy())

    assert list(read_arrays(path)) == ["h_0"]


def test_keys_of_nested_dicts_are_joined_by_dots(tmp_path):
    """A checkpoint: lists and numbers included, strings and None ignored."""
    held = {"model": {"fc.weight": NUMBERS}, "epoch": 3, "lengths": [4, 2], "out": (NUMBERS, [NUMBERS]), "by": "me"}
    torch.save({**held, "none": None}, tmp_path / "w.pt")

    assert list(read_arrays(tmp_path / "w.pt")) == ["model.fc.weight", "epoch", "lengths", "out.0", "out.1.0"]


@pytest.mark.filterwarnings("ignore")  # torch announces that such tensors will go
def test_a_quantised_tensor_is_the_numbers_that_it_stands_for(tmp_path):
    """With the dtype that it was stored in."""
    tensor = torch.quantize_per_tensor(torch.tensor([0.24, -1.0]), 0.5, 0, torch.qint8)
    torch.save({"x": tensor}, tmp_path / "w.pt")

    assert summarize(read_arrays(tmp_path / "w.pt")) == {"x": ("qint8", (2,), [0.0, -1.0])}


def test_a_tensor_that_shares_its_numbers_is_read_as_it_looks(tmp_path):
    """Transposed, expanded, and a part of another."""
    tensors = {"t": NUMBERS.T, "e": NUMBERS[0].expand(4, 3), "p": NUMBERS[:, 1:]}
    torch.save(tensors, tmp_path / "w.pt")

    assert {name: stored.values.tolist() for name, stored in read_arrays(tmp_path / "w.pt").items()} == {
        name: tensor.tolist() for name, tensor in tensors.items()
    }


def test_groups_are_part_of_a_name(tmp_path):
    """Data sets of an HDF5 file, by their paths; text is ignored, a single number read."""
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["lstm/cell/kernel:0"], file["names"], file["count"] = NUMBERS.numpy(), ["a", "b"], 3

    assert list(read_arrays(tmp_path / "w.h5")) == ["count", "lstm/cell/kernel:0"]


def make_lstm_node(**attributes):
    """Return a model of one LSTM node whose R is a Constant behind an Identity."""
    w, r = (onnx.numpy_helper.from_array(np.ones((1, 8, n), np.float32), name) for name, n in (("w", 3), ("r", 2)))
    nodes = [
        onnx.helper.make_node("Constant", [], ["r_0"], value=r),
        onnx.helper.make_node("Identity", ["r_0"], ["r_1"]),
        onnx.helper.make_node("LSTM", ["x", "w", "r_1"], ["y"], "enc", hidden_size=2, **attributes),
    ]
    return onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [], [], [w]))


def test_the_weights_of_an_lstm_node_have_its_name(tmp_path):
    """Constants and initialisers alike; they are not given twice."""
    onnx.save(make_lstm_node(), tmp_path / "m.onnx")

    assert {name: stored.values.shape for name, stored in read_arrays(tmp_path / "m.onnx").items()} == {
        "enc.W": (1, 8, 3),
        "enc.R": (1, 8, 2),
    }


def test_the_attributes_of_an_lstm_node_stand_beside_its_weights(tmp_path):
    """Those that are given, and the defaults of the others."""
    onnx.save(make_lstm_node(direction="reverse", activations=["Relu", "Tanh", "Tanh"]), tmp_path / "m.onnx")

    assert read_arrays(tmp_path / "m.onnx")["enc.W"].attributes == {
        "direction": "reverse",
        "activations": ("Relu", "Tanh", "Tanh"),
        "input_forget": 0,
        "clip": None,
        "layout": 0,
        "hidden_size": 2,
    }


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ({"a": [[1.5, 2], [3, 4]]}, {"a": ("text", (2, 2), [[1.5, 2.0], [3.0, 4.0]])}),
        ({"a": {"b": [1, 2]}}, {"a.b": ("int64", (2,), [1, 2])}),
        ({"a": {"data": [1, 2], "shape": [2, 1], "dtype": "float32"}}, {"a": ("float32", (2, 1), [[1.0], [2.0]])}),
        ({"mask": [True, False], "by": "me", "none": None, "words": ["a"]}, {"mask": ("bool", (2,), [1, 0])}),
        ([[0.5]], {"w": ("text", (1, 1), [[0.5]])}),
        ({"a": float("-inf")}, {"a": ("text", (), float("-inf"))}),
        ({"calls": [{"x": [1]}, {"x": [2]}]}, {"calls.0.x": ("int64", (1,), [1]), "calls.1.x": ("int64", (1,), [2])}),
    ],
)
def test_json_is_lists_of_numbers_by_key(held, found, tmp_path):
    """Nested objects, objects of data and shape, flags, and one array without a name."""
    (tmp_path / "w.json").write_text(json.dumps(held))

    assert summarize(read_arrays(tmp_path / "w.json")) == found


@pytest.mark.parametrize(
    "text",
    [
        "0.5,1.5\n2,3\n",
        "a;b\n0.5;1.5\n2;3\n",
        "0\t1\n0.5\t1.5\n2\t3",
        ",x,y\n0,0.5,1.5\n1,2,3\n",
        "# h\n0.5 1.5\n2 3\n",
        "0,5;1,5\n2;3\n",
        "a\tb\n0,5\t1,5\n2,0\t3,0\n",
    ],
)
def test_csv_is_rows_of_numbers(text, tmp_path):
    """Any separator, with or without a header, as pandas and NumPy write it, with points or commas."""
    (tmp_path / "x.csv").write_text(text)

    assert read_arrays(tmp_path / "x.csv")["x"].values.tolist() == [[0.5, 1.5], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("text", "values"),
    [("0,12345678\n-1,5\n2\n", [[0.12345678], [-1.5], [2.0]]), ("0,5\n2,15\n", [[0.0, 5.0], [2.0, 15.0]])],
)
def test_a_comma_of_a_single_column_is_told_from_a_second_column(text, values, tmp_path):
    """By its digits: six of them behind a comma are no whole number of a table."""
    (tmp_path / "x.csv").write_text(text)

    assert read_arrays(tmp_path / "x.csv")["x"].values.tolist() == values


def test_arrays_in_c_are_read_by_their_names(tmp_path):
    """Comments and directives are left out, and what has no numbers; a float is float32."""
    text = """#define H 2 /* {1} */
    // float old[1] = {9.f};
    extern const float later[4];
    static const float __attribute__((aligned(4))) w[H][2] = { {0.5f, -1.25f}, {3e-1f, 2.f}, };
    const double b[] = {1.0, 2.0};
    int8_t q[3] = {1, -2, 3};
    """
    (tmp_path / "weights.h").write_text(text)

    assert summarize(read_arrays(tmp_path / "weights.h")) == {
        "w": ("float32", (2, 2), [[0.5, -1.25], [0.3, 2.0]]),
        "b": ("float64", (2,), [1.0, 2.0]),
        "q": ("int64", (3,), [1, -2, 3]),
    }


@pytest.mark.parametrize(("name", "package"), [("w.h5", "h5py"), ("w.onnx", "onnx"), ("w.safetensors", "safetensors")])
def test_a_package_that_is_missing_is_named_with_its_extra(name, package, tmp_path, monkeypatch):
    """The command that installs it."""
    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda name, *rest: real(name if name != package else "no.such", *rest))
    (tmp_path / name).write_bytes(b"")

    with pytest.raises(FolderError, match=rf"{package} is not installed: pip install 'lstm-parity\[(files|weights)\]'"):
        read_arrays(tmp_path / name)
