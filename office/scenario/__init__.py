"""Makes a clinic's fortnight from a seed: appointments, changes, consents, refusals, and how each number behaves."""
