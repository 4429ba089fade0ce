"""A model whose answer is known beforehand: two ranges of values, less a corner that grows from slice to slice, so that an
answer that is flipped or shifted is another one. It takes seconds, so that it can be left alone."""
import time

import numpy as np
from medcloudcare import Application, InferTask, InferType, Segment, Segmentation

STEPS = 50


class Tissue(Application):
    infer_type = InferType.SEGMENTATION

    def run(self, task: InferTask) -> Segmentation:
        volume = task.volume
        for step in range(STEPS):
            task.progress(step / STEPS, "looking at tissue")
            time.sleep(0.1)
        labels = np.zeros(volume.shape, np.uint8)
        labels[(volume >= 300) & (volume < 600)] = 1
        labels[(volume >= 600) & (volume < 1000)] = 2
        slices, rows, columns = volume.shape
        for k in range(slices):
            labels[k, : rows // 2, : columns * (k + 1) // (2 * slices)] = 0
        return Segmentation(labels, [Segment(number=1, label="Grey matter", color=0xE07B39), Segment(number=2, label="White matter", color=0xF2D750)])
