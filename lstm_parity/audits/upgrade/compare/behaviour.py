"""What two records differ in beside numbers: refusals, crashes, capabilities and kernels."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from lstm_parity.audits.upgrade.compare.finding import Finding, Kind
from lstm_parity.audits.upgrade.measure.capabilities import UNKNOWN
from lstm_parity.audits.upgrade.measure.conditions import ALONE
from lstm_parity.audits.upgrade.record import CallOutcome, Record

_LONG = 110  # characters of an exception's words
_SHOWN = 5  # names in a line; --json has all


def compare_bad_calls(old: Record, new: Record) -> Iterator[Finding]:
    """Refusals and crashes; calls of one table that changed in the same way stand in one line."""
    groups = defaultdict(list)
    for name, after in new.bad_calls.items():
        before = old.bad_calls.get(name)
        if before is not None and (kind := _kind(before, after)) is not None:
            groups[kind, name.rpartition(": ")[0], _outcome(before, kind), _outcome(after, kind)].append(name)
    for (kind, where, was, now), names in groups.items():
        told = _list_names([name.rpartition(": ")[2] for name in names])
        yield Finding(kind, where, f"{told}: was {was}, now {now}", tuple(names))


def _kind(old: CallOutcome, new: CallOutcome) -> Kind | None:
    if old.refused and new.refused:
        return None if old.words == new.words else Kind.REWORDED
    if old.refused != new.refused:
        if new.refused:
            return Kind.CRASH_GONE if old.died == old.times else Kind.REFUSAL_GAINED
        return Kind.CRASH_NEW if new.died == new.times else Kind.REFUSAL_LOST
    if old.died == 0 and new.died == new.times:
        return Kind.CRASH_NEW
    return Kind.CRASH_GONE if new.died == 0 and old.died == old.times else None


def _outcome(conduct: CallOutcome, kind: Kind) -> str:
    """Describe how calls end, in words that the calls of a table can have in common."""
    if conduct.refused:
        return f"refused ({_mask_numbers(conduct.words)})" if kind is Kind.REWORDED else "refused"
    names = {"overrun": "refused after reading past an end", "crashed": "the end of the process", "hung": "hanging"}
    ends = {"exited": names["crashed"], **names}
    return " or ".join(dict.fromkeys(ends.get(how, how) for how in sorted(conduct.endings)))


def _mask_numbers(words: str) -> str:
    """Shorten the words for a line; --json has the names of the calls, the records their words."""
    words = re.sub(r"\d+", "#", words)
    return words if len(words) <= _LONG else f"{words[: _LONG - 3]}..."


def _list_names(names: list[str]) -> str:
    """Return some of the names, and how many more there are."""
    more = f"; and {len(names) - _SHOWN} more" if len(names) > _SHOWN + 1 else ""
    return "; ".join(names[:_SHOWN] if more else names) + more


def compare_capabilities(old: Record, new: Record) -> Iterator[Finding]:
    """Yield what works in one of them only; what does not in either, in other words."""
    for name, now in new.capabilities.items():
        was = old.capabilities.get(name, f"{UNKNOWN}not asked")
        if was.startswith(UNKNOWN) or now.startswith(UNKNOWN) or was == now:
            continue
        if not was:
            yield Finding(Kind.CAPABILITY_LOST, name, f"worked, now {now}", (name,))
        elif not now:
            yield Finding(Kind.CAPABILITY_GAINED, name, f"works, was {was}", (name,))
        else:
            yield Finding(Kind.REWORDED, name, f"was {was}, now {now}", (name,))


def compare_kernels(old: Record, new: Record) -> Iterator[Finding]:
    """List the calls that another kernel computes; those that fail are reported as capabilities."""
    groups = defaultdict(list)
    for call, now in new.kernels.items():
        was = old.kernels.get(call, now)
        if was != now and all(name.startswith(("aten::", "single")) for name in (*was, *now)):
            groups[(", ".join(was), ", ".join(now))].append(call)
    for (before, after), calls in groups.items():
        yield Finding(Kind.KERNEL, _list_names(calls), f"was {before}, now {after}", tuple(calls))


def differ(old: Record, new: Record, name: str) -> bool:
    """Whether two records were made under different conditions of this name; what one does not say is no difference."""
    was, now = (record.conditions.get(name, ALONE[name]) for record in (old, new))
    return was != now and "unknown" not in (was, now)
