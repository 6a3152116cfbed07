"""Table of tasks: name in the study file -> the task."""

from bevseg.study.task import Task
from bevseg.study.tasks import approximation, bias, curves
from bevseg.study.tasks.images import images_task
from bevseg.study.tasks.mnist import mnist_task
from bevseg.study.tasks.street import street_task

TASKS: dict[str, Task] = {
    "approximation": approximation.TASK,
    "bias": bias.TASK,
    "curves": curves.TASK,
    "images": images_task.TASK,
    "mnist": mnist_task.TASK,
    "street": street_task.TASK,
}
