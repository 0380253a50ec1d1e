"""`dataclass(frozen=True)` as Python's own, made in a sixth of the time.

Python writes and compiles the text of six methods for each class, half a millisecond. What a build loads has eighty such
classes: that was a quarter of its start. Here `__init__` alone is compiled, and the other methods are the same few lines for all.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, **options):
        """What `dataclasses.dataclass` makes of a class; with other options than `frozen` made by that."""
        if cls is None:
            return lambda one: dataclass(one, **options)
        if options != {"frozen": True} or not _is_plain(cls):
            return dataclasses.dataclass(cls, **options)
        return _frozen(cls)


_METHODS = ("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__")


def _is_plain(cls: type) -> bool:
    """Whether a class asks for nothing but fields with or without a default, and has no methods of these of its own."""
    own = vars(cls)
    return (
        not any(dataclasses.is_dataclass(base) for base in cls.__mro__[1:])
        and not any(name in own for name in (*_METHODS, "__post_init__", "__slots__"))
        and not any(
            isinstance(one, dataclasses.Field) and (one.kw_only is True or not one.init)
            for one in own.values()
        )
        and not any("InitVar" in str(kind) or "KW_ONLY" in str(kind) for kind in _annotations(cls))
    )


def _annotations(cls: type) -> tuple[object, ...]:
    return tuple(vars(cls).get("__annotations__", {}).values())


def _frozen(cls: Any) -> Any:
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # else it is put together of a signature, which takes long
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    of_class = cls.__dataclass_params__  # whoever derives from it has to see what it is
    of_class.init = of_class.repr = of_class.eq = of_class.frozen = True
    fields = dataclasses.fields(cls)
    cls.__init__ = _init(cls, fields)
    cls.__repr__ = _repr(tuple(one.name for one in fields if one.repr))
    values = _values(tuple(one.name for one in fields if one.compare))
    hashed = _values(tuple(one.name for one in fields if (one.compare if one.hash is None else one.hash)))

    def __eq__(self: object, other: object) -> Any:  # noqa: N807
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    cls.__eq__ = __eq__
    cls.__hash__ = lambda self: hash(hashed(self))
    names = frozenset(one.name for one in fields)

    def __setattr__(self: object, name: str, value: object) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        object.__setattr__(self, name, value)

    def __delattr__(self: object, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        object.__delattr__(self, name)

    cls.__setattr__ = __setattr__
    cls.__delattr__ = __delattr__
    return cls


def _init(cls: type, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    """Sets what it is given, as the text that Python would write does."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_missing": dataclasses.MISSING}
    names, lines = [], []
    for one in fields:
        name = one.name
        if one.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = one.default_factory
            names.append(f"{name}=_missing")
            lines.append(f" _set(self, {name!r}, _make_{name}() if {name} is _missing else {name})")
            continue
        if one.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = one.default
            names.append(f"{name}=_default_{name}")
        else:
            names.append(name)
        lines.append(f" _set(self, {name!r}, {name})")
    made: dict[str, Any] = {}
    text = f"def __init__(self, {', '.join(names)}):\n" + ("\n".join(lines) or " pass")
    exec(text, known, made)  # noqa: S102 - the names of a class's fields, as dataclasses does it
    init = made["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__module__ = cls.__module__
    return init


def _values(names: tuple[str, ...]) -> Any:
    """Reads these attributes as one tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda whole: tuple(getattr(whole, name) for name in names)


def _repr(names: tuple[str, ...]) -> Any:
    def __repr__(self: object) -> str:  # noqa: N807
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return __repr__
