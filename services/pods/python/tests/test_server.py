"""The pod's server, over a real socket with real model processes."""
from __future__ import annotations

import os
import signal
import threading

import grpc
import numpy as np
import pytest

from conftest import Outcome, axial

VOLUME = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)

THRESHOLD = """
    class Model(Application):
        infer_type = InferType.SEGMENTATION
        def run(self, task):
            task.progress(0.5, "half way")
            print("printed by the model")
            return Segmentation(task.volume >= 30, [Segment(1, "Bright", 0x00ff00)])
"""


def test_a_segmentation_comes_back_voxel_by_voxel(pod, save):
    outcome = pod(THRESHOLD).run(save(*axial(VOLUME)[::-1]))
    assert outcome.failure is None and outcome.done
    assert (0.5, "half way") in outcome.progress and outcome.progress[0][0] == 0
    assert "printed by the model" in outcome.logs
    message = outcome.result.segmentation
    labels = np.frombuffer(outcome.data, np.uint8).reshape(message.slices, message.rows, message.columns)
    assert np.array_equal(labels, VOLUME >= 30)
    assert message.bytes_per_voxel == 1 and message.segments[0].rgb == 0x00FF00
    assert list(message.source_frames) == [1, 1, 1] and len(set(message.source_sop_instance_uids)) == 3


def test_the_pod_says_what_runs_in_it(pod):
    one = pod(THRESHOLD)
    answer = one.describe(one.contract.DescribeRequest())
    assert answer.infer_type == "segmentation" and answer.digest == "sha256:test" and answer.runtime.startswith("Python 3")


def test_an_exception_of_the_model_is_reported_with_its_traceback_and_the_pod_goes_on(pod, save):
    one = pod("""
        class Model(Application):
            infer_type = InferType.SEGMENTATION
            def run(self, task):
                if task.job == "bad":
                    raise KeyError("weights")
                return Segmentation(np.zeros(task.shape, int), [Segment(1, "Nothing")])
    """)
    files = save(*axial(VOLUME))
    failed = Outcome(one.infer(one.requests(files, "bad")))
    assert failed.failure.kind == one.contract.Failure.MODEL_FAILED
    assert failed.failure.message == "KeyError: 'weights'"
    assert 'raise KeyError("weights")' in failed.failure.traceback
    assert one.run(files).done


@pytest.mark.parametrize("body, kind, text", [
    ("return Segmentation(np.zeros((1, 2, 3), int), [Segment(1, 'A')])", "RESULT_INVALID", "has the shape (1, 2, 3)"),
    ("return None", "RESULT_INVALID", "run returned NoneType"),
    ("return Detections([])", "RESULT_INVALID", "returns Segmentation"),
    ("raise SeriesNotSuitable('needs 20 slices')", "SERIES_NOT_SUITABLE", "needs 20 slices"),
    ("raise MemoryError()", "LIMIT_EXCEEDED", "MemoryError"),
    ("np.empty(1 << 50, np.uint8)", "LIMIT_EXCEEDED", "MemoryError"),
    ("raise OSError(28, 'No space left on device')", "LIMIT_EXCEEDED", "No space left"),
    ("os.kill(os.getpid(), 9)", "LIMIT_EXCEEDED", "memory"),
    ("os.kill(os.getpid(), 11)", "MODEL_FAILED", "SIGSEGV"),
    ("os._exit(7)", "MODEL_FAILED", "exit code 7"),
    ("sys.exit(3)", "MODEL_FAILED", "SystemExit"),
])
def test_each_way_to_fail_has_its_kind_and_the_next_job_is_served(pod, save, body, kind, text):
    one = pod(f"""
        class Model(Application):
            infer_type = InferType.SEGMENTATION
            def run(self, task):
                if task.job == "good":
                    return Segmentation(np.zeros(task.shape, int), [Segment(1, "Nothing")])
                {body}
    """)
    files = save(*axial(VOLUME))
    outcome = one.run(files)
    assert outcome.failure is not None, outcome.result
    assert one.contract.Failure.Kind.Name(outcome.failure.kind) == kind
    assert text in outcome.failure.message
    assert Outcome(one.infer(one.requests(files, "good"), timeout=60)).done


def test_cancelling_ends_the_computation_at_once_and_the_pod_goes_on(pod, save, tmp_path):
    one = pod(f"""
        class Model(Application):
            infer_type = InferType.SEGMENTATION
            def run(self, task):
                if task.job == "good":
                    return Segmentation(np.zeros(task.shape, int), [Segment(1, "Nothing")])
                open({str(tmp_path / 'pid')!r}, "w").write(str(os.getpid()))
                task.progress(0.1, "computing")
                while True:
                    pass
    """)
    files = save(*axial(VOLUME))
    call = one.infer(one.requests(files))
    for response in call:
        if response.progress.message == "computing":
            break
    pid = int((tmp_path / "pid").read_text())
    call.cancel()

    def gone() -> bool:
        try:
            os.kill(pid, 0)
            return False
        except ProcessLookupError:
            return True

    one.wait(gone, 5)
    assert Outcome(one.infer(one.requests(files, "good"), timeout=60)).done


