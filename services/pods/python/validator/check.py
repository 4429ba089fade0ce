"""Checks a model's sources without running them: ``python3 check.py --task TYPE DIRECTORY``.

Prints one JSON object: ``{"reason": "OK"}`` or ``{"reason": "MODEL_…", "message": …, "file": …, "line": …, "column": …}``, the
reason being a value of medcloudcare.common.v1.Reason. Only ``ast`` looks at the code. Standard library only.
"""
from __future__ import annotations

import argparse
import ast
import json
import os
import sys
import tokenize
import warnings
from typing import Any, Dict, List, Optional, Set

TYPES = ("segmentation", "detection", "classification", "localisation", "registration", "processing")
SDK = "medcloudcare"
MAX_SOURCE_BYTES = 4 << 20


class Refused(Exception):
    """The package is not acceptable."""

    def __init__(self, reason: str, message: str, **where: Any) -> None:
        super().__init__(message)
        self.report = {"reason": reason, "message": message, **{k: v for k, v in where.items() if v is not None}}


def check(directory: str, task: str) -> None:
    """Raises Refused for the first thing that is wrong."""
    if not os.path.isfile(os.path.join(directory, "main.py")):
        raise Refused("MODEL_MAIN_MISSING", "the package has no main.py at its top level")
    trees = {name: parse(directory, name) for name in sources(directory)}
    module = Module(trees["main.py"])
    application = module.application()
    module.check_run(application)
    module.check_type(application, task)


def sources(directory: str) -> List[str]:
    """Relative paths of the Python files, main.py first."""
    found = []
    for folder, folders, files in os.walk(directory):
        folders.sort()
        found += [os.path.relpath(os.path.join(folder, f), directory) for f in sorted(files) if f.endswith(".py")]
    return sorted(found, key=lambda f: (f != "main.py", f))


def parse(directory: str, name: str) -> ast.Module:
    """The syntax tree of a file."""
    path = os.path.join(directory, name)
    if os.path.getsize(path) > MAX_SOURCE_BYTES:
        raise Refused("MODEL_SYNTAX_ERROR", f"{name} is larger than {MAX_SOURCE_BYTES >> 20} MiB", file=name)
    try:
        with tokenize.open(path) as file:  # honours the coding comment
            text = file.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, name)
            compile(tree, name, "exec", dont_inherit=True)  # finds what the grammar alone does not: a return outside a function
        return tree
    except SyntaxError as error:
        message = f"{name}, line {error.lineno or 1}: {error.msg}"
        raise Refused("MODEL_SYNTAX_ERROR", message, file=name, line=error.lineno or 1, column=error.offset or 1) from None
    except UnicodeDecodeError as error:
        raise Refused("MODEL_SYNTAX_ERROR", f"{name} is not encoded as it says: {error.reason}", file=name, line=1, column=1) from None
    except (ValueError, RecursionError, MemoryError) as error:
        message = f"{name} cannot be parsed: {error or type(error).__name__}"
        raise Refused("MODEL_SYNTAX_ERROR", message, file=name, line=1, column=1) from None


