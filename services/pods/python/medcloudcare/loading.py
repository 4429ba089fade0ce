"""Finds the model in a package's main.py."""
from __future__ import annotations

import importlib.util
import os
import sys
from types import ModuleType
from typing import List, Type

from .application import Application, InferType


class PackageInvalid(Exception):
    """The package holds no usable model; the message says why."""


def load_application(package: str, infer_type: InferType) -> Application:
    """Imports ``main.py`` of the package, makes its Application and loads it.

    Exceptions of the model's own code pass through; PackageInvalid says that there is no model, or one of another type.
    """
    module = _import_main(package)
    kinds = _applications(module)
    if len(kinds) != 1:
        names = ", ".join(k.__name__ for k in kinds) or "none"
        raise PackageInvalid(f"main.py must define exactly one Application with a run method; it defines {names}")
    kind = kinds[0]
    try:
        declared = InferType(getattr(kind, "infer_type", None))
    except ValueError:
        raise PackageInvalid(f"{kind.__name__}.infer_type must be one of InferType") from None
    if declared is not infer_type:
        raise PackageInvalid(f"{kind.__name__}.infer_type is {declared.value}, the form says {infer_type.value}")
    application = kind()
    application.load()
    return application


def _import_main(package: str) -> ModuleType:
    path = os.path.join(package, "main.py")
    if not os.path.isfile(path):
        raise PackageInvalid("the package has no main.py")
    sys.path.insert(0, package)
    os.chdir(package)
    spec = importlib.util.spec_from_file_location("main", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["main"] = module
    spec.loader.exec_module(module)
    return module


def _applications(module: ModuleType) -> List[Type[Application]]:
    """The concrete subclasses that main.py itself defines and does not derive further."""
    found = [value for value in vars(module).values()
             if isinstance(value, type) and issubclass(value, Application) and value.__module__ == module.__name__
             and not getattr(value, "__abstractmethods__", None)]
    found = list(dict.fromkeys(found))
    return [k for k in found if not any(other is not k and issubclass(other, k) for other in found)]
