"""Rules on the tables of a card."""

from __future__ import annotations

import re

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.cards.findings import once_a_card, short, times
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card, CardEdit, Row, Table, cells_of
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_DELIMITER = pattern(r"[ >]*\|?[ :-]*-[ :-]*\|[ :|-]*$")
"""The row of dashes of a table with two columns or more."""


@rule(
    "CARD001",
    "table-row-column-count",
    Severity.ERROR,
    "A table row has more or fewer cells than its header.",
    pages=True,
)
def table_row_column_count(model: Described) -> Findings:
    """A table row with more or fewer cells than its header; viewers pad or cut it silently."""
    card = model.card
    for table in card.tables:
        wanted = len(table.header.cells)
        for row in table.rows:
            if len(row.cells) != wanted and any(cell.text for cell in row.cells):
                yield _odd_row(card, row, wanted)
        yield from _without_rows(card, table)
    yield from _odd_delimiters(card)


def _without_rows(card: Card, table: Table) -> Findings:
    """A header without rows, which may follow after an empty line, and a header that is repeated."""
    head = [cell.text for cell in table.header.cells]
    twice = next((row for row in table.rows if len(head) > 1 and [cell.text for cell in row.cells] == head), None)
    if twice is not None and any(head):
        message = "This row repeats the table's header."
        hint = "Take it out, or begin a table of its own."
        yield table_row_column_count.at(card.place(twice.line, 1), message, hint, severity=Severity.WARNING)
    names = [text.lower() for text in head if text]
    same = next((name for name in names if names.count(name) > 1), None)
    if same is not None and twice is None:
        message = f"Two columns of this table are called '{short(same)}', so readers cannot tell them apart."
        hint = "Give each a name of its own."
        yield table_row_column_count.at(card.place(table.header.line, 1), message, hint, severity=Severity.WARNING)
    if table.rows or not any(head) or any("](" in text or "<" in text for text in head):
        return  # a header of links alone is a menu
    below = next((n for n in range(table.delimiter_line, len(card.lines)) if card.lines[n].strip()), None)
    apart = (
        below is not None
        and _is_row(card.lines[below])
        and not _DELIMITER.match("".join(card.lines[below + 1 : below + 2]))
    )
    yield table_row_column_count.at(
        card.place(table.header.line, 1),
        "An empty line separates this table's header from its rows."
        if apart
        else "This table has a header and no rows.",
        "Take the empty line out." if apart else "Write the rows, or take the table out.",
        severity=Severity.WARNING,
    )


def _odd_row(card: Card, row: Row, wanted: int) -> Diagnostic:
    text = card.lines[row.line - 1]
    count, column = len(row.cells), len(text) - len(text.lstrip()) + 1
    if "|" not in text:
        message = f"The line '{short(text)}' follows a table without an empty line between, so it becomes a row of it."
        hint = "Put an empty line before it, or move it out of the table."
        return table_row_column_count.at(card.passage(row.line, column, text.strip()), message, hint)
    message = f"The row '{short(text)}' has {times(count, 'cell')}, the table's header {wanted}."
    hint = "Fill the missing cells, or take out the extra '|'; write '\\|' for a bar inside a cell."
    fix = None
    if count < wanted:
        end = len(text.rstrip())
        closed = text.rstrip().endswith("|") and not text.rstrip().endswith("\\|")
        added = " |" * (wanted - count) if closed else " |" * (wanted - count + 1)
        # No fix: the missing cell may be in the middle.
        fix = card.fix([(row.line, end + 1, row.line, end + 1, added)], safe=False)
    return table_row_column_count.at(card.passage(row.line, column, text.strip()), message, hint, fix=fix)


def _odd_delimiters(card: Card) -> Findings:
    """A delimiter row with more or fewer cells than the header: then there is no table at all."""
    if "|" not in card.source:
        return
    for first, last in card.paragraphs:
        for line in range(first + 1, last + 1):
            text, above = card.lines[line - 1], card.lines[line - 2]
            if "|" in above and _DELIMITER.match(text):
                count, wanted = len(cells_of(text, line)), len(cells_of(above, line - 1))
                if count == wanted:
                    continue
                yield table_row_column_count.at(
                    card.passage(line, len(text) - len(text.lstrip()) + 1, text.strip()),
                    f"The row of dashes has {times(count, 'cell')}, the header above it {wanted}: this is not a table.",
                    "Give both rows the same number of cells.",
                )


