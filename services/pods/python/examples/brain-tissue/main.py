"""Brain tissue on T1-weighted MR, without trained weights.

1. Skull strip on a coarse grid: what is bright, eroded until the brain comes loose from scalp and neck, grown back.
2. A smooth bias field is estimated from the brain itself and divided out.
3. A mixture of three Gaussians on the histogram: cerebrospinal fluid, grey matter, white matter.
4. Posterior probabilities, lightly smoothed, decide each voxel.

Works on the volume in millimetres, so axial, coronal, sagittal and thick slices are all the same to it.
"""
import numpy as np
from scipy import ndimage

from medcloudcare import Application, Code, InferTask, InferType, Segment, Segmentation, SeriesNotSuitable
from medcloudcare.codes import BODY_SUBSTANCE, TISSUE

SEGMENTS = [
    Segment(1, "Cerebrospinal fluid", 0x3B82F6, BODY_SUBSTANCE, Code("65216001", "SCT", "Cerebrospinal Fluid")),
    Segment(2, "Grey matter", 0x9CA38F, TISSUE, Code("389081007", "SCT", "Gray Matter")),
    Segment(3, "White matter", 0xFDE68A, TISSUE, Code("389080008", "SCT", "White Matter")),
]

COARSE_MM = 2.0         # grid of the skull strip
LOOSEN_MM = (4.2, 5.2, 6.2, 7.5, 9)  # erosions that may part the brain from dura, eyes and neck; the first that does
EXTRA = 1               # steps of the coarse grid along thin gyri
CLOSE_MM = 6.0          # closes sulci, so that their fluid belongs to the brain
BRAIN_CM3 = (500, 2100)  # a brain with its fluid, adult or child


class BrainTissue(Application):
    """Cerebrospinal fluid, grey and white matter."""

    infer_type = InferType.SEGMENTATION

    def run(self, task: InferTask) -> Segmentation:
        if min(task.shape) < 16 or not task.geometry.in_patient or not task.geometry.regular:
            raise SeriesNotSuitable(f"needs a volume of at least 16 evenly spaced slices, this has {task.shape[0]}")
        volume, spacing = task.volume, np.array(task.geometry.spacing)
        if volume.ndim != 3:
            raise SeriesNotSuitable("needs grey images, these are in colour")
        task.progress(0.1, "finding the brain")
        brain = find_brain(volume, spacing)
        box = ndimage.find_objects(brain.astype(np.uint8))[0]
        brain, volume = brain[box], volume[box]
        task.progress(0.5, "evening out the intensities")
        even = ndimage.gaussian_filter(volume, 0.35 / spacing) / bias_field(volume, brain, spacing)
        task.progress(0.7, "separating the tissues")
        labels = np.zeros(task.shape, np.uint8)
        labels[box] = classify(even, brain, spacing)
        task.log("brain volume %.0f cm3" % (np.count_nonzero(labels) * np.prod(spacing) / 1000))
        return Segmentation(labels, SEGMENTS)


def find_brain(volume: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Mask of the brain with its fluid."""
    step = np.maximum(1, np.round(COARSE_MM / spacing)).astype(int)
    coarse = ndimage.uniform_filter(volume, step)[tuple(slice(s // 2, None, s) for s in step)]
    mm = spacing * step
    head = coarse[coarse > threshold(coarse)]
    if head.size < 1000:
        raise SeriesNotSuitable("the images show no head")
    # The middle half of the head's intensities is brain; fat is brighter, fluid and bone are darker.
    core = erode_to_largest((coarse > 0.75 * np.median(head)) & (coarse < np.percentile(head, 97)), mm, 8)
    inside = coarse[core]
    low, high = 0.55 * np.median(inside), 1.25 * np.percentile(inside, 95)
    tissue = (coarse > low) & (coarse < high)
    for radius in LOOSEN_MM:
        brain = strip(tissue, mm, radius)
        size = np.count_nonzero(brain) * np.prod(mm) / 1000
        if size < BRAIN_CM3[1]:
            break
    if not BRAIN_CM3[0] < size < BRAIN_CM3[1]:
        raise SeriesNotSuitable(f"no brain was found: the likeliest candidate has {size:.0f} cm3; is this T1-weighted?")
    # Interpolating the signed distance gives a smooth border on the fine grid.
    signed = (ndimage.distance_transform_edt(brain, mm) - ndimage.distance_transform_edt(~brain, mm)).astype(np.float32)
    where = np.ix_(*(np.clip((np.arange(n) - s // 2) / s, 0, c - 1) for n, s, c in zip(volume.shape, step, coarse.shape)))
    return interpolate(signed, where) > 0


def strip(tissue: np.ndarray, mm: np.ndarray, radius: float) -> np.ndarray:
    """The largest part of the tissue that an erosion by ``radius`` leaves, grown back."""
    brain = grow(erode_to_largest(tissue, mm, radius), mm, radius + 1) & tissue
    # Thin gyri at the convexity: further along the tissue itself, not across the dark skull.
    brain = ndimage.binary_dilation(brain, iterations=EXTRA, mask=tissue)
    return ndimage.binary_fill_holes(shrink(grow(brain, mm, CLOSE_MM), mm, CLOSE_MM))


def interpolate(values: np.ndarray, where) -> np.ndarray:
    """Linear interpolation, one axis after the other."""
    for axis, position in enumerate(where):
        position = position.ravel()
        lower = np.minimum(position.astype(int), values.shape[axis] - 1)
        upper = np.minimum(lower + 1, values.shape[axis] - 1)
        weight = (position - lower).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        values = values.take(lower, axis) * (1 - weight) + values.take(upper, axis) * weight
    return values


def threshold(values: np.ndarray) -> float:
    """Otsu's threshold between air and head."""
    counts, edges = np.histogram(values, 256, (values.min(), np.percentile(values, 99.5)))
    centres, weights = (edges[1:] + edges[:-1]) / 2, counts.cumsum()
    sums = (counts * centres).cumsum()
    below, above = weights[:-1], weights[-1] - weights[:-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        between = below * above * (sums[:-1] / below - (sums[-1] - sums[:-1]) / above) ** 2
    return float(centres[int(np.nanargmax(between))])


def grow(mask: np.ndarray, mm: np.ndarray, radius: float) -> np.ndarray:
    """Dilation by millimetres."""
    return ndimage.distance_transform_edt(~mask, mm) <= radius if mask.any() else mask


def shrink(mask: np.ndarray, mm: np.ndarray, radius: float) -> np.ndarray:
    """Erosion by millimetres; the edge of the volume is no border."""
    return ndimage.distance_transform_edt(mask, mm) > radius


def erode_to_largest(mask: np.ndarray, mm: np.ndarray, radius: float) -> np.ndarray:
    """The largest connected part that is left of the mask after erosion."""
    labels, count = ndimage.label(shrink(mask, mm, radius))
    if not count:
        raise SeriesNotSuitable("no brain was found; is this T1-weighted?")
    return labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))


