"""SenseVoice, Paraformer and Zipformer models by sherpa-onnx: the folder as it is published, whatever it is called.

The model file says which family it is. Offline and streaming models are both given the whole utterance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sherpa_onnx
import soxr

from agi_app.errors import ConfigError
from agi_app.flow.answers.recognition import Heard
from agi_app.messages import t
from agi_app.speech.vad_filter import RATE, Samples

_RATE = 16000
_META_BYTES = 1 << 18  # what a model says of itself stands at the end of its file
_TAIL_S = 0.5  # streaming models hold back what they have not heard the end of
_SENSE_VOICE_LANGUAGES = ("zh", "en", "ja", "ko", "yue")
HINTS = 40  # phrases that a transducer is told to expect
UNTOLD = 0.8  # confidence of the models that do not tell theirs


class Sherpa:
    """An engine for ``vad_filter``. Confidence: the geometric mean of its tokens' probabilities, if it tells them."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Look at the folder and load it; raises ConfigError when it is no model."""
        self._model = Model(folder, threads)
        self._loaded: dict[str, Any] = {}
        self.recognise(np.zeros(RATE, np.float32), "", ())  # the first time takes longer

    def recognise(self, speech: Samples, language: str, phrases: Sequence[str]) -> Heard:
        """See ``vad_filter.Recognise``."""
        recognizer = self._recognizer(language.partition("-")[0].lower())
        sound = np.asarray(soxr.resample(speech, RATE, _RATE), np.float32)
        if self._model.takes_hints and phrases:
            stream = recognizer.create_stream(hotwords="/".join(p.replace("/", " ") for p in phrases[:HINTS]))
        else:
            stream = recognizer.create_stream()
        stream.accept_waveform(_RATE, sound)
        if self._model.streaming:
            return _streamed(recognizer, stream)
        recognizer.decode_stream(stream)
        return heard(stream.result.text, getattr(stream.result, "ys_log_probs", ()))

    def _recognizer(self, language: str) -> Any:
        """SenseVoice is loaded once a language: it guesses the language of a short answer wrongly, now and then."""
        key = language if self._model.family == "sense_voice" and language in _SENSE_VOICE_LANGUAGES else ""
        if key not in self._loaded:
            self._loaded[key] = self._model.load(key)
        return self._loaded[key]


class Model:
    """What is in the folder."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Raises ConfigError when there is no model that is known."""
        self._folder, self._threads = folder, threads
        self._tokens = self._file("tokens.txt")
        self._files = {part: self._onnx(part) for part in ("encoder", "decoder", "joiner", "model")}
        main = self._files["encoder"] or self._files["model"]
        if not main or not self._tokens:
            raise ConfigError(
                t(
                    "[speech] model: {folder} is not a model of sherpa-onnx: it needs tokens.txt and model*.onnx, or"
                    " encoder*.onnx, decoder*.onnx and perhaps joiner*.onnx",
                    folder=folder,
                )
            )
        says = _meta(Path(main))
        self.family = self._family(says)
        self.streaming = b"decode_chunk_len" in says or (self.family == "paraformer" and bool(self._files["encoder"]))
        self.takes_hints = self.family == "transducer"

    def load(self, language: str) -> Any:
        """Read it into memory; ``language`` is for SenseVoice."""
        kind = sherpa_onnx.OnlineRecognizer if self.streaming else sherpa_onnx.OfflineRecognizer
        common = {"tokens": self._tokens, "num_threads": self._threads}
        if self.family == "transducer":
            return kind.from_transducer(**common, **self._parts("encoder", "decoder", "joiner"), **self._hints())
        if self.family == "sense_voice":
            return kind.from_sense_voice(**common, **self._parts("model"), language=language, use_itn=False)
        if self.family == "paraformer":
            if self.streaming:
                return kind.from_paraformer(**common, **self._parts("encoder", "decoder"))
            return kind.from_paraformer(**common, paraformer=self._files["model"])
        make = kind.from_zipformer2_ctc if self.streaming else kind.from_zipformer_ctc
        return make(**common, **self._parts("model"))

    def _family(self, says: bytes) -> str:
        if self._files["joiner"]:
            return "transducer"
        if self._files["encoder"] or b"paraformer" in says:
            return "paraformer"
        return "sense_voice" if b"sense_voice" in says else "zipformer_ctc"

    def _hints(self) -> dict[str, Any]:
        vocabulary = self._file("bpe.vocab")
        unit = "cjkchar+bpe" if vocabulary else "cjkchar"
        return {"decoding_method": "modified_beam_search", "modeling_unit": unit, "bpe_vocab": vocabulary}

    def _parts(self, *names: str) -> dict[str, str]:
        return {name: self._files[name] for name in names}

    def _onnx(self, part: str) -> str:
        """The file of this part; the one in 8 bits where there are two, as it is quicker and as good."""
        files = sorted(self._folder.glob(f"{part}*.onnx"), key=lambda file: (".int8." not in file.name, file.name))
        return str(files[0]) if files else ""

    def _file(self, name: str) -> str:
        return str(self._folder / name) if (self._folder / name).is_file() else ""


def heard(text: str, log_probs: Sequence[float]) -> Heard:
    """What the model said, as an answer."""
    text = text.strip()
    if not text:
        return Heard("", 0.0, "noise")
    confidence = math.exp(min(0.0, sum(log_probs) / len(log_probs))) if log_probs else UNTOLD
    return Heard(text, confidence)


def _streamed(recognizer: Any, stream: Any) -> Heard:
    stream.accept_waveform(_RATE, np.zeros(int(_TAIL_S * _RATE), np.float32))
    stream.input_finished()
    while recognizer.is_ready(stream):
        recognizer.decode_stream(stream)
    return heard(recognizer.get_result(stream), recognizer.ys_probs(stream))


def _meta(file: Path) -> bytes:
    with file.open("rb") as source:
        source.seek(max(0, file.stat().st_size - _META_BYTES))
        return source.read()
