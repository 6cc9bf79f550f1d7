"""Writes ``phonemes.tsv`` again, after phrases were added to a YAML file: python -m bench.speech.spell

Needs two packages that nothing else needs, so they are in no lock: pip install 'misaki[zh]==0.9.4' kokoro-onnx==0.6.1
"""

from __future__ import annotations

from pathlib import Path

import yaml
from kokoro_onnx.tokenizer import Tokenizer
from misaki import zh

from bench.speech.machine_phrases import parts_of

HERE = Path(__file__).parent
HEAD = "# phrase, its sounds in the letters of Kokoro, their numbers in its vocabulary. Made by spell.py.\n"


def main() -> None:
    """One line a phrase."""
    english, chinese = Tokenizer(), zh.ZHG2P()
    lines = []
    answered = yaml.safe_load((HERE / "machine_phrases.yaml").read_text(encoding="utf-8"))
    for language, table in yaml.safe_load((HERE / "phrases.yaml").read_text(encoding="utf-8")).items():
        said = [*table["clips"].values(), table["no_answer"]]
        said += [
            [text for text, _ in parts_of(one)] for who in ("person", "machine") for one in answered[language][who]
        ]
        for phrase in dict.fromkeys(phrase for phrases in said for phrase in phrases):
            sounds = chinese(phrase)[0] if language.startswith("zh") else english.phonemize(phrase, "en-us")
            numbers = english.tokenize(sounds)
            lines.append(f"{phrase}\t{sounds}\t{' '.join(map(str, numbers))}\n")
    (HERE / "phonemes.tsv").write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
