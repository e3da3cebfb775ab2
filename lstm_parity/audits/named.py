"""Kinds of targets that are ours and go by a name alone, with what finds one: handed to whoever parses a target."""

NAMED = {
    "mistake": "one of the known mistakes, to see what a failure looks like",
    "mode": "a way in which torch runs nn.LSTM: one that `lstm-parity modes` lists",
    "framework": "another framework, where it is installed: see docs/frameworks.md",
}
LOADERS = {  # "module:function"
    "mistake": "lstm_parity.catalogue.mistakes:find_mistake",
    "mode": "lstm_parity.implementations.modes:find_mode",
    "framework": "lstm_parity.implementations.frameworks.adapting:load_adapter",
}
