"""Losses as modules: the values of their functions and of torch, in every mode; what they refuse; their state."""

import copy
import inspect
import re

import pytest
import torch
from torch import nn

import bevseg.seg.losses as losses
from bevseg.errors import UsageError
from bevseg.seg.losses import modules
from bevseg.seg.losses.loss_module import FunctionLoss, LossModule
from bevseg.seg.losses.target_ids import trusted_targets
from tests.seg.losses.registered import FUNCTIONS, MAKERS, SMALL

MODULES = {
    module.function: module
    for module in vars(modules).values()
    if isinstance(module, type) and issubclass(module, FunctionLoss) and module is not FunctionLoss
}
every_loss = pytest.mark.parametrize("name", FUNCTIONS)
every_shape = pytest.mark.parametrize("shape", [(6, 7), (3, 4, 5)], ids=["images", "volumes"])


def module_of(name, *arguments, **options):
    return MODULES[FUNCTIONS[name]](*arguments, **SMALL.get(name, {}), **options)


def function_of(name, *arguments, **options):
    return FUNCTIONS[name](*arguments, **SMALL.get(name, {}), **options)


def scene(classes=3, shape=(6, 7)):
    """Logits (2, C, *S), ids with ignored ones, weights of pixels."""
    random = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(2, classes, *shape, generator=random)
    target = torch.randint(0, max(classes, 2), (2, *shape), generator=random)
    target[torch.rand(target.shape, generator=random) < 0.1] = 255
    return logits, target, torch.rand(target.shape, generator=random)


def check(found, expected, rtol=1e-6):
    torch.testing.assert_close(found, expected, rtol=rtol, atol=1e-7, equal_nan=True)


# --- every loss, and every mode


def test_every_loss_has_a_module_whose_name_is_exported():
    assert set(MODULES) == set(FUNCTIONS.values())
    for module in MODULES.values():
        assert getattr(losses, module.__name__) is module
        assert module.__name__ in modules.__all__
        assert module.__name__ in losses.__all__
    assert losses.LossModule is LossModule


@every_loss
@every_shape
def test_multiclass_is_the_function(name, shape):
    logits, target, weights = scene(shape=shape)
    check(module_of(name)(logits, target), function_of(name, logits, target))
    check(
        module_of(name, class_weights=[1, 2, 3], ignore_index=1)(logits, target % 254, weights),
        function_of(
            name, logits, target % 254, 1, class_weights=torch.tensor([1.0, 2, 3]), pixel_weights=weights
        ),
    )


@every_loss
@every_shape
def test_binary_takes_a_channel_or_none(name, shape):
    logits, target, weights = scene(1, shape)
    expected = function_of(name, logits, target, class_weights=[1, 2], pixel_weights=weights)
    module = module_of(name, "binary", class_weights=[1, 2])
    for prediction in (logits, logits[:, 0]):
        for truth in (target, target[:, None]):
            check(module(prediction, truth, weights), expected)


@every_loss
@every_shape
def test_multilabel_is_the_mean_of_binary_tasks_whose_pixels_are_ignored_apart(name, shape):
    logits, target, weights = scene(shape=shape)
    target = torch.stack([(target == c).long() for c in range(3)], 1)
    target[:, 1, 0], target[:, 2, 1] = 255, 255
    each = [function_of(name, logits[:, c], target[:, c], pixel_weights=weights) for c in range(3)]
    check(module_of(name, "multilabel")(logits, target, weights), sum(each) / 3)
    weighted = module_of(name, "multilabel", class_weights=[0, 1, 3])
    check(weighted(logits, target, weights), (each[1] + 3 * each[2]) / 4)


@every_loss
@pytest.mark.parametrize("mode", ["binary", "multiclass", "multilabel"])
def test_probabilities_cost_what_their_logits_do(name, mode):
    logits, target, _ = scene(1 if mode == "binary" else 3)
    logits = logits.double()
    each = mode != "multiclass" or name in ("ssl", "hinge", "lovasz_hinge")
    if each and mode == "multiclass":
        # Those that read each class by itself get log p - log(1 - p), which a softmax of logits is not.
        logits = logits.log_softmax(1) - (-logits.softmax(1)).log1p()
    p = logits.sigmoid() if each else logits.softmax(1)
    if mode == "multilabel":
        target = torch.stack([torch.where(target == 255, 255, (target == c).long()) for c in range(3)], 1)
    check(module_of(name, mode, from_logits=False)(p, target), module_of(name, mode)(logits, target))