class Module:
    """main.py as far as it can be understood without running it."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: Dict[str, str] = {}
        self.classes: Dict[str, ast.ClassDef] = {}
        self._collect(tree.body)

    def _collect(self, body: List[ast.stmt]) -> None:
        """Imports and classes of the module, also those under ``if`` and ``try``."""
        for node in body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.names[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else alias.name.split(".")[0]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                for alias in node.names:
                    if alias.name == "*" and node.module == SDK:
                        self.names.setdefault("Application", f"{SDK}.Application")
                        self.names.setdefault("InferType", f"{SDK}.InferType")
                    else:
                        self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, ast.ClassDef):
                self.classes[node.name] = node
            elif isinstance(node, (ast.If, ast.Try, ast.With)):
                for field in ("body", "orelse", "finalbody"):
                    self._collect(getattr(node, field, []))
                for handler in getattr(node, "handlers", []):
                    self._collect(handler.body)

    def resolve(self, node: ast.expr) -> Optional[str]:
        """The dotted name that an expression means, through the imports."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            owner = self.resolve(node.value)
            return f"{owner}.{node.attr}" if owner else None
        return None

    def lineage(self, cls: ast.ClassDef, seen: Optional[Set[str]] = None) -> Optional[List[ast.ClassDef]]:
        """The class and its bases in this file, if one of them is the SDK's Application."""
        seen = seen or set()
        if cls.name in seen:
            return None
        for base in cls.bases:
            name = self.resolve(base)
            if name in (f"{SDK}.Application", f"{SDK}.application.Application"):
                return [cls]
            if name in self.classes:
                rest = self.lineage(self.classes[name], seen | {cls.name})
                if rest is not None:
                    return [cls, *rest]
        return None

    def application(self) -> ast.ClassDef:
        """The one Application of the file: of several the one that derives from the others."""
        lines = [line for line in map(self.lineage, self.classes.values()) if line]
        if not lines:
            raise Refused("MODEL_APPLICATION_MISSING", f"main.py defines no subclass of {SDK}.Application", file="main.py")
        parents = {cls.name for line in lines for cls in line[1:]}
        leaves = [line[0] for line in lines if line[0].name not in parents]
        if len(leaves) > 1:
            names = ", ".join(cls.name for cls in leaves)
            raise Refused("MODEL_APPLICATION_MISSING", f"main.py defines more than one Application: {names}; leave one",
                          file="main.py", line=leaves[1].lineno, column=leaves[1].col_offset + 1)
        return leaves[0]

    def check_run(self, cls: ast.ClassDef) -> None:
        """``run(self, task)``, here or in a base of this file."""
        for owner in self.lineage(cls) or []:
            for node in owner.body:
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == "run":
                    return self._check_signature(node)
        raise Refused("MODEL_RUN_MISSING", f"{cls.name} has no method run(self, task)", file="main.py", line=cls.lineno,
                      column=cls.col_offset + 1)

    @staticmethod
    def _check_signature(node: Any) -> None:
        positional = node.args.posonlyargs + node.args.args
        required = len(positional) - len(node.args.defaults)
        keywords = [a for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults) if d is None]
        decorators = {d.id for d in node.decorator_list if isinstance(d, ast.Name)} & {"staticmethod", "classmethod", "property"}
        takes_two = required <= 2 <= len(positional) or (node.args.vararg is not None and required <= 2 and positional)
        if isinstance(node, ast.AsyncFunctionDef) or decorators or keywords or not takes_two:
            raise Refused("MODEL_RUN_MISSING", "run must be a plain method with two parameters: run(self, task)", file="main.py",
                          line=node.lineno, column=node.col_offset + 1)

    def check_type(self, cls: ast.ClassDef, task: str) -> None:
        """``infer_type``, here or in a base of this file, is that of the form."""
        node = self._infer_type(cls)
        if node is None:
            raise Refused("MODEL_TYPE_INVALID", f"{cls.name} does not set infer_type", file="main.py", line=cls.lineno,
                          column=cls.col_offset + 1)
        where = {"file": "main.py", "line": node.lineno, "column": node.col_offset + 1}
        declared = self._value(node)
        if declared not in TYPES:
            raise Refused("MODEL_TYPE_INVALID", f"infer_type must be one of InferType ({', '.join(TYPES)})", **where)
        if declared != task:
            raise Refused("MODEL_TYPE_INVALID", f"infer_type is {declared}, the form says {task}", **where)

    def _infer_type(self, cls: ast.ClassDef) -> Optional[ast.expr]:
        for owner in self.lineage(cls) or []:
            for node in owner.body:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
                if any(isinstance(t, ast.Name) and t.id == "infer_type" for t in targets):
                    return node.value
        return None

    def _value(self, node: ast.expr) -> Optional[str]:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        name = self.resolve(node) or ""
        owner, _, member = name.rpartition(".")
        known = owner in (f"{SDK}.InferType", f"{SDK}.application.InferType")
        return member.lower() if known and member.isupper() else None


def main() -> int:
    """Prints the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", required=True, choices=TYPES)
    parser.add_argument("directory")
    options = parser.parse_args()
    try:
        check(options.directory, options.task)
        report: Dict[str, Any] = {"reason": "OK"}
    except Refused as refused:
        report = refused.report
    json.dump(report, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
