"""Reports as JUnit's XML, which every CI shows: a test for each thing that was judged."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from lstm_parity.reports.formats.known import known_lines
from lstm_parity.reports.lines import show_controls

if TYPE_CHECKING:
    from lstm_parity.audits.known.entry import KnownResult


class Ending(Enum):
    """How a test ended, by the name of its element."""

    PASSED = ""
    SKIPPED = "skipped"
    FAILURE = "failure"
    ERROR = "error"


@dataclass(frozen=True)
class JUnitTest:
    """One test: of what, its name, how it ended, why in a line, and the whole story."""

    subject: str
    name: str
    ending: Ending = Ending.PASSED
    message: str = ""
    text: str = ""


def make_whole(subject: str, code: int, message: str, text: str = "") -> JUnitTest:
    """Return the test of everything, which passes if the command exits with 0."""
    return JUnitTest(subject, "everything", Ending.FAILURE if code else Ending.PASSED, message, text)


def junit_xml(suite: str, tests: Sequence[JUnitTest], provenance: Mapping[str, str]) -> str:
    """Write tests as one suite."""
    counts = {
        f"{ending.value}s": sum(test.ending is ending for test in tests) for ending in (Ending.FAILURE, Ending.ERROR)
    }
    skipped = sum(test.ending is Ending.SKIPPED for test in tests)
    named = {"name": suite, "tests": len(tests), **counts, "skipped": skipped}
    top = ET.Element("testsuites")
    made = ET.SubElement(top, "testsuite", {name: str(value) for name, value in named.items()})
    properties = ET.SubElement(made, "properties")
    for name, value in provenance.items():
        ET.SubElement(properties, "property", {"name": show_controls(name), "value": show_controls(value)})
    for test in tests:
        case = {"classname": show_controls(test.subject), "name": show_controls(test.name), "time": "0"}
        element = ET.SubElement(made, "testcase", case)
        if test.ending is not Ending.PASSED:
            ended = ET.SubElement(element, test.ending.value, {"message": show_controls(test.message)})
            ended.text = show_controls(test.text)
    ET.indent(top, " ")
    return ET.tostring(top, "unicode", xml_declaration=True) + "\n"


def known_tests(known: KnownResult | None) -> list[JUnitTest]:
    """Return a test for a file of known deviations, if there is one."""
    if known is None:
        return []
    *lines, conclusion = known_lines(known)
    ending = Ending.PASSED if known.holds else Ending.FAILURE
    return [JUnitTest("known deviations", known.file, ending, conclusion, "\n".join(lines))]