def bias_field(volume: np.ndarray, brain: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """The slow change of intensity over the brain: a quadratic fitted to the logarithm of its brighter half."""
    axes = [(np.arange(n) - n / 2) * s / 100 for n, s in zip(volume.shape, spacing)]
    step = tuple(slice(None, None, max(1, int(round(3 / s)))) for s in spacing)
    points = np.meshgrid(*(a[s] for a, s in zip(axes, step)), indexing="ij")
    values, inside = volume[step], brain[step]
    bright = inside & (values > np.median(values[inside]))
    logs = np.log(values[bright])
    terms = quadratic(*(p[bright] for p in points))
    keep = np.ones(len(logs), bool)
    for _ in range(4):  # outliers (vessels, fat) go
        weights, *_ = np.linalg.lstsq(terms[keep], logs[keep], rcond=None)
        rest = logs - terms @ weights
        keep = np.abs(rest) < 2 * rest[keep].std()
    weights[0] = 0
    field = np.zeros(volume.shape, np.float32)
    x, y, z = (a.astype(np.float32) for a in np.ix_(*axes))
    for weight, term in zip(weights[1:], (x, y, z, x * x, y * y, z * z, x * y, x * z, y * z)):
        field += np.float32(weight) * term
    return np.exp(np.clip(field - field[brain].mean(), -0.7, 0.7))


def quadratic(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The terms of a quadratic, one row a point."""
    return np.stack([np.ones_like(x), x, y, z, x * x, y * y, z * z, x * y, x * z, y * z], axis=1)


def mixture(values: np.ndarray, rounds: int = 200) -> tuple:
    """Means, deviations and weights of three Gaussians, dark to bright, by expectation maximisation on a histogram."""
    low, high = np.percentile(values, (0.5, 99.5))
    counts, edges = np.histogram(values, 256, (low, high))
    x = (edges[1:] + edges[:-1]) / 2
    means = low + (high - low) * np.array([0.25, 0.55, 0.8])
    deviations = np.full(3, (high - low) / 10)
    weights = np.array([0.2, 0.45, 0.35])
    for _ in range(rounds):
        shares = posterior(x, means, deviations, weights)
        mass = shares @ counts + 1e-9
        moved = shares @ (counts * x) / mass
        deviations = np.sqrt(np.maximum((shares * (x - moved[:, None]) ** 2) @ counts / mass, ((high - low) / 100) ** 2))
        weights = mass / mass.sum()
        if np.abs(moved - means).max() < (high - low) * 1e-5:
            break
        means = moved
    return means, deviations, weights


def posterior(x: np.ndarray, means: np.ndarray, deviations: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probability of each class (first axis) for each value."""
    logs = np.stack([np.log(w / d) - 0.5 * ((x - m) / d) ** 2 for m, d, w in zip(means, deviations, weights)])
    density = np.exp(logs - logs.max(axis=0))
    return density / density.sum(axis=0)


def classify(values: np.ndarray, brain: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """1 fluid, 2 grey matter, 3 white matter."""
    inside = values[brain]
    means, deviations, weights = mixture(inside)
    # Beyond the outer means their class is certain: a wide neighbour must not win there.
    parts = posterior(np.clip(inside, means[0], means[-1]), means, deviations, weights).astype(np.float32)
    best = np.zeros(brain.shape, np.uint8)
    highest = np.zeros(brain.shape, np.float32)
    for number, part in enumerate(parts, start=1):
        probability = np.zeros(brain.shape, np.float32)
        probability[brain] = part
        probability = ndimage.gaussian_filter(probability, 0.45 / spacing)
        better = brain & (probability > highest)
        best[better], highest[better] = number, probability[better]
    return best
