"""Correct LSTMs in ordinary styles that no other list of this project holds: none may be called wrong.

Cells are (x, (h, c), w_ih, w_hh, b_ih, b_hh) -> (h, c) on torch tensors; layers take a sequence, batch first; modules
are constructed and called like nn.LSTM. Every door takes them by their names:
`cell:specimens.unseen_styles:NAME`, and likewise `layer:` and `module:`; `STYLES` says which.
"""

from __future__ import annotations

from specimens.unseen_styles import cells, layers, modules

STYLES = {  # name: kind of target, and the flags it needs
    **{name: ("cell", ()) for name in vars(cells) if name.endswith("_cell") and "numpy" not in name},
    **{name: ("layer", ()) for name in vars(layers) if name.endswith("_layer")},
    "numpy_pairwise_cell": ("cell", ("--arrays", "numpy")),
    "WhereMasked": ("module", ()),
    "MultiplicationMasked": ("module", ("--without", "non-finite")),
    "softmax_cell": ("cell", ("--without", "non-finite")),  # inf - inf
    "compensated_cell": ("cell", ("--without", "non-finite")),  # inf - inf
    "OwnStack": ("module", ()),
    "Delegating": ("module", ()),
    "FlippedTwice": ("module", ()),
    "OneRowAtATime": ("module", ()),
    "PackedFresh": ("module", ()),
}
globals().update(
    {name: value for module in (cells, layers, modules) for name, value in vars(module).items() if name in STYLES}
)
