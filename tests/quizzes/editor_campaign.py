"""Asks a real yaml-language-server what an editor would show: completion and hover for every type of question.

    npm install --prefix <folder> yaml-language-server
    make proofs YAML_SERVER=<folder>/node_modules/.bin/yaml-language-server

Not part of `make test`, which needs no Node.js: there the shipped schema is compared with the generated one, and
tried with `jsonschema` on the files that the product takes and refuses (test_json_schema.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
SCHEMA = REPOSITORY / "authoring" / "starter" / "quiz.schema.json"
HEAD = f"# yaml-language-server: $schema={SCHEMA.as_uri()}\nschema: quiz/1\nid: q\ntitle: Q\nlanguages: {{default: sq, offered: [sq]}}\nquestions:\n"


class Editor:
    """What an editor is to the server: it opens a file, moves the cursor and asks."""

    def __init__(self, server: str, folder: Path) -> None:
        self.process = subprocess.Popen([server, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.folder = folder
        self.number = 0
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}, "hover": {"contentFormat": ["markdown"]}},
            "workspace": {"configuration": False},
        }})  # fmt: skip
        self.tell("initialized", {})
        settings = {"yaml": {"completion": True, "hover": True, "validate": True}}
        self.tell("workspace/didChangeConfiguration", {"settings": settings})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if not length:
            raise SystemExit("the server has ended")
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self.number += 1
        self._send({"id": self.number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif "method" in message and "id" in message:
                self._send(
                    {"id": message["id"], "result": None if "registerCapability" in message["method"] else []}
                )
            elif message.get("id") == self.number and "method" not in message:
                return message.get("result")

    def open(self, text: str) -> str:
        path = self.folder / f"q{self.number}.yaml"
        path.write_text(text, encoding="utf-8")
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return path.as_uri()

    def completion(self, text: str, line: int, column: int) -> set[str]:
        uri = self.open(text)
        found = self.ask(
            "textDocument/completion",
            {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}},
        )
        items = found["items"] if isinstance(found, dict) else found or []
        return {one["label"] for one in items}

    def hover(self, text: str, line: int, column: int) -> str:
        uri = self.open(text)
        found = self.ask(
            "textDocument/hover",
            {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}},
        )
        return str((found or {}).get("contents", {}).get("value", ""))


def main(server: str) -> int:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    items = schema["properties"]["questions"]["items"]
    types = items["properties"]["type"]["enum"]
    failures: list[str] = []

    def expect(good: bool, what: str) -> None:
        if not good:
            failures.append(what)

    with tempfile.TemporaryDirectory() as folder:
        editor = Editor(server, Path(folder))
        offered = editor.completion(f"{HEAD}  - id: a\n    type: \n", 7, 10)
        expect(set(types) <= offered, f"types offered: {sorted(offered)}")
        snippets = editor.completion(f"{HEAD}  - \n", 6, 4)
        expect(set(types) <= snippets, f"snippets offered: {sorted(snippets)}")
        for kind in types:
            keys = set(schema["definitions"][kind]["properties"]) - {"id", "type"}
            lines = f"{HEAD}  - id: a\n    type: {kind}\n    \n"
            offered = editor.completion(lines, 8, 4)
            expect(keys <= offered, f"{kind}: not offered {sorted(keys - offered)}")
            strange = offered - keys - {"id", "type"} - set(types)  # the snippets are offered too
            expect(not strange, f"{kind}: offered besides {sorted(strange)}")
            hovered = editor.hover(f"{HEAD}  - id: a\n    type: {kind}\n    text: x\n", 7, 6)
            expect("other keys" in hovered, f"{kind}: hover of type {hovered!r}")
            for key in sorted(keys):
                hovered = editor.hover(f"{HEAD}  - id: a\n    type: {kind}\n    {key}: x\n", 8, 5)
                expect(len(hovered) > 10, f"{kind}: no hover of {key}")
        wrong = editor.open(f"{HEAD}  - id: a\n    type: kprim\n    text: x\n")
        editor.ask(
            "textDocument/hover", {"textDocument": {"uri": wrong}, "position": {"line": 0, "character": 1}}
        )
        for _ in range(50):
            if editor.diagnostics.get(wrong):
                break
            time.sleep(0.1)
            editor.hover(f"{HEAD}  - id: a\n", 0, 1)
        expect(bool(editor.diagnostics.get(wrong)), "an unknown type is not marked")
        editor.process.terminate()
    for one in failures:
        print(one)
    print(
        f"{len(types)} types: {'completion and hover of every key' if not failures else f'{len(failures)} failures'}"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
