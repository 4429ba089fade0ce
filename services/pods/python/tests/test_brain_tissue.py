"""The example model on a real T1 volume: Debian's mricron-data."""
from __future__ import annotations

import importlib.util
import os
from types import SimpleNamespace

import numpy as np
import pytest

from conftest import ROOT, axial

CH2 = "/usr/share/mricron/templates/ch2.nii.gz"
BRAIN = "/usr/share/mricron/templates/ch2bet.nii.gz"


@pytest.fixture(scope="module")
def model():
    spec = importlib.util.spec_from_file_location("brain_tissue", ROOT / "examples" / "brain-tissue" / "main.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def head():
    nibabel = pytest.importorskip("nibabel")
    if not os.path.exists(CH2):
        pytest.skip("mricron-data is not installed")
    return [np.asarray(nibabel.load(path).dataobj).transpose(2, 1, 0) for path in (CH2, BRAIN)]


def task(volume, spacing=(1.0, 1.0, 1.0)):
    geometry = SimpleNamespace(spacing=spacing, in_patient=True, regular=True)
    return SimpleNamespace(volume=volume.astype(np.float32), shape=volume.shape, geometry=geometry, progress=lambda *_: None, log=print)


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def test_the_brain_and_its_tissues_are_where_they_are(model, head):
    volume, brain = head
    labels = model.BrainTissue().run(task(volume)).validate(volume.shape).labels
    assert dice(labels > 0, brain > 0) > 0.94
    means = [volume[labels == n].mean() for n in (1, 2, 3)]
    assert means[0] < means[1] < means[2]
    shares = np.bincount(labels[labels > 0], minlength=4)[1:] / np.count_nonzero(labels)
    assert 0.05 < shares[0] < 0.25 and 0.4 < shares[1] < 0.75 and 0.2 < shares[2] < 0.5


def test_another_orientation_gives_the_same_tissues(model, head):
    volume, _ = head
    labels = model.BrainTissue().run(task(volume)).validate(volume.shape).labels
    turned = np.ascontiguousarray(volume.transpose(2, 0, 1)[::-1])
    again = model.BrainTissue().run(task(turned)).validate(turned.shape).labels
    back = again[::-1].transpose(1, 2, 0)
    # The border of the fluid moves by a voxel with the phase of the coarse grid.
    for number, least in ((1, 0.9), (2, 0.97), (3, 0.97)):
        assert dice(labels == number, back == number) > least


def test_what_is_no_head_is_refused(model):
    noise = np.random.default_rng(1).normal(100, 5, (64, 64, 64))
    from medcloudcare import SeriesNotSuitable
    with pytest.raises(SeriesNotSuitable):
        model.BrainTissue().run(task(noise))
    with pytest.raises(SeriesNotSuitable, match="at least 16"):
        model.BrainTissue().run(task(np.zeros((5, 64, 64))))
