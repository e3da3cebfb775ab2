"""What is pasted from a terminal is read as it was printed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lstm_parity.files.read import read_arrays
from lstm_parity.files.stored import FolderError, Printed

VALUES = torch.tensor([[[0.1, -1.2], [0.0312, 2.0]]], dtype=torch.float64)
TF = "<tf.Tensor: shape=(1, 2, 2), dtype=float32, numpy=\narray([[[0.1, -1.2], [0.0312, 2.]]], dtype=float32)>"
NESTED = "[[[0.1000, -1.2000], [0.0312, 2.0000]]]"


def read(text, folder):
    """The arrays in a text."""
    (folder / "x.txt").write_text(text)
    return read_arrays(folder / "x.txt")


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        (f"x = {VALUES}", "float64"),
        (f"x = {VALUES.float()}", "float32"),
        (f"x: {VALUES.bfloat16().double().round(decimals=4)}", "float64"),
        (f"x = {VALUES.clone().requires_grad_() * 1}", "float64"),
        (f"x = tensor({NESTED}, device='cuda:0', grad_fn=<AddBackward0>)", "float32"),
        (f"x: Parameter containing:\ntensor({NESTED}, requires_grad=True)", "float32"),
        (f"x: {VALUES.numpy()}", "text"),
        (f"x = {VALUES.numpy()!r}", "float64"),
        (f"x = {VALUES.float().numpy()!r}", "float32"),
        (f"x = np.array({VALUES.tolist()})", "float64"),
        (f"x = {VALUES.tolist()}", "text"),
        (str(VALUES.numpy()), "text"),
        (f">>> print(x)\n{VALUES}\n>>>", "float64"),
        (f"x = {TF}", "float32"),
        (f"x = tf.Tensor(\n{NESTED}, shape=(1, 2, 2), dtype=float32)", "float32"),
        (f"OrderedDict([('x', tensor({NESTED}))])", "float32"),
        (f"{{'x': tensor({NESTED}, dtype=torch.float16)}}", "float16"),
    ],
)
def test_an_array_is_read_in_every_way_to_print_it(text, dtype, tmp_path):
    """torch, NumPy, TensorFlow, Python's lists, state_dicts; the dtype is the printed one, or the default."""
    found = read(text, tmp_path)["x"]

    assert (found.dtype, np.abs(found.values - VALUES.numpy()).max() < 1e-2) == (dtype, True)


def test_prompts_give_names(tmp_path):
    """What was asked for at a prompt is the name of what follows, in Python's shell and in IPython's."""
    text = f">>> output\n{VALUES}\n>>> loss.item()\n>>> print(h_n)\n{VALUES}\nIn [3]: c_n\nOut[3]:\n{VALUES}\n"

    assert list(read(text, tmp_path)) == ["output", "h_n", "c_n"]


def test_one_text_holds_many_arrays(tmp_path):
    """Each under its name; names of frameworks have slashes, dots and colons."""
    text = f"x = {VALUES}\nlstm/cell/kernel:0 = [[1. 2.]\n [3. 4.]]\n\nfc.bias: [1., 2.]\nloss = tensor(0.5)\nT = 4\n"

    assert {name: stored.values.shape for name, stored in read(text, tmp_path).items()} == {
        "x": (1, 2, 2),
        "lstm/cell/kernel:0": (2, 2),
        "fc.bias": (2,),
        "loss": (),
        "T": (),
    }


def test_a_printed_state_dict_has_all_weights(tmp_path):
    """With their names and shapes."""
    state = torch.nn.LSTM(2, 3, 2).state_dict()

    assert {name: stored.values.shape for name, stored in read(str(state), tmp_path).items()} == {
        name: tuple(tensor.shape) for name, tensor in state.items()
    }


