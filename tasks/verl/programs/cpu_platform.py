"""verl's platform for machines without a GPU: the processor is the device, gloo moves the tensors.

verl imports this in the driver and in every worker where `VERL_USE_EXTERNAL_MODULES` names it, and takes it where
`VERL_PLATFORM=cpu` (public plug points of verl 0.9, `verl/plugin/platform`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import psutil
import torch
from torch import distributed
from verl.plugin.platform import PlatformBase, PlatformRegistry


def _nothing(*args: object, **kwargs: object) -> None:
    """A processor has no cache to empty, no queue to wait for and no index to choose."""


def _zero(*args: object, **kwargs: object) -> int:
    return 0


def _memory() -> tuple[int, int]:
    found = psutil.virtual_memory()
    return found.available, found.total


DEVICE = SimpleNamespace(
    Event=torch.cpu.Event if hasattr(torch.cpu, "Event") else torch.Event,
    Stream=torch.cpu.Stream,
    current_device=torch.cpu.current_device,
    current_stream=torch.cpu.current_stream,
    device_count=lambda: 1,
    empty_cache=_nothing,
    get_device_name=lambda index=0: "cpu",
    get_rng_state=torch.get_rng_state,
    is_available=lambda: True,
    manual_seed=torch.manual_seed,
    manual_seed_all=torch.manual_seed,
    max_memory_allocated=_zero,
    max_memory_reserved=_zero,
    mem_get_info=_memory,
    memory_allocated=_zero,
    memory_reserved=_zero,
    reset_peak_memory_stats=_nothing,
    set_device=_nothing,
    set_per_process_memory_fraction=_nothing,
    set_rng_state=torch.set_rng_state,
    stream=torch.cpu.stream,
    synchronize=_nothing,
)
"""What verl asks of `torch.cuda`, answered for the processor."""


class CpuPlatform(PlatformBase):  # type: ignore[misc]  # verl has no types
    """The processor as verl sees a device. Ray counts it as one GPU, since verl places its workers by that name."""

    device_name = vendor_name = "cpu"
    device_module = DEVICE

    set_device = synchronize = set_allocator_settings = empty_cache = staticmethod(_nothing)
    profiler_start = profiler_stop = cudart = staticmethod(_nothing)
    manual_seed = manual_seed_all = staticmethod(torch.manual_seed)

    def is_available(self) -> bool:
        """There is always a processor."""
        return True

    def current_device(self) -> str:
        """A device that tensors can be moved to."""
        return "cpu"

    def device_count(self) -> int:
        """One, however many cores it has."""
        return 1

    def get_device_capability(self, device_index: int = 0) -> tuple[None, None]:
        """Compute capability is CUDA's."""
        return None, None

    def communication_backend_name(self) -> str:
        """What the workers talk over."""
        return "gloo"

    def visible_devices_envvar(self) -> str:
        """A variable that nobody sets: there is nothing to hide."""
        return "FINLOOM_VISIBLE_PROCESSORS"

    @contextmanager
    def nvtx_range(self, msg: str) -> Iterator[None]:
        """Marks nothing."""
        yield

    def ray_resource_name(self) -> str:
        """What Ray calls a device."""
        return "GPU"

    def ray_noset_envvars(self) -> list[str]:
        """Ray may set what it likes."""
        return []

    def is_ipc_supported(self) -> bool:
        """Tensors of other processes are not shared by handle."""
        return False


def _init_process_group(backend: str | None = None, **options: object) -> None:
    """torch's own, but for the one backend that verl names twice: `cpu:gloo,cpu:gloo`."""
    _torch_init_process_group("cpu:gloo" if backend == "cpu:gloo,cpu:gloo" else backend, **options)


_torch_init_process_group = distributed.init_process_group
distributed.init_process_group = _init_process_group
PlatformRegistry.register(platform="cpu")(CpuPlatform)
