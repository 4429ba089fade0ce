"""A model for MedCloudCare. Replace what is marked; keep one Application class with its infer_type and run.

The file runs in a sandbox without network: load weights from files that you upload beside it, write only under /tmp.
Installed: Python 3, numpy, scipy, pydicom. Everything you print goes to the model's log; never print patient data.
"""
from medcloudcare import Application, InferTask, InferType, Segment, Segmentation


class MyModel(Application):
    # SEGMENTATION, DETECTION, CLASSIFICATION, LOCALISATION, REGISTRATION or PROCESSING: the same as in the form.
    infer_type = InferType.SEGMENTATION

    def load(self) -> None:
        """Called once, before the first series: load weights here, for example numpy.load("weights.npz")."""

    def run(self, task: InferTask) -> Segmentation:
        """Called for every series.

        task.volume    float32 (slices, rows, columns), rescaled (Hounsfield units for CT), sorted along the slice normal
        task.geometry  .spacing in mm, .origin, .directions, .affine (voxel to patient, LPS), .regular
        task.headers   the pydicom data set of each slice, without pixel data
        task.files     the directory of your files
        task.progress(fraction, message), task.log(text), task.cancelled

        Raise SeriesNotSuitable("why") for a series that the model cannot read.
        """
        volume = task.volume
        task.progress(0.5, "thresholding")
        # Your model here. The labels have the shape of the volume; 0 is background.
        labels = volume > volume.mean() + 2 * volume.std()
        return Segmentation(labels, [Segment(number=1, label="Bright voxels", color=0xFFB000)])
