"""The table of transforms in docs/loss_library.md, cell by cell: what it promises works, what it refuses raises."""

import shutil

import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.losses import CrossEntropyLoss, DiceLoss, LossModule, PowerJaccardLoss
from bevseg.seg.losses.target_ids import trusted_targets
from tests.docs.pages import DOCS
from tests.seg.losses.registered import FUNCTIONS, SMALL

COLUMNS = ("torch.compile", "torch.func.grad", "vmap of grad", "double backward")


def table():
    """(loss, column) -> the cell of the page."""
    cells = {}
    page = (DOCS / "loss_library.md").read_text(encoding="utf-8")
    rows = page.partition("<!-- transforms -->")[2].partition("<!-- end -->")[0].strip().splitlines()
    assert [cell.strip(" `") for cell in rows[0].strip("|").split("|")] == ["loss", *COLUMNS]
    for row in rows[2:]:
        names, *its = [cell.strip() for cell in row.strip("|").split("|")]
        cells |= {
            (name.strip(" `"), column): cell
            for name in names.split(",")
            for column, cell in zip(COLUMNS, its, strict=True)
        }
    return cells


TABLE = table()
every_loss = pytest.mark.parametrize("name", FUNCTIONS)


def scene(dtype=torch.float64):
    """Logits (2, 3, 3, 4) that are wrong in most pixels, so that an erosion leaves something; ids."""
    random = torch.Generator().manual_seed(0)
    ids = (torch.rand(2, 3, 4, generator=random) < 0.1).long()
    ids[0, 0, :2] = 255
    logits = torch.randn(2, 3, 3, 4, dtype=dtype, generator=random)
    logits[:, 0] -= 4
    return logits.requires_grad_(), ids


def loss_of(name):
    return lambda logits, ids: FUNCTIONS[name](logits, ids, **SMALL.get(name, {}))


def expect(name, column, work):
    """Call the work, and ask the table whether that should raise."""
    cell = TABLE[name, column]
    if cell.startswith("refused: "):
        with pytest.raises((RuntimeError, UsageError)):
            work()
    else:
        assert cell.startswith("works")
        work()


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7, equal_nan=True)


def test_the_table_has_a_row_for_every_loss():
    assert {name for name, _ in TABLE} == set(FUNCTIONS)


def value_and_gradient(loss, logits, ids):
    value = loss(logits, ids)
    return value.detach(), *torch.autograd.grad(value, logits)


@pytest.mark.slow
@every_loss
def test_compiled(name):
    torch._dynamo.reset()
    logits, ids = scene(torch.float32)
    whole = "breaks" not in TABLE[name, "torch.compile"]
    compiled = torch.compile(loss_of(name), backend="aot_eager", fullgraph=whole)
    expect(
        name,
        "torch.compile",
        lambda: close(
            value_and_gradient(compiled, logits, ids), value_and_gradient(loss_of(name), logits, ids)
        ),
    )


@pytest.mark.slow
def test_a_compiled_loss_does_not_take_an_id_that_is_no_class():
    torch._dynamo.reset()
    logits, ids = scene()
    compiled = torch.compile(loss_of("ce"), backend="aot_eager", fullgraph=True)
    ids[0, 2, 2] = 3
    with pytest.raises(RuntimeError, match="out of range"):
        compiled(logits, ids)


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        PowerJaccardLoss(p=torch.nn.Parameter(torch.tensor(1.3))),
        DiceLoss("binary", reduction="none", from_logits=False, class_weights=[1, 2]),
        CrossEntropyLoss("multilabel", class_weights=[1, 2]),
        LossModule("ce+lovasz_softmax+hausdorff_dt"),
    ],
    ids=repr,
)
def test_a_module_is_one_graph(module):
    torch._dynamo.reset()
    logits, ids = scene(torch.float32)
    prediction, target = {
        "binary": (logits[:, 0].sigmoid(), ids),
        "multilabel": (logits[:, :2], torch.stack([ids, ids], 1)),
        "multiclass": (logits, ids),
    }[module.mode]
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    close(compiled(prediction, target), module(prediction, target))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="inductor needs a C++ compiler")
def test_a_module_compiled_to_machine_code():
    torch._dynamo.reset()
    logits, ids = scene(torch.float32)
    loss = LossModule("dice+hausdorff_dt")
    close(value_and_gradient(torch.compile(loss), logits, ids), value_and_gradient(loss, logits, ids))


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradient_as_a_function(name, dtype):
    logits, ids = scene(dtype)
    _, expected = value_and_gradient(loss_of(name), logits, ids)
    found = torch.func.grad(loss_of(name))
    expect(name, "torch.func.grad", lambda: close(found(logits.detach(), ids), expected))


@every_loss
def test_gradients_of_a_batch_one_image_each(name):
    logits, ids = scene(torch.float32)
    gradient = torch.func.grad(loss_of(name))
    each = torch.cat([gradient(logits[i : i + 1].detach(), ids[i : i + 1]) for i in range(2)])
    of_batch = torch.vmap(lambda z, y: gradient(z[None], y[None])[0])

    def work():
        with trusted_targets():
            close(of_batch(logits.detach(), ids), each)

    expect(name, "vmap of grad", work)


def test_a_batch_needs_trusted_targets():
    logits, ids = scene()
    with pytest.raises(RuntimeError, match="data-dependent"):
        torch.vmap(lambda z, y: loss_of("ce")(z[None], y[None]))(logits, ids)


@every_loss
def test_gradients_of_gradients(name):
    logits, ids = scene()
    if name == "ssl":
        return expect(name, "double backward", lambda: check_ssl(logits, ids))
    check = torch.autograd.gradgradcheck
    return expect(
        name, "double backward", lambda: check(lambda z: loss_of(name)(z, ids), logits, fast_mode=True)
    )


def check_ssl(logits, ids):
    """Its weights are constants: what is left is the second derivative of a weighted cross-entropy."""
    parts = FUNCTIONS["ssl"](logits, ids, reduction="none")
    truth = (ids[:, None] == torch.arange(3).view(3, 1, 1)).double()
    p = logits.sigmoid()
    costs = torch.nn.functional.binary_cross_entropy(p, truth, reduction="none")
    expected = parts / costs * p * (1 - p) / (parts > 0).sum()
    (first,) = torch.autograd.grad(loss_of("ssl")(logits, ids), logits, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), logits)
    close(second, expected)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "lovasz_hinge"])
def test_gradients_of_gradients_in_single_precision(name):
    def second(dtype):
        logits, ids = scene()
        logits = logits.detach().to(dtype).requires_grad_()
        (first,) = torch.autograd.grad(loss_of(name)(logits, ids), logits, create_graph=True)
        (found,) = torch.autograd.grad(first.square().sum(), logits, allow_unused=True)
        return torch.zeros_like(logits) if found is None else found

    torch.testing.assert_close(second(torch.float32).double(), second(torch.float64), rtol=1e-3, atol=1e-5)


def test_the_hinge_is_piecewise_linear():
    logits, ids = scene(torch.float32)
    (first,) = torch.autograd.grad(loss_of("lovasz_hinge")(logits, ids), logits, create_graph=True)
    assert not first.requires_grad  # a constant, and no second derivative that would be wrong
