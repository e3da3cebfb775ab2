"""Which bad calls torch is known not to refuse, on which releases, and where that is written down (docs/findings/).

The releases are those that pages/refusals.py was run on; a range without an upper bound was not fixed by 2.15.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version


@dataclass(frozen=True)
class Known:
    """A finding: what a subject lets through on some releases; rows: a regular expression for the whole name."""

    finding: str
    subject: str
    versions: str
    rows: str


LSTM, CELL = "nn.LSTM", "nn.LSTMCell"
NARROW = "(float16|bfloat16|int64)"
KNOWN = (
    Known("packed-states", LSTM, ">=2.1", r"states, packed, (equal|varying) lengths: c of (3 layers|1 rows)"),
    Known("packed-states", LSTM, ">=2.1", r"states, packed, varying lengths: c of [01] layers"),
    Known("packed-states", LSTM, ">=2.1", r"states, packed, unsorted: c of [013] layers"),
    Known(
        "packed-states", LSTM, ">=2.1", r"states, packed, projected: c (of ([02] layers|1 rows|1 features)|batch first)"
    ),
    Known(
        "packed-states", LSTM, ">=2.1", r"states, packed, projected: h (of 2 layers|with an axis of . more|batch first)"
    ),
    Known("packed-states", LSTM, ">=2.1,<2.13", r"states, packed, equal lengths: c of [01] layers"),
    Known("packed-states", LSTM, ">=2.1", r"states, packed, (equal lengths|varying lengths|unsorted): h of 3 layers"),
    Known("packed-states", LSTM, ">=2.13", r"states, packed, equal lengths: (h of [13] rows|c of [03] rows)"),
    Known(
        "packed-states", LSTM, ">=2.13", r"states, packed, equal lengths: h and c of ([13] rows|3 layers|[15] features)"
    ),
    Known("packed-states", LSTM, ">=2.13", r"states, packed, equal lengths: h and c with an axis of H more"),
    Known("packed-states", LSTM, "", r"states, packed, unsorted: (h|c|h and c) of 3 rows"),
    Known("packed-features", LSTM, ">=2.13", r"packed input: ([14] features?|data of rank 3), equal lengths"),
    Known("packed-by-hand", LSTM, "", r"packed input: (a row too many|an empty last step|empty steps only)"),
    Known("packed-by-hand", LSTM, "", r"packed input: (indices that do not match|an index twice)"),
    Known("packed-by-hand", LSTM, "<2.13", r"packed input: a row too many, equal lengths"),
    Known("packed-by-hand", LSTM, "<2.15", r"packed input: batch_sizes of rank 2"),
    Known("dtype-of-c", LSTM, "", rf"states, packed, (varying lengths|unsorted|projected): c of {NARROW}"),
    Known("dtype-of-c", LSTM, "<2.13", rf"states, packed, equal lengths: c of {NARROW}"),
    Known("dtype-of-c", LSTM, "<2.0", rf"states, (padded|padded, B = H|unbatched): c of {NARROW}"),
    Known("dtype-of-c", CELL, "", rf"states, cell.*: c of ({NARROW}|float64|complex64)"),
    Known("rank-of-cell-states", CELL, "<2.15", r"states, cell, unbatched.*: c with an axis of H more"),
    Known("rank-of-cell-states", CELL, "<2.15", r"states, cell, unbatched, H = 3: h( and c)? with an axis of H more"),
    Known("rank-of-cell-states", CELL, "<2.1", r"states, cell, B = H = 3: (h|c|h and c) with an axis of H more"),
    Known("number-of-states", LSTM, "", r"states, (unbatched|packed, unsorted): (three states|h and c stacked)"),
    Known("number-of-states", CELL, "", r"states, cell, unbatched.*: (three states|h and c stacked)"),
    Known("replaced-weights", LSTM, ">=2.0", r"weights: (rows that are no gates|a second layer .*)"),
    Known("replaced-weights", LSTM, ">=2.0", r"weights: w_ih (of rank 1|transposed|of other columns|of one number)"),
    Known("replaced-weights", LSTM, ">=2.0", r"weights: w_hh (transposed|of one number|of other .*|of more columns)"),
    Known("broadcast-biases", LSTM, "", r"weights: a bias of (1|rank 2)"),
    Known("broadcast-biases", CELL, "", r"cell input: a bias of 1"),
    Known("lengths", LSTM, "", r"lengths: (a length too few|a fraction of a step|truth values|float lengths)"),
    Known("no-steps", LSTM, "==2.0.*", r"input: no steps(, batch first|, unbatched)?"),
    Known("other-device", LSTM, "==2.0.*", r"another device: (h|c|one weight)"),
    Known("features-without-states", LSTM, ">=2.1,<2.3", r"input: 4 features, no states"),
    Known("constructors", LSTM, "", r"constructor: bidirectional='no'|construction: dtype=complex64"),
    Known(
        "constructors", LSTM, "<2.11", r"constructor: (bias=None|bias='yes'|batch_first=1)|construction: input_size=0"
    ),
    Known("constructors", CELL, "", r"constructor: bias=(None|'yes')|cell input: (hidden|input)_size=0"),
)


def known(subject: str, row: str, torch_version: str) -> Known | None:
    """What is known of a bad call on a release; None where it is refused."""
    release = Version(Version(torch_version).base_version)
    found = (
        k for k in KNOWN if k.subject == subject and re.fullmatch(k.rows, row) and release in SpecifierSet(k.versions)
    )
    return next(found, None)
