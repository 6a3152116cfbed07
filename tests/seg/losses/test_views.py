"""Neither value nor gradient of a loss depends on how its inputs lie in memory."""

import pytest
import torch

from tests.seg.losses.registered import FUNCTIONS, MAKERS, SMALL, SOFT

SHAPES = {"images": (6, 6), "volumes": (2, 5, 5)}

VIEWS = {
    "turned": lambda t: torch.rot90(torch.rot90(t, 1, (-2, -1)).contiguous(), -1, (-2, -1)),
    "transposed": lambda t: t.transpose(-2, -1).contiguous().transpose(-2, -1),
    "every other column": lambda t: t.repeat_interleave(2, -1)[..., ::2],
    "a window of a larger one": lambda t: torch.nn.functional.pad(t, (2, 1, 1, 2))[..., 1:-2, 2:-1],
    "the same image for all": lambda t: t[:1].expand(t.shape),
    "the same column for all": lambda t: t[..., :1].expand(t.shape),
}
OF_CLASS_MAPS = {
    "classes last": lambda t: t.movedim(1, -1).contiguous().movedim(-1, 1),
    "the same map for all classes": lambda t: t[:, :1].expand(t.shape),
}
every_loss = pytest.mark.parametrize("name", FUNCTIONS)
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
binary_or_not = pytest.mark.parametrize("classes", [1, 3], ids=["binary", "three classes"])


def scene(shape, classes=3):
    """Logits (2, C, *S) that want a gradient, ids (2, *S) with ignored ones, soft labels as the logits."""
    random = torch.Generator().manual_seed(0)
    # Wrong in most pixels: something is left of the errors by an erosion.
    ids = (torch.rand(2, *shape, generator=random) < 0.1).long()
    logits = torch.randn(2, classes, *shape, dtype=torch.float64, generator=random)
    logits[:, 0] += 5 if classes == 1 else -5
    ids[torch.rand(ids.shape, generator=random) < 0.1] = 255
    soft = torch.rand(logits.shape, dtype=torch.float64, generator=random)
    return logits.requires_grad_(), ids, soft / soft.sum(1, keepdim=True) if classes > 1 else soft


def check(function, leaf, tensor, views):
    """Compare function(view) with function(copy of the view): the value, and the gradient by a leaf."""
    for name, view in views.items():
        seen = view(tensor)
        assert not seen.is_contiguous() or seen.shape[1] == 1, name
        value, expected = function(seen), function(seen.contiguous())
        for found, of_copy in (
            (value, expected),
            (torch.autograd.grad(value, leaf)[0], torch.autograd.grad(expected, leaf)[0]),
        ):
            assert torch.allclose(found, of_copy, rtol=1e-9, atol=1e-12), name


def loss_of(name, **options):
    return lambda logits, target, **more: FUNCTIONS[name](
        logits, target, **SMALL.get(name, {}), **options, **more
    )


@every_loss
@every_shape
@binary_or_not
def test_labels(name, shape, classes):
    logits, ids, _ = scene(shape, classes)
    loss = loss_of(name)
    check(lambda labels: loss(logits, labels), logits, ids, VIEWS)


@every_loss
@every_shape
@binary_or_not
def test_logits(name, shape, classes):
    logits, ids, _ = scene(shape, classes)
    loss = loss_of(name)
    check(lambda seen: loss(seen, ids), logits, logits, VIEWS if classes == 1 else VIEWS | OF_CLASS_MAPS)


@every_loss
@every_shape
def test_binary_logits_without_a_channel(name, shape):
    logits, ids, _ = scene(shape, 1)
    loss = loss_of(name)
    check(lambda seen: loss(seen, ids), logits, logits[:, 0], VIEWS)


@every_loss
@every_shape
@binary_or_not
def test_weights(name, shape, classes):
    logits, ids, soft = scene(shape, classes)
    loss = loss_of(name)
    check(lambda weights: loss(logits, ids, pixel_weights=weights), logits, soft[:, 0], VIEWS)
    of_classes = torch.arange(1.0, 7)[: 2 * max(classes, 2)]
    strided = {"every other": lambda t: t.view(-1, 2)[:, 0]}
    check(lambda weights: loss(logits, ids, class_weights=weights), logits, of_classes, strided)


@every_shape
@binary_or_not
@pytest.mark.parametrize("name", MAKERS)
def test_maps(name, shape, classes):
    logits, ids, _ = scene(shape, classes)
    loss, make = loss_of(name), MAKERS[name]
    maps = make(ids, classes)
    views = VIEWS if maps.shape[1] == 1 else VIEWS | OF_CLASS_MAPS
    check(lambda seen: loss(logits, ids, maps=seen), logits, maps, views)
    for view in VIEWS.values():
        labels = view(ids)
        assert torch.equal(make(labels, classes), make(labels.contiguous(), classes))


@every_shape
@binary_or_not
@pytest.mark.parametrize("name", SOFT)
def test_soft_labels(name, shape, classes):
    logits, _, soft = scene(shape, classes)
    check(
        lambda labels: SOFT[name](logits, labels),
        logits,
        soft,
        VIEWS if classes == 1 else VIEWS | OF_CLASS_MAPS,
    )


def test_something_is_left_by_an_erosion_here():
    for shape in SHAPES.values():
        for classes in (1, 3):
            logits, ids, _ = scene(shape, classes)
            assert FUNCTIONS["hausdorff_erosion"](logits, ids) > FUNCTIONS["hausdorff_erosion"](
                logits, ids, erosions=1
            )
