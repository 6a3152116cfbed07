import json

import numpy as np
import pytest
import torch
import torch.nn.functional as nnf

from bevseg.errors import InputError, TrainingError, UsageError
from bevseg.study.run_study import run_study
from bevseg.study.task import RunContext, Source
from bevseg.study.tasks.images import images_task, load_network
from bevseg.study.tasks.images.dataset import load
from bevseg.study.tasks.images.draw_pictures import FOLDER, class_colours
from bevseg.study.tasks.images.settings import ImagesSettings
from tests.study import picture_files

TINY = {"filters": 2, "depth": 2, "epochs": 1, "steps": 2, "batch": 2}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Folder of three files of small pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed, part in enumerate(("train", "val", "test")):
        picture_files.write_npz(folder / f"{part}.npz", 6 - seed, seed)
    return folder


def settings(root, **more):
    parts = {part: f"{part}.npz" for part in ("train", "val", "test")}
    return ImagesSettings(**{"loss": "ce", "seed": 0, "data": str(root)} | parts | TINY | more)


def run(root, tmp_path, sources=None, **more):
    one = settings(root, **more)
    images_task.check(one)
    context = RunContext(tmp_path, "key", sources or {})
    return images_task.run(one, context)


def labelled_pixels(root):
    return int((picture_files.arrays(4, 2)[1] != 255).sum())


@pytest.mark.parametrize(
    "recipe",
    [
        {"scales": [1.0, 0.5], "crf": True, "values": ["ce", "power_jaccard:1.5", f"{__name__}:of_three"]},
        {
            "outputs": "sigmoid",
            "loss": "power_jaccard(p=1.5,smooth=10,reduce=all)",
            "classes": ["square", "bar"],
        },
        {"outputs": "sigmoid"},
        {
            "outputs": "sigmoid",
            "loss": "lovasz_hinge",
            "classes": ["bar"],
            "values": ["hinge"],
            "per_image": True,
        },
        {"loss": "0.25*ce+0.75*jml", "smooth_boundary": 0.5, "smooth_kernel": 5, "weights": "best"},
        {"crop": 16, "flips": "both", "sampling": "equibatch", "schedule": "step", "optimiser": "sgd"},
    ],
    ids=["softmax", "sigmoid", "no background", "binary", "smoothed", "crops"],
)
def test_a_run_counts_every_labelled_pixel_once_and_stores_the_scores(root, tmp_path, recipe):
    result = run(root, tmp_path, **recipe)
    facts = result.facts
    classes = len(facts["inputs"]["classes"])
    assert np.shape(facts["confusion"]) == (classes, classes)
    assert np.sum(facts["confusion"]) == labelled_pixels(root)
    expected = {"score", "image_miou", "batch_miou", "accuracy", "ece", "parameters", "minutes", "iou_bar"}
    expected |= {f"value {text}" for text in recipe.get("values", [])}
    expected |= {"miou_multi_scale", "miou_crf"} if "crf" in recipe else set()
    expected |= {"dice", "sensitivity", "specificity", "iou_of_image"} if classes == 2 else set()
    assert expected <= facts.keys()
    assert all(0 <= facts[name] <= 1 for name in ("score", "image_miou", "batch_miou", "accuracy", "ece"))
    assert result.history[0].keys() >= {"val_loss", "dataset_miou", "image_miou"}


def test_a_network_learns_the_three_classes(root, tmp_path):
    facts = run(root, tmp_path, epochs=4, steps=15, filters=4, learning_rate=0.02).facts
    assert facts["score"] > 0.8


