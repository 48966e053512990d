"""Walk through a traced network, one operation after another, on the meta device."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from cnnlib.profile import operations
from cnnlib.profile.fields import PIXEL, Field, Misalignment, meet
from cnnlib.profile.table import Layer, Profile
from cnnlib.shapes import as_integer

__all__ = ["profile"]


def profile(
    model: nn.Module | Callable[[], nn.Module],
    input_size: Sequence[int],
    dtype: torch.dtype = torch.float32,
) -> Profile:
    """What each layer of ``model`` costs and sees, for one input, without computing anything.

    Parameters
    ----------
    model : torch.nn.Module, or a function that builds one
        A function, such as ``resnet50``, is called on the meta device, so that no weight is ever
        allocated; a module is not modified, and its weights are not copied. As at test time.
    input_size : (N, C, H, W), (C, H, W), or (N, D)
        Three numbers are one image.
    dtype : torch.dtype
        Of weights and activations, for their bytes.

    Returns
    -------
    profile : Profile
        One row per operation: output shape, parameters, MACs (multiply-adds of convolutions and
        matrix products; FLOPs are twice as many), activation bytes, and the receptive field in
        input pixels with its jump and effective padding; totals; paths that meet although their
        fields do not align. A layer of ``torch.nn`` is one row, also attention or an LSTM: its
        MACs are all that it multiplies, its bytes those of its output. Behind an operation whose
        field is not known (a transposed convolution, an interpolation, a transposition) fields
        stay empty, and the table says after which one.

    Raises
    ------
    TypeError
        If ``model`` is not a module and builds none, or ``input_size`` is no sequence of integers.
    ValueError
        If the model cannot be traced, or the input does not fit it.

    Notes
    -----
    Receptive fields as in Araujo, Norris and Sim, Distill, 2019; where paths meet, their union.

    Examples
    --------
    >>> from cnnlib.models import vgg16
    >>> costs = profile(vgg16, (3, 224, 224))
    >>> costs.parameters, costs.macs
    (138357544, 15470264320)
    >>> costs["features.30"].field.size
    (212, 212)
    """
    meta = _on_meta(model).to(dtype)
    name = type(meta).__name__
    if fx.Tracer().is_leaf_module(meta, ""):
        meta = nn.Sequential(meta)  # one layer of torch.nn is a row, not a network to look into
    sizes = [as_integer(size, "profile: input_size", 1) for size in input_size]
    shape = (1, *sizes) if len(sizes) == 3 else tuple(sizes)
    try:
        # The default tracer, but with the meta device for tensors that a forward pass creates.
        with torch.device("meta"):
            graph = fx.symbolic_trace(meta)
    except Exception as error:
        raise ValueError(
            f"profile: {name} cannot be traced: {_sentence(error)}\n"
            f"  Its forward pass decides by the values or sizes of tensors (if, for, assert).\n"
            f"  Move that into a submodule of torch.nn, or profile the parts one by one."
        ) from error
    walk = _Walk(graph)
    try:
        with torch.device("meta"), walk.counter:
            walk.run(torch.empty(shape, dtype=dtype))
    except Exception as error:
        at = f" in {walk.at}" if walk.at else ""
        raise ValueError(
            f"profile: an input of {shape} does not fit {name}{at}:"
            f" {_sentence(error)}\n"
            f"  input_size is (N, C, H, W), or (C, H, W) for one image."
        ) from error
    used = {id(parameter) for parameter in walk.counted}
    return Profile(
        name,
        shape,
        tuple(walk.layers),
        sum(parameter.numel() for parameter in meta.parameters()),
        tuple(walk.misalignments),
        tuple(walk.unknown),
        tuple(n for n, parameter in meta.named_parameters() if id(parameter) not in used),
    )


def _on_meta(model: nn.Module | Callable[[], nn.Module]) -> nn.Module:
    """A copy without weights, in eval mode. Only layers are copied, tensors are replaced."""
    if not isinstance(model, nn.Module):
        if not callable(model):
            raise TypeError(
                f"profile: model is a {type(model).__name__}, expected a torch.nn.Module or a"
                f" function that builds one"
            )
        with torch.device("meta"):
            model = model()
        if not isinstance(model, nn.Module):
            raise TypeError(f"profile: the function built a {type(model).__name__}, no module")
    weightless: dict[int, Any] = {}
    for parameter in model.parameters():
        weightless[id(parameter)] = nn.Parameter(parameter.detach().to("meta"), False)
    for buffer in model.buffers():
        weightless[id(buffer)] = buffer.detach().to("meta")
    return copy.deepcopy(model, weightless).eval()


class _Walk(fx.Interpreter):
    """Runs the graph and writes down a row for every operation."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.counter = operations.count_macs()
        self.layers: list[Layer] = []
        self.misalignments: list[Misalignment] = []
        self.unknown: list[str] = []
        self.counted: list[nn.Parameter] = []
        self.fields: dict[fx.Node, Field | None] = {}
        self.at = ""

    def run_node(self, n: fx.Node) -> Any:
        """Run one operation; if it makes a tensor, write down its row."""
        if n.op in ("placeholder", "output", "get_attr"):
            y = super().run_node(n)
            self.fields[n] = PIXEL if n.op == "placeholder" and y.dim() == 4 else None
            return y
        module = self.submodules[str(n.target)] if n.op == "call_module" else None
        self.at = self._place(n)
        before = self.counter.get_total_flops()
        result = super().run_node(n)
        macs = (self.counter.get_total_flops() - before) // 2
        outputs = _tensors(result)
        if not outputs:
            return result
        y = outputs[0]  # of several, the others are indices, weights of attention or states
        tensors = [tensor for node in n.all_input_nodes for tensor in _tensors(self.env[node])]
        self.fields[n] = self._field(n, module, y)
        if len(outputs) > 1 and n.target in operations.SPLITTING:
            return result  # pieces are taken out one by one, each in a row of its own
        view = any(operations.is_view(tensor, y) for tensor in tensors)
        own = list(module.parameters()) if module is not None else []
        given = [tensor for tensor in tensors if isinstance(tensor, nn.Parameter)]
        parameters = self._count(own + given)
        kind = type(module).__name__ if module is not None else _function_name(n.target)
        self.layers.append(
            Layer(
                self._place(n), kind, tuple(y.shape), parameters, macs,
                0 if view else operations.bytes_of(y), self.fields[n],
            )
        )  # fmt: skip
        return result

    def _count(self, parameters: list[nn.Parameter]) -> int:
        """Numbers in the parameters that were not counted before."""
        new = [p for p in parameters if all(p is not seen for seen in self.counted)]
        self.counted += new
        return sum(parameter.numel() for parameter in new)

    def _field(self, n: fx.Node, module: nn.Module | None, y: Tensor) -> Field | None:
        known = [
            (self.fields[node], self.env[node])
            for node in n.all_input_nodes
            if self.fields.get(node) is not None
        ]
        if not known:
            return None
        fields = [field for field, _ in known if field is not None]
        if not isinstance(known[0][1], Tensor):
            return fields[0]  # one of several outputs is taken out
        x: Tensor = known[0][1]
        if module is None and n.target in operations.MEETING and x.dim() == 4:
            dim = n.kwargs.get("dim", n.args[1] if len(n.args) > 1 else 0)
            if n.target is not torch.cat or dim in (1, -3):
                union, misalignment = meet(self._place(n), fields)
                if misalignment is not None:
                    self.misalignments.append(misalignment)
                return union
        if y.dim() < 4:  # flattened, or a mean over the pixels: no place in the image any more
            return None
        if module is not None:
            field = operations.field_of_module(module, fields[0], x)
        else:
            args, kwargs = self.fetch_args_kwargs_from_env(n)
            field = operations.field_of_function(n.target, args, kwargs, fields[0], x)
        if field is None:
            self.unknown.append(self._place(n))
        return field

    def _place(self, n: fx.Node) -> str:
        """The module in which an operation stands, and its name."""
        if n.op == "call_module":
            return str(n.target)
        inside = [path for path, _ in (n.meta.get("nn_module_stack") or {}).values() if path]
        return f"{inside[-1]}.{n.name}" if inside else n.name


def _tensors(value: Any) -> list[Tensor]:
    """The tensors of what an operation returns: one, or several in a tuple."""
    if isinstance(value, tuple | list):
        return [tensor for entry in value for tensor in _tensors(entry)]
    return [value] if isinstance(value, Tensor) else []


def _function_name(target: Any) -> str:
    return target if isinstance(target, str) else str(target.__name__)


def _sentence(error: Exception) -> str:
    """What PyTorch says first; its traces of graphs follow."""
    return str(error).partition("\n")[0]
