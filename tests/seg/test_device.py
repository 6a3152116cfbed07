"""A device that is not there is an error that says so."""

from types import SimpleNamespace

import pytest
import torch

from bevseg.errors import DeviceError, OutOfMemoryError, UsageError
from bevseg.seg import device


def test_auto_takes_what_is_there(monkeypatch):
    for there, kind in ((False, "cpu"), (True, "cuda")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert device.resolve("auto").type == kind


@pytest.mark.parametrize(("name", "found"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2)])
def test_a_gpu_that_is_absent(monkeypatch, name, found):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    with pytest.raises(DeviceError, match=f"No CUDA device '{name}'") as caught:
        device.resolve(name)
    assert caught.value.exit_code == 5
    assert f"finds {found}" in caught.value.why


@pytest.mark.parametrize("name", ["gpu", "cpu:1", "cuda:", "cuda:x", "cuda:-1", ""])
def test_a_name_that_is_no_device(name):
    with pytest.raises(UsageError, match="No device"):
        device.resolve(name)


def test_half_precision_is_used_where_the_processor_has_it(monkeypatch):
    for has in (False, True):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda has=has: has)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        with device.autocast(torch.device("cpu")):
            assert torch.is_autocast_enabled("cpu") is has


CARDS = {
    "H200": ((9, 0), torch.bfloat16),
    "A100": ((8, 0), torch.bfloat16),
    "T4": ((7, 5), torch.float16),
    "V100": ((7, 0), torch.float16),
    "GTX 1080": ((6, 1), torch.float32),
}


@pytest.fixture
def cards(monkeypatch):
    """A machine with these GPUs."""
    found = list(CARDS)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(found))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda place: CARDS[found[place.index]][0])
    monkeypatch.setattr(
        torch.cuda,
        "get_device_properties",
        lambda number: SimpleNamespace(name=found[number], total_memory=16 * 2**30),
    )
    return found


@pytest.mark.parametrize("name", CARDS)
def test_a_gpu_trains_in_what_it_multiplies_fastest(cards, name):
    place = torch.device("cuda", cards.index(name))
    assert device.training_type(place) == CARDS[name][1]
    assert device.half_precision(place) is (CARDS[name][1] == torch.bfloat16)


def test_the_description_names_each_gpu_and_the_type_in_which_it_trains(cards):
    words, fault = device.describe()
    assert "H200 (16 GiB, trains in bfloat16), A100" in words and "T4 (16 GiB, trains in float16)" in words
    assert not fault


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_type_of_a_training_is_that_of_its_products_and_float16_alone_needs_a_factor(dtype):
    cpu = torch.device("cpu")
    with device.autocast(cpu, dtype):
        assert (torch.eye(2) @ torch.eye(2)).dtype == dtype
    assert device.grad_scaler(cpu, dtype).is_enabled() is (dtype == torch.float16)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
            "allocate 4096 bytes. Error code 12"
        ),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has"),
    ],
)
def test_memory_that_torch_is_refused_is_an_error_with_the_figure(error):
    refused = pytest.raises(OutOfMemoryError, match="The training does not fit in memory")
    with refused as caught, device.memory_checked("The training", "choose a smaller one"):
        raise error
    assert caught.value.exit_code == 5
    assert caught.value.why in ("4096 bytes more were asked for", "2.00 GiB more were asked for")


def test_an_allocation_too_large_is_one_of_those():
    with pytest.raises(OutOfMemoryError), device.memory_checked("The training", "choose a smaller one"):
        torch.empty(1 << 60, dtype=torch.uint8)


def test_other_errors_of_torch_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shape"), device.memory_checked("The training", "none"):
        torch.zeros(3).reshape(2)


def test_processes_share_the_threads_of_torch_and_one_alone_has_them_all():
    usual = torch.get_num_threads()
    try:
        device.share_threads(2)
        assert torch.get_num_threads() == max(usual // 2, 1)
        device.share_threads(1)
        assert torch.get_num_threads() == usual
    finally:
        torch.set_num_threads(usual)
