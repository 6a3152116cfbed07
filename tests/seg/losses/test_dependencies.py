"""The losses need torch, numpy, numba and scipy, and nothing else that bevseg needs elsewhere."""

import re
import subprocess
import sys
from importlib import metadata

PROGRAM = """
import sys

needed = set(sys.argv[1].split(","))


class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in needed and not top.startswith("_sysconfig"):
            raise ModuleNotFoundError(f"{name} is not what a loss needs")


sys.meta_path.insert(0, Refuse())

import torch
from bevseg.seg.losses import HausdorffDTLoss, LossModule, LovaszSoftmaxLoss, PowerJaccardLoss, power_jaccard

logits = torch.randn(1, 3, 8, 8, requires_grad=True)
target = torch.randint(0, 3, (1, 8, 8))
text = "ce+ssl+hausdorff_cv(radii=[1])"
for loss in (LovaszSoftmaxLoss(), PowerJaccardLoss(), HausdorffDTLoss(), LossModule(text)):
    loss(logits, target).backward()
print("done")
"""


def needed_by(*distributions):
    """The names that can be imported of some installed distributions and of all that these require."""
    found, open_ = set(), [*distributions]
    while open_:
        name = re.sub(r"[-_.]+", "-", open_.pop()).lower()
        if name not in found:
            try:
                lines = metadata.requires(name) or []
            except metadata.PackageNotFoundError:  # for another system
                continue
            found.add(name)
            open_ += [re.match(r"[\w.-]+", line)[0] for line in lines if "extra ==" not in line]
    tops = metadata.packages_distributions().items()
    return {top for top, its in tops if found & {re.sub(r"[-_.]+", "-", each).lower() for each in its}}


def test_a_module_works_where_nothing_but_torch_numpy_numba_and_scipy_is_installed():
    needed = needed_by("torch", "numpy", "numba", "scipy")
    assert not needed & {"click", "laspy", "pydantic", "open3d", "matplotlib", "safetensors", "rich"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ",".join({*needed, "bevseg"})],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr
