"""LSTMs are found among arrays by any framework's names, with torch's weights, in torch's order."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from lstm_parity.files.lstms.find import find_lstms
from lstm_parity.files.read import read_arrays
from lstm_parity.files.stored import FolderError, StoredArray
from lstm_parity.reference.conventions import onnx as onnx_layers
from tests.support.named_weights import CASES, CELL, PLAIN, name_onnx, name_vars


def store(arrays, dtype="float32"):
    """Arrays as a file gives them."""
    return {name: StoredArray(np.asarray(array, np.float64), dtype) for name, array in arrays.items()}


def is_same(found, weights):
    """Whether an LSTM has these weights, its two biases added."""
    got, wanted = dict(found.weights), dict(weights.items())
    for of in (got, wanted):
        for name in [name for name in of if name.startswith("bias_hh")]:
            of[name.replace("_hh", "_ih")] = of[name.replace("_hh", "_ih")] + of.pop(name)
    return got.keys() == wanted.keys() and all(np.array_equal(got[name], wanted[name]) for name in got)


@pytest.mark.parametrize("name", CASES)
def test_the_likeliest_lstm_is_the_one_that_was_written(name):
    """Its weights are torch's to the bit; beside it are an input, and a layer that is none."""
    arrays, weights, prefix, convention = CASES[name]
    others = {"input": np.zeros((4, 3)), "fc.weight": np.zeros((2, 4)), "fc.bias": np.zeros(2)}
    found = find_lstms(store(others | arrays), None)[0]

    seen = found.prefix, convention in found.convention, set(found.used), is_same(found, weights)
    assert seen == (prefix, True, set(arrays), True)


@pytest.mark.parametrize("name", [name for name in CASES if "shapes" not in name])
def test_a_convention_that_is_given_finds_what_is_found_without(name):
    """By the words of setting.json."""
    arrays, weights, _, title = CASES[name]
    convention = title.lower().replace("nn.lstmcell", "torch")

    assert is_same(find_lstms(store(arrays), convention)[0], weights)


PLACES = torch.nn.utils, torch.nn.utils.parametrizations  # the second has it since torch 2.1
NORMS = [place.weight_norm for place in PLACES if hasattr(place, "weight_norm")]


class Model(torch.nn.Module):
    """What has several recurrent layers."""

    def __init__(self):
        super().__init__()
        self.a, self.gru, self.b = torch.nn.LSTM(3, 4), torch.nn.GRU(3, 4), torch.nn.LSTM(2, 4, 2, bias=False)
        self.rnn, self.cell = torch.nn.RNN(3, 4), torch.nn.LSTMCell(5, 4)


def test_every_lstm_of_a_model_is_found(tmp_path):
    """In a file of its state_dict; what is a GRU or an RNN is none."""
    torch.save({"state_dict": Model().state_dict()}, tmp_path / "w.pt")
    found = find_lstms(read_arrays(tmp_path / "w.pt"), None)

    assert [lstm.prefix for lstm in found] == ["state_dict.a.", "state_dict.b.", "state_dict.cell."]


@pytest.mark.filterwarnings("ignore")  # torch announces that the older one will go
@pytest.mark.parametrize("norm", NORMS)
def test_weight_norm_is_multiplied_out_as_torch_does(norm, tmp_path):
    """Both ways to write it, to the bit."""
    layer = norm(torch.nn.LSTM(3, 4), "weight_hh_l0")
    torch.save({f"enc.{name}": tensor for name, tensor in layer.state_dict().items()}, tmp_path / "w.pt")

    assert find_lstms(read_arrays(tmp_path / "w.pt"))[0].weights["weight_hh_l0"].tolist() == layer.weight_hh_l0.tolist()


def test_layers_are_found_as_a_stack_and_then_alone():
    """The stack first; it says so."""
    found = find_lstms(store(CASES["Keras, stacked"][0]))

    assert [(lstm.prefix, len(lstm.weights), len(lstm.notes)) for lstm in found] == [
        ("layers/", 8, 1),
        ("layers/lstm/", 4, 0),
        ("layers/lstm_1/", 4, 0),
    ]


def test_layers_that_do_not_fit_are_no_stack():
    """The second reads something else than what the first puts out."""
    arrays = name_vars("lstm", CELL) | name_vars("lstm_1", CELL)

    assert [lstm.prefix for lstm in find_lstms(store(arrays))] == ["lstm/", "lstm_1/"]


