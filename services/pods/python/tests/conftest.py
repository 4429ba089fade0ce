"""Series made on the spot, and a pod's server on a real socket."""
from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import textwrap
import time
from typing import Any, Callable, Iterator, List, Optional

import grpc
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTOS = ROOT.parent.parent.parent / "protos"
sys.path.insert(0, str(ROOT))

from medcloudcare.contract import Contract, health_messages  # noqa: E402


def image(volume_slice: np.ndarray, position: Optional[List[float]], orientation: Optional[List[float]], number: int = 1,
          spacing: Optional[List[float]] = None, **extra: Any) -> FileDataset:
    """One MR image."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
    ds.PatientName, ds.PatientID = "Nobody^At All", "X-1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(entropy_srcs=["study"]), generate_uid(entropy_srcs=["series"])
    ds.Modality, ds.InstanceNumber = "MR", number
    ds.Rows, ds.Columns = volume_slice.shape[:2]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = volume_slice.dtype.itemsize * 8
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(volume_slice.dtype.kind == "i")
    if position is not None:
        ds.ImagePositionPatient = [float(f"{v:.6f}") for v in position]
    if orientation is not None:
        ds.ImageOrientationPatient = [float(f"{v:.8f}") for v in orientation]
    ds.PixelSpacing = spacing or [1.0, 1.0]
    ds.SliceThickness = 2.0
    for keyword, value in extra.items():
        setattr(ds, keyword, value)
    ds.PixelData = volume_slice.tobytes()
    return ds


@pytest.fixture
def save(tmp_path: pathlib.Path) -> Callable[..., List[str]]:
    """Writes data sets to files and returns their paths."""
    def write(*datasets: Dataset) -> List[str]:
        paths = []
        for index, ds in enumerate(datasets):
            path = tmp_path / f"{index:04d}.dcm"
            ds.save_as(path, write_like_original=False)
            paths.append(str(path))
        return paths
    return write


def axial(volume: np.ndarray, gap: float = 2.0, spacing: Optional[List[float]] = None, **extra: Any) -> List[FileDataset]:
    """An axial series of a (slices, rows, columns) volume, feet first."""
    return [image(plane, [-10.0, -20.0, k * gap], [1, 0, 0, 0, 1, 0], k + 1, spacing, **extra) for k, plane in enumerate(volume)]


@pytest.fixture(scope="session")
def descriptor(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The descriptor set of pod.proto."""
    protoc = shutil.which("protoc")
    if protoc is None:
        pytest.skip("protoc (Debian's protobuf-compiler) is not installed")
    path = str(tmp_path_factory.mktemp("contract") / "pod.binpb")
    subprocess.run([protoc, "-I", str(PROTOS), f"--descriptor_set_out={path}", "medcloudcare/pod/v1/pod.proto"], check=True)
    return path


class Pod:
    """A running server and a client of it."""

    def __init__(self, process: "subprocess.Popen[bytes]", socket: str, contract: Contract) -> None:
        self.process, self.contract = process, contract
        self.channel = grpc.insecure_channel(f"unix:{socket}")
        reads = {"request_serializer": lambda m: m.SerializeToString()}
        self.infer = self.channel.stream_stream(
            "/medcloudcare.pod.v1.PodService/Infer", response_deserializer=contract.InferResponse.FromString, **reads)
        self.describe = self.channel.unary_unary(
            "/medcloudcare.pod.v1.PodService/Describe", response_deserializer=contract.DescribeResponse.FromString, **reads)
        health = health_messages()
        self._check = self.channel.unary_unary(
            "/grpc.health.v1.Health/Check", response_deserializer=health.HealthCheckResponse.FromString, **reads)
        self._request = health.HealthCheckRequest()

    def serving(self) -> bool:
        """Whether the pod says SERVING."""
        try:
            return self._check(self._request, timeout=5).status == 1
        except grpc.RpcError:
            return False

    def wait(self, until: Callable[[], bool], seconds: float = 30) -> None:
        """Waits on a condition."""
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, "the condition did not come true"
            time.sleep(0.05)

    def requests(self, files: List[str], job: str = "job-1") -> Iterator[Any]:
        """The requests of one job."""
        c = self.contract
        yield c.InferRequest(start=c.InferRequest.Start(job=job, instance_count=len(files)))
        for path in files:
            data = pathlib.Path(path).read_bytes()
            yield c.InferRequest(instance=c.InferRequest.Instance(sop_instance_uid="1.2", size=len(data)))
            for offset in range(0, len(data), 65536):
                yield c.InferRequest(data=data[offset:offset + 65536])
        yield c.InferRequest(end=c.InferRequest.End())

    def run(self, files: List[str], timeout: float = 60) -> "Outcome":
        """One job to its end."""
        return Outcome(self.infer(self.requests(files), timeout=timeout))


class Outcome:
    """What came back of a job."""

    def __init__(self, responses: Iterator[Any]) -> None:
        self.progress, self.logs, self.result, self.failure, self.done, self.data = [], [], None, None, False, b""
        for response in responses:
            kind = response.WhichOneof("message")
            if kind == "progress":
                self.progress.append((response.progress.fraction, response.progress.message))
            elif kind == "log":
                self.logs.append(response.log.line)
            elif kind == "data":
                assert len(response.data) <= 65536
                self.data += response.data
            elif kind == "done":
                self.done = True
            else:
                setattr(self, kind, getattr(response, kind))


@pytest.fixture
def pod(tmp_path: pathlib.Path, descriptor: str) -> Iterator[Callable[..., Pod]]:
    """Starts a pod with the given main.py; ``ready=False`` does not wait for it."""
    started: List[Pod] = []

    def start(code: str, infer_type: str = "segmentation", ready: bool = True) -> Pod:
        package = tmp_path / "package"
        package.mkdir(exist_ok=True)
        (package / "main.py").write_text("from medcloudcare import *\nimport os, sys, time\nimport numpy as np\n" + textwrap.dedent(code))
        socket = tmp_path / f"pod{len(started)}.sock"
        process = subprocess.Popen(
            [sys.executable, "-s", "-B", "-m", "medcloudcare.server", "--socket", str(socket), "--package", str(package),
             "--infer-type", infer_type, "--contract", descriptor, "--digest", "sha256:test", "--drain", "1"],
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"}, stderr=subprocess.PIPE)
        pod = Pod(process, str(socket), Contract(descriptor))
        started.append(pod)
        if ready:
            pod.wait(socket.exists)  # gRPC backs off for seconds after a failed connection
            pod.wait(pod.serving)
        return pod

    yield start
    for one in started:
        one.channel.close()
        one.process.kill()
        one.process.wait()
