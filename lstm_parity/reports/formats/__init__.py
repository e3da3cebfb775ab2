"""The forms of a report beside text and JSON: Markdown, JUnit, a badge, the summary of a step, a terminal's lines."""
