"""The data sheet of an LSTM's arithmetic as text, as JSON, and as a row of docs/arithmetic.md."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from lstm_parity.identification.arithmetic.activations import ActivationError
from lstm_parity.identification.arithmetic.order import Order
from lstm_parity.identification.arithmetic.sheet import DataSheet
from lstm_parity.reports.certificate_text import format_distance

_UNKNOWN = "in another order"


def sheet_text(sheet: DataSheet) -> str:
    """Write what is lost where; what is less than the dtype allows is marked."""
    lacks = sheet.lacks
    lines = [
        f"arithmetic in {sheet.dtype}, {sheet.size} inputs and units; u = 2^-{sheet.digits}, half the spacing at 1",
        "",
    ]
    for a in sheet.activations:
        lines.append(_mark(f"{a.name:<2} {a.function:<8}{_describe(a)}", a.name in _list_names(lacks)))
    lines += [
        _mark(f"factors      {_factors(sheet)}", "factor bits" in lacks),
        _mark(f"products     {_describe_product(sheet)}", False),
        _mark(f"sums         {_sums(sheet)}", "accumulator bits" in lacks),
        *(_mark(f"             {words}", False) for words in _describe_orders(sheet)),
        _mark(f"new c        {sheet.update or 'rounded in a way that is not known'}", False),
        _mark(f"states       h' {sheet.states['h']} bits, c' {sheet.states['c']} bits", "state bits" in lacks),
        _mark(f"subnormals   {_subnormals(sheet)}", "flushed" in lacks),
        _mark(f"rows         {_rows(sheet)}", not sheet.repeats),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _mark(line: str, is_lacking: bool) -> str:
    return f"{'>' if is_lacking else ' '} {line}"


def _list_names(lacks: dict[str, Any]) -> list[str]:
    return [*lacks.get("activation", ()), *lacks.get("overflow", ())]


def _describe(a: ActivationError) -> str:
    """Write how far it is off: both errors, with the arguments."""
    absolute = f"{format_distance(a.absolute)} u at {a.absolute_at:.4g}"
    relative = f"of its value {format_distance(a.relative)} u at {a.relative_at:.4g}"
    return f"at most {absolute}; {relative}" + "; NaN far from zero" * a.overflows


def _factors(sheet: DataSheet) -> str:
    found = groupby(sheet.factors, lambda f: (f.bits, f.truncated, f.narrow))
    return ", ".join(
        f"{' '.join(f.name for f in group)} {bits} bits" + ", cut off" * cut + ", of a smaller range" * narrow
        for (bits, cut, narrow), group in found
    )


def _describe_product(sheet: DataSheet) -> str:
    """Write whether products are rounded before they are added."""
    words = {True: "rounded before they are added", False: "not rounded before they are added", None: "not measured"}
    return words[sheet.product_rounded]


def _sums(sheet: DataSheet) -> str:
    bits = {f"{bits} bits" for bits in sheet.sums.values()}
    return bits.pop() if len(bits) == 1 else ", ".join(f"of {part} {bits} bits" for part, bits in sheet.sums.items())


def _describe_orders(sheet: DataSheet) -> list[str]:
    """Write in which order sums are added up, and what with them."""
    found = _join_orders(sheet.orders, "in a batch " * (sheet.alone is not None))
    found += _join_orders(sheet.alone or (), "rows alone ")
    if sheet.gate_sum is not None:
        by_place = groupby(sheet.gate_sum.biases.items(), lambda item: item[1])
        biases = [f"{' and '.join(name for name, _ in group)} {place}" for place, group in by_place]
        found.append("; ".join([sheet.gate_sum.products, *biases]))
    return found or ["their order cannot be seen"]


def _join_orders(orders: Sequence[Order], head: str) -> list[str]:
    """Write one order for the sums that have the same."""
    words = [order.words or _UNKNOWN for order in orders]
    if len(set(words)) == 1:
        return [head + words[0]]
    return [f"{head}of {order.terms.part} {each}" for order, each in zip(orders, words, strict=True)]


def _subnormals(sheet: DataSheet) -> str:
    return f"zero: {', '.join(sheet.flushed)}" if sheet.flushed else "kept"


def _rows(sheet: DataSheet) -> str:
    if not sheet.repeats:
        return "the same call does not return the same numbers every time"
    return f"alone {'not ' * (sheet.alone is not None)}the same numbers as in a batch; calls repeat"


def sheet_fields(sheet: DataSheet) -> dict[str, Any]:
    """Return it for programs."""
    return {
        "dtype": sheet.dtype,
        "size": sheet.size,
        "lacks": sheet.lacks,
        "activations": [
            {
                "name": a.name,
                "function": a.function,
                "absolute": a.absolute,
                "absolute_at": a.absolute_at,
                "relative": a.relative,
                "relative_at": a.relative_at,
                "overflows": a.overflows,
            }
            for a in sheet.activations
        ],
        "factors": [
            {"name": f.name, "bits": f.bits, "truncated": f.truncated, "narrow": f.narrow} for f in sheet.factors
        ],
        "products": _describe_product(sheet),
        "sums": sheet.sums,
        "orders": _describe_orders(sheet),
        "update": sheet.update,
        "states": sheet.states,
        "flushed": list(sheet.flushed),
        "row_alone_is_row_in_batch": sheet.alone is None,
        "repeats": sheet.repeats,
    }


def sheet_cells(sheet: DataSheet) -> list[str]:
    """Return the cells of a row of a table: those of HEADINGS."""
    sigmoids, tanhs = ([a for a in sheet.activations if a.function == kind] for kind in ("sigmoid", "tanh"))
    factor, sums = min(f.bits for f in sheet.factors), min(sheet.sums.values())
    return [
        _worst(sigmoids),
        _worst(tanhs),
        f"{factor}, {sums}",
        _describe_product(sheet).removesuffix(" before they are added"),
        "; ".join(_describe_orders(sheet)),
        sheet.update or "not known",
        f"{sheet.states['h']}, {sheet.states['c']}",
        _subnormals(sheet),
        "not repeated" if not sheet.repeats else "the same" if sheet.alone is None else "others",
    ]


HEADINGS = (
    "sigmoid: error, of its value (u)",
    "tanh",
    "bits of factors, sums",
    "products",
    "order of sums",
    "new c",
    "bits of h', c'",
    "subnormals",
    "a row alone",
)


def _worst(errors: Sequence[ActivationError]) -> str:
    """Write the largest errors of several activations, and which of them overflow."""
    words = f"{format_distance(max(a.absolute for a in errors))}, {format_distance(max(a.relative for a in errors))}"
    return words + "".join(f"; {a.name} NaN far from zero" for a in errors if a.overflows)
