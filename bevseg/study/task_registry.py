"""Table of tasks: name in the study file -> the task."""

from bevseg.study import approximation, bias, curves, mnist, street_segmentation
from bevseg.study.images import images_task
from bevseg.study.task import Task

TASKS: dict[str, Task] = {
    "approximation": approximation.TASK,
    "bias": bias.TASK,
    "curves": curves.TASK,
    "images": images_task.TASK,
    "mnist": mnist.TASK,
    "street": street_segmentation.TASK,
}