_PARTED = pattern(
    r"^ {0,3}\|[^\n]+\|[ \t]*\n(?:[ \t]*\n(?P<dashes>[ \t]*\|(?:[ :]*-{2,}[ :]*\|)+)"
    r"|(?P<crossed>\|-{2,}(?:\+-{2,})+\|))[ \t]*$",
    re.MULTILINE,
)
_PARTED_END = pattern(r"\|[ \t]*\n(?:[ \t]*\n[ \t]*\|[ :]*--|\|-{2,}\+)")
"""A cheap test: every text that the pattern above matches has a match of this one."""
_GRID = pattern(r"^ {0,3}\+(?:[-=]{2,}\+)+[ \t]*\n {0,3}\|[^\n]*\|[ \t]*\n {0,3}\+(?:[-=]{2,}\+)+", re.MULTILINE)
_ESCAPED = pattern(r"^ {0,3}\\\|[^\n]*\\\|[^\n]*\n {0,3}\\\|[^\n]*\\\|", re.MULTILINE)
_DASHES = pattern(r"[ >]*\|?[ :|-]+$")


@rule("CARD002", "table-missing-delimiter", Severity.ERROR, "Rows of a table lack the row of dashes.", pages=True)
def table_missing_delimiter(model: Described) -> Findings:
    """Rows of a table without a delimiter row."""
    card = model.card
    for first, last in card.paragraphs if "\t" in card.source else ():
        rows = [line.strip() for line in card.lines[first - 1 : last]]
        if len(rows) > 1 and len({row.count("\t") for row in rows}) == 1 and all(map(_PARTED_BY_TABS.match, rows)):
            message = f"Tabs separate the cells of these {len(rows)} rows: readers see their words in one line."
            hint = "Write rows such as `| a | b |`, and `| --- | --- |` below the first."
            yield table_missing_delimiter.at(card.passage(first, 1, rows[0]), message, hint)
    if "|" not in card.source:
        return
    for first, last in card.paragraphs:
        if last - first >= 1:
            yield from _rows(card, first, last)
    for match in _PARTED.finditer(card.prose) if _PARTED_END.search(card.prose) else ():
        yield table_missing_delimiter.at(
            card.at(match.start(match.lastgroup or 0), match[match.lastgroup or 0]),
            "The row of dashes is not right below the header, or has + between its dashes: readers see no table.",
            "Write `| --- | --- |` right below the header, with a bar between the dashes.",
        )
    for form, what in ((_GRID, "a grid of + and -"), (_ESCAPED, "bars with a backslash before them")):
        for match in form.finditer(card.prose) if "+--" in card.prose or "\\|" in card.prose else ():
            message = f"Markdown makes no table of {what}."
            hint = "Write rows such as `| a | b |`, and `| --- | --- |` below the first."
            yield table_missing_delimiter.at(card.at(match.start(), match[0]), message, hint)
    for token in card.tokens:
        text = token.content if token.type == "code_block" and token.map and "|" in token.content else ""
        if text and token.map and _INDENTED.match(text):
            message = "Four spaces before its rows turn this table into code."
            hint = "Take the spaces out."
            yield table_missing_delimiter.at(card.passage(token.map[0] + 1, 1, card.lines[token.map[0]]), message, hint)


_PARTED_BY_TABS = pattern(r"(?!\d+[.)]\t|[a-z][.)]\t)\w[^\t]*\t[^\t]")
_INDENTED = pattern(r"\|?[^|\n]+\|[^\n]*\n\|?(?:[ :]*-{2,}[ :]*\|)+[ :-]*\n")