@pytest.mark.parametrize("mode", ["binary", "multiclass"])
@every_loss
def test_probabilities_of_zero_and_one_are_finite(name, mode):
    if mode == "binary":
        p = torch.tensor([[[[0.0, 1, 0, 1]]]])
    else:
        p = torch.tensor([[[[0.0, 1, 0, 1]], [[1.0, 0, 1, 0]]]])
    target = torch.tensor([[[0, 0, 1, 1]]])
    value = module_of(name, mode, from_logits=False)(p.requires_grad_(), target)
    (gradient,) = torch.autograd.grad(value, p)
    assert value.isfinite()
    assert gradient.isfinite().all()


def test_a_probability_of_zero_costs_as_much_as_the_docstring_says():
    p, target = torch.tensor([[[[0.0]], [[1.0]]]]), torch.zeros(1, 1, 1, dtype=torch.long)
    assert losses.CrossEntropyLoss(from_logits=False)(p, target).item() == pytest.approx(87.3, abs=0.1)
    assert losses.CrossEntropyLoss("binary", from_logits=False)(p[:, 1:], target).item() == pytest.approx(
        87.3, abs=0.1
    )


def test_probabilities_outside_of_zero_to_one_are_refused_where_they_count():
    p, target, _ = scene()
    module = losses.DiceLoss(from_logits=False)
    with pytest.raises(UsageError, match="no probability"):
        module(p, target)
    with trusted_targets():
        module(p, target)
    p = p.softmax(1)
    p[:, 0, 0, 0], target[:, 0, 0] = torch.nan, 255
    module(p, target)


@pytest.mark.parametrize("soft", [False, True])
def test_a_probability_outside_of_the_mask_may_be_anything(soft):
    logits, ids, _ = scene()
    target = torch.rand_like(logits).softmax(1) if soft else ids
    p, keep = logits.softmax(1), torch.ones(ids.shape, dtype=torch.bool)
    keep[:, 0] = False
    spoilt = p.masked_fill(~keep[:, None], torch.nan).requires_grad_()
    module = losses.JaccardMetricLoss(from_logits=False)
    value = module(spoilt, target, keep=keep)
    check(value, module(p, target, keep=keep), 0)
    (gradient,) = torch.autograd.grad(value, spoilt)
    assert not gradient.masked_select(~keep[:, None]).any()
    with pytest.raises(UsageError, match="no probability"):
        module(spoilt, target)


# --- torch's own


def test_cross_entropy_is_that_of_torch():
    logits, target, _ = scene()
    for reduction in ("mean", "sum", "none"):
        for weights in (None, torch.tensor([1.0, 2, 0.5])):
            ours = losses.CrossEntropyLoss(reduction=reduction, class_weights=weights)
            theirs = nn.CrossEntropyLoss(weights, ignore_index=255, reduction=reduction)
            check(ours(logits, target), theirs(logits, target), 1e-5)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_binary_and_multilabel_cross_entropy_are_the_binary_ones_of_torch(reduction):
    logits, target, _ = scene()
    target = target % 2
    binary = losses.CrossEntropyLoss("binary", reduction=reduction)
    theirs = nn.BCEWithLogitsLoss(reduction=reduction)
    check(binary(logits[:, 0], target), theirs(logits[:, 0], target.float()), 1e-5)
    labels = torch.stack([target, 1 - target, target], 1)
    of_labels = losses.CrossEntropyLoss("multilabel", reduction=reduction)
    check(of_labels(logits, labels), theirs(logits, labels.float()), 1e-5)
    probabilities = losses.CrossEntropyLoss("multilabel", reduction=reduction, from_logits=False)
    check(
        probabilities(logits.sigmoid(), labels),
        nn.BCELoss(reduction=reduction)(logits.sigmoid(), labels.float()),
        1e-5,
    )


def test_the_divergence_from_soft_labels_is_the_cross_entropy_of_torch_without_their_entropy():
    logits, _, _ = scene()
    soft = torch.rand(logits.shape).softmax(1)
    entropy = -(soft * soft.log()).sum(1).mean()
    check(losses.KullbackLeiblerLoss()(logits, soft), nn.CrossEntropyLoss()(logits, soft) - entropy, 1e-5)
    p = soft[:, :1]
    entropy = -(p * p.log() + (1 - p) * (1 - p).log()).mean()
    binary = losses.KullbackLeiblerLoss("binary")
    for truth in (p, p[:, 0]):
        check(binary(logits[:, 0], truth), nn.BCEWithLogitsLoss()(logits[:, :1], p) - entropy, 1e-5)


# --- reductions


@every_shape
def test_parts_of_labels_stand_side_by_side(shape):
    logits, target, _ = scene(shape=shape)
    labels = torch.stack([target % 2, target % 2, 1 - target % 2], 1)
    for module, expected in (
        (losses.CrossEntropyLoss, labels.shape),
        (losses.HausdorffDTLoss, labels.shape),
        (losses.DiceLoss, (3,)),
    ):
        assert module("multilabel", reduction="none")(logits, labels).shape == expected
    per_image = losses.PowerJaccardLoss("multilabel", reduction="none", reduce="class_image")
    assert per_image(logits, labels).shape == (2, 3)


