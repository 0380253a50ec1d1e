"""Markdown as plain data that a Typst design can set: blocks with inline parts, nothing of it as markup."""

from __future__ import annotations

from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

Node = dict[str, Any]

_MARKDOWN = MarkdownIt("commonmark").enable("table")


def blocks(text: str) -> list[Node]:
    """The blocks of a text: headings, paragraphs, lists, tables, rules."""
    return [node for one in SyntaxTreeNode(_MARKDOWN.parse(text)).children for node in _block(one)]


def slides(text: str) -> list[list[Node]]:
    """The blocks of each slide: a rule (`---` between empty lines) begins the next one."""
    pages: list[list[Node]] = [[]]
    for node in blocks(text):
        if node["t"] == "hr":
            pages.append([])
        else:
            pages[-1].append(node)
    return [page for page in pages if page]


def _block(node: SyntaxTreeNode) -> list[Node]:
    match node.type:
        case "heading":
            return [{"t": "h", "level": int(node.tag[1:]), "c": _inlines(node)}]
        case "paragraph":
            return [{"t": "p", "c": _inlines(node)}]
        case "bullet_list" | "ordered_list":
            items = [[block for child in item.children for block in _block(child)] for item in node.children]
            return [{"t": "ul" if node.type == "bullet_list" else "ol", "items": items}]
        case "table":
            rows = [
                [_inlines(cell) for cell in row.children] for part in node.children for row in part.children
            ]
            return [{"t": "table", "head": rows[0], "rows": rows[1:], "widths": _widths(rows)}]
        case "hr":
            return [{"t": "hr"}]
        case "fence" | "code_block":
            return [{"t": "p", "c": [{"t": "code", "s": node.content}]}]
        case _:
            return [block for child in node.children for block in _block(child)]


def _widths(rows: list[list[list[Node]]]) -> list[int]:
    """How wide the columns of a table are in proportion: by their longest cell; empty ones are there to write in."""
    widths = []
    for column in range(len(rows[0])):
        longest = max(_length(row[column]) for row in rows[1:] or rows)
        heading = _length(rows[0][column])
        room = 40 if len(rows[0]) <= 2 else 14
        widths.append(max(min(longest, 60), heading, 11) if longest else max(room, heading))
    return widths


def _length(parts: list[Node]) -> int:
    return sum(len(part.get("s", "")) + _length(part.get("c", [])) for part in parts)


def _inlines(node: SyntaxTreeNode) -> list[Node]:
    return [found for child in node.children for found in _inline(child)]


def _inline(node: SyntaxTreeNode) -> list[Node]:
    match node.type:
        case "text":
            return [{"t": "text", "s": node.content}] if node.content else []
        case "strong":
            return [{"t": "b", "c": _inlines(node)}]
        case "em":
            return [{"t": "i", "c": _inlines(node)}]
        case "code_inline":
            return [{"t": "code", "s": node.content}]
        case "softbreak" | "hardbreak":
            return [{"t": "br"}]
        case "image":
            return [{"t": "text", "s": node.content}]
        case _:
            return _inlines(node)
