"""What is on a line when nobody speaks: silence, noise, tones, hold signals, music. None of it may become an answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np

from bench.speech.telephone_line import LAWS, RATE, Sound, coded, pink, white

COUNT = 200
SECONDS = (2.0, 6.0)
# Hz, seconds on and off: what switches play to callers
_SIGNALS = {
    "ringing_cn": ((450,), 1.0, 4.0),
    "busy_cn": ((450,), 0.35, 0.35),
    "ringing_us": ((440, 480), 2.0, 4.0),
    "busy_us": ((480, 620), 0.5, 0.5),
    "ringing_gb": ((400, 450), 0.4, 0.2),
    "congestion": ((480, 620), 0.25, 0.25),
    "dial_tone": ((350, 440), 9.0, 0.0),
    "call_waiting": ((440,), 0.3, 2.0),
    "fax": ((1100,), 0.5, 3.0),
    "modem": ((2100,), 3.3, 0.5),
    "hold_beep": ((1400,), 0.2, 1.5),
}
_KEYS = ((697, 770, 852, 941), (1209, 1336, 1477, 1633))
_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)


def clips() -> Iterator[tuple[str, bytes]]:
    """``COUNT`` pairs of a name and 8 kHz signed 16 bit; the same ones each time."""
    makers: tuple[Callable[[random.Random, Sound], Sound], ...] = (
        _silence,
        _noise,
        _signal,
        _music,
        _tone,
        _noise,
        _keys,
        _music,
        _clicks,
        _signal,
    )
    for number in range(COUNT):
        maker = makers[number % len(makers)]
        name = f"{maker.__name__.lstrip('_')}-{number}"
        choose = random.Random(name)
        time = np.arange(int(choose.uniform(*SECONDS) * RATE), dtype=np.float32) / RATE
        sound = maker(choose, time) + white(len(time), name) * 10 ** (choose.uniform(-75, -55) / 20)
        yield name, coded(sound.astype(np.float32), LAWS[number % 2])


def _level(choose: random.Random, least_db: float, most_db: float) -> float:
    return float(10 ** (choose.uniform(least_db, most_db) / 20))


def _silence(choose: random.Random, time: Sound) -> Sound:
    """Nothing at all, or the comfort noise of a mobile network."""
    return pink(len(time), f"{choose.random()}") * choose.choice((0.0, _level(choose, -75, -52)))


def _noise(choose: random.Random, time: Sound) -> Sound:
    """White, pink or brown; steady, or swelling like wind and traffic."""
    noise = pink(len(time), f"{choose.random()}", choose.choice((0.0, 0.5, 1.0)))
    swell = 1 + choose.choice((0.0, 0.8)) * np.sin(2 * np.pi * choose.uniform(0.2, 3) * time)
    louder: Sound = noise * swell * _level(choose, -50, -18)
    return louder


def _tone(choose: random.Random, time: Sound) -> Sound:
    """One steady tone or a gliding one, or the hum of the mains with its overtones."""
    pitch, glide = choose.uniform(80, 3200), choose.choice((0.0, 0.0, choose.uniform(-300, 300)))
    tone = np.sin(2 * np.pi * (pitch * time + glide * time**2 / 2))
    if choose.random() < 0.4:
        tone = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 12))
    return np.asarray(tone * _level(choose, -35, -10), np.float32)


def _signal(choose: random.Random, time: Sound) -> Sound:
    pitches, on, off = choose.choice(list(_SIGNALS.values()))
    gate = ((time + choose.uniform(0, on)) % (on + off)) < on
    return np.asarray(sum(np.sin(2 * np.pi * p * time) for p in pitches) * gate * _level(choose, -30, -12))


def _keys(choose: random.Random, time: Sound) -> Sound:
    """Somebody presses keys."""
    sound, at = time * 0, 0.3
    while at < time[-1]:
        low, high = choose.choice(_KEYS[0]), choose.choice(_KEYS[1])
        gate = (time >= at) & (time < at + choose.uniform(0.06, 0.3))
        sound = sound + gate * (np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time))
        at += choose.uniform(0.3, 1.0)
    return sound * _level(choose, -26, -12)


def _clicks(choose: random.Random, time: Sound) -> Sound:
    """A handset is put down, a door, a line that crackles."""
    sound = time * 0
    for _ in range(choose.randint(1, 12)):
        age = np.maximum(time - choose.uniform(0, float(time[-1])), 0)
        burst = pink(len(time), f"{choose.random()}", choose.choice((0.0, 0.5)))
        sound = sound + (age > 0) * burst * np.exp(-age * choose.uniform(20, 200)) * _level(choose, -20, -4)
    return sound


def _music(choose: random.Random, time: Sound) -> Sound:
    """A melody over chords with overtones, now and then with a beat: what plays while one is on hold."""
    beat, key = choose.uniform(0.22, 0.6), 220 * 2 ** (choose.randint(-5, 9) / 12)
    overtones = [choose.random() ** 2 for _ in range(6)]
    sound = time * 0
    for number in range(int(time[-1] / beat) + 1):
        steps = [choose.choice(_SCALE) + 12]
        if number % 4 == 0:
            root = choose.choice((0, 5, 7, 9))
            steps += [root, root + 4, root + 7]
        age = time - number * beat
        for step in steps:
            fade = (age >= 0) * np.exp(-np.maximum(age, 0) * choose.uniform(1.5, 5)) * np.minimum(age * 80, 1)
            pitch = key * 2 ** (step / 12)
            phase = 2 * np.pi * pitch * age + choose.choice((0.0, 0.3)) * np.sin(2 * np.pi * 5.5 * age)
            sound = sound + fade * sum(h * np.sin(phase * (k + 1)) for k, h in enumerate(overtones))
        if choose.random() < 0.5:
            sound = sound + (age >= 0) * np.exp(-np.maximum(age, 0) * 40) * white(len(time), f"{choose.random()}") * 0.5
    peak = float(np.abs(sound).max()) or 1.0
    return sound / peak * _level(choose, -22, -6)