def test_the_same_seed_gives_the_same_run(root, tmp_path):
    first, again, other = (run(root, tmp_path, seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(again.weights[name], value) for name, value in first.weights.items())
    assert first.history[0]["val_loss"] == again.history[0]["val_loss"] != other.history[0]["val_loss"]


def test_a_training_goes_on_from_weights_and_other_networks_are_refused(root, tmp_path):
    first = run(root, tmp_path)
    init = {"init": Source(settings(root), first.weights)}
    kept = {name: value.clone() for name, value in first.weights.items()}
    still = run(root, tmp_path, init, learning_rate=1e-30, weight_decay=0.0)
    learned = [name for name in kept if name.endswith(("weight", "bias"))]
    assert all(torch.equal(kept[name], still.weights[name]) for name in learned)
    with pytest.raises(UsageError, match="network of `init` does not fit"):
        run(root, tmp_path, init, filters=3)


def weights_after(root, tmp_path, teacher, **more):
    sources = {} if teacher is None else {"teacher": teacher}
    return torch.cat(
        [value.flatten().double() for value in run(root, tmp_path, sources, **more).weights.values()]
    )


def test_a_teacher_of_another_size_changes_what_is_learned_by_its_weight(root, tmp_path):
    larger = settings(root, filters=4)
    teacher = Source(larger, run(root, tmp_path, filters=4).weights)
    recipe = {"loss": "0.25*ce+0.75*jml"}
    alone, silent, taught, other = (
        weights_after(root, tmp_path, who, teacher_weight=weight, active_filter=active, **recipe)
        for who, weight, active in (
            (None, 0.5, True),
            (teacher, 0, True),
            (teacher, 0.5, True),
            (teacher, 1, False),
        )
    )
    assert torch.equal(alone, silent)
    assert not torch.equal(alone, taught)
    assert not torch.equal(taught, other)
    with pytest.raises(UsageError, match="softmax"):
        run(root, tmp_path, {"teacher": teacher}, outputs="sigmoid")


def test_pictures_without_labels_are_learned_from_a_teacher_or_from_the_average(root, tmp_path):
    teacher = Source(settings(root), run(root, tmp_path).weights)
    few = {"labelled_share": 0.5, "teacher_weight": 0.0, "steps": 4}
    alone = weights_after(root, tmp_path, None, **few)
    by_teacher = weights_after(root, tmp_path, teacher, unlabelled="teacher", **few)
    by_average = weights_after(root, tmp_path, None, unlabelled="average", **few)
    assert not torch.equal(alone, by_teacher)
    assert not torch.equal(alone, by_average)
    assert not torch.equal(by_teacher, by_average)
    with pytest.raises(UsageError, match="No `teacher`"):
        run(root, tmp_path, unlabelled="teacher", **few)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"loss": "no_loss"}, "No loss 'no_loss'"),
        ({"values": ["no_loss"]}, "No loss 'no_loss'"),
        ({"values": ["neuro_iou"]}, "no value by itself"),
        ({"net": "no_net"}, "No network 'no_net'"),
        ({"smooth_kernel": 4}, "Invalid smooth_kernel"),
        ({"smooth_boundary": 0.5, "loss": "dice"}, "soft labels"),
        ({"outputs": "sigmoid", "crf": True}, "Sigmoid outputs"),
        ({"outputs": "sigmoid", "loss": "neuro_iou"}, "Sigmoid outputs"),
        ({"unlabelled": "average"}, "No picture is without labels"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_before_any_work(root, wrong, message):
    with pytest.raises(UsageError, match=message):
        images_task.check(settings(root, **wrong))


def test_a_list_in_a_loss_is_checked_against_the_classes_of_the_pictures(root, tmp_path):
    fits = settings(root, loss="weighted_ce(weights=[1,2,3])")
    images_task.check(fits)
    images_task.prepare([fits], tmp_path)
    with pytest.raises(UsageError):
        images_task.prepare([settings(root, loss="weighted_ce(weights=[1,2,3,4])")], tmp_path)


def test_whole_pictures_of_several_sizes_are_refused_before_any_training(root, tmp_path):
    images, labels = ([one[: 20 + 4 * (n % 2)] for n, one in enumerate(s)] for s in picture_files.arrays(8))
    folder = picture_files.write_folder(tmp_path / "sizes", images, labels)
    several = settings(tmp_path, train=str(folder), val="", test="", split=[0.5, 0.25, 0.25], classes=[])
    sizes = {picture.labels.shape for picture in load(several).parts["train"]}
    assert len(sizes) == 2
    with pytest.raises(UsageError, match="differ in size"):
        images_task.prepare([several], tmp_path)
    result = run(tmp_path, tmp_path, train=str(folder), val="", test="", split=[0.5, 0.25, 0.25], crop=16)
    assert np.sum(result.facts["confusion"]) > 0


STUDY = """
title = "three classes"
task = "images"

[settings]
data = "{root}"
train = "train.npz"
val = "val.npz"
test = "test.npz"
filters = 2
depth = 2
epochs = 1
steps = 2
batch = 2
pictures = 2

[axes]
seed = [0, 1]
loss = [
  "ce",
  {{ name = "fine-tuned", loss = "lovasz_softmax", init = {{ loss = "ce" }} }},
  {{ name = "student", loss = "0.25*ce+0.75*jml", teacher = {{ loss = "fine-tuned" }} }},
]

[[table]]
by = ["loss"]
columns = ["image_miou", "minutes"]
"""


@pytest.fixture(scope="module")
def study(root, tmp_path_factory):
    """A finished study; its folder."""
    out = tmp_path_factory.mktemp("study")
    (out / "study.toml").write_text(STUDY.format(root=root))
    run_study(out / "study.toml", out)
    return out


def test_a_study_trains_teacher_before_student_and_draws_its_pictures(study):
    lines = [json.loads(line) for line in (study / "runs.jsonl").read_text().splitlines()]
    assert [line["at"]["loss"] for line in lines[::2]] == ["ce", "fine-tuned", "student"]
    assert len(list((study / FOLDER).glob("*.png"))) == 6
    assert (study / "images.png").stat().st_size > 10_000
    assert "| student | " in (study / "table.md").read_text()


def nan_loss(logits, target, ignore_index=255):
    return logits.sum() * float("nan")


def loss_of_pixels(logits, target, ignore_index=255):
    return logits.sum(1)


def test_a_loss_that_is_nan_is_named_as_the_reason(root, tmp_path):
    with pytest.raises(TrainingError, match="infinite or NaN"):
        run(root, tmp_path, loss=f"{__name__}:nan_loss")


def of_three(logits, target, ignore_index=255):
    """A loss for three classes alone."""
    weight = torch.ones(3)
    return nnf.cross_entropy(logits, target.long(), weight, ignore_index=ignore_index)


@pytest.mark.parametrize("where", ["loss", "values"])
def test_a_loss_that_is_no_scalar_is_refused_before_any_training(root, tmp_path, where):
    name = f"{__name__}:loss_of_pixels"
    one = settings(root, **({"loss": name} if where == "loss" else {"values": [name]}))
    with pytest.raises(UsageError, match="expected a scalar tensor"):
        images_task.prepare([one], tmp_path)


def test_crops_too_small_for_the_network_are_refused_before_any_training(root, tmp_path):
    with pytest.raises(UsageError, match="unet cannot train on 1 x 4 x 4 cells"):
        images_task.prepare([settings(root, crop=4, batch=1, depth=2)], tmp_path)


@pytest.mark.parametrize("count", [2, 10, 20, 40])
def test_each_class_has_a_colour_of_its_own(count):
    assert len(set(class_colours(count))) == count


def test_a_copy_of_the_records_alone_gives_the_same_table_and_a_plot(study, tmp_path):
    (tmp_path / "runs.jsonl").write_bytes((study / "runs.jsonl").read_bytes())
    assert run_study(study / "study.toml", tmp_path).trained == 0
    assert (tmp_path / "table.md").read_bytes() == (study / "table.md").read_bytes()
    assert (tmp_path / "images.png").stat().st_size > 10_000


def test_the_trained_network_predicts_as_in_the_study(study, root):
    network = load_network(study, {"loss": "student", "seed": 1})
    test = load(settings(root)).parts["test"]
    images = picture_files.arrays(4, 2)[0]
    hits = sum(
        int((network.predict(image) == picture.labels.numpy()).sum())
        for image, picture in zip(images, test, strict=True)
    )
    lines = [json.loads(line) for line in (study / "runs.jsonl").read_text().splitlines()]
    (record,) = (line for line in lines if line["at"] == {"loss": "student", "seed": 1})
    assert hits / labelled_pixels(root) == pytest.approx(record["facts"]["accuracy"])
    assert network.classes == picture_files.NAMES
    by_key = load_network(str(study), record["key"])
    assert np.allclose(by_key.probabilities(images[0]).sum(0), 1, atol=1e-5)
    assert np.array_equal(by_key.probabilities(images[0]), network.probabilities(images[0]))


@pytest.mark.parametrize("which", ["nothing", {"loss": "ce"}, {"loss": "ce", "seed": 5}])
def test_a_run_that_is_not_clearly_named_is_refused(study, which):
    with pytest.raises(UsageError, match="runs of the study are meant"):
        load_network(study, which)


def test_a_run_that_does_not_exist_is_refused_with_those_that_do(study):
    with pytest.raises(UsageError, match=r"the finished runs are \w{16} \{'seed': 0, 'loss': 'ce'\}"):
        load_network(study, {"loss": "cee", "seed": 0})


def test_after_a_change_of_the_study_its_present_runs_are_meant(root, tmp_path):
    keys = []
    for steps in (1, 2):
        text = STUDY.replace("steps = 2", f"steps = {steps}").partition("[axes]")[0]
        (tmp_path / "study.toml").write_text(text.format(root=root) + 'loss = "ce"\n[axes]\nseed = [0]\n')
        (record,) = run_study(tmp_path / "study.toml", tmp_path / "out").records
        keys.append(record["key"])
    assert keys[0] != keys[1]
    present, second = load_network(tmp_path / "out", {"seed": 0}), load_network(tmp_path / "out", keys[1])
    assert torch.equal(*(next(network.net.parameters()) for network in (present, second)))
    (tmp_path / "out" / "settings.json").write_text("[]")
    with pytest.raises(UsageError, match="2 runs of the study are meant"):
        load_network(tmp_path / "out", {"seed": 0})


def test_an_image_of_other_bands_is_refused(study):
    with pytest.raises(UsageError, match="1 bands"):
        load_network(study, {"loss": "ce", "seed": 0}).predict(np.zeros((9, 9)))


def test_weights_that_were_not_copied_are_missed_with_the_file_named(study, tmp_path):
    (tmp_path / "runs.jsonl").write_bytes((study / "runs.jsonl").read_bytes())
    with pytest.raises(InputError, match="weights of a run cannot be read"):
        load_network(tmp_path, {"loss": "ce", "seed": 0})
