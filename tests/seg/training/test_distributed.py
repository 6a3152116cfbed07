"""Two processes train as one: the same loss in each step, the same weights, and one of them speaks."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from bevseg.errors import DeviceError, UsageError
from bevseg.seg.training import distributed
from bevseg.seg.training.batch_norm import CommonBatchNorm, with_common_statistics
from bevseg.seg.training.distributed import ALONE, Processes, joined
from tests.seg.training import together

TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What two processes leave behind, each for itself: name -> (weights, history)."""
    folder = tmp_path_factory.mktemp("together")
    ran = subprocess.run(
        [*TORCHRUN, "-m", "tests.seg.training.together", folder], capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr

    def left_by(name, rank):
        path = folder / f"{name}-{rank}.safetensors"
        return load_file(path), json.loads(path.with_suffix(".json").read_text())

    return left_by


@pytest.mark.slow
@pytest.mark.parametrize("case", together.CASES)
def test_loss_and_weights_are_those_of_one_process_with_the_whole_batch(two, case):
    alone = together.train(**together.CASES[case])
    weights, rows = two(case, 0)
    assert [row["loss"] for row in rows] == pytest.approx([row["loss"] for row in alone.history], abs=1e-5)
    for name, value in alone.net.state_dict().items():
        torch.testing.assert_close(weights[name], value, atol=1e-4, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("case", together.CASES)
def test_all_processes_have_the_same_bytes_and_the_first_one_validates(two, case):
    (weights, rows), (others, other_rows) = two(case, 0), two(case, 1)
    assert all(torch.equal(value, others[name]) for name, value in weights.items())
    assert [row["miou"] for row in rows] == [row["miou"] for row in other_rows]
    assert "iou_car" in rows[0] and "iou_car" not in other_rows[0]


@pytest.mark.slow
def test_they_go_on_from_the_state_of_the_first_with_dropout(two):
    whole, resumed = two("whole", 0)[0], two("resumed", 0)[0]
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
    plain = two("sum", 0)[0]
    assert any(not torch.equal(value, plain[name]) for name, value in whole.items())


def test_a_batch_is_shared_evenly_or_refused():
    shares = [list(Processes(rank, 3).share(6)) for rank in range(3)]
    assert shares == [[0, 3], [1, 4], [2, 5]]
    with pytest.raises(UsageError, match="cannot share") as caught:
        Processes(0, 3).share(4)
    assert "multiple of 3" in caught.value.hint


def test_without_torchrun_a_process_is_alone_and_keeps_its_device(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")  # some batch systems set it
    with joined("cuda:7") as found:
        assert found == (ALONE, "cuda:7")
    assert Processes.of_training() == ALONE


def test_each_process_takes_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert distributed._own_device("auto") == distributed._own_device("cuda") == torch.device("cuda:1")
    assert distributed._own_device("cpu") == torch.device("cpu")
    with pytest.raises(UsageError, match="on one GPU"):
        distributed._own_device("cuda:0")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(DeviceError, match="cuda:2"):
        distributed._own_device("auto")


@pytest.mark.parametrize(
    "options", [{}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}]
)
@pytest.mark.parametrize(("dtype", "within"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_common_batch_normalisation_is_that_of_torch(options, dtype, within):
    class One(Processes):
        """A process that hears its own statistics alone."""

        def stacked(self, statistics):
            return statistics[None]

    torch.manual_seed(0)
    x, gradient = torch.randn(2, 4, 3, 5, 6, dtype=dtype)
    layer = nn.BatchNorm2d(3, **options, dtype=dtype)
    if layer.affine:
        nn.init.normal_(layer.weight)
        nn.init.normal_(layer.bias)
    common = CommonBatchNorm(nn.BatchNorm2d(3, **options, dtype=dtype), One())
    common.load_state_dict(layer.state_dict())
    for mode in (True, True, False):
        results = []
        for each in (layer, common):
            own = x.clone().requires_grad_()
            out = each.train(mode)(own)
            out.backward(gradient)
            results.append((out, own.grad, *each.buffers()))
        for ours, theirs in zip(*results, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=10 * within, atol=within)


def test_alone_a_network_keeps_its_layers_and_together_its_names():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.BatchNorm2d(2)))
    assert with_common_statistics(net, ALONE) is net
    names, weight = list(net.state_dict()), net[1][0].weight
    shared = with_common_statistics(net, Processes(1, 2))
    assert isinstance(shared[1][0], CommonBatchNorm) and shared[1][0].weight is weight
    assert list(shared.state_dict()) == names