@pytest.mark.parametrize(
    ("arrays", "notes"),
    [
        (CASES["TensorFlow v1"][0], ["taken to be 1.0", "taken to be 0.0"]),
        ({"w": np.ones((7, 16)), "b": np.ones(16)}, ["adds a forget bias of 1.0", "adds no forget bias"]),
        ({"w": np.ones((4, 16)), "u": np.ones((4, 16))}, ["kernel, recurrent_kernel", "recurrent_kernel, kernel"]),
        ({"w": np.ones((16, 4)), "u": np.ones((16, 4))}, ["of the input, weights", "of the state, weights"]),
    ],
)
def test_where_two_readings_fit_both_are_found(arrays, notes):
    """The likelier first; each says what is assumed."""
    found = find_lstms(store(arrays))

    assert [note in lstm.notes[0] for note, lstm in zip(notes, found, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"direction": "reverse"}, "runs from the last step"),
        ({"activations": ["Sigmoid", "Relu", "Tanh"]}, "activations are sigmoid, relu, tanh"),
        ({"input_forget": 1}, "couples the input gate"),
        ({"clip": 2.0}, "to 2.0"),
        ({"layout": 1}, "batch first"),
        ({"activations": ["Sigmoid", "Tanh", "Tanh"], "layout": 0}, ""),
    ],
)
def test_what_a_node_does_otherwise_is_noted(attributes, words, tmp_path):
    """Nothing is noted of a node that is torch's LSTM."""
    layer = onnx_layers.from_torch(PLAIN.cells[0])
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in vars(layer).items()]
    node = onnx.helper.make_node("LSTM", ["x", "W", "R", "B"], ["y"], hidden_size=4, **attributes)
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "g", [], [], tensors)), tmp_path / "m.onnx")
    [found] = find_lstms(read_arrays(tmp_path / "m.onnx"))

    assert (is_same(found, PLAIN), [words in note for note in found.notes]) == (True, [True] * bool(words))


def test_peepholes_are_noted():
    """They are left out."""
    arrays = name_onnx("n", PLAIN.cells[0]) | {"n.P": np.ones((1, 12))}

    assert "has peepholes" in find_lstms(store(arrays))[0].notes[0]


def test_several_dtypes_are_all_given():
    """Joined by commas."""
    arrays = store(dict(PLAIN.items())) | store({"bias_hh_l0": np.zeros(16)}, "float16")

    assert find_lstms(arrays)[0].dtype == "float32, float16"


@pytest.mark.parametrize(
    ("arrays", "convention", "words"),
    [
        ({"a": np.ones((3, 3)), "b": np.ones(2)}, None, "the arrays a (3, 3), b (2,) were given, but no LSTM is among"),
        ({}, None, "the arrays none were given"),
        ({f"a{k}": np.ones(1) for k in range(30)}, None, "a19 (1,) and 10 more were given"),
        (dict(PLAIN.items()), "keras", "no LSTM by the convention 'keras'"),
        (dict(PLAIN.items()), "caffe", "the convention 'caffe' was given, but needed is one of"),
        ({"lstm.weight_ih_l0": np.ones((12, 3)), "lstm.weight_hh_l0": np.ones((12, 4))}, None, "no LSTM is among"),
        ({"lstm/kernel": np.float64(1), "lstm/bias": np.float64(1)}, None, "no LSTM is among"),
        ({"lstm/kernel": np.ones((3, 0)), "lstm/bias": np.ones(0)}, None, "no LSTM is among"),
        ({"w.W": np.ones((1, 16, 3)), "w.R": np.ones((1, 16, 5))}, None, "no LSTM is among"),
        ({"l/cell/vars/0": np.ones((3, 12)), "l/cell/vars/1": np.ones((4, 12))}, None, "no LSTM is among"),
        ({"weight_hr_l0": np.float64(1), "weight_ih_l0": np.ones(4), "weight_hh_l0": np.ones(4)}, None, "no LSTM is"),
    ],
)
def test_arrays_without_an_lstm_are_listed(arrays, convention, words):
    """With their shapes, and the names that are known."""
    with pytest.raises(FolderError) as refusal:
        find_lstms(store(arrays), convention)
    assert words in str(refusal.value)
