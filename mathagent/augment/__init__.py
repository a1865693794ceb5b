"""New problems out of known ones: asked of a model, read strictly, solved by several samples, kept if they agree.

The augmenter of InternLM-Math (arXiv 2402.06332, section 4). Every stage is a run (`mathagent.run.staged`).
"""

from mathagent.augment.pipeline import Options, augment, option_settings, settings_of
from mathagent.augment.result import Augmentation
from mathagent.augment.ways import WAYS, Way, read_ways

__all__ = ["WAYS", "Augmentation", "Options", "Way", "augment", "option_settings", "read_ways", "settings_of"]
