"""Which model lies in a folder; and sherpa-onnx itself with a model of two kilobytes that always says 是.

It was made for this test: one matrix, whose output does not depend on the sound.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agi_app.errors import ConfigError
from agi_app.flow.answers.recognition import Heard

sherpa = pytest.importorskip("agi_app.speech.sherpa", reason="needs agi-app[sherpa]", exc_type=ImportError)

ONE_WORD = Path(__file__).parents[2] / "speech" / "one-word"


@pytest.mark.parametrize(
    ("files", "family", "streaming"),
    [
        ({"model.int8.onnx": b"sense_voice_ctc"}, "sense_voice", False),
        ({"model.onnx": b"paraformer"}, "paraformer", False),
        ({"encoder.int8.onnx": b"paraformer", "decoder.int8.onnx": b""}, "paraformer", True),
        ({"model.onnx": b"zipformer2_ctc"}, "zipformer_ctc", False),
        ({"model.onnx": b"zipformer2 decode_chunk_len"}, "zipformer_ctc", True),
        ({"encoder-1.onnx": b"", "decoder-1.onnx": b"", "joiner-1.onnx": b""}, "transducer", False),
        ({"encoder-1.onnx": b"decode_chunk_len", "decoder-1.onnx": b"", "joiner-1.onnx": b""}, "transducer", True),
    ],
)
def test_the_files_say_which_model_it_is(tmp_path: Path, files: dict[str, bytes], family: str, streaming: bool) -> None:
    for name, says in {"tokens.txt": b"", **files}.items():
        (tmp_path / name).write_bytes(says)
    model = sherpa.Model(tmp_path, 1)
    assert (model.family, model.streaming) == (family, streaming)


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"needs tokens\.txt and model\*\.onnx"):
        sherpa.Model(tmp_path, 1)


def test_a_model_is_loaded_and_asked() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 8000).astype(np.float32)
    assert sherpa.Sherpa(ONE_WORD, 1).recognise(noise, "zh-CN", ("是的",)) == Heard("是", 0.8)


def test_confidence_is_the_mean_probability_where_the_model_tells_it() -> None:
    assert sherpa.heard(" yes ", [-0.1, -0.3]) == Heard("yes", pytest.approx(0.8187, abs=1e-3))  # type: ignore[arg-type]
    assert sherpa.heard("", [-0.1]) == Heard("", 0.0, "noise")