@pytest.mark.parametrize("text", ["1 2.5\n3 4\n", "x = \n1, 2.5\n3, 4\n", "# comment\n\n1;2.5\n\n3;4"])
def test_plain_rows_are_an_array_of_two_axes(text, tmp_path):
    """With or without a name, whatever separates the numbers."""
    assert read(text, tmp_path)["x"].values.tolist() == [[1.0, 2.5], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("[0.0312, 2.]", Printed(4)),
        ("[1.50e-03, 2.]", Printed(0, 3)),
        ("[1.2346e+02, nan, -inf]", Printed(0, 5)),
        ("[1e-05, 0.25]", Printed(2, 1)),
        ("[1, 2]", None),
        ("tensor([True, False])", None),
    ],
)
def test_how_many_digits_were_printed_is_kept(text, printed, tmp_path):
    """The most of all numbers; whole numbers have none."""
    assert read(text, tmp_path)["x"].printed == printed


def test_arrays_are_found_among_the_words_of_markdown(tmp_path):
    """By a name, a prompt, or the last word before them; brackets among words are none, and code neither."""
    text = f"""# Off by 0.1 [bug]

    Hi, `x[0]` is [wrong]. Output:
    ```
    {VALUES.tolist()}
    ```
    >>> h_n
    {VALUES.tolist()}
    lstm = nn.LSTM(3, 4)  # [why?
    weight_ih_l0 Parameter containing:
    tensor({NESTED}, requires_grad=True)
    bias tensor([0.5, 1.5])
    """
    (tmp_path / "issue.md").write_text(text)

    assert list(read_arrays(tmp_path / "issue.md")) == ["output", "h_n", "weight_ih_l0", "bias"]


@pytest.mark.parametrize(
    "text", ["[\n" * 100_000, "[\n" * 100_000 + "]\n" * 100_000, "[1,\n" * 15 + "x" + "]" * 15, "a: "]
)
def test_markdown_without_arrays_has_none(text, tmp_path):
    """Whatever brackets stand in it."""
    (tmp_path / "x.md").write_text(text)

    assert read_arrays(tmp_path / "x.md") == {}


@pytest.mark.parametrize("show", [str, repr])
def test_dots_stand_for_places_that_are_not_shown(show, tmp_path):
    """Of each axis that has them it is known after how many."""
    values = np.arange(40.0 * 3 * 50).reshape(40, 3, 50)
    found = read(f"x = {show(values)}\ny = {torch.tensor(values)}", tmp_path)

    assert {name: (one.values.shape, one.gaps, one.values[-1, 2, -1]) for name, one in found.items()} == dict.fromkeys(
        "xy", ((6, 3, 6), (3, None, 3), 5999.0)
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[0.1, ..., 0.2], [0.1, 0.2, ...]]", "dots in different places"),
        ("[[0.1, 0.2], [0.3]]", "rows of 1 and 2"),
        ("[[0.1, 0.2], 0.3]", "numbers beside rows"),
        ("[0.1, [0.2]]", "numbers beside rows"),
        ("[[0.1], []]", "rows of 0 and 1"),
        ("[[0.1, 0.2]", "ends within an array"),
        ("[" * 17 + "1" + "]" * 17, "nested more than 16 deep"),
        ("x = [1, os.system]", "'os.system' where a number is needed"),
        ("x = [1, 0x10]", "'0x10' where a number is needed"),
        ("x = [1]\nx = [2]", "holds x twice"),
        ("The loss is wrong.", "in line 1 'The loss is wrong.'"),
        ("x = [1.0]\n\nwhy?", "in line 3 'why?'"),
        ("1 2\n3\n", "rows of 2 and of 1 numbers"),
        ("", "holds no array"),
        ("x = ", "needed is an array"),
        ("x = [99999999999999999999.0, 1e400]", ""),
    ],
)
def test_what_is_no_array_is_refused_in_words(text, words, tmp_path):
    """What was found, and what to do; numbers beyond float64 are infinite."""
    try:
        said = "" if read(text, tmp_path) else "nothing"
    except FolderError as error:
        said = str(error)

    assert (words in said, bool(words)) == (True, bool(said))