def test_a_mask_leaves_pixels_of_all_labels_out():
    logits = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    labels, keep = (logits > 0.5).long(), torch.ones(2, 4, 5, dtype=torch.bool)
    keep[:, 0] = False
    module = losses.JaccardMetricLoss("multilabel")
    check(module(logits, labels, keep=keep), module(logits, labels.masked_fill(~keep[:, None], 255)), 0)
    with pytest.raises(UsageError, match="takes no keep"):
        losses.DiceLoss("multilabel")(logits, labels, keep=keep)


def test_the_parts_of_a_sum_of_losses_are_refused():
    with pytest.raises(UsageError, match="unlike parts"):
        LossModule("ce+jml", reduction="none")


# --- texts, and functions of the user's own


def test_a_text_is_the_sum_that_it_says():
    logits, target, weights = scene()
    module = LossModule("0.25*ce+0.75*jml(smooth=1)", class_weights=[1, 2, 3])
    options = {"class_weights": [1, 2, 3], "pixel_weights": weights}
    expected = 0.25 * losses.cross_entropy(logits, target, **options)
    expected = expected + 0.75 * losses.jaccard_metric(logits, target, smooth=1, **options)
    check(module(logits, target, weights), expected)


def test_a_text_may_name_as_many_classes_as_it_likes():
    logits, target, _ = scene(7)
    numbers = [1, 2, 1, 2, 1, 2, 1]
    module = LossModule(f"weighted_ce(weights={numbers})+lovasz_softmax(classes=[5, 6])")
    expected = losses.weighted_cross_entropy(logits, target, weights=numbers)
    check(module(logits, target), expected + losses.lovasz_softmax(logits, target, classes=[5, 6]))


def squared(logits, target, ignore_index=255, *, factor: float = 1.0):
    keep = target != ignore_index
    p = logits.softmax(1).gather(1, target.where(keep, 0)[:, None])[:, 0]
    return factor * ((1 - p).square() * keep).sum() / keep.sum()


def weighted(logits, target, ignore_index=255, *, pixel_weights=None):
    return (logits.sum(1) * pixel_weights).mean() if pixel_weights is not None else logits.mean()


def test_a_function_of_your_own_is_a_module_too():
    logits, target, weights = scene()
    module = LossModule(squared, factor=2)
    check(module(logits, target), 2 * squared(logits, target))
    assert repr(module) == "LossModule(squared, mode='multiclass', factor=2)"
    with pytest.raises(UsageError, match="takes no pixel_weights"):
        module(logits, target, weights)
    with pytest.raises(UsageError, match="takes no class_weights"):
        LossModule(squared, class_weights=[1, 2])


def parts(logits, target, ignore_index=255):
    return logits.sum(1)


def test_a_function_of_your_own_that_returns_no_scalar_is_refused():
    logits, target, _ = scene()
    with pytest.raises(UsageError, match=r"The loss parts is no scalar"):
        LossModule(parts)(logits, target)


@pytest.mark.parametrize("loss", ["0.5*ce+0.5*jml", weighted], ids=["ours", "own"])
def test_a_module_with_weights_of_pixels_stays_one_graph(loss):
    logits, target, weights = scene()
    module = LossModule(loss)
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    check(compiled(logits, target, weights), module(logits, target, weights))


def test_maps_of_the_loader_are_handed_on():
    logits, target, _ = scene()
    for name, make in MAKERS.items():
        module = module_of(name)
        check(module(logits, target, maps=make(target, 3)), module(logits, target), 1e-5)
    with pytest.raises(UsageError, match="takes no maps"):
        losses.DiceLoss()(logits, target, maps=logits)
    labels = torch.stack([target, target, target], 1) % 2
    with pytest.raises(UsageError, match="takes no maps"):
        losses.BoundaryLoss("multilabel")(logits, labels, maps=logits)


