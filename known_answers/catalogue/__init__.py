"""All vectors, one fault or feature each and named after it, simplest first."""

from lstm_parity.known_answers.catalogue import calls, cells, numbers, stacks

VECTORS = (*cells.VECTORS, *stacks.VECTORS, *calls.VECTORS, *numbers.VECTORS)
