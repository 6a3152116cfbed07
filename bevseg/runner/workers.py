"""What the workers of a run do. They import it at once, while the first process is at other things."""

from bevseg.runner.compare_scans import compare_scans
from bevseg.runner.lay_cloud import lay_cloud
from bevseg.runner.plan_surveys import plan_surveys
from bevseg.runner.write_cloud import write_labelled
from bevseg.survey.find_ground import find_ground
from bevseg.survey.label_block import label_block

__all__ = ["compare_scans", "find_ground", "label_block", "lay_cloud", "plan_surveys", "write_labelled"]
