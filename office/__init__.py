"""A clinic's fortnight: what an office knows and does, and a judge of whom agi-app called for it.

`scenario`, `judge` and `selftest` import nothing of agi_app: they were written from the specification and the documents
alone, by somebody who had not read the code. docs/explanation/clinics-fortnight.md describes them.
"""