# --- refused when they are made


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.DiceLoss("segmentation"), "No mode"),
        (lambda: losses.DiceLoss(reduction="median"), "No reduction"),
        (lambda: losses.DiceLoss(smoth=1), "no option 'smoth'.*did you mean 'smooth'"),
        (lambda: losses.DiceLoss(smooth="much"), "smooth.*cannot be much"),
        (lambda: losses.DiceLoss(smooth=-1), "Invalid smooth"),
        (lambda: losses.PowerJaccardLoss(p=3), "cannot use p = 3"),
        (lambda: losses.DiceLoss("binary", class_weights=[1, 2, 3]), "3 weights for 2 classes"),
        (lambda: losses.CrossEntropyLoss(class_weights=[1, -2, 3]), "weight"),
        (lambda: losses.CrossEntropyLoss("multilabel", class_weights=[1, -2, 3]), "Invalid class weights"),
        (lambda: losses.CrossEntropyLoss(class_weights=2.0), "Invalid class weights"),
        (lambda: losses.CrossEntropyLoss(class_weights=["a"]), "cannot be computed"),
        (lambda: losses.LogCoshDiceLoss(reduction="none"), "reduction"),
        (lambda: LossModule("ce+"), "Not a loss"),
        (lambda: LossModule("croos_entropy"), "No loss"),
        (lambda: LossModule("ce", smooth=1), "no options beside it"),
        (lambda: LossModule("neuro_iou"), "has to be learned"),
        (lambda: LossModule("lovasz_softmax(classes=[1, 1000000000000])"), "No class 1000000000000"),
        (lambda: losses.BoundaryLoss(classes=[10**12]), "No class 1000000000000"),
        (lambda: LossModule(lambda z: z), "not a loss"),
    ],
)
def test_what_cannot_work_is_refused_before_the_first_step(make, message):
    with pytest.raises(UsageError, match=f"(?s){message}") as caught:
        make()
    assert re.fullmatch(r"\w+Loss|LossModule", str(caught.value.where))
    assert "--loss" not in str(caught.value)


@pytest.mark.parametrize(
    ("module", "prediction", "target"),
    [
        (losses.DiceLoss("binary"), (2, 3, 4, 5), (2, 4, 5)),
        (losses.DiceLoss("binary"), (2, 4), (2, 4)),
        (losses.DiceLoss("multilabel"), (2, 3, 4, 5), (2, 4, 5)),
        (losses.DiceLoss(), (2, 3, 4, 5), (2, 5, 4)),
        (losses.DiceLoss("multilabel", class_weights=[1, 2]), (2, 3, 4, 5), (2, 3, 4, 5)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(module, prediction, target):
    with pytest.raises(UsageError):
        module(torch.zeros(prediction), torch.zeros(target, dtype=torch.long))


# --- a module among others


@every_loss
def test_a_copy_and_a_state_are_the_same_loss(name):
    logits, target, _ = scene()
    module = module_of(name, class_weights=[1, 2, 3])
    expected = module(logits, target)
    check(copy.deepcopy(module)(logits, target), expected, 0)
    other = module_of(name, class_weights=[1, 1, 1])
    other.load_state_dict(module.state_dict())
    check(other(logits, target), expected, 0)
    assert [*module.state_dict()] == ["class_weights"]
    assert module.double().class_weights.dtype == torch.float64
    assert not list(module.parameters())


def test_a_power_that_is_learned_is_a_parameter_of_its_module():
    logits, target, _ = scene()
    module = losses.PowerJaccardLoss(p=nn.Parameter(torch.tensor(1.3)))
    other = copy.deepcopy(module)
    other(logits, target).backward()
    assert [name for name, _ in module.named_parameters()] == ["p"]
    assert other.p.grad != 0
    assert module.p.grad is None
    assert repr(module) == "PowerJaccardLoss(mode='multiclass', p=1.3)"
    with pytest.raises(UsageError, match="smooth"):
        losses.PowerJaccardLoss(smooth=nn.Parameter(torch.tensor(1.0)))


def test_a_parameter_may_be_replaced_by_another_tensor():
    logits, target, _ = scene()
    expected = losses.PowerJaccardLoss(p=2.0)(logits, target)
    module = losses.PowerJaccardLoss(p=nn.Parameter(torch.tensor(1.3)))
    other = {"p": torch.tensor(2.0)}
    assert torch.func.functional_call(module, other, (logits, target)) == expected
    module.load_state_dict(other, assign=True)
    assert module(logits, target) == expected
    assert repr(module) == "PowerJaccardLoss(mode='multiclass', p=2.0)"


def test_the_representation_says_what_is_not_by_default():
    assert repr(losses.DiceLoss()) == "DiceLoss(mode='multiclass')"
    module = losses.DiceLoss("binary", from_logits=False, smooth=0, class_weights=[1, 2], reduction="sum")
    assert repr(module) == (
        "DiceLoss(mode='binary', smooth=0, from_logits=False, reduction='sum', class_weights=[1.0, 2.0])"
    )
    assert repr(LossModule("ce")) == "LossModule('ce', mode='multiclass')"


def test_the_signature_of_a_module_has_the_options_of_its_function():
    parameters = inspect.signature(losses.DiceLoss).parameters
    assert [*parameters][:5] == ["mode", "from_logits", "ignore_index", "reduction", "class_weights"]
    assert parameters["smooth"].default == 1.0


def test_help_on_a_module_tells_the_options_of_its_function():
    text = inspect.getdoc(losses.TverskyLoss)
    assert "The module of `tversky`" in text and "fn_weight" in text
