"""The tasks of studies: one file each, or a folder. `bevseg.study.task_registry` names them."""