def _rows(card: Card, first: int, last: int) -> Findings:
    """Two or more lines of a paragraph that look like rows: bars around them, or two bars within."""
    texts = [card.lines[line - 1] for line in range(first, last + 1)]
    seen = [
        card.prose[card.starts[line - 1] : card.starts[line - 1] + len(card.lines[line - 1])]
        for line in range(first, last + 1)
    ]
    if not all(_is_row(text) for text in seen):
        return
    counts = {len(cells_of(text, first)) for text in texts}
    if len(counts) != 1 or any(_DASHES.match(text) for text in texts):
        return
    (count,) = counts
    head = texts[0]
    column = len(head) - len(head.lstrip(" >")) + 1
    framed = head.strip().startswith("|")
    dashes = f"| {' | '.join(['---'] * count)} |" if framed else "|".join(["---"] * count)
    fix = None if column > 1 else card.fix([(first + 1, 1, first + 1, 1, f"{dashes}\n")])
    yield table_missing_delimiter.at(
        card.passage(first, column, head.strip()),
        f"{times(len(texts), 'row')} of {count} cells lack the row of dashes below the first: readers see no table.",
        f"Write `{dashes}` below the header.",
        fix=fix,
    )


def _is_row(text: str) -> bool:
    bare = text.strip(" >")
    bars = bare.count("|") - bare.count("\\|")
    return (bare.startswith("|") and bare.endswith("|") and bars >= 3) or (bars >= 2 and "||" not in bare)


@rule(
    "CARD003",
    "table-no-blank-line-before",
    Severity.WARNING,
    "A table follows text without an empty line between.",
    pages=True,
)
def table_no_blank_line_before(model: Described) -> Findings:
    """A table directly below text, which some viewers show as more text."""
    card = model.card
    if "|" not in card.source:
        return
    yield from _swallowed(card)
    ends = {last for _, last in card.paragraphs}
    for table in card.tables:
        line = table.header.line
        if line - 1 not in ends:
            continue
        text = card.lines[line - 1]
        yield table_no_blank_line_before.at(
            card.passage(line, len(text) - len(text.lstrip()) + 1, text.strip()),
            f"The table '{short(text)}' follows text without an empty line: some viewers show it as more of that text.",
            "Put an empty line before the table.",
            fix=None if table.nested else card.fix([(line, 1, line, 1, "\n")]),
            severity=Severity.INFO,
        )


def _swallowed(card: Card) -> Findings:
    """A table directly below a list item, whose text it then continues."""
    for first, last in card.paragraphs:
        for line in range(first + 2, last + 1):
            head, dashes = card.lines[line - 2], card.lines[line - 1]
            if "|" not in head or not _DELIMITER.match(dashes):
                continue
            if len(cells_of(head, line - 1)) != len(cells_of(dashes, line)):
                continue  # CARD001 reports it
            yield table_no_blank_line_before.at(
                card.passage(line - 1, len(head) - len(head.lstrip()) + 1, head.strip()),
                f"The table '{short(head)}' is not a table: without an empty line it belongs to the text above it.",
                "Put an empty line before the table.",
                fix=card.fix([(line - 1, 1, line - 1, 1, "\n")]) if head[:1] not in "> \t" else None,
            )


@rule("CARD004", "table-pipe-style", Severity.INFO, "The header and the row of dashes differ in their outer bars.")
def table_pipe_style(model: Described) -> Findings:
    """A header without outer bars above a delimiter row with them, or the other way round."""
    card = model.card
    edits = [edit for table in card.tables if (edit := _edit(card, table))]
    if edits:
        message = (
            f"In {times(len(edits), 'table')} the header and the row of dashes below differ in their outer bars (|)."
        )
        yield once_a_card(table_pipe_style, card, edits, message, "Write the outer bars in both rows or in none.")


def _edit(card: Card, table: Table) -> CardEdit | None:
    line = table.delimiter_line
    header, dashes = card.lines[line - 2], card.lines[line - 1]
    if table.nested or len(table.header.cells) < 2:
        return None
    wanted = _ends(header)
    if wanted == _ends(dashes):
        return None
    inner = dashes.strip().removeprefix("|").removesuffix("|").strip()
    if not re.match(r"--|:", inner):
        inner = f"--{inner}"  # `- | -` would begin a list
    text = f"{'|' * wanted[0]}{inner}{'|' * wanted[1]}"
    indent = len(dashes) - len(dashes.lstrip())
    return line, indent + 1, line, len(dashes.rstrip()) + 1, text


def _ends(row: str) -> tuple[bool, bool]:
    bare = row.strip()
    return bare.startswith("|"), bare.endswith("|") and not bare.endswith("\\|")
