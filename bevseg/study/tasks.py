"""Table of tasks: name in the study file -> the task."""

from bevseg.study import mnist
from bevseg.study.task import Task

TASKS: dict[str, Task] = {
    "mnist": mnist.TASK,
}