def test_jobs_wait_their_turn_with_progress_zero(pod, save, tmp_path):
    one = pod(f"""
        class Model(Application):
            infer_type = InferType.SEGMENTATION
            def run(self, task):
                task.progress(0.5, "computing")
                while not os.path.exists({str(tmp_path / 'go')!r}):
                    time.sleep(0.01)
                return Segmentation(np.zeros(task.shape, int), [Segment(1, "Nothing")])
    """)
    files = save(*axial(VOLUME))
    first = one.infer(one.requests(files), timeout=60)
    while next(first).progress.message != "computing":
        pass
    second = one.infer(one.requests(files), timeout=60)
    waiting = next(second)
    assert waiting.progress.fraction == 0 and waiting.progress.message == "waiting"
    outcomes = []
    threads = [threading.Thread(target=lambda call=call: outcomes.append(Outcome(call))) for call in (first, second)]
    for thread in threads:
        thread.start()
    assert not outcomes
    (tmp_path / "go").touch()
    for thread in threads:
        thread.join(30)
    assert [o.done for o in outcomes] == [True, True]


def test_a_stream_that_breaks_the_protocol_is_refused(pod):
    one = pod(THRESHOLD)
    c = one.contract
    for requests in ([c.InferRequest(data=b"x")],
                     [c.InferRequest(start=c.InferRequest.Start(instance_count=1)), c.InferRequest(end=c.InferRequest.End())],
                     [c.InferRequest(start=c.InferRequest.Start(instance_count=1))],
                     [c.InferRequest(start=c.InferRequest.Start(instance_count=1)),
                      c.InferRequest(instance=c.InferRequest.Instance(size=2)), c.InferRequest(data=b"abc")]):
        with pytest.raises(grpc.RpcError) as error:
            list(one.infer(iter(requests), timeout=30))
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert one.serving()


def test_a_file_that_is_no_dicom_is_a_series_not_suitable(pod, tmp_path):
    path = tmp_path / "bad.dcm"
    path.write_bytes(os.urandom(3000))
    one = pod(THRESHOLD)
    outcome = one.run([str(path)])
    assert outcome.failure.kind == one.contract.Failure.SERIES_NOT_SUITABLE


def test_a_model_that_cannot_be_loaded_ends_the_pod_and_says_why(pod):
    one = pod("import no_such_module", ready=False)
    assert one.process.wait(30) == 3
    assert b"No module named 'no_such_module'" in one.process.stderr.read().splitlines()[-1]


def test_a_model_that_dies_between_jobs_ends_the_pod(pod, tmp_path):
    one = pod(f"""
        class Model(Application):
            infer_type = InferType.SEGMENTATION
            def load(self):
                open({str(tmp_path / 'pid')!r}, "w").write(str(os.getpid()))
            def run(self, task):
                pass
    """)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert one.process.wait(30) == 4


def test_sigterm_ends_the_pod_and_its_model(pod, tmp_path):
    one = pod(THRESHOLD)
    one.process.terminate()
    assert one.process.wait(30) == 0


@pytest.mark.parametrize("infer_type, body, field", [
    ("detection", "Detections([Region.box('Lesion', 1, 0, 1, 3, 4, 0.9)])", "detections"),
    ("localisation", "Localisation([Region.point('Tip', 2, 1.5, 2.5)])", "detections"),
    ("classification", "Classification([Finding('Tumour', 0.25)])", "classification"),
    ("processing", "Measurements([Measurement('Volume', 12.5, 'cm3')])", "measurements"),
    ("processing", "ProcessedSeries(task.volume * 2, 'Doubled')", "image_series"),
    ("registration", "RegisteredSeries(task.volume)", "image_series"),
    ("detection", "Detections([])", "detections"),
])
def test_every_type_of_result_arrives(pod, save, infer_type, body, field):
    one = pod(f"""
        class Model(Application):
            infer_type = "{infer_type}"
            def run(self, task):
                return {body}
    """, infer_type)
    outcome = one.run(save(*axial(VOLUME)))
    assert outcome.failure is None, outcome.failure
    assert outcome.result.WhichOneof("kind") == field
    if body.startswith("ProcessedSeries"):
        assert np.array_equal(np.frombuffer(outcome.data, "<i2").reshape(VOLUME.shape), VOLUME * 2)
    if "Region.box" in body:
        region = outcome.result.detections.regions[0]
        assert list(region.points) == [1, 0, 4, 3] and region.source_frame == 1
