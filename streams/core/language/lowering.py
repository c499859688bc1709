"""lower(..): a text in small letters, so that a comparison holds in any case.

Comes in: the call, and how values are read where it stands. Goes out: the value, or what is wrong with the call.
"""

import ast
from collections.abc import Callable

from streams.core.language.calls import Call
from streams.core.language.vocabulary import usage
from streams.core.rules.nodes import Latest, Lowered, Property, Read, Trait, Value


def lower(call: Call, read: Callable[[ast.expr], Value]) -> Value:
    match read(call.arguments[0]):
        case Read(Trait() | Latest() as of):
            return Read(Lowered(of))
        case Property(name, lowered=False):
            return Property(name, lowered=True)
    raise call.source.fault(call.arguments[0], "lower(..) takes a trait, latest(..) or a property", usage("lower"))
