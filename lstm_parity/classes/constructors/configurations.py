"""What a constructor reads of a configuration that nothing describes: `args.hidden_size`, or `cfg["hidden_size"]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_NO_NUMBER = (  # of what is read beside sizes: a value that changes nothing, by its name
    (r"drop|zoneout|noise|std|eps|decay|clip", 0.0),
    (r"^(lr|learning_rate)$", 0.1),
    (r"device", "cpu"),
    (r"act|nonlin|mode|type|name|init", ""),
    (r"norm|peephole|use_|is_|with_|cuda|gpu|bi(dir|$)|highway|residual", False),
)
_MOST = 40


class Configuration(dict[str, Any]):
    """Values that are read as attributes or as items."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def read_fields(construct: Callable[[Any], Any], value_of: Callable[[str], Any]) -> Mapping[str, Any] | None:
    """Return what a constructor reads of a configuration, by name, with the values that it was given; None if it fails.

    value_of: returns the value of a field whose name says what it is, or None.
    """
    fields = Configuration()
    for _ in range(_MOST):  # one more name each time
        try:
            construct(Configuration(fields))
        except (KeyError, AttributeError) as error:
            name = error.args[0] if isinstance(error, KeyError) else error.name or error.args[0]
            if not isinstance(name, str) or not name.isidentifier() or name in fields or name[:2] == "__":
                return None
            fields[name] = _choose(name, value_of)
        except Exception:  # the user's class
            return None
        else:
            return fields
    return None


def _choose(name: str, value_of: Callable[[str], Any]) -> Any:
    known = value_of(name)
    if known is not None:
        return known
    return next((value for words, value in _NO_NUMBER if re.search(words, name.lower())), 1)
