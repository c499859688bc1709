"""The processor's instruction for `streams.core.kernel.prefetch.prefetch`."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, type_callable

from streams.core.kernel.prefetch import prefetch

TO_WRITE, KEEP, DATA = 1, 3, 1  # what LLVM is told of the use to come


@type_callable(prefetch)
def _typed(_context: Any) -> Callable[..., Any]:
    return lambda words, row, word: types.void  # noqa: ARG005 - numba reads the names


@lower_builtin(prefetch, types.Array, types.Integer, types.Integer)
def _fetch(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    """LLVM's instruction for one word."""
    table = context.make_array(signature.args[0])(context, builder, values[0])
    address = cgutils.get_item_pointer(context, builder, signature.args[0], table, values[1:])
    number = ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [ir.PointerType(), number, number, number])
    fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(fetch, [builder.bitcast(address, ir.PointerType()), number(TO_WRITE), number(KEEP), number(DATA)])
    return context.get_dummy_value()
