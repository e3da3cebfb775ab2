"""Cases as folders of plain files, so that any program in any language is judged: `docs/folder-format.md`."""
