"""How numba compiles the kernel: the whole is optimised once, and much that the kernel does not need is left out.

Comes in: Python functions with the types of their arguments. Goes out: machine code of the entries.

By itself numba optimises each function alone and makes machine code of it, and does so once more in all that call it;
but Python only calls the entries. Here the others stay as they are until an entry takes them all in, hidden from
everybody else: so LLVM sees the whole, and does each part once. That takes a quarter of the time, and the code is
faster. numba offers `pipeline_class` for this; the libraries of code are inner parts of it, which is why
`pyproject.toml` bounds its version from above.
"""

from typing import Any

from llvmlite.binding import Linkage
from numba._dynfunc import make_function
from numba.core import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import FunctionPass, PassManager, register_pass
from numba.core.ir import Expr, SetItem
from numba.core.typed_passes import (
    AnnotateTypes,
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import FixupArgs, GenericRewrites, IRProcessing, ReconstructSSA, TranslateByteCode

from streams.core.kernel.jit import INNER


class Library(JITCodeLibrary):
    """The code of a function; of an entry, with all that it calls."""

    def add_linking_library(self, library: Any) -> None:
        if not isinstance(library, Library):
            library._ensure_finalized()
        self._linking_libraries.append(library)

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _get_module_for_linking(self) -> Any:
        return super()._get_module_for_linking() if self._finalized else self._final_module

    def finalize(self) -> None:
        """Of an entry: take in what it calls, and make machine code of it all."""
        self._own = {function.name for function in self._final_module.functions if not function.is_declaration}
        self._linking_libraries = _all_called(self)
        super().finalize()

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.name not in self._own:
                function.linkage = Linkage.internal
        passes, builder = self._codegen._module_pass_manager()
        passes.run(self._final_module, builder)


def _all_called(entry: Any) -> list[Any]:
    """The libraries of all functions that are called, each before those that it calls: the linker takes of a library
    only what has been asked for."""
    found: dict[Any, None] = {}

    def visit(library: Any) -> None:
        for called in library._linking_libraries:
            if called not in found:
                visit(called)
                found[called] = None

    visit(entry)
    return [*reversed(found)]


@register_pass(mutates_CFG=False, analysis_only=False)
class PlainIndices(FunctionPass):
    """An index counts from the start: that it may count from the end, as in Python, would cost a comparison."""

    _name = "plain_indices"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        state.calltypes = {call: _plain(call, signature) for call, signature in state.calltypes.items()}
        return True


def _plain(call: Any, signature: Any) -> Any:
    is_index = isinstance(call, SetItem) or (isinstance(call, Expr) and call.op in ("getitem", "static_getitem"))
    if not is_index or signature is None or not isinstance(signature.args[0], types.Array):
        return signature
    table, index, *value = signature.args
    return signature.replace(args=(table, _unsigned(index), *value))


def _unsigned(index: Any) -> Any:
    if isinstance(index, types.Integer):
        return types.uintp
    if isinstance(index, types.Tuple | types.UniTuple) and all(isinstance(each, types.Integer) for each in index.types):
        return types.UniTuple(types.uintp, len(index.types))
    return index


@register_pass(mutates_CFG=True, analysis_only=False)
class Lowering(NativeLowering):
    """numba's own, but without machine code of functions that Python does not call."""

    def run_pass(self, state: Any) -> bool:
        state.library = Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        function, flags = state.func_id.func, state.flags
        if function not in INNER:
            flags.no_cpython_wrapper = False
            return bool(super().run_pass(state))
        flags.no_compile, flags.forceinline = True, INNER[function]
        super().run_pass(state)
        lowered = state["cr"]
        handle = make_function(lowered.fndesc.lookup_module(), function.__name__, "", 0, lowered.env, ())
        state.targetctx.insert_user_function(handle, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=handle)
        return True


class Pipeline(CompilerBase):
    """What is done to a function, from Python's byte code to a library: without what numba does for closures, `with`,
    exceptions, literals and whole arrays, of which the kernel has none."""

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("kernel")
        for each in (
            TranslateByteCode,
            FixupArgs,
            IRProcessing,
            GenericRewrites,
            ReconstructSSA,
            NopythonTypeInference,
            PreLowerStripPhis,
            PlainIndices,
            IRLegalization,
            AnnotateTypes,
            Lowering,
            NoPythonBackend,
        ):
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]
