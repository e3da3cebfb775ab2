"""Known bugs of torch's eager LSTMs, each with a probe that says what this torch does; run them in child processes.

crashes.py, numbers.py, modes.py: the probes, named after the fault. A probe returns what is wrong, "" where nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lstm_parity.catalogue.bad_calls import crashes
from lstm_parity.parity_tests.torch_bugs import modes, numbers
from lstm_parity.running.child_process import CallResult, ExitKind, ProcessServer

UMBRELLA = "195547"


@dataclass(frozen=True)
class Bug:
    """A known bug: its threads at github.com/pytorch/pytorch/issues, the probe, and the releases that have it.

    still: as a version specifier; None where no release has it that could be asked.
    """

    issues: tuple[str, ...]
    probe: Callable[[], str]
    still: str | None = None

    @property
    def name(self) -> str:
        """The fault in words."""
        return self.probe.__name__.replace("_", " ")

    def is_in(self, torch_version: str) -> bool:
        """Whether a release has it."""
        release = Version(Version(torch_version).base_version)
        return self.still is not None and release in SpecifierSet(self.still)

    @property
    def path(self) -> str:
        """The name that a child process finds the probe by."""
        return f"{self.probe.__module__}:{self.probe.__name__}"


BUGS: dict[str, Bug] = {
    "A01": Bug(("175978", UMBRELLA), crashes.a_cell_given_batched_states_for_one_row, "<2.15"),
    "A02": Bug(("193823",), crashes.a_cell_given_both_states_as_one_tensor, "<2.15"),
    "A03": Bug(("173946",), crashes.the_packed_operator_given_states_of_other_sizes, ""),
    "A04": Bug(("193911",), crashes.the_operator_given_more_layers_of_c, ""),
    "A05": Bug(("143485",), crashes.the_onednn_operator_given_other_sizes, ">=2.0"),
    "A06": Bug(("194049",), crashes.the_backward_operator_of_a_cell_given_too_few_gates, ""),
    "A08": Bug(("106769",), crashes.a_cell_given_states_of_rank_5, "<2.1"),
    "A09": Bug(("94668", UMBRELLA), crashes.the_operator_given_no_weights),
    "A10": Bug(("169213",), crashes.unpacking_batch_sizes_that_grow),
    "A15 features": Bug(("195803",), crashes.packed_input_of_other_features, ">=2.13"),
    "A15 batch": Bug(("195803",), crashes.packed_input_beside_states_of_another_batch, ">=2.13"),
    "A15 layers": Bug(("195803",), crashes.packed_input_beside_too_few_layers_of_c, ">=2.1"),
    "A25": Bug(("90500",), numbers.a_functional_call_uses_stale_weights),
    "A26": Bug(("32346",), numbers.a_replaced_weight_is_not_seen, "<2.0"),
    "A27": Bug(("17656",), numbers.a_traced_module_loses_its_numbers_when_saved),
    "A29": Bug(("32023",), numbers.a_batch_differs_from_its_rows),
    "A40": Bug(("190056",), numbers.dropout_of_everything_makes_nan),
    "A41": Bug(("18110",), numbers.dropout_cannot_be_repeated),
    "A47": Bug(("175830", "175845", "173922"), numbers.float32_strays_from_the_exact_answer),
    "A48": Bug(("3662", "1811"), numbers.a_packed_bidirectional_lstm_differs_from_its_sequences),
    "A60 float16": Bug(("187334", "88136"), modes.float16_autocast_finds_no_primitive, ">=2.2"),
    "A60 bfloat16": Bug(("187334", "88136"), modes.bfloat16_autocast_finds_no_primitive, ">=2.1"),
    "A64": Bug(("50192", "60269"), modes.no_steps_are_refused_in_other_words, "==2.0.*"),
    "A65": Bug(("105982", "134606"), modes.vmap_has_no_batching_rule, ">=2.0"),
    "A66": Bug(("111082",), modes.forward_mode_is_not_there, ">=2.0"),
    "A67": Bug(("99413", "20449"), modes.double_backward_is_missing, "==2.0.*"),
    "A68": Bug(("74953",), modes.quantized_projections_fail, ""),
    "A70": Bug(("89357",), modes.a_quantizable_stack_is_built_wrong, ""),
    "A75": Bug(("114874",), crashes.input_of_other_features_without_states, ">=2.1,<2.3"),
    "A76": Bug(("86576",), modes.input_of_rank_4_is_said_to_have_another, "<2.0"),
    "A77 shape": Bug(("3925", "63322"), crashes.states_of_c_that_nobody_checks),
    "A77 dtype": Bug(("3925", "63322"), modes.states_of_another_dtype_are_refused_obscurely, ""),
    "A79": Bug(("7722", "776", "5878"), numbers.frozen_weights_change_the_gradients_of_others),
    "A81": Bug(("86457",), numbers.weight_norm_computes_with_stale_weights),
    "A84": Bug(("158131",), modes.shapes_on_the_meta_device_differ),
    "A88": Bug(("45048", "116925"), modes.autocast_of_a_cell_fails),
    "A91": Bug(("65053",), modes.weights_have_other_shapes_than_documented),
}


@dataclass(frozen=True)
class Seen:
    """What a probe says of its bug: state "still there", "fixed" or "cannot tell", and in words what it saw."""

    state: str
    words: str = ""


def look(isolation: ProcessServer, bug: Bug) -> Seen:
    """Run a bug's probe in a child process of its own, up to three times: memory that is overrun may be luckily so."""
    times = 3 if bug.probe.__module__ == crashes.__name__ else 1
    seen = (_seen(isolation.run(bug.path, limit=60.0)) for _ in range(times))
    return next((found for found in seen if found.state != "fixed"), Seen("fixed"))


def _seen(ending: CallResult) -> Seen:
    if ending.how is ExitKind.RETURNED:
        return Seen("still there", ending.value) if ending.value else Seen("fixed")
    if ending.how is not ExitKind.RAISED:
        return Seen("still there", f"{ending.how.value}: {ending.kind} {ending.words}".strip())
    cause = "" if ending.kind == "CannotTellError" else f"{ending.kind}: "
    return Seen("cannot tell", f"{cause}{ending.words}".splitlines()[0])
