"""Loudness as ears hear it, and a limiter that keeps the peaks in.

Loudness is ITU-R BS.1770-4: K-weighting, blocks of 400 ms that overlap by three quarters, gates at
-70 LUFS and 10 LU below the mean. The filter is applied as the exact response of the standard's 48 kHz
filter at the frequencies that the sound has, so it is right at 8 kHz too. Shorter sounds are one block.
Peaks are true peaks (same standard, annex 2): those of the wave between the samples, oversampled four times.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.float64]
_Response = Callable[[Samples], npt.NDArray[np.complex128]]

BLOCK_S, STEP_S = 0.4, 0.1
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0  # LUFS, LU
OVERSAMPLING = 4
LOOK_S = 0.005  # the limiter begins to turn down so long before a peak, and is back so long after
RUMBLE_HZ = 80.0  # below lies no speech: direct current, hum, knocks on the table
_REFERENCE_RATE = 48000.0
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


def loudness(samples: Samples, rate: int) -> float:
    """Integrated loudness in LUFS; -inf for silence."""
    power = _filtered(samples, rate, lambda f: _response(_SHELF, f) * _response(_HIGH_PASS, f)) ** 2  # K-weighted
    block, step = round(BLOCK_S * rate), round(STEP_S * rate)
    if len(power) < block:
        blocks = np.array([power.mean()]) if len(power) else np.zeros(1)
    else:
        sums = np.concatenate(([0.0], np.cumsum(power)))
        starts = np.arange(0, len(power) - block + 1, step)
        blocks = (sums[starts + block] - sums[starts]) / block
    heard = blocks[_lufs(blocks) > ABSOLUTE_GATE]
    if not len(heard):
        return float("-inf")
    heard = heard[_lufs(heard) > _lufs(heard.mean()) + RELATIVE_GATE]
    return float(_lufs(heard.mean()))


def true_peak(samples: Samples) -> float:
    """The highest peak of the wave, 1.0 is full scale."""
    return float(_peaks(samples).max(initial=0.0))


def limit(samples: Samples, rate: int, ceiling: float) -> Samples:
    """``samples`` with true peaks of at most ``ceiling``: turned down around each peak, without distortion."""
    wanted = np.minimum(1.0, ceiling / np.maximum(_peaks(samples), 1e-12))
    look = max(1, round(LOOK_S * rate))
    padded = np.pad(wanted, 2 * look, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * look + 1).min(axis=1)
    window = np.hanning(2 * look + 3)[1:-1]
    gain = np.convolve(lowest, window / window.sum(), mode="valid")
    limited: Samples = samples * gain
    over = true_peak(limited) / ceiling  # what the changing gain added between the samples: hundredths of a dB
    return limited / over if over > 1 else limited


def without_rumble(samples: Samples, rate: int) -> Samples:
    """``samples`` without direct current and what is below the voice; a Butterworth response without its delay."""

    def response(frequencies: Samples) -> npt.NDArray[np.complex128]:
        below = RUMBLE_HZ / np.maximum(frequencies, 1e-9)
        return (1.0 / (1.0 + below**4)).astype(np.complex128)

    return _filtered(samples - samples.mean(), rate, response)


def resampled(samples: Samples, rate: int, new_rate: int) -> Samples:
    """``samples`` at another rate, without aliases (pydub's own way has them at 0 dB)."""
    return samples if rate == new_rate else np.asarray(soxr.resample(samples, rate, new_rate, quality="VHQ"))


def _peaks(samples: Samples) -> Samples:
    """For each sample the highest peak of the wave around it."""
    fine = np.abs(np.asarray(soxr.resample(samples, 1, OVERSAMPLING, quality="VHQ")))
    wanted = len(samples) * OVERSAMPLING
    fine = np.pad(fine[:wanted], (0, max(0, wanted - len(fine))))
    each = fine.reshape(-1, OVERSAMPLING).max(axis=1) if len(samples) else fine
    around: Samples = np.maximum(each, np.abs(samples))
    return around


def _response(filter_: tuple[tuple[float, ...], tuple[float, ...]], frequencies: Samples) -> npt.NDArray[np.complex128]:
    """The response of one section at its own rate of 48 kHz."""
    z = np.exp(-2j * np.pi * frequencies / _REFERENCE_RATE)
    above, below = filter_
    return np.asarray(np.polyval(above[::-1], z) / np.polyval(below[::-1], z), np.complex128)


def _filtered(samples: Samples, rate: int, response: _Response) -> Samples:
    size = 1 << (len(samples) + rate - 1).bit_length()  # a second of room, in which the filter dies away
    frequencies = np.asarray(np.fft.rfftfreq(size, 1 / rate), np.float64)
    return np.asarray(
        np.fft.irfft(np.fft.rfft(samples, size) * response(frequencies), size)[: len(samples)], np.float64
    )


def _lufs(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(-0.691 + 10 * np.log10(power))
